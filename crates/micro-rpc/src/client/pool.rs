//! The connections to each target.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;

use super::connection::Connection;
use crate::Result;

/// A second connection to a target pays once this many calls are under way on the first.
const BUSY: usize = 16;

pub(super) struct Pool {
    per_target: usize,
    targets: RwLock<HashMap<String, Arc<Target>>>,
}

struct Target {
    address: String,
    per_target: usize,
    open: RwLock<Vec<Arc<Connection>>>,
    opening: Mutex<()>,
}

impl Pool {
    pub(super) fn new(per_target: usize) -> Self {
        Self {
            per_target,
            targets: RwLock::default(),
        }
    }

    /// A live connection to an address.
    pub(super) async fn connection(&self, address: &str) -> Result<Arc<Connection>> {
        self.target(address).connection().await
    }

    /// Calls under way to an address.
    pub(super) fn load(&self, address: &str) -> usize {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        targets.get(address).map_or(0, |target| {
            target.read(|open| open.iter().map(|c| c.load()).sum())
        })
    }

    fn target(&self, address: &str) -> Arc<Target> {
        if let Some(target) = self
            .targets
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(address)
        {
            return target.clone();
        }
        let mut targets = self.targets.write().unwrap_or_else(PoisonError::into_inner);
        // Instances come and go at new addresses: those without a connection are forgotten.
        if targets.len() > 64 {
            targets
                .retain(|_, target| target.read(|open| open.iter().any(|connection| connection.is_live())));
        }
        let new = || {
            Arc::new(Target {
                address: address.to_owned(),
                per_target: self.per_target,
                open: RwLock::default(),
                opening: Mutex::default(),
            })
        };
        targets.entry(address.to_owned()).or_insert_with(new).clone()
    }
}

impl Target {
    fn read<T>(&self, look: impl FnOnce(&[Arc<Connection>]) -> T) -> T {
        look(&self.open.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn connection(&self) -> Result<Arc<Connection>> {
        if let Some(connection) = self.choose(BUSY) {
            return Ok(connection);
        }
        let Ok(_opening) = self.opening.try_lock() else {
            // Somebody opens one: a busy one serves meanwhile, without any we wait for it.
            if let Some(connection) = self.choose(usize::MAX) {
                return Ok(connection);
            }
            drop(self.opening.lock().await);
            return match self.choose(usize::MAX) {
                Some(connection) => Ok(connection),
                None => self.open().await,
            };
        };
        match self.choose(BUSY) {
            Some(connection) => Ok(connection),
            None => self.open().await,
        }
    }

    fn choose(&self, bound: usize) -> Option<Arc<Connection>> {
        self.read(|open| {
            let live = || open.iter().filter(|connection| connection.is_live());
            let full = live().count() >= self.per_target;
            // Of equals the first: a warm one answers sooner than one whose tasks sleep.
            live()
                .min_by_key(|connection| connection.load())
                .filter(|connection| full || connection.load() < bound)
                .cloned()
        })
    }

    async fn open(&self) -> Result<Arc<Connection>> {
        let connection = Arc::new(Connection::open(&self.address).await?);
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| connection.is_live());
        open.push(connection.clone());
        Ok(connection)
    }
}
