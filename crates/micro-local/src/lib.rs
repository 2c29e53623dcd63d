//! Drivers for this machine: the engine on disk, files and processes.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod blob;
#[doc(hidden)]
pub mod fuzz;
pub mod runtime;
pub mod store;

pub use blob::Blobs;
pub use runtime::Runtime;
pub use store::Store;
