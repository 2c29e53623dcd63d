//! The drivers against a real server.

mod broker;
mod events;
