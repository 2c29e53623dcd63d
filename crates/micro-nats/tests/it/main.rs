//! The drivers against a real server.
#![allow(clippy::unwrap_used, reason = "in a test a broken assumption is to stop it")]

mod access;
mod broker;
mod cluster;
mod durability;
mod events;
mod faults;
mod groups;
mod here;
