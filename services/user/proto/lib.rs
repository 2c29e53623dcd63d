//! What the service `user` says: its messages, trait, client, server and fakes.
//!
//! The module is generated from `user.proto` and checked in beside it.

mod user;

pub use user::*;
