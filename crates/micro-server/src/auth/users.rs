//! Whether the platform has a user, which every log-in asks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use micro::store::{self, Event, Scope, Store};
use micro_rpc::Streaming;

use super::account::accounts_prefix;
use crate::follow::Picture;
use crate::namespace::PLATFORM;

/// Remembers that there is a user, until accounts of the platform's namespace change, here or at another server.
pub(super) struct Users {
    store: Arc<dyn Store>,
    scope: Scope,
    /// Counts the changes.
    now: AtomicU64,
    /// Behind which change a user was found; 0 for none.
    found: AtomicU64,
}

/// When somebody began to look for a user.
#[derive(Clone, Copy)]
pub(super) struct Look(u64);

impl Users {
    pub fn new(store: Arc<dyn Store>, scope: Scope) -> Users {
        Users {
            store,
            scope,
            now: AtomicU64::new(1),
            found: AtomicU64::new(0),
        }
    }

    /// Whether there is one for sure.
    pub fn are_known(&self) -> bool {
        self.found.load(Ordering::Acquire) == self.now.load(Ordering::Acquire)
    }

    /// To be taken before looking.
    pub fn look(&self) -> Look {
        Look(self.now.load(Ordering::Acquire))
    }

    /// There is one. It counts unless accounts have changed since one began to look.
    pub fn found(&self, look: Look) {
        self.found.store(look.0, Ordering::Release);
    }

    /// Accounts have changed.
    pub fn forget(&self) {
        self.now.fetch_add(1, Ordering::AcqRel);
    }
}

#[micro_rpc::async_trait]
impl Picture for Users {
    async fn watch(&self) -> store::Result<Streaming<Event>> {
        self.store.watch(&self.scope, &accounts_prefix(PLATFORM)).await
    }

    async fn read(&self, _keys: BTreeSet<String>) -> store::Result<()> {
        self.forget();
        Ok(())
    }

    async fn read_all(&self) -> store::Result<()> {
        self.forget();
        Ok(())
    }
}
