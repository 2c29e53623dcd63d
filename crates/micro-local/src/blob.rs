//! Blobs on this machine's disk: a file for each, and on the store a record that says which file a name is.
//!
//! The record is what makes a blob: a file is written and synced under a name of its own before the record names it, so a blob is
//! replaced as a whole or not at all. What a crash leaves without a record is removed when the folder is opened.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::stream;
use micro::blob::{self, Checksum, Info, Options, PIECE, check_key, not_found};
use micro::bytes::Bytes;
use micro::store::{ErrorKind, Record, Scan, Scope, Store, Table};
use micro::{Error, Result, Streaming, async_trait};
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// No namespace holds a control character.
const BETWEEN: &str = "\u{1}";

/// Blobs in a folder of this machine.
pub struct Blobs {
    folder: PathBuf,
    names: Table,
}

/// What the store says of a blob.
#[derive(Serialize, Deserialize)]
struct Entry {
    file: String,
    size: u64,
    sha256: String,
    content_type: String,
    public: bool,
    modified: i64,
}

impl Blobs {
    /// In a folder, which is made for its owner's eyes only if there is none; the names are kept on the store.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used, or the store cannot be read.
    pub async fn open(folder: &Path, store: Arc<dyn Store>) -> Result<Self> {
        crate::store::make_private(folder).map_err(|error| failed(folder, &error))?;
        let blobs = Self {
            folder: folder.to_owned(),
            names: Table::new(store, Scope::platform("blob")),
        };
        blobs.clean().await?;
        Ok(blobs)
    }

    /// Removes files that no name stands for.
    async fn clean(&self) -> Result<()> {
        let files = fs::read_dir(&self.folder).map_err(|error| failed(&self.folder, &error))?;
        let mut files = files.filter_map(|file| file.ok()).peekable();
        if files.peek().is_none() {
            return Ok(());
        }
        let records = self.names.scan(&Scan::default()).await?;
        let known: HashSet<String> = records
            .iter()
            .filter_map(|record| Some(entry(record).ok()?.file))
            .collect();
        for file in files.filter(|file| !file.file_name().to_str().is_some_and(|name| known.contains(name))) {
            // What cannot be removed is tried again next time.
            let _ = fs::remove_file(file.path());
        }
        Ok(())
    }

    async fn record(&self, namespace: &str, key: &str) -> Result<Option<Record>> {
        match self.names.read(&name(namespace, key)).await {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a file whose name is gone; readers that have it open go on.
    fn forget(&self, record: Option<Record>) {
        if let Some(entry) = record.and_then(|record| entry(&record).ok()) {
            let _ = fs::remove_file(self.folder.join(entry.file));
        }
    }

    async fn fill(&self, path: &Path, mut data: Streaming<Bytes>) -> Result<(u64, String)> {
        let wrong = |error: io::Error| failed(path, &error);
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .await
            .map_err(wrong)?;
        let (mut size, mut checksum) = (0, Checksum::default());
        while let Some(piece) = data.next().await {
            let piece = piece?;
            file.write_all(&piece).await.map_err(wrong)?;
            checksum.update(&piece);
            size += piece.len() as u64;
        }
        file.sync_all().await.map_err(wrong)?;
        let folder = File::open(&self.folder).await.map_err(wrong)?;
        folder.sync_all().await.map_err(wrong)?;
        Ok((size, checksum.finish()))
    }
}

fn name(namespace: &str, key: &str) -> String {
    [namespace, key].join(BETWEEN)
}

fn entry(record: &Record) -> Result<Entry> {
    serde_json::from_slice(&record.value)
        .map_err(|error| Error::internal("store", format!("what a blob is cannot be read: {error}")))
}

fn info(key: &str, entry: &Entry) -> Info {
    Info {
        key: key.to_owned(),
        size: entry.size,
        sha256: entry.sha256.clone(),
        content_type: entry.content_type.clone(),
        public: entry.public,
        modified: entry.modified,
    }
}

/// The cause names files of this machine, so it goes to the log.
fn failed(path: &Path, error: &io::Error) -> Error {
    tracing::error!(path = %path.display(), %error, "a blob's file failed");
    let detail = match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full: make room, then try again",
        _ => "the disk failed; the server's log says how",
    };
    Error::unavailable("store", detail)
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
        check_key(key)?;
        let file = uuid::Uuid::new_v4().simple().to_string();
        let path = self.folder.join(&file);
        let filled = self.fill(&path, data).await;
        let (size, sha256) = filled.inspect_err(|_| drop(fs::remove_file(&path)))?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let entry = Entry {
            file,
            size,
            sha256,
            content_type: options.content_type,
            public: options.public,
            modified: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        };
        let text = serde_json::to_vec(&entry).map_err(|error| Error::internal("store", error.to_string()))?;
        let former = self.record(namespace, key).await?;
        self.names.write(Record::new(name(namespace, key), text)).await?;
        self.forget(former);
        Ok(info(key, &entry))
    }

