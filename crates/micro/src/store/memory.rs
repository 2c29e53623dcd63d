//! A store that forgets: for tests, and for what need not survive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use micro_rpc::Streaming;

use super::{Change, Error, Event, Record, Result, Scan, Scope, Store, Watchers, check_key};

type Table = BTreeMap<String, Record>;

/// Records in memory; they end with it.
///
/// ```
/// # use micro::store::{Memory, Record, Scope, Store};
/// # async fn f() -> Result<(), micro::store::Error> {
/// let store = Memory::new();
/// let scope = Scope::new("micro", "user");
/// store.write(&scope, Record::new("1", "Alice")).await?;
/// assert_eq!(store.read(&scope, "1").await?.value, "Alice");
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct Memory {
    tables: Mutex<BTreeMap<Scope, Table>>,
    /// Of the last commit; it changes under the lock of the tables.
    version: AtomicU64,
    watchers: Watchers,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, BTreeMap<Scope, Table>> {
        // Every change below is complete before anything can panic, so a poisoned lock still guards whole tables.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self, wanted: impl Fn(&Scope) -> Option<String>) -> Vec<String> {
        let tables = self.tables();
        let filled = tables.iter().filter(|(_, table)| !table.is_empty());
        let names: BTreeSet<String> = filled.filter_map(|(scope, _)| wanted(scope)).collect();
        names.into_iter().collect()
    }
}

#[async_trait]
impl Store for Memory {
    async fn read(&self, scope: &Scope, key: &str) -> Result<Record> {
        scope.check()?;
        check_key(key)?;
        let tables = self.tables();
        let record = tables.get(scope).and_then(|table| table.get(key));
        let live = record.filter(|record| !record.is_expired(SystemTime::now()));
        live.cloned().ok_or_else(Error::not_found)
    }

    async fn scan(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>> {
        scope.check()?;
        let now = SystemTime::now();
        let tables = self.tables();
        let Some(table) = tables.get(scope) else {
            return Ok(Vec::new());
        };
        let records = table.range(scan.prefix.clone()..).map(|(_, record)| record);
        let records = records.take_while(|record| record.key.starts_with(&scan.prefix));
        let mut found: Vec<&Record> = records
            .filter(|record| scan.matches(&record.key) && !record.is_expired(now))
            .collect();
        if scan.descending {
            found.reverse();
        }
        Ok(found
            .into_iter()
            .skip(scan.offset)
            .take(scan.limit.unwrap_or(usize::MAX))
            .map(|record| answered(record, scan))
            .collect())
    }

    async fn commit(&self, scope: &Scope, changes: Vec<Change>) -> Result<()> {
        scope.check()?;
        changes.iter().try_for_each(|change| check_key(change.key()))?;
        let now = SystemTime::now();
        let mut tables = self.tables();
        let table = tables.entry(scope.clone()).or_default();
        let version = self.version.load(Ordering::Relaxed) + 1;
        check(table, &changes, version, now)?;
        self.version.store(version, Ordering::Relaxed);
        for change in &changes {
            let record = change.record().map(|record| Record {
                version,
                ..record.clone()
            });
            match &record {
                Some(record) => drop(table.insert(record.key.clone(), record.clone())),
                None => drop(table.remove(change.key())),
            }
            // Under the lock, so that watchers hear of changes in their order.
            if !self.watchers.is_empty() {
                let key = change.key().to_owned();
                self.watchers.tell(scope, &Event { key, record });
            }
        }
        Ok(())
    }

    async fn watch(&self, scope: &Scope, prefix: &str) -> Result<Streaming<Event>> {
        scope.check()?;
        Ok(self.watchers.watch(scope, prefix))
    }

    async fn databases(&self) -> Result<Vec<String>> {
        Ok(self.names(|scope| Some(scope.database.clone())))
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        Ok(self.names(|scope| (scope.database == database).then(|| scope.table.clone())))
    }
}

fn answered(record: &Record, scan: &Scan) -> Record {
    let mut record = record.clone();
    if scan.keys_only {
        record.value = Bytes::new();
    }
    record
}

/// Refuses a commit of which one change may not be made, with the earlier ones already counted.
fn check(table: &Table, changes: &[Change], version: u64, now: SystemTime) -> Result<()> {
    let mut changed: BTreeMap<&str, Option<u64>> = BTreeMap::new();
    for change in changes {
        let key = change.key();
        let stored = || {
            let record = table.get(key).filter(|record| !record.is_expired(now));
            record.map(|record| record.version)
        };
        change.check(changed.get(key).copied().unwrap_or_else(stored))?;
        let live = change.record().filter(|record| !record.is_expired(now));
        changed.insert(key, live.map(|_| version));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        super::super::conformance::run(&Memory::new()).await;
    }
}
