//! Servers of this process, which clients of this process call without the network.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::runtime::Handle;

use crate::Server;

/// The servers that answer in this process, by the addresses that callers know them under. Clones are one.
///
/// A client that has it ([`Builder::local`](crate::client::Builder::local)) finds an instance as any other does, and where that is one of
/// these hands the call over: the server authenticates, authorises, counts and answers it as one from elsewhere.
#[derive(Clone, Default)]
pub struct Local(Arc<RwLock<Vec<Opened>>>);

#[derive(Clone)]
pub(crate) struct Opened {
    address: Arc<str>,
    pub(crate) server: Server,
    /// What the server's handlers run on.
    pub(crate) runtime: Handle,
}

/// A server that is called without the network until this is dropped.
#[must_use = "the server is called without the network only as long as this is kept"]
pub struct Open {
    local: Local,
    address: Arc<str>,
}

impl Local {
    /// Says that a server answers at an address (`host:port`, as it is registered). Called on the runtime that serves it.
    pub fn open(&self, address: &str, server: &Server) -> Open {
        let address: Arc<str> = address.into();
        let opened = Opened {
            address: address.clone(),
            server: server.clone(),
            runtime: Handle::current(),
        };
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(opened);
        Open {
            local: self.clone(),
            address,
        }
    }

    pub(crate) fn at(&self, address: &str) -> Option<Opened> {
        let opened = self.0.read().unwrap_or_else(PoisonError::into_inner);
        opened.iter().find(|opened| &*opened.address == address).cloned()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut opened = self.local.0.write().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|opened| !Arc::ptr_eq(&opened.address, &self.address));
    }
}

impl Opened {
    /// Whether the caller is on that runtime.
    pub(crate) fn is_here(&self) -> bool {
        Handle::current().id() == self.runtime.id()
    }
}
