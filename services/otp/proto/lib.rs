//! What the service `otp` says: its messages, trait, client, server and fakes.
//!
//! The module is generated from `otp.proto` and checked in beside it.

mod otp;

pub use otp::*;
