//! Records under keys, kept for good.
//!
//! What every store promises, whatever keeps the records:
//!
//! - An acknowledged change is durable (on disk, or committed by the database), except in [`Memory`].
//! - A key is linearizable: a read that begins after an acknowledged change sees it.
//! - [`Store::commit`] is all or nothing, for readers and for crashes.
//! - A record whose time has passed is never returned, and counts as absent for [`Change::PutNew`].
//! - [`Store::scan`] answers in the order of the keys' bytes.
//! - Each write gives its record a version that no other write of that key ever had, so that a change can be made only
//!   if nobody else made one in between: [`Change::PutIf`], [`Change::DeleteIf`].
//! - [`Store::watch`] tells of every change after it, in order; who is too slow to listen is told so, and never holds up a
//!   writer.
//!
//! [`conformance::run`] is the law: every implementation passes it.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
mod fake;
mod memory;
pub mod model;
mod remote;
mod table;
mod watchers;

use std::collections::BTreeMap;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use micro_rpc::Streaming;

pub use error::{Error, ErrorKind};
pub use fake::FakeStore;
pub use memory::Memory;
pub use remote::Remote;
pub use table::Table;
pub use watchers::Watchers;

/// The longest key in bytes: what every database that we know can still index.
pub const MAX_KEY_LENGTH: usize = 2048;

/// The longest name of a database or table in bytes.
pub const MAX_NAME_LENGTH: usize = 255;

/// What the store's actions answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One record.
///
/// ```
/// use micro::store::Record;
/// let record = Record::new("user/1", "Alice");
/// assert_eq!(record.key, "user/1");
/// assert!(record.expires_at.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What it is found by: 1 to [`MAX_KEY_LENGTH`] bytes.
    pub key: String,
    /// What is kept.
    pub value: Bytes,
    /// Notes beside the value.
    pub metadata: BTreeMap<String, String>,
    /// From then on the record is gone; `None` keeps it for good.
    pub expires_at: Option<SystemTime>,
    /// Which write this is, set by the store; what is given to a write is ignored.
    pub version: u64,
}

impl Record {
    /// A record that does not expire.
    pub fn new(key: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
            ..Self::default()
        }
    }

    /// Whether its time has passed.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// A table of a database; keys of different scopes know nothing of each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Usually the namespace.
    pub database: String,
    /// Usually the service's name.
    pub table: String,
}

impl Scope {
    /// The table `table` of the database `database`.
    pub fn new(database: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            table: table.into(),
        }
    }

    /// A table of the platform itself. No namespace can have the name of its database, so no request can reach it.
    pub fn platform(table: &str) -> Self {
        Self::new("/platform", table)
    }

    /// Refuses names that not every store can keep. Drivers call it before anything else.
    pub fn check(&self) -> Result<()> {
        check_name("database", &self.database)?;
        check_name("table", &self.table)
    }
}

fn check_name(what: &str, name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid(format!("{what} required")));
    }
    if name.len() > MAX_NAME_LENGTH || name.contains('\0') {
        return Err(Error::invalid(format!(
            "the {what}'s name {name:?} must have at most {MAX_NAME_LENGTH} bytes and no zero byte"
        )));
    }
    Ok(())
}

/// Refuses keys that not every store can keep. Drivers call it before anything else.
pub fn check_key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(Error::invalid("key required"));
    }
    if key.len() > MAX_KEY_LENGTH || key.contains('\0') {
        return Err(Error::invalid(format!(
            "a key must have at most {MAX_KEY_LENGTH} bytes and no zero byte, this one has {}",
            key.len()
        )));
    }
    Ok(())
}

/// Which records a scan answers: those that match, in order, some skipped, then at most `limit`.
///
/// To read page by page, set `limit`, and `after` to the last key of the page before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// How keys begin; empty for all.
    pub prefix: String,
    /// How keys end; empty for all.
    pub suffix: String,
    /// Only keys behind this one, in the direction of the scan; empty for all.
    pub after: String,
    /// How many matches are skipped.
    pub offset: usize,
    /// How many records are answered at most; `None` for all.
    pub limit: Option<usize>,
    /// From the last key to the first.
    pub descending: bool,
    /// Leaves the values out.
    pub keys_only: bool,
}

