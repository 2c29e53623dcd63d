//! One table of a store.

use std::sync::Arc;

use micro_rpc::Streaming;

use super::{Change, Event, Record, Result, Scan, Scope, Store};

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
}

impl Table {
    /// A table of any store.
    pub fn new(store: Arc<dyn Store>, scope: Scope) -> Self {
        Self { store, scope }
    }

    /// Which table it is.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// As [`Store::read`].
    pub async fn read(&self, key: &str) -> Result<Record> {
        self.store.read(&self.scope, key).await
    }

    /// As [`Store::scan`].
    pub async fn scan(&self, scan: &Scan) -> Result<Vec<Record>> {
        self.store.scan(&self.scope, scan).await
    }

    /// As [`Store::commit`].
    pub async fn commit(&self, changes: Vec<Change>) -> Result<()> {
        self.store.commit(&self.scope, changes).await
    }

    /// As [`Store::write`].
    pub async fn write(&self, record: Record) -> Result<()> {
        self.store.write(&self.scope, record).await
    }

    /// As [`Store::delete`].
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.store.delete(&self.scope, key).await
    }

    /// As [`Store::watch`].
    pub async fn watch(&self, prefix: &str) -> Result<Streaming<Event>> {
        self.store.watch(&self.scope, prefix).await
    }
}
