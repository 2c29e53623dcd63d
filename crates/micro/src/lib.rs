//! The framework that Micro services are written with.
//!
//! A service is a function from a [`Platform`] to a [`Service`], and [`run`] does the rest: it joins the platform,
//! listens, registers, answers and drains.
//!
//! ```no_run
//! # mod handler { #[derive(Default)] pub struct Empty; }
//! fn service(_platform: &micro::Platform) -> micro::Service {
//!     micro::Service::new("greeter") // .handle(proto::GreeterServer::new(handler::Greeter))
//! }
//!
//! fn main() -> micro::Result<()> {
//!     micro::run(service)
//! }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![warn(missing_docs)]

pub mod api;
pub mod auth;
mod backend;
pub mod blob;
pub mod broker;
mod carried;
mod clock;
pub mod config;
pub mod events;
pub mod examples;
pub mod fake;
pub mod join;
mod log;
mod platform;
pub mod registry;
mod run;
pub mod runtime;
pub mod secret;
pub mod service;
mod settings;
pub mod store;
mod tenant;
mod together;
pub mod web;

pub use backend::Backend;
pub use clock::Clock;
pub use log::start as start_log;
pub use micro_rpc::{
    Account, Call, Client, Codec, Context, Credentials, Error, Handler, Id, Message, Metadata,
    MethodDescriptor, Reply, Resolver, Result, Sender, Server, ServiceClient, ServiceDescriptor, Streaming,
    async_trait, bytes, futures_util, json, serde, serde_json,
};
pub use platform::Platform;
pub use run::run;
pub use service::{RawSubscriber, Service, Subscriber};
pub use tenant::{Grant, Grants, Tenant};
