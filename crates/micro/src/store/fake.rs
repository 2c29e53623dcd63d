//! A store that does as a test tells it.

use async_trait::async_trait;
use micro_rpc::Streaming;

use super::{Change, Error, Event, Memory, Record, Result, Scan, Scope, Store};
use crate::fake::{Invocation, Script, Spy, in_order};

/// A [`Store`] for tests: [`Memory`], but for what its spies were told.
pub struct FakeStore {
    memory: Memory,
    /// [`Store::read`]
    pub reads: Spy<(Scope, String), Record, Error>,
    /// [`Store::scan`]
    pub scans: Spy<(Scope, Scan), Vec<Record>, Error>,
    /// [`Store::commit`], and with it [`Store::write`] and [`Store::delete`].
    pub commits: Spy<(Scope, Vec<Change>), (), Error>,
    /// [`Store::watch`]
    pub watches: Spy<(Scope, String), Script<Event>, Error>,
}

impl Default for FakeStore {
    fn default() -> Self {
        Self {
            memory: Memory::new(),
            reads: Spy::new("Store.Read"),
            scans: Spy::new("Store.Scan"),
            commits: Spy::new("Store.Commit"),
            watches: Spy::new("Store.Watch"),
        }
    }
}

impl FakeStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.reads.invocations(),
            self.scans.invocations(),
            self.commits.invocations(),
            self.watches.invocations(),
        ])
    }
}

#[async_trait]
impl Store for FakeStore {
    async fn read(&self, scope: &Scope, key: &str) -> Result<Record> {
        let asked = (scope.clone(), key.to_owned());
        self.reads.call(asked, self.memory.read(scope, key)).await
    }

    async fn scan(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>> {
        let asked = (scope.clone(), scan.clone());
        self.scans.call(asked, self.memory.scan(scope, scan)).await
    }

    async fn commit(&self, scope: &Scope, changes: Vec<Change>) -> Result<()> {
        let asked = (scope.clone(), changes.clone());
        self.commits.call(asked, self.memory.commit(scope, changes)).await
    }

    async fn watch(&self, scope: &Scope, prefix: &str) -> Result<Streaming<Event>> {
        match self.watches.told((scope.clone(), prefix.to_owned())).await {
            Some(told) => told.map(Script::play),
            None => self.memory.watch(scope, prefix).await,
        }
    }

    async fn databases(&self) -> Result<Vec<String>> {
        self.memory.databases().await
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        self.memory.tables(database).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{ErrorKind, Table, conformance};

    #[tokio::test]
    async fn is_a_store_where_nothing_is_told() {
        conformance::run(&FakeStore::new()).await;
    }

    #[tokio::test]
    async fn answers_as_told_and_tells_what_it_was_asked() {
        let store = Arc::new(FakeStore::new());
        let table = Table::new(store.clone(), Scope::new("micro", "user"));
        store
            .commits
            .returns_on_call(1, Err(Error::unavailable("disk full")));
        store.reads.stub(|(_, key)| Ok(Record::new(key, "stub")));
        store.watches.returns(Ok(Script::of([Event {
            key: "1".to_owned(),
            record: None,
        }])));
        table.write(Record::new("1", "Alice")).await.unwrap();
        let refused = table.delete("1").await.map_err(|error| error.kind);
        assert_eq!(refused, Err(ErrorKind::Unavailable));
        assert_eq!(table.read("1").await.unwrap().value, "stub");
        assert_eq!(table.scan(&Scan::default()).await.unwrap()[0].value, "Alice");
        let mut changes = table.watch("").await.unwrap();
        assert_eq!(changes.next().await.unwrap().unwrap().key, "1");
        assert!(changes.next().await.is_none());
        let (_, deleted) = store.commits.args_for_call(1);
        assert_eq!(deleted, [Change::Delete("1".to_owned())]);
        let calls: Vec<_> = store.invocations().iter().map(|call| call.endpoint).collect();
        assert_eq!(
            calls,
            [
                "Store.Commit",
                "Store.Commit",
                "Store.Read",
                "Store.Scan",
                "Store.Watch"
            ]
        );
    }
}
