//! The store on CockroachDB or PostgreSQL.
//!
//! The SQL stays within what both accept. Nothing relies on `LISTEN`, advisory locks, sequences or `SERIAL`, and every transaction is
//! tried again where the database asks for it (SQLSTATE 40001, or 40P01). Where the two differ, a comment says how.

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![warn(missing_docs)]

mod config;
mod connection;
mod failure;
mod pool;
mod pulse;
mod schema;
mod statements;
mod store;
mod task;
mod tls;

pub use config::Config;
pub use store::Store;
