//! Settings that change while services run: one document per namespace, read and changed by dotted paths.
//!
//! What every implementation promises:
//!
//! - An acknowledged change is seen by every read after it, and by those who watch within a second.
//! - An object that is set is merged leaf by leaf; a scalar or an array replaces what was there.
//! - A secret is kept encrypted and shown only to those who ask for it: [`MASK`] stands in for it otherwise.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod document;
mod fake;
mod live;
mod memory;
mod remote;

use async_trait::async_trait;
use micro_rpc::{Result, Streaming};
use serde_json::Value;

pub use fake::FakeConfig;
pub use live::Live;
pub use memory::Memory;
pub use remote::Remote;

/// What is shown instead of a secret.
pub const MASK: &str = "[secret]";

/// Whether secrets are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// [`MASK`] stands in for each.
    Masked,
    /// As they were set.
    Shown,
}

/// The settings of namespaces; the module says what it promises.
///
/// Paths are names joined by dots, `user.limits.logins`; the empty one is the whole document. By custom the first name is that of the
/// service. A path with an empty name in it is refused with 400.
#[async_trait]
pub trait Config: Send + Sync + 'static {
    /// The value at a path; `null` where there is none.
    async fn get(&self, namespace: &str, path: &str, secrets: Secrets) -> Result<Value>;

    /// Changes the value at a path; with `secret` each leaf of it is kept encrypted.
    async fn set(&self, namespace: &str, path: &str, value: Value, secret: bool) -> Result<()>;

    /// Removes a path and all below it, if it is there.
    async fn delete(&self, namespace: &str, path: &str) -> Result<()>;

    /// The value at a path, and again whenever it has changed; values in between may be left out.
    async fn watch(&self, namespace: &str, path: &str, secrets: Secrets) -> Result<Streaming<Value>>;
}
