//! The store on this machine's disk: an embedded log-structured engine.
//!
//! Two keyspaces. `records` holds every record under `database 0 table 0 key`, so that a table is one range in the order
//! of its keys, and many small tables cost no more memory than one. `expiry` holds an empty entry under
//! `time, key of the record` for each record that expires, so that a sweep reads what is due and nothing else.
//!
//! All changes pass one thread, [`writer`]: it is what makes them atomic, and durable at the price of few syncs.

pub(crate) mod encoding;
mod engine;
mod writer;

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use micro::store::{self, Change, Error, Event, Record, Result, Scan, Scope, Watchers, check_key};
use micro::{Streaming, async_trait};

use encoding::Prefix;
use engine::{Engine, Held};
use writer::Writer;

/// Records in a folder of this machine. One process at a time has it open.
pub struct Store {
    engine: Held,
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

impl Store {
    /// Opens the store in a folder, which is made for its owner's eyes only if there is none. Blocks while the journal
    /// of an earlier run is read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        make_private(folder).map_err(|error| {
            Error::unavailable(format!("cannot make the store's folder {}", folder.display()))
                .caused_by(error)
        })?;
        let engine = Held::open(folder).map_err(|error| refused(folder, error))?;
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
        let task = tokio::task::spawn_blocking(move || engine.with(read));
        task.await
            .map_err(|error| Error::unavailable("the read was interrupted").caused_by(error))?
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

    async fn read_all(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<Record>>> {
        scope.check()?;
        keys.iter().try_for_each(|key| check_key(key))?;
        let (scope, keys) = (scope.clone(), keys.to_vec());
        self.read_with(move |engine| engine.read_all(&scope, &keys)).await
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

#[cfg(test)]
mod tests;
