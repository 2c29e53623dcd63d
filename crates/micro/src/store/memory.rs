//! A store that forgets: for tests, and for what need not survive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;

use super::{Change, Error, Record, Result, Scan, Scope, Store, check_key};

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
#[derive(Debug, Default)]
pub struct Memory {
    tables: Mutex<BTreeMap<Scope, Table>>,
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
            .cloned()
            .collect())
    }

    async fn commit(&self, scope: &Scope, changes: Vec<Change>) -> Result<()> {
        scope.check()?;
        changes.iter().try_for_each(|change| check_key(change.key()))?;
        let now = SystemTime::now();
        let mut tables = self.tables();
        let table = tables.entry(scope.clone()).or_default();
        check_new(table, &changes, now)?;
        for change in changes {
            match change {
                Change::Put(record) | Change::PutNew(record) => table.insert(record.key.clone(), record),
                Change::Delete(key) => table.remove(&key),
            };
        }
        Ok(())
    }

    async fn databases(&self) -> Result<Vec<String>> {
        Ok(self.names(|scope| Some(scope.database.clone())))
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        Ok(self.names(|scope| (scope.database == database).then(|| scope.table.clone())))
    }
}

/// Refuses a `PutNew` of a key that exists, with the earlier changes of the same commit already counted.
fn check_new(table: &Table, changes: &[Change], now: SystemTime) -> Result<()> {
    let mut changed: BTreeMap<&str, bool> = BTreeMap::new();
    for change in changes {
        let key = change.key();
        if let Change::PutNew(_) = change {
            let stored = || table.get(key).is_some_and(|record| !record.is_expired(now));
            if changed.get(key).copied().unwrap_or_else(stored) {
                return Err(Error::exists(key));
            }
        }
        let exists = match change {
            Change::Put(record) | Change::PutNew(record) => !record.is_expired(now),
            Change::Delete(_) => false,
        };
        changed.insert(key, exists);
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
