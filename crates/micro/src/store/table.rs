//! One table of a store.

use std::sync::Arc;

use micro_rpc::Streaming;

use super::{Change, Event, Record, Result, Scan, Scope, Store};
use crate::Tenant;

/// A store and a scope in one: what a service works with.
///
/// ```
/// # use std::sync::Arc;
/// # use micro::store::{Memory, Record, Scan, Scope, Table};
/// # async fn f() -> Result<(), micro::store::Error> {
/// let users = Table::new(Arc::new(Memory::new()), Scope::new("micro", "user"));
/// users.write(Record::new("1", "Alice")).await?;
/// assert_eq!(users.scan(&Scan::prefix("")).await?.len(), 1);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Table {
    store: Arc<dyn Store>,
    scope: Scope,
    /// What all keys begin with, unseen by who uses the table.
    prefix: Arc<str>,
}

impl Table {
    /// A table of any store.
    pub fn new(store: Arc<dyn Store>, scope: Scope) -> Self {
        Self {
            store,
            scope,
            prefix: "".into(),
        }
    }

    /// What of the table is a tenant's: keys of others can be neither seen nor reached through it.
    #[must_use]
    pub fn of(&self, tenant: &Tenant) -> Self {
        Self {
            prefix: format!("{}{}", self.prefix, tenant.prefix()).into(),
            ..self.clone()
        }
    }

    /// Which table it is.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// As [`Store::read`].
    pub async fn read(&self, key: &str) -> Result<Record> {
        if !key.is_empty() {
            let record = self.store.read(&self.scope, &self.whole(key)).await?;
            return Ok(self.seen(record));
        }
        self.store.read(&self.scope, key).await
    }

    /// As [`Store::scan`].
    pub async fn scan(&self, scan: &Scan) -> Result<Vec<Record>> {
        if self.prefix.is_empty() {
            return self.store.scan(&self.scope, scan).await;
        }
        let after = match scan.after.as_str() {
            "" => String::new(),
            after => self.whole(after),
        };
        let scan = Scan {
            prefix: self.whole(&scan.prefix),
            after,
            ..scan.clone()
        };
        let records = self.store.scan(&self.scope, &scan).await?;
        Ok(records.into_iter().map(|record| self.seen(record)).collect())
    }

    /// As [`Store::commit`].
    pub async fn commit(&self, changes: Vec<Change>) -> Result<()> {
        self.commit_beside(changes, Vec::new()).await
    }

    /// Commits changes, and with them changes of the table that no tenant owns.
    pub(crate) async fn commit_beside(&self, mut changes: Vec<Change>, beside: Vec<Change>) -> Result<()> {
        if !self.prefix.is_empty() {
            changes.iter_mut().for_each(|change| self.place(change));
        }
        changes.extend(beside);
        self.store.commit(&self.scope, changes).await
    }

    /// As [`Store::write`].
    pub async fn write(&self, record: Record) -> Result<()> {
        self.commit(vec![Change::Put(record)]).await
    }

    /// As [`Store::delete`].
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.commit(vec![Change::Delete(key.to_owned())]).await
    }

    /// As [`Store::watch`].
    pub async fn watch(&self, prefix: &str) -> Result<Streaming<Event>> {
        let events = self.store.watch(&self.scope, &self.whole(prefix)).await?;
        if self.prefix.is_empty() {
            return Ok(events);
        }
        let table = self.clone();
        Ok(events.map(move |event| {
            Ok(Event {
                key: table.short(event.key),
                record: event.record.map(|record| table.seen(record)),
            })
        }))
    }

    fn whole(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn short(&self, mut key: String) -> String {
        if key.starts_with(&*self.prefix) {
            key.drain(..self.prefix.len());
        }
        key
    }

    fn seen(&self, record: Record) -> Record {
        Record {
            key: self.short(record.key),
            ..record
        }
    }

    fn place(&self, change: &mut Change) {
        let key = match change {
            Change::Put(record) | Change::PutNew(record) | Change::PutIf(record, _) => &mut record.key,
            Change::Delete(key) | Change::DeleteIf(key, _) => key,
        };
        // The empty key is nobody's; with a tenant in front the store would not see that.
        if !key.is_empty() {
            key.insert_str(0, &self.prefix);
        }
    }
}
