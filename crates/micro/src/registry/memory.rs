//! The registry within a process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use micro_rpc::{Result, Streaming};

use super::{Action, Event, Registry, Service, Watchers};

const PRUNE: Duration = Duration::from_secs(1);

/// Keeps nodes in memory, and forgets those whose time has passed within a second.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

/// Namespace, name, version.
type Key = (String, String, String);

#[derive(Default)]
struct State {
    services: BTreeMap<Key, Entry>,
    watchers: Watchers,
    pruning: bool,
}

struct Entry {
    service: Service,
    /// When each node is forgotten; one that is not here never is.
    expires: BTreeMap<String, Instant>,
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

    fn select(&self, meant: impl Fn(&Key) -> bool) -> Vec<Service> {
        let mut state = self.state();
        state.expire(Instant::now());
        let mut found: Vec<Service> = state
            .services
            .iter()
            .filter(|(key, _)| meant(key))
            .map(|(_, entry)| entry.service.clone())
            .collect();
        // The keys are in order already, but within their namespace.
        found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        found
    }
}

impl State {
    fn expire(&mut self, now: Instant) {
        let expired = |entry: &Entry| -> Vec<String> {
            entry
                .expires
                .iter()
                .filter(|(_, at)| **at <= now)
                .map(|(id, _)| id.clone())
                .collect()
        };
        let gone: Vec<_> = self
            .services
            .iter()
            .map(|(key, entry)| (key.clone(), expired(entry)))
            .filter(|(_, nodes)| !nodes.is_empty())
            .collect();
        for (key, nodes) in gone {
            self.remove(&key, &nodes);
        }
    }

    fn add(&mut self, key: Key, service: Service, until: Option<Instant>) {
        let namespace = key.0.clone();
        let before = self.services.get(&key).map(|entry| entry.service.clone());
        let new = || Entry {
            service: Service {
                nodes: Vec::new(),
                ..service.clone()
            },
            expires: BTreeMap::new(),
        };
        let entry = self.services.entry(key).or_insert_with(new);
        for node in &service.nodes {
            match until {
                Some(until) => entry.expires.insert(node.id.clone(), until),
                None => entry.expires.remove(&node.id),
            };
        }
        merge(&mut entry.service, service);
        let now = entry.service.clone();
        match before {
            None => self.watchers.tell(Action::Create, &namespace, &now),
            Some(before) if before != now => self.watchers.tell(Action::Update, &namespace, &now),
            Some(_) => {}
        }
    }

    fn remove(&mut self, key: &Key, nodes: &[String]) {
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
            self.watchers.tell(Action::Delete, &key.0, &before);
        } else {
            let now = entry.service.clone();
            self.watchers.tell(Action::Update, &key.0, &now);
        }
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
        super::check(&service)?;
        service.name = super::short_name(&service.name).to_owned();
        service.options = None;
        service.metadata.insert("domain".to_owned(), namespace.to_owned());
        // A life beyond the end of the clock is endless.
        let until = ttl
            .filter(|ttl| !ttl.is_zero())
            .and_then(|ttl| Instant::now().checked_add(ttl));
        let key = (
            namespace.to_owned(),
            service.name.clone(),
            service.version.clone(),
        );
        let mut state = self.state();
        self.prune(&mut state);
        state.add(key, service, until);
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
        Ok(self.select(|key| key.1 == name && (namespace == "*" || key.0 == namespace)))
    }

    async fn list(&self, namespace: &str) -> Result<Vec<Service>> {
        Ok(self.select(|key| namespace == "*" || key.0 == namespace))
    }

    async fn watch(&self, namespace: &str, name: &str) -> Result<Streaming<Event>> {
        let name = super::short_name(name);
        Ok(self.state().watchers.add(namespace, name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Node;
    use super::super::watchers::BEHIND;
    use super::*;

    fn service(address: &str) -> Service {
        let node = Node {
            id: "user-1".to_owned(),
            address: address.to_owned(),
            ..Node::default()
        };
        Service {
            name: "user".to_owned(),
            version: "latest".to_owned(),
            nodes: vec![node],
            ..Service::default()
        }
    }

    #[tokio::test]
    async fn a_watcher_that_falls_behind_is_ended() {
        let registry = Memory::new();
        let mut slow = registry.watch("micro", "").await.unwrap();
        for number in 0..=BEHIND {
            registry
                .register("micro", service(&format!("a:{number}")), None)
                .await
                .unwrap();
        }
        let mut seen = 0;
        while let Some(event) = slow.next().await {
            event.unwrap();
            seen += 1;
        }
        assert_eq!(seen, BEHIND, "what was told before is still read");
        assert!(registry.state().watchers.len() == 0);
    }

    #[tokio::test]
    async fn watchers_that_left_are_forgotten() {
        let registry = Memory::new();
        for _ in 0..10 {
            drop(registry.watch("micro", "").await.unwrap());
        }
        assert_eq!(registry.state().watchers.len(), 1);
    }

    #[tokio::test]
    async fn an_endless_life_is_no_overflow() {
        let registry = Memory::new();
        registry
            .register("micro", service("a:1"), Some(Duration::MAX))
            .await
            .unwrap();
        assert_eq!(registry.list("micro").await.unwrap().len(), 1);
    }
}
