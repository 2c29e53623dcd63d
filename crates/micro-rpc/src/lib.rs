//! How a request travels: codecs, metadata, context, errors, client and server.
//!
//! gRPC over HTTP/2 in plain text, framed here on top of `h2`; messages are protobuf or proto3 JSON as the
//! content type says. Nothing here knows an outside system.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
pub mod client;
mod codec;
mod context;
mod cores;
mod descriptor;
mod error;
pub mod fake;
mod frame;
#[doc(hidden)]
pub mod fuzz;
mod gather;
pub mod grpc;
pub mod json;
mod lane;
mod local;
pub mod memory_budget;
mod metadata;
mod names;
pub mod server;
mod streaming;
mod trace;
pub mod wkt;

pub use account::{Access, Account, Credentials, Guard};
pub use async_trait::async_trait;
pub use client::{Client, Resolver, ServiceClient};
pub use codec::{Codec, Message};
pub use context::Context;
pub use cores::{Core, Cores, Place};
pub use descriptor::{MethodDescriptor, ServiceDescriptor};
pub use error::{Error, Result};
pub use local::{Local, Open};
pub use memory_budget::MemoryBudget;
pub use metadata::{Metadata, Packer};
pub use server::{Call, Handler, Relay, Reply, Server};
pub use streaming::{Sender, Streaming};
pub use trace::{Id, Span, Trace};

// Generated code and services name these through this crate, so that they need no dependency of their own.
pub use {bytes, futures_util, prost, serde, serde_json};
