//! Blobs on object storage that speaks S3.
//!
//! A blob is one object, named by an id of its own and never written again; which blob it is, is on the store, beside all other names
//! ([`micro::blob::Stored`]). Names in the bucket instead were rejected: there a name can be replaced at once only by an object whose checksum is known
//! before its bytes, a list would need one request for each blob to tell what they are, and someone who reads a blob that is being
//! replaced would depend on the server. So nothing is asked of the server but to put, get, delete and list.
//!
//! What a crash leaves of an upload in parts is not seen by anybody, but may be charged for: give the bucket a rule that aborts
//! incomplete uploads after some days.

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![warn(missing_docs)]

mod config;
mod health;
mod objects;

use std::sync::Arc;

use micro::blob::{self, Info, Options, Stored};
use micro::bytes::Bytes;
use micro::store::{self, Store};
use micro::{Backend, Result, Streaming, async_trait};

pub use config::Config;
use objects::Objects;

/// Blobs in a bucket, with their names on a store.
pub struct Blobs {
    stored: Stored,
    backend: Backend,
}

impl Blobs {
    /// In the bucket of a configuration. It need not be there yet: calls are refused as unavailable until it is.
    ///
    /// # Errors
    ///
    /// [`Invalid`](store::ErrorKind::Invalid) where the configuration is wrong; the text says how.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn open(config: &Config, store: Arc<dyn Store>) -> store::Result<Self> {
        let objects = Objects::open(config)?;
        let backend = objects.backend();
        Ok(Self {
            stored: Stored::beside(store, Arc::new(objects)),
            backend,
        })
    }

    /// Whether the object storage answers.
    pub fn backend(&self) -> Backend {
        self.backend.clone()
    }
}

#[async_trait]
impl blob::Blobs for Blobs {
    async fn write(
        &self,
        namespace: &str,
        key: &str,
        options: Options,
        data: Streaming<Bytes>,
    ) -> Result<Info> {
        self.stored.write(namespace, key, options, data).await
    }

    async fn read(&self, namespace: &str, key: &str) -> Result<(Info, Streaming<Bytes>)> {
        self.stored.read(namespace, key).await
    }

    async fn list(&self, namespace: &str, prefix: &str) -> Result<Vec<Info>> {
        self.stored.list(namespace, prefix).await
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<()> {
        self.stored.delete(namespace, key).await
    }
}

#[async_trait]
impl blob::Holdings for Blobs {
    async fn namespaces(&self) -> Result<Vec<String>> {
        self.stored.namespaces().await
    }
}
