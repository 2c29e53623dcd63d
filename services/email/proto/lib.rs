//! What the service `email` says: its messages, trait, client, server and fakes.
//!
//! The module is generated from `email.proto` and checked in beside it.

mod email;

pub use email::*;
