//! A contract in; code, fakes and documents out.
//!
//! Reads `.proto` files without protoc and writes Rust that is checked in beside them: messages,
//! and for each service a trait, its client, its server and its fake. Nothing here knows the
//! network: what the generated code stands on is `micro-rpc`. The text is emitted the way rustfmt
//! leaves it, so that `micro new` needs no formatter on the machine it runs on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod breaking;
pub mod client;
mod compile;
pub mod contract;
mod error;
mod generate;
pub mod history;
pub mod http;
pub mod openapi;
mod project;
pub mod scaffold;
mod write;

mod code;
mod comments;
mod descriptor;
mod enumeration;
mod fakes;
mod field;
mod message;
mod names;
mod oneof;
mod service;
mod types;

pub use compile::{FileSet, compile, compile_sources};
pub use error::{Error, Result};
pub use generate::{GeneratedFile, Options, generate};
pub use project::{Language, Outputs, Project, entries};
pub use write::write;
