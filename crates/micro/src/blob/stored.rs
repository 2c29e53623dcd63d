//! Blobs whose names are on a store, and whose bytes are on the same store or elsewhere.
//!
//! The bytes of a blob are written under an id of their own, and a record gives the id a name. The record is what makes a blob: it is
//! written last, so a name is replaced as a whole or not at all, whatever holds the bytes.
//!
//! In the same commit the former id is noted as old. Its bytes stay for a while, since somebody may be reading them, and are removed after
//! that. An id that is being written is noted, too, until it has its name: what a crash leaves is found by its note, and nothing has to be
//! searched. Any number of processes may do that at once.

mod names;
mod parts;
mod reading;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use micro_rpc::{Error, Result, Streaming};
use tokio::task::JoinHandle;

use super::{Blobs, Holdings, Info, Options, check_key, not_found};
use crate::store::{Scan, Scope, Store, Table};
use names::{Draft, Entry, Names, entry, name, now};
use parts::Parts;
use reading::{Measure, verified};

/// How long the bytes of a replaced blob stay for those who read it.
const KEEP: Duration = Duration::from_secs(10 * 60);
/// After so long without a sign of who writes a blob, it is taken to have crashed; the sign is given four times as often.
const ABANDON: Duration = Duration::from_secs(60 * 60);
const CLEAN_EVERY: Duration = Duration::from_secs(60);

/// Keeps the bytes of blobs under ids, each of which is written once.
#[async_trait]
pub trait Pieces: Send + Sync + 'static {
    /// Keeps what the stream holds. An answer means that it is durable; what a failure leaves is removed by its id.
    async fn write(&self, id: &str, data: Streaming<Bytes>) -> Result<()>;

    /// What is kept under an id, of so many bytes.
    async fn read(&self, id: &str, size: u64) -> Result<Streaming<Bytes>>;

    /// Removes what is kept under an id, as a whole or in part, if anything is.
    async fn remove(&self, id: &str) -> Result<()>;
}

/// Blobs with their names on a store.
///
/// ```
/// # use std::sync::Arc;
/// # use micro::blob::{Blobs, Options, Stored};
/// # use micro::{Streaming, bytes::Bytes};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> micro::Result<()> {
/// let blobs = Stored::open(Arc::new(micro::store::Memory::new()));
/// let data = Streaming::from_iter([Bytes::from_static(b"hello")]);
/// let info = blobs.write("micro", "greeting", Options::default(), data).await?;
/// assert_eq!(info.size, 5);
/// # Ok(()) }
/// ```
pub struct Stored {
    names: Names,
    cleaner: JoinHandle<()>,
}

impl Stored {
    /// Names and bytes on a store. What is left over is removed in the background, until this is dropped.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn open(store: Arc<dyn Store>) -> Self {
        let parts = Table::new(store.clone(), Scope::platform("parts"));
        Self::beside(store, Arc::new(Parts(parts)))
    }

    /// As [`Stored::open`], with the bytes elsewhere.
    pub fn beside(store: Arc<dyn Store>, pieces: Arc<dyn Pieces>) -> Self {
        Self::with(Names {
            table: Table::new(store, Scope::platform("blobs")),
            pieces,
            keep: KEEP,
            abandon: ABANDON,
        })
    }

    fn with(names: Names) -> Self {
        let cleaner = tokio::spawn(clean_again_and_again(names.clone()));
        Self { names, cleaner }
    }

    /// Writes the bytes, and says now and then that they are still being written.
    async fn fill(&self, draft: &mut Draft, data: Streaming<Bytes>) -> Result<()> {
        let id = draft.id.clone();
        let mut written = self.names.pieces.write(&id, data);
        loop {
            tokio::select! {
                written = &mut written => return written,
                () = tokio::time::sleep(self.names.abandon / 4) => self.names.renew(draft).await?,
            }
        }
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.cleaner.abort();
    }
}

async fn clean_again_and_again(names: Names) {
    loop {
        tokio::time::sleep(CLEAN_EVERY).await;
        if let Err(error) = names.clean().await {
            tracing::debug!(%error, "what blobs have left over stays for now");
        }
    }
}

/// The bytes of an id are not there: for implementations of [`Pieces`].
pub fn gone() -> Error {
    let detail = "the blob was replaced or deleted some time ago, so the rest of it is gone: read it again";
    Error::unavailable("store", detail)
}

#[async_trait]
impl Blobs for Stored {
    async fn write(
        &self,
        namespace: &str,
        key: &str,
        options: Options,
        data: Streaming<Bytes>,
    ) -> Result<Info> {
        check_key(key)?;
        let (mut draft, measure) = (self.names.draft().await?, Measure::default());
        if let Err(error) = self.fill(&mut draft, measure.along(data)).await {
            self.names.forget(&draft).await;
            return Err(error);
        }
        let (size, sha256) = measure.result();
        let entry = Entry {
            id: draft.id.clone(),
            size,
            sha256,
            content_type: options.content_type,
            public: options.public,
            modified: i64::try_from(now()).unwrap_or(i64::MAX),
        };
        self.names.publish(&name(namespace, key), &draft, &entry).await?;
        Ok(entry.info(key))
    }

    async fn read(&self, namespace: &str, key: &str) -> Result<(Info, Streaming<Bytes>)> {
        check_key(key)?;
        let record = self.names.named(&name(namespace, key)).await?;
        let entry = entry(&record.ok_or_else(not_found)?)?;
        let data = self.names.pieces.read(&entry.id, entry.size).await?;
        Ok((entry.info(key), verified(data, entry)))
    }

    async fn list(&self, namespace: &str, prefix: &str) -> Result<Vec<Info>> {
        let beginning = name(namespace, "");
        let scan = Scan::prefix(name(namespace, prefix));
        let records = self.names.table.scan(&scan).await?;
        let infos = records.iter().map(|record| {
            let key = record.key.strip_prefix(&beginning).unwrap_or_default();
            Ok(entry(record)?.info(key))
        });
        infos.collect()
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<()> {
        check_key(key)?;
        self.names.unname(&name(namespace, key)).await
    }
}

#[async_trait]
impl Holdings for Stored {
    async fn namespaces(&self) -> Result<Vec<String>> {
        self.names.namespaces().await
    }
}
