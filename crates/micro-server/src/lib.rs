//! The platform's services, its gateways and its proxy.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod api;
pub mod auth;
#[cfg(test)]
mod away;
pub mod blob;
pub mod broker;
pub mod config;
pub mod drain;
pub mod events;
mod follow;
pub mod gateway;
pub mod namespace;
pub mod network;
pub mod outside;
#[cfg(test)]
mod peer;
mod profile;
pub mod proxy;
pub mod registry;
pub mod routes;
pub mod runtime;
mod secret;
mod server;
pub mod snapshot;
pub mod store;
mod web;

pub use profile::Profile;
pub use secret::SecretKey;
pub use server::{Addresses, BLOCK_PORTS, Block, BlockPorts, Config, Error, Running, Server};
