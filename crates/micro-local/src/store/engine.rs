//! The engine itself: what lies where, how it is read, and how it comes back after a failure.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, Readable};
use micro::bytes::Bytes;
use micro::store::{Error, ErrorKind, Record, Result, Scan, Scope};

use super::encoding::{Prefix, decode, record_key};

/// The server idles within 40 MB, so the caches are small; the operating system caches the files besides.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;
const MEMTABLE_BYTES: u64 = 4 * 1024 * 1024;
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
const OPEN_FILES: usize = 64;

/// As much must be free before the engine is opened again, besides a copy of its journals.
const ROOM: u64 = 16 * 1024 * 1024;

/// The engine while it is open. It is closed only to be opened again.
#[derive(Clone)]
pub struct Held {
    folder: Arc<Path>,
    engine: Arc<RwLock<Option<Engine>>>,
}

pub struct Engine {
    pub database: Database,
    pub records: Keyspace,
    pub expiry: Keyspace,
}

impl Held {
    pub fn open(folder: &Path) -> fjall::Result<Self> {
        Ok(Self {
            folder: folder.into(),
            engine: Arc::new(RwLock::new(Some(Engine::open(folder)?))),
        })
    }

    /// Uses the engine, which stays open meanwhile.
    pub fn with<T>(&self, using: impl FnOnce(&Engine) -> Result<T>) -> Result<T> {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        match &*engine {
            Some(engine) => using(engine),
            None => Err(Error::unavailable(
                "the store is closed since it could not be opened again after a write failed: it is tried again and again, see the server's log",
            )),
        }
    }

    /// Opens the engine again, which writes no more after a failure: what is on the disk is not known then. Its journals are
    /// copied first, since a system that could not write a file's pages may have forgotten that it has to.
    pub fn reopen(&self) -> io::Result<()> {
        self.check_disk()?;
        let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        drop(engine.take());
        for journal in journals(&self.folder)? {
            write_anew(&journal)?;
        }
        File::open(&self.folder)?.sync_all()?;
        *engine = Some(Engine::open(&self.folder).map_err(io::Error::other)?);
        Ok(())
    }

    /// While the disk takes nothing, the engine that can still be read stays open.
    fn check_disk(&self) -> io::Result<()> {
        let mut needed = ROOM;
        for journal in journals(&self.folder)? {
            needed = needed.max(ROOM + journal.metadata()?.len());
        }
        let disk = rustix::fs::statvfs(&*self.folder)?;
        if disk.f_bavail * disk.f_frsize < needed {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let probe = self.folder.join("probe");
        let written = File::create(&probe).and_then(|mut file| {
            file.write_all(&[0; 4096])?;
            file.sync_all()
        });
        std::fs::remove_file(&probe).and(written)
    }
}

fn journals(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let files = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let is_journal = |path: &io::Result<PathBuf>| match path {
        Ok(path) => path.extension().is_some_and(|extension| extension == "jnl"),
        Err(_) => true,
    };
    files.filter(is_journal).collect()
}

fn write_anew(file: &Path) -> io::Result<()> {
    let copy = file.with_extension("copy");
    let copied = std::fs::copy(file, &copy).and_then(|_| File::open(&copy)?.sync_all());
    if copied.is_err() {
        let _ = std::fs::remove_file(&copy);
    }
    copied.and_then(|()| std::fs::rename(&copy, file))
}

impl Engine {
    fn open(folder: &Path) -> fjall::Result<Self> {
        let database = Database::builder(folder)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .max_cached_files(Some(OPEN_FILES))
            .worker_threads(1)
            .open()?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
        let records = database.keyspace("records", options)?;
        let expiry = database.keyspace("expiry", options)?;
        Ok(Self {
            database,
            records,
            expiry,
        })
    }

    pub fn read(&self, scope: &Scope, key: &str) -> Result<Record> {
        let value = self
            .records
            .get(record_key(scope, key))
            .map_err(failed)?
            .ok_or_else(Error::not_found)?;
        let record = decode(key.to_owned(), &value)?;
        if record.is_expired(SystemTime::now()) {
            Err(Error::not_found())
        } else {
            Ok(record)
        }
    }

    pub fn read_all(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<Record>>> {
        let reads = keys.iter().map(|key| match self.read(scope, key) {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        reads.collect()
    }

    pub fn scan(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>> {
        let (now, table) = (SystemTime::now(), Prefix::table(scope));
        let (from, to) = bounds(scope, scan);
        let range = self.database.snapshot().range(&self.records, from..to);
        let entries: Box<dyn Iterator<Item = fjall::Guard>> = if scan.descending {
            Box::new(range.rev())
        } else {
            Box::new(range)
        };
        let mut skipped = 0;
        let mut found = Vec::new();
        for entry in entries {
            if scan.limit.is_some_and(|limit| found.len() >= limit) {
                break;
            }
            let (key, value) = entry.into_inner().map_err(failed)?;
            let key = table.strip(&key)?;
            if !scan.matches(&key) {
                continue;
            }
            let mut record = decode(key, &value)?;
            if record.is_expired(now) {
                continue;
            }
            if skipped < scan.offset {
                skipped += 1;
                continue;
            }
            if scan.keys_only {
                record.value = Bytes::new();
            }
            found.push(record);
        }
        Ok(found)
    }

    /// The different names that follow a prefix, one seek for each.
    pub fn names(&self, prefix: &Prefix) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut from = prefix.start();
        while let Some(entry) = self.records.range(from..prefix.end()).next() {
            let name = prefix.first_name(&entry.key().map_err(failed)?)?;
            from = prefix.after_name(&name);
            names.push(name);
        }
        Ok(names)
    }
}

/// Where a scan begins and ends, so that a page deep in a table costs no more than the first.
fn bounds(scope: &Scope, scan: &Scan) -> (Vec<u8>, Vec<u8>) {
    let prefix = record_key(scope, &scan.prefix);
    // No key holds the byte 255, which UTF-8 does not have.
    let end = [&prefix[..], &[255]].concat();
    if scan.after.is_empty() {
        return (prefix, end);
    }
    let after = record_key(scope, &scan.after);
    if scan.descending {
        let to = after.clamp(prefix.clone(), end);
        (prefix, to)
    } else {
        (after.clamp(prefix, end.clone()), end)
    }
}

pub fn failed(error: fjall::Error) -> Error {
    Error::unavailable("the store's engine failed").caused_by(error)
}
