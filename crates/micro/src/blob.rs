//! Large values under names, written and read as streams.
//!
//! What every implementation promises:
//!
//! - A name is replaced as a whole or not at all; an acknowledged blob is durable.
//! - Who reads while a blob is replaced gets the one or the other, whole.
//! - Size and checksum are verified on reading: a stream of damaged bytes ends with an error.
//! - No blob is held in memory as a whole, except by [`Memory`].

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod fake;
mod memory;
mod remote;
mod stored;

use async_trait::async_trait;
use bytes::Bytes;
use micro_rpc::{Error, Result, Streaming};
use ring::digest;

pub use fake::FakeBlobs;
pub use memory::Memory;
pub use micro_proto::store::BlobInfo as Info;
pub use remote::Remote;
pub use stored::{Pieces, Stored, gone};

/// The longest name in bytes.
pub const MAX_KEY_LENGTH: usize = 1024;

/// The pieces in which blobs are read, in bytes, at most.
pub const PIECE: usize = 64 * 1024;

/// What a blob is besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// As in HTTP; `application/octet-stream` where it is empty.
    pub content_type: String,
    /// Whether anybody may read it over HTTP.
    pub public: bool,
}

/// Keeps blobs; the module says what it promises.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Keeps what the stream holds under a name, in place of what was there. A stream that fails changes nothing.
    async fn write(
        &self,
        namespace: &str,
        key: &str,
        options: Options,
        data: Streaming<Bytes>,
    ) -> Result<Info>;

    /// The blob of a name in pieces; 404 where there is none.
    async fn read(&self, namespace: &str, key: &str) -> Result<(Info, Streaming<Bytes>)>;

    /// The blobs whose names begin so, in the order of the names' bytes.
    async fn list(&self, namespace: &str, prefix: &str) -> Result<Vec<Info>>;

    /// Removes the blob of a name, if there is one.
    async fn delete(&self, namespace: &str, key: &str) -> Result<()>;
}

/// What an operator asks of a driver besides, who moves all that is kept.
#[async_trait]
pub trait Holdings: Blobs {
    /// The namespaces that have blobs, sorted.
    async fn namespaces(&self) -> Result<Vec<String>>;
}

/// The SHA-256 of a blob as it passes.
pub struct Checksum(digest::Context);

impl Default for Checksum {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Checksum {
    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// In hexadecimal.
    pub fn finish(self) -> String {
        let digest = self.0.finish();
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Refuses names that not every implementation can keep. Drivers call it before anything else.
///
/// # Errors
///
/// 400, and what is wrong with it.
pub fn check_key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(Error::bad_request("store", "Missing key"));
    }
    if key.len() > MAX_KEY_LENGTH || key.chars().any(char::is_control) {
        let detail = format!(
            "{key:?} is no name of a blob: use at most {MAX_KEY_LENGTH} bytes without control characters"
        );
        return Err(Error::bad_request("store", detail));
    }
    Ok(())
}

/// There is no such blob.
pub fn not_found() -> Error {
    Error::not_found("store", "Blob not found")
}
