//! The registry on etcd.
//!
//! Each process reads everything once and then watches it, so that lookups are answered from memory, while etcd is away
//! too. It writes only what changed: that a service still lives is known to the process that it told, and etcd knows that
//! this process lives, by its leases, which one stream keeps alive.
//!
//! etcd is spoken to with our own messages of its contract over `tonic`, which has what an operator asks of the
//! connection, TLS with client certificates above all; `micro-rpc`'s client knows neither TLS nor etcd's tokens.

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![warn(missing_docs)]

mod config;
mod follow;
mod keep;
mod key;
mod lease;
mod link;
mod picture;
mod registry;
mod requests;
mod shared;
mod stored;
#[allow(missing_docs)]
mod wire;
mod write;

pub use config::{Config, Identity, Login, Tls};
pub use registry::Registry;
pub use requests::Requests;
pub use shared::Status;