impl Scan {
    /// All records whose key begins so.
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            ..Self::default()
        }
    }

    /// Whether a key matches.
    pub fn matches(&self, key: &str) -> bool {
        let is_behind = self.after.is_empty()
            || if self.descending {
                key < self.after.as_str()
            } else {
                key > self.after.as_str()
            };
        is_behind && key.starts_with(&self.prefix) && key.ends_with(&self.suffix)
    }
}

/// One step of a [`Store::commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Writes a record, whether or not there was one.
    Put(Record),
    /// Writes a record; the whole commit fails with [`ErrorKind::Exists`] if there is one.
    PutNew(Record),
    /// Writes a record; the whole commit fails with [`ErrorKind::Conflict`] unless the one that is there has this version.
    PutIf(Record, u64),
    /// Removes the record of a key, if there is one.
    Delete(String),
    /// Removes a record; the whole commit fails with [`ErrorKind::Conflict`] unless it has this version.
    DeleteIf(String, u64),
}

impl Change {
    /// The key that changes.
    pub fn key(&self) -> &str {
        match self {
            Self::Put(record) | Self::PutNew(record) | Self::PutIf(record, _) => &record.key,
            Self::Delete(key) | Self::DeleteIf(key, _) => key,
        }
    }

    /// What it writes; `None` for a removal.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Put(record) | Self::PutNew(record) | Self::PutIf(record, _) => Some(record),
            Self::Delete(_) | Self::DeleteIf(..) => None,
        }
    }

    /// Whether it may be made where a record of this version is, `None` for none. Drivers ask it for each change.
    pub fn check(&self, there: Option<u64>) -> Result<()> {
        match self {
            Self::PutNew(record) if there.is_some() => Err(Error::exists(&record.key)),
            Self::PutIf(_, version) | Self::DeleteIf(_, version) if there != Some(*version) => {
                Err(Error::conflict(self.key(), *version, there))
            }
            _ => Ok(()),
        }
    }
}

/// A change as a watcher sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The key that changed.
    pub key: String,
    /// What is there now; `None` when it was removed or has expired.
    pub record: Option<Record>,
}

/// Where records are kept; the module says what it promises.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The record of a key; [`ErrorKind::NotFound`] when there is none.
    async fn read(&self, scope: &Scope, key: &str) -> Result<Record>;

    /// The records of several keys, in the order of the keys, `None` where there is none. Each is read as by [`Store::read`]: it is no
    /// common picture.
    async fn read_all(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<Record>>> {
        let reads = keys.iter().map(|key| async move {
            match self.read(scope, key).await {
                Ok(record) => Ok(Some(record)),
                Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        });
        futures_util::future::try_join_all(reads).await
    }

    /// The records that match, as one consistent picture.
    async fn scan(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>>;

    /// Applies all changes in order, or none. An answer means that they are durable; a dropped call may or may
    /// not have been applied.
    async fn commit(&self, scope: &Scope, changes: Vec<Change>) -> Result<()>;

    /// The changes of keys that begin so, from now on, in the order in which they were made. It ends with an error when
    /// the listener falls too far behind: what it missed it has to read. An expired record may be told late.
    async fn watch(&self, scope: &Scope, prefix: &str) -> Result<Streaming<Event>>;

    /// The databases that hold records, sorted. One whose records have all gone may still be named.
    async fn databases(&self) -> Result<Vec<String>>;

    /// The tables of a database that hold records, sorted; as for [`Store::databases`].
    async fn tables(&self, database: &str) -> Result<Vec<String>>;

    /// Writes a record, whether or not there was one.
    async fn write(&self, scope: &Scope, record: Record) -> Result<()> {
        self.commit(scope, vec![Change::Put(record)]).await
    }

    /// Removes the record of a key, if there is one.
    async fn delete(&self, scope: &Scope, key: &str) -> Result<()> {
        self.commit(scope, vec![Change::Delete(key.to_owned())]).await
    }
}
