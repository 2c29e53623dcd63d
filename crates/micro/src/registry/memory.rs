//! The registry within a process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use micro_rpc::{Result, Sender, Streaming};

use super::{Action, Event, Registry, Service};

const PRUNE: Duration = Duration::from_secs(1);
const BEHIND: usize = 256;

/// Keeps nodes in memory, and forgets those whose time has passed within a second.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    // Namespace, name, version.
    services: BTreeMap<(String, String, String), Entry>,
    watchers: Vec<Watcher>,
    pruning: bool,
}

struct Entry {
    service: Service,
    expires: BTreeMap<String, Instant>,
}

struct Watcher {
    namespace: String,
    name: String,
    sender: Sender<Event>,
}

impl Memory {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // One task per registry, which ends with it.
    fn prune(&self, state: &mut State) {
        if std::mem::replace(&mut state.pruning, true) {
            return;
        }
        let registry: Weak<_> = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PRUNE).await;
                let Some(state) = registry.upgrade() else { return };
                state
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .expire(Instant::now());
            }
        });
    }
}

impl State {
    fn expire(&mut self, now: Instant) {
        let keys: Vec<_> = self.services.keys().cloned().collect();
        for key in keys {
            let Some(entry) = self.services.get(&key) else {
                continue;
            };
            let gone: Vec<String> = entry
                .expires
                .iter()
                .filter(|(_, at)| **at <= now)
                .map(|(id, _)| id.clone())
                .collect();
            if !gone.is_empty() {
                self.remove(&key, &gone);
            }
        }
    }

    fn remove(&mut self, key: &(String, String, String), nodes: &[String]) {
        let Some(entry) = self.services.get_mut(key) else {
            return;
        };
        let before = entry.service.clone();
        entry.service.nodes.retain(|node| !nodes.contains(&node.id));
        entry.expires.retain(|id, _| !nodes.contains(id));
        if entry.service.nodes.len() == before.nodes.len() {
            return;
        }
        if entry.service.nodes.is_empty() {
            self.services.remove(key);
            self.tell(Action::Delete, &key.0, &before);
        } else {
            let now = entry.service.clone();
            self.tell(Action::Update, &key.0, &now);
        }
    }

    fn tell(&mut self, action: Action, namespace: &str, service: &Service) {
        self.watchers.retain(|watcher| {
            let meant = (watcher.namespace == "*" || watcher.namespace == namespace)
                && (watcher.name.is_empty() || watcher.name == service.name);
            let event = || Event {
                action,
                namespace: namespace.to_owned(),
                service: service.clone(),
            };
            !watcher.sender.is_closed() && (!meant || watcher.sender.try_send(event()).is_ok())
        });
    }
}

fn merge(known: &mut Service, given: Service) {
    known.metadata = given.metadata;
    known.endpoints = given.endpoints;
    for node in given.nodes {
        match known.nodes.iter_mut().find(|known| known.id == node.id) {
            Some(known) => *known = node,
            None => known.nodes.push(node),
        }
    }
}

#[async_trait]
impl Registry for Memory {
    async fn register(&self, namespace: &str, mut service: Service, ttl: Option<Duration>) -> Result<()> {
        let mut state = self.state();
        self.prune(&mut state);
        service.name = super::short_name(&service.name).to_owned();
        service.options = None;
        service.metadata.insert("domain".to_owned(), namespace.to_owned());
        let until = ttl.filter(|ttl| !ttl.is_zero()).map(|ttl| Instant::now() + ttl);
        let ids: Vec<String> = service.nodes.iter().map(|node| node.id.clone()).collect();
        let key = (
            namespace.to_owned(),
            service.name.clone(),
            service.version.clone(),
        );
        let known = state.services.get(&key).map(|entry| entry.service.clone());
        let entry = state.services.entry(key).or_insert_with(|| Entry {
            service: Service {
                nodes: Vec::new(),
                ..service.clone()
            },
            expires: BTreeMap::new(),
        });
        merge(&mut entry.service, service);
        for id in ids {
            match until {
                Some(until) => entry.expires.insert(id, until),
                None => entry.expires.remove(&id),
            };
        }
        let now = entry.service.clone();
        match known {
            None => state.tell(Action::Create, namespace, &now),
            Some(before) if before != now => state.tell(Action::Update, namespace, &now),
            Some(_) => {}
        }
        Ok(())
    }

    async fn deregister(&self, namespace: &str, service: Service) -> Result<()> {
        let name = super::short_name(&service.name).to_owned();
        let nodes: Vec<String> = service.nodes.into_iter().map(|node| node.id).collect();
        self.state()
            .remove(&(namespace.to_owned(), name, service.version), &nodes);
        Ok(())
    }

    async fn get(&self, namespace: &str, name: &str) -> Result<Vec<Service>> {
        let name = super::short_name(name);
        let mut all = self.list(namespace).await?;
        all.retain(|service| service.name == name);
        Ok(all)
    }

    async fn list(&self, namespace: &str) -> Result<Vec<Service>> {
        let mut state = self.state();
        state.expire(Instant::now());
        let meant = |key: &(String, String, String)| namespace == "*" || key.0 == namespace;
        let mut all: Vec<Service> = state
            .services
            .iter()
            .filter(|(key, _)| meant(key))
            .map(|(_, entry)| entry.service.clone())
            .collect();
        all.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        Ok(all)
    }

    async fn watch(&self, namespace: &str, name: &str) -> Result<Streaming<Event>> {
        let (sender, events) = Streaming::channel(BEHIND);
        let name = super::short_name(name).to_owned();
        self.state().watchers.push(Watcher {
            namespace: namespace.to_owned(),
            name,
            sender,
        });
        Ok(events)
    }
}
