//! The store on this machine's disk: an embedded log-structured engine.
//!
//! Two keyspaces. `records` holds every record under `database 0 table 0 key`, so that a table is one range in the order
//! of its keys, and many small tables cost no more memory than one. `expiry` holds an empty entry under
//! `time, key of the record` for each record that expires, so that a sweep reads what is due and nothing else.
//!
//! All changes pass one thread, [`writer`]: it is what makes them atomic, and durable at the price of few syncs.

pub(crate) mod encoding;
mod writer;

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, Readable};
use micro::bytes::Bytes;
use micro::store::{self, Change, Error, Event, Record, Result, Scan, Scope, Watchers, check_key};
use micro::{Streaming, async_trait};

use encoding::{Prefix, decode, record_key};
use writer::Writer;

/// The server idles within 40 MB, so the caches are small; the operating system caches the files besides.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;
const MEMTABLE_BYTES: u64 = 4 * 1024 * 1024;
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
const OPEN_FILES: usize = 64;

/// Records in a folder of this machine. One process at a time has it open.
pub struct Store {
    engine: Engine,
    writer: Writer,
    counters: Arc<Counters>,
    watchers: Arc<Watchers>,
}

/// What the writer has done since the store was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Commits acknowledged.
    pub commits: u64,
    /// Times that the disk was asked to sync for them.
    pub syncs: u64,
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    syncs: AtomicU64,
}

#[derive(Clone)]
struct Engine {
    database: Database,
    records: Keyspace,
    expiry: Keyspace,
}

impl Store {
    /// Opens the store in a folder, which is made for its owner's eyes only if there is none. Blocks while the journal
    /// of an earlier run is read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        make_private(folder).map_err(|error| {
            Error::unavailable(format!("cannot make the store's folder {}", folder.display()))
                .caused_by(error)
        })?;
        let engine = Engine::open(folder).map_err(|error| refused(folder, error))?;
        let counters = Arc::new(Counters::default());
        let watchers = Arc::new(Watchers::default());
        let writer = Writer::start(engine.clone(), Arc::clone(&counters), Arc::clone(&watchers))?;
        Ok(Self {
            engine,
            writer,
            counters,
            watchers,
        })
    }

    /// What the writer has done so far.
    pub fn stats(&self) -> Stats {
        Stats {
            commits: self.counters.commits.load(Ordering::Relaxed),
            syncs: self.counters.syncs.load(Ordering::Relaxed),
        }
    }

    /// Reads may have to wait for the disk: they have threads of their own, and never hold up the calls in flight.
    async fn read_with<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let engine = self.engine.clone();
        let task = tokio::task::spawn_blocking(move || read(&engine));
        task.await
            .map_err(|error| Error::unavailable("the read was interrupted").caused_by(error))?
    }
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

    fn read(&self, scope: &Scope, key: &str) -> Result<Record> {
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

    fn scan(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>> {
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
    fn names(&self, prefix: &Prefix) -> Result<Vec<String>> {
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

#[async_trait]
impl store::Store for Store {
    async fn read(&self, scope: &Scope, key: &str) -> Result<Record> {
        scope.check()?;
        check_key(key)?;
        let (scope, key) = (scope.clone(), key.to_owned());
        self.read_with(move |engine| engine.read(&scope, &key)).await
    }

    async fn scan(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>> {
        scope.check()?;
        let (scope, scan) = (scope.clone(), scan.clone());
        self.read_with(move |engine| engine.scan(&scope, &scan)).await
    }

    async fn commit(&self, scope: &Scope, changes: Vec<Change>) -> Result<()> {
        scope.check()?;
        changes.iter().try_for_each(|change| check_key(change.key()))?;
        self.writer.commit(scope.clone(), changes).await
    }

    async fn watch(&self, scope: &Scope, prefix: &str) -> Result<Streaming<Event>> {
        scope.check()?;
        Ok(self.watchers.watch(scope, prefix))
    }

    async fn databases(&self) -> Result<Vec<String>> {
        self.read_with(|engine| engine.names(&Prefix::everything())).await
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        let prefix = Prefix::database(database);
        self.read_with(move |engine| engine.names(&prefix)).await
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

pub(crate) fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

fn refused(folder: &Path, error: fjall::Error) -> Error {
    let folder = folder.display();
    match error {
        fjall::Error::Locked => Error::unavailable(format!(
            "the store in {folder} is in use by another process: stop that server first, or set MICRO_HOME to another folder"
        )),
        error => Error::unavailable(format!("cannot open the store in {folder}")).caused_by(error),
    }
}

fn failed(error: fjall::Error) -> Error {
    Error::unavailable("the store's engine failed").caused_by(error)
}

#[cfg(test)]
mod tests;
