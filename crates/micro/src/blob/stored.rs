//! Blobs on a store: for a platform that has a database and no object storage.
//!
//! A blob is pieces, written one by one under an id of its own, and a record that gives the id a name. The record is what makes a blob:
//! it is written last, so a name is replaced as a whole or not at all.
//!
//! In the same commit the former id is noted as old. Its pieces stay for a while, since somebody may be reading them, and are removed after
//! that. An id that is being written is noted, too, until it has its name: what a crash leaves is found by its note, and nothing has to be searched.
//! Any number of processes may do that at once.

mod reading;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use micro_rpc::{Error, Result, Streaming};
use tokio::task::JoinHandle;

use super::{Blobs, Info, Options, check_key, not_found};
use crate::store::{Scan, Scope, Store, Table};
use reading::Reading;
use tables::{Entry, Tables, entry, name, now};

/// How long the pieces of a replaced blob stay for those who read it.
const KEEP: Duration = Duration::from_secs(10 * 60);
/// After so long without a sign of who writes a blob, it is taken to have crashed; the sign is given four times as often.
const ABANDON: Duration = Duration::from_secs(60 * 60);
const CLEAN_EVERY: Duration = Duration::from_secs(60);

/// Blobs as records of a store.
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
    tables: Tables,
    cleaner: JoinHandle<()>,
}

impl Stored {
    /// On a store; what is left over is removed in the background, until this is dropped.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn open(store: Arc<dyn Store>) -> Self {
        Self::with(Tables {
            names: Table::new(store.clone(), Scope::platform("blobs")),
            parts: Table::new(store, Scope::platform("parts")),
            keep: KEEP,
            abandon: ABANDON,
        })
    }

    fn with(tables: Tables) -> Self {
        let cleaner = tokio::spawn(clean_again_and_again(tables.clone()));
        Self { tables, cleaner }
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.cleaner.abort();
    }
}

async fn clean_again_and_again(tables: Tables) {
    loop {
        tokio::time::sleep(CLEAN_EVERY).await;
        if let Err(error) = tables.clean().await {
            tracing::debug!(%error, "what blobs have left over stays for now");
        }
    }
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
        let tables = &self.tables;
        let mut draft = tables.draft().await?;
        let (parts, size, sha256) = match tables.fill(&mut draft, data).await {
            Ok(filled) => filled,
            Err(error) => {
                // What cannot be removed now is found by its note.
                if tables.remove(&draft.id).await.is_ok() {
                    let _ = tables.names.delete(&draft.note.key).await;
                }
                return Err(error);
            }
        };
        let entry = Entry {
            id: draft.id.clone(),
            parts,
            size,
            sha256,
            content_type: options.content_type,
            public: options.public,
            modified: i64::try_from(now()).unwrap_or(i64::MAX),
        };
        let text = serde_json::to_vec(&entry).map_err(|error| Error::internal("store", error.to_string()))?;
        tables.publish(&name(namespace, key), &draft, &text).await?;
        Ok(entry.info(key))
    }

    async fn read(&self, namespace: &str, key: &str) -> Result<(Info, Streaming<Bytes>)> {
        check_key(key)?;
        let record = self.tables.named(&name(namespace, key)).await?;
        let entry = entry(&record.ok_or_else(not_found)?)?;
        let info = entry.info(key);
        Ok((info, Reading::new(self.tables.parts.clone(), entry).stream()))
    }

    async fn list(&self, namespace: &str, prefix: &str) -> Result<Vec<Info>> {
        let beginning = name(namespace, "");
        let records = self
            .tables
            .names
            .scan(&Scan::prefix(name(namespace, prefix)))
            .await?;
        let infos = records.iter().map(|record| {
            let key = record.key.strip_prefix(&beginning).unwrap_or_default();
            Ok(entry(record)?.info(key))
        });
        infos.collect()
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<()> {
        check_key(key)?;
        self.tables.unname(&name(namespace, key)).await
    }
}
