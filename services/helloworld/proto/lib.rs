//! What the service `helloworld` says: its messages, trait, client, server and fakes.
//!
//! The module is generated from `helloworld.proto` and checked in beside it.

mod helloworld;

pub use helloworld::*;
