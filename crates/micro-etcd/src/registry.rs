//! The registry, as services ask it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use micro::registry::{self, Event, Service};
use micro::{Backend, Result, Streaming};
use tokio::task::AbortHandle;

use crate::config::Config;
use crate::key::{NodeKey, VersionKey};
use crate::link::why;
use crate::requests::Requests;
use crate::shared::{Shared, Status, refused};
use crate::{follow, keep, stored};

const REGISTER: &str = "registry.Registry.Register";
const DEREGISTER: &str = "registry.Registry.Deregister";
const READ: &str = "registry.Registry.GetService";

/// The registry on etcd. What it answers comes from memory and costs etcd nothing.
///
/// - `register` returns when etcd has it and this process sees it. A refresh that changes nothing is not written: this
///   process keeps the node until its time has passed, and etcd keeps what this process wrote while it lives.
/// - While etcd is away, everything that was known is answered, refreshes are taken, also those of nodes that another
///   process kept, and nodes may be taken back; etcd hears of it when it is back. What would be new is refused with 503,
///   because nobody else could find it, and its service tries again by itself.
/// - Dropping it takes nothing back: the services of a process that is restarted go on living, and have the time of their
///   lease (the largest power of two of seconds within their time to live) to tell it or another so.
pub struct Registry {
    shared: Arc<Shared>,
    tasks: [AbortHandle; 3],
}

impl Registry {
    /// Begins to connect; etcd need not be there.
    ///
    /// # Errors
    ///
    /// For a configuration that cannot be right: no endpoint, one that is no address, a certificate that cannot be read.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn open(config: Config) -> Result<Self> {
        let shared = Arc::new(Shared::new(config)?);
        let tasks = [
            tokio::spawn(follow::follow(shared.clone())).abort_handle(),
            tokio::spawn(keep::expire(shared.clone())).abort_handle(),
            tokio::spawn(keep::tend(shared.clone())).abort_handle(),
        ];
        Ok(Self { shared, tasks })
    }

    /// Whether etcd answers.
    pub fn backend(&self) -> Backend {
        self.shared.backend.clone()
    }

    /// The versions of a service without copying them: what a call is routed by. Never waits.
    pub fn lookup(&self, namespace: &str, name: &str) -> Option<Arc<Vec<Service>>> {
        let name = registry::short_name(name);
        self.shared.look(|picture| picture.lookup(namespace, name))
    }

    /// How much was asked of etcd.
    pub fn requests(&self) -> Requests {
        self.shared.counters.now()
    }

    /// How it does.
    pub fn status(&self) -> Status {
        self.shared.status()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

#[async_trait]
impl registry::Registry for Registry {
    async fn register(&self, namespace: &str, service: Service, ttl: Option<Duration>) -> Result<()> {
        registry::check(&service)?;
        let shared = &*self.shared;
        shared.until_tried().await;
        shared.until_known(REGISTER).await?;
        let (key, service) = in_place(namespace, service);
        // A life beyond the end of the clock is endless.
        let ttl = ttl.filter(|ttl| !ttl.is_zero() && Instant::now().checked_add(*ttl).is_some());
        let plan = shared.edit(|picture| picture.refresh(&key, &service, ttl));
        if plan.is_done() {
            return Ok(());
        }
        match shared.write(&key, &service, &plan, ttl).await {
            Ok(revision) => {
                shared.until_applied(REGISTER, revision).await?;
                shared.edit(|picture| picture.renew(&key, &plan.nodes, ttl));
                Ok(())
            }
            Err(_) if shared.edit(|picture| picture.claim(&key, &plan, ttl)) => Ok(()),
            Err(status) => Err(refused(REGISTER, &status)),
        }
    }

    async fn deregister(&self, namespace: &str, service: Service) -> Result<()> {
        let shared = &*self.shared;
        shared.until_tried().await;
        shared.until_known(DEREGISTER).await?;
        let (version, service) = in_place(namespace, service);
        let key = |node: &registry::Node| NodeKey {
            version: version.clone(),
            id: node.id.clone(),
        };
        let keys: Vec<NodeKey> = service.nodes.iter().map(key).collect();
        let _meanwhile = shared.rewriting.read().await;
        shared.edit(|picture| picture.let_go(&keys));
        match shared.delete(&keys).await {
            Ok(Some(revision)) => drop(shared.until_applied(DEREGISTER, revision).await),
            Ok(None) => {}
            Err(status) => tracing::debug!(
                why = why(&status),
                "etcd is told later of nodes that were taken back"
            ),
        }
        // Those that etcd had lost already, and all of them where it could not be told.
        shared.edit(|picture| picture.take_back(&keys));
        Ok(())
    }

    async fn get(&self, namespace: &str, name: &str) -> Result<Vec<Service>> {
        self.shared.until_known(READ).await?;
        let name = registry::short_name(name);
        Ok(self.shared.look(|picture| picture.get(namespace, name)))
    }

    async fn list(&self, namespace: &str) -> Result<Vec<Service>> {
        self.shared.until_known("registry.Registry.ListServices").await?;
        Ok(self.shared.look(|picture| picture.list(namespace)))
    }

    async fn watch(&self, namespace: &str, name: &str) -> Result<Streaming<Event>> {
        self.shared.until_known("registry.Registry.Watch").await?;
        let name = registry::short_name(name);
        Ok(self.shared.edit(|picture| picture.watch(namespace, name)))
    }
}

/// Where a service belongs, and how it is handed out. Of nodes with one id the last counts.
fn in_place(namespace: &str, mut service: Service) -> (VersionKey, Service) {
    let key = VersionKey {
        namespace: namespace.to_owned(),
        name: registry::short_name(&service.name).to_owned(),
        version: std::mem::take(&mut service.version),
    };
    let nodes = std::mem::take(&mut service.nodes);
    let by_id: BTreeMap<_, _> = nodes.into_iter().map(|node| (node.id.clone(), node)).collect();
    service.nodes = by_id.into_values().collect();
    service.options = None;
    stored::name(&mut service, &key);
    (key, service)
}