    async fn read(&self, namespace: &str, key: &str) -> Result<(Info, Streaming<Bytes>)> {
        check_key(key)?;
        // A file that goes between the look at its name and its opening was replaced: the name tells the new one.
        for _ in 0..10 {
            let record = self.record(namespace, key).await?.ok_or_else(not_found)?;
            let entry = entry(&record)?;
            let path = self.folder.join(&entry.file);
            match File::open(&path).await {
                Ok(file) => return Ok((info(key, &entry), pieces(file, path, entry))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&path, &error)),
            }
        }
        Err(Error::internal("store", "the blob's bytes are missing"))
    }

    async fn list(&self, namespace: &str, prefix: &str) -> Result<Vec<Info>> {
        let beginning = name(namespace, "");
        let scan = Scan::prefix(name(namespace, prefix));
        let records = self.names.scan(&scan).await?;
        let infos = records.iter().map(|record| {
            Ok(info(
                record.key.strip_prefix(&beginning).unwrap_or_default(),
                &entry(record)?,
            ))
        });
        infos.collect()
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<()> {
        check_key(key)?;
        let former = self.record(namespace, key).await?;
        self.names.delete(&name(namespace, key)).await?;
        self.forget(former);
        Ok(())
    }
}

#[async_trait]
impl blob::Holdings for Blobs {
    async fn namespaces(&self) -> Result<Vec<String>> {
        let all = Scan {
            keys_only: true,
            ..Scan::default()
        };
        let records = self.names.scan(&all).await?;
        let names = records.iter().filter_map(|record| record.key.split_once(BETWEEN));
        let namespaces: BTreeSet<&str> = names.map(|(namespace, _)| namespace).collect();
        Ok(namespaces.into_iter().map(str::to_owned).collect())
    }
}

/// A file's bytes, and at their end an error when they are not those that were written.
fn pieces(file: File, path: PathBuf, entry: Entry) -> Streaming<Bytes> {
    let state = Some((file, path, entry, Checksum::default(), 0));
    Streaming::new(stream::unfold(state, |state| async move {
        let (mut file, path, entry, mut checksum, mut size) = state?;
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => {
                let is_whole = size == entry.size && checksum.finish() == entry.sha256;
                (!is_whole).then(|| {
                    tracing::error!(path = %path.display(), "a blob is not as it was written");
                    let detail = "the blob is damaged: it is not as it was written";
                    (Err(Error::internal("store", detail)), None)
                })
            }
            Ok(length) => {
                piece.truncate(length);
                checksum.update(&piece);
                size += length as u64;
                Some((Ok(piece.into()), Some((file, path, entry, checksum, size))))
            }
            Err(error) => Some((Err(failed(&path, &error)), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use micro::blob::{Blobs as _, conformance};
    use micro::store::Memory;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn conforms() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path(), Arc::new(Memory::new())).await.unwrap();
        conformance::run(&blobs).await;
        conformance::moves(&blobs).await;
        let (files, names) = (
            fs::read_dir(folder.path()).unwrap().count(),
            blobs.names.scan(&Scan::default()).await,
        );
        assert_eq!(files, names.unwrap().len(), "no file is left behind");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn damage_is_found_and_leftovers_are_removed() {
        let (folder, store) = (tempfile::tempdir().unwrap(), Arc::new(Memory::new()));
        let blobs = Blobs::open(folder.path(), store.clone()).await.unwrap();
        let data = Streaming::from_iter([Bytes::from_static(b"hello")]);
        blobs.write("micro", "a", Options::default(), data).await.unwrap();
        let file = fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        fs::write(&file, b"hallo").unwrap();
        fs::write(folder.path().join("leftover"), b"x").unwrap();
        let blobs = Blobs::open(folder.path(), store).await.unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let (_, mut pieces) = blobs.read("micro", "a").await.unwrap();
        assert_eq!(pieces.next().await.unwrap().unwrap(), "hallo");
        assert_eq!(pieces.next().await.unwrap().unwrap_err().code, 500);
        assert!(pieces.next().await.is_none());
    }
}
