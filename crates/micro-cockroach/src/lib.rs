//! The store on CockroachDB or PostgreSQL.
//!
//! The SQL stays within what both accept. Nothing relies on `LISTEN`, advisory locks, sequences or `SERIAL`, and every transaction is
//! tried again where the database asks for it (SQLSTATE 40001, or 40P01), at whichever isolation level the database has. Where the two
//! differ, a comment says how.
//!
//! [`Store`] says how the promises are kept; beside it, `schema` has the tables, `statements` all SQL, `pool` the connections and
//! `pulse` the one task that knows whether the database is there.

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
