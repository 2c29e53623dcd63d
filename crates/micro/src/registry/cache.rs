//! The registry as the request path asks it: from memory, kept fresh by a watch.
//!
//! Only namespaces in which a service was found are followed. Their names come from callers, so following whatever is
//! asked for would let anybody grow the server.

mod follow;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use micro_rpc::{Error, Resolver, Result};

use super::{Action, Event, Registry, Service};

/// A service that was not there is not asked for again within this time.
const ABSENT: Duration = Duration::from_secs(1);
/// So many services are known not to be there, at most.
const ABSENT_LIMIT: usize = 4096;

/// Answers from memory. Each namespace with a service that was asked for is watched; while the registry is away the
/// last known answer stands. Dropping the cache ends the watches.
pub struct Cache {
    registry: Arc<dyn Registry>,
    namespaces: Arc<Namespaces>,
    absent: Mutex<Absent>,
}

/// What was not there, and when it was asked for.
#[derive(Default)]
struct Absent {
    asked: HashMap<(String, String), Instant>,
    /// When those of long ago were last looked for: to look through all for each new one would make every caller slow.
    swept: Option<Instant>,
}

type Namespaces = RwLock<HashMap<String, Arc<Namespace>>>;

/// Each service, as it was last heard of.
type Services = HashMap<String, Known>;

#[derive(Clone, Default)]
struct Known {
    versions: Arc<Vec<Service>>,
    /// Of all instances, for who calls them: however many there are, a call takes them as one.
    addresses: Arc<[String]>,
}

impl Known {
    fn new(mut versions: Vec<Service>) -> Self {
        for version in &mut versions {
            version.endpoints.sort_by(|a, b| a.name.cmp(&b.name));
        }
        let nodes = versions.iter().flat_map(|version| &version.nodes);
        Self {
            addresses: nodes.map(|node| node.address.clone()).collect(),
            versions: Arc::new(versions),
        }
    }
}

#[derive(Default)]
struct Namespace {
    services: RwLock<Services>,
}

impl Cache {
    /// A cache over any registry.
    pub fn new(registry: Arc<dyn Registry>) -> Arc<Self> {
        Arc::new(Self {
            registry,
            namespaces: Arc::default(),
            absent: Mutex::default(),
        })
    }

    /// What is known of a service; `None` when nothing is. Never waits. The endpoints are in the order of their names, so that
    /// one of many is found without looking at all.
    pub fn lookup(&self, namespace: &str, name: &str) -> Option<Arc<Vec<Service>>> {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        let known = namespaces.get(namespace)?.lookup(super::short_name(name));
        known.map(|known| known.versions)
    }

    /// Where its instances are; `None` when nothing is known. Never waits.
    fn addresses(&self, namespace: &str, name: &str) -> Option<Arc<[String]>> {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        let known = namespaces.get(namespace)?.lookup(super::short_name(name));
        known.map(|known| known.addresses)
    }

    /// What is known of a service, asking the registry where nothing is; `None` when there is no such service.
    ///
    /// # Errors
    ///
    /// Those of the registry, for a service that is not known.
    pub async fn get(&self, namespace: &str, name: &str) -> Result<Option<Arc<Vec<Service>>>> {
        let name = super::short_name(name);
        if let Some(known) = self.lookup(namespace, name) {
            return Ok(Some(known));
        }
        if self.is_absent(namespace, name) {
            return Ok(None);
        }
        let found = self.registry.get(namespace, name).await?;
        if found.is_empty() {
            self.set_absent(namespace, name);
            return Ok(None);
        }
        // What was found is not kept here: the watch may have heard of something newer already.
        self.follow(namespace);
        Ok(Some(Known::new(found).versions))
    }

    /// As [`Cache::get`], but in a namespace that is followed what is not known is not asked for: one that was registered a moment ago may be
    /// missed. For who asks for names that callers made up, and mostly are no services.
    ///
    /// # Errors
    ///
    /// Those of the registry, for a service of a namespace that is not followed.
    pub async fn seen(&self, namespace: &str, name: &str) -> Result<Option<Arc<Vec<Service>>>> {
        match self.is_followed(namespace) {
            true => Ok(self.lookup(namespace, name)),
            false => self.get(namespace, name).await,
        }
    }

    fn is_followed(&self, namespace: &str) -> bool {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        // One that is empty is about to be listed, or forgotten.
        namespaces.get(namespace).is_some_and(|known| !known.is_empty())
    }

    fn follow(&self, name: &str) {
        let mut namespaces = self.namespaces.write().unwrap_or_else(PoisonError::into_inner);
        namespaces.entry(name.to_owned()).or_insert_with(|| {
            let namespace = Arc::new(Namespace::default());
            let leader = follow::Leader::new(&self.namespaces, &namespace, name);
            tokio::spawn(follow::follow(self.registry.clone(), leader));
            namespace
        });
    }

    fn is_absent(&self, namespace: &str, name: &str) -> bool {
        let absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        absent
            .asked
            .get(&(namespace.to_owned(), name.to_owned()))
            .is_some_and(|asked| asked.elapsed() < ABSENT)
    }

    fn set_absent(&self, namespace: &str, name: &str) {
        let mut absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        absent.add((namespace.to_owned(), name.to_owned()), Instant::now());
    }
}

impl Absent {
    /// Remembers it, if there is room.
    fn add(&mut self, service: (String, String), now: Instant) {
        let is_recent = |at: Instant| now.duration_since(at) < ABSENT;
        if self.asked.len() >= ABSENT_LIMIT && !self.swept.is_some_and(is_recent) {
            self.asked.retain(|_, asked| is_recent(*asked));
            self.swept = Some(now);
        }
        if self.asked.len() < ABSENT_LIMIT {
            self.asked.insert(service, now);
        }
    }
}

impl Namespace {
    fn lookup(&self, name: &str) -> Option<Known> {
        self.services
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    fn is_empty(&self) -> bool {
        self.services
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }

    fn replace(&self, listed: Vec<Service>) {
        let mut fresh: HashMap<String, Vec<Service>> = HashMap::new();
        for service in listed {
            fresh.entry(service.name.clone()).or_default().push(service);
        }
        let fresh = fresh
            .into_iter()
            .map(|(name, versions)| (name, Known::new(versions)))
            .collect();
        *self.services.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    fn apply(&self, Event { action, service, .. }: Event) {
        let mut services = self.services.write().unwrap_or_else(PoisonError::into_inner);
        let name = service.name.clone();
        let known = services.remove(&name).unwrap_or_default();
        let mut versions = Arc::unwrap_or_clone(known.versions);
        versions.retain(|known| known.version != service.version);
        if action != Action::Delete {
            versions.push(service);
            versions.sort_by(|a, b| a.version.cmp(&b.version));
        }
        if !versions.is_empty() {
            services.insert(name, Known::new(versions));
        }
    }
}

#[async_trait]
impl Resolver for Cache {
    async fn resolve(&self, namespace: &str, service: &str) -> Result<Arc<[String]>> {
        let addresses = match self.addresses(namespace, service) {
            Some(known) => known,
            None => match self.get(namespace, service).await? {
                Some(found) => Known::new(Arc::unwrap_or_clone(found)).addresses,
                None => Arc::default(),
            },
        };
        if addresses.is_empty() {
            return Err(Error::internal(
                "go.micro.client",
                format!("service {service}: route not found"),
            ));
        }
        Ok(addresses)
    }
}
