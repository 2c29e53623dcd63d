//! A store that tests take away from a server and bring back, and how they wait for what the server makes of it.

use std::sync::Arc;
use std::time::Duration;

use micro::store::{Change, Error, Event, Record, Result, Scan, Scope, Store};
use micro_rpc::Streaming;
use micro_rpc::futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// What a change at one server takes at most to count at another.
pub(crate) const SEEN: Duration = Duration::from_secs(1);

/// One server's way to a store that others use too.
pub(crate) struct Away {
    store: Arc<dyn Store>,
    reach: watch::Sender<Reach>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Full,
    /// Answers, but tells nobody of changes: who only watches knows nothing new.
    Deaf,
    /// Refuses everything, and ends what was watched.
    None,
}

impl Away {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Away> {
        Arc::new(Away {
            store,
            reach: watch::Sender::new(Reach::Full),
        })
    }

    pub(crate) fn set(&self, reach: Reach) {
        self.reach.send_replace(reach);
    }

    fn store(&self) -> Result<&Arc<dyn Store>> {
        match *self.reach.borrow() {
            Reach::None => Err(Error::unavailable("connection refused by the test")),
            _ => Ok(&self.store),
        }
    }
}

#[micro_rpc::async_trait]
impl Store for Away {
    async fn read(&self, scope: &Scope, key: &str) -> Result<Record> {
        self.store()?.read(scope, key).await
    }

    async fn scan(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>> {
        self.store()?.scan(scope, scan).await
    }

    async fn commit(&self, scope: &Scope, changes: Vec<Change>) -> Result<()> {
        self.store()?.commit(scope, changes).await
    }

    async fn watch(&self, scope: &Scope, prefix: &str) -> Result<Streaming<Event>> {
        let events = self.store()?.watch(scope, prefix).await?;
        let mut reach = self.reach.subscribe();
        let gone = async move {
            // The sender is gone with the store.
            let _ = reach.wait_for(|reach| *reach == Reach::None).await;
        };
        let events = match *self.reach.borrow() {
            Reach::Deaf => Streaming::new(stream::pending()),
            _ => events,
        };
        Ok(Streaming::new(events.take_until(Box::pin(gone))))
    }

    async fn databases(&self) -> Result<Vec<String>> {
        self.store()?.databases().await
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        self.store()?.tables(database).await
    }
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn seen(what: &str, within: Duration, is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let waiting = async {
            while !is_so() {
                sleep(Duration::from_millis(2)).await;
            }
        };
        let seen = timeout(within, waiting).await;
        assert!(seen.is_ok(), "{what} not seen within {within:?}, at {place}");
    }
}
