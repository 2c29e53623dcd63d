//! What the platform's own services say: one module per contract.
//!
//! Generated from `proto/*.proto` by `cargo xtask gen` and checked in. Each module holds the
//! messages, and per service a trait, its client and its server; `fakes` holds the test doubles,
//! with the feature `fakes` or that of the contract (`fakes-store`).

#[cfg(feature = "platform")]
pub mod api;
pub mod auth;
pub mod broker;
pub mod config;
pub mod debug;
pub mod errors;
pub mod events;
pub mod health;
pub mod http;
#[cfg(feature = "platform")]
pub mod network;
pub mod reflection;
pub mod registry;
#[cfg(feature = "platform")]
pub mod router;
pub mod runtime;
#[cfg(feature = "platform")]
pub mod snapshot;
pub mod store;
pub mod web;
