//! The registry as the request path asks it: from memory, kept fresh by a watch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use micro_rpc::{Error, Resolver, Result};
use tokio::sync::watch;

use super::{Action, Event, Registry, Service};

/// How long the first question of a namespace waits for the first list.
const PATIENCE: Duration = Duration::from_secs(5);
/// A service that was not there is not asked for again within this time.
const ABSENT: Duration = Duration::from_secs(1);

type Snapshot = Arc<HashMap<String, Arc<Vec<Service>>>>;

/// Answers from memory. Each namespace that is asked for is watched; while the registry is away the last known answer
/// stands. Dropping the cache ends the watches.
pub struct Cache {
    registry: Arc<dyn Registry>,
    namespaces: RwLock<HashMap<String, Arc<Namespace>>>,
}

struct Namespace {
    services: RwLock<Snapshot>,
    listed: watch::Sender<bool>,
    absent: Mutex<HashMap<String, Instant>>,
}

impl Cache {
    /// A cache over any registry.
    pub fn new(registry: Arc<dyn Registry>) -> Arc<Self> {
        Arc::new(Self {
            registry,
            namespaces: RwLock::default(),
        })
    }

    /// What is known of a service; `None` when nothing is, or the namespace was not asked for before.
    pub fn lookup(&self, namespace: &str, name: &str) -> Option<Arc<Vec<Service>>> {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        namespaces.get(namespace)?.lookup(super::short_name(name))
    }

    /// What is known of a service, asking the registry where nothing is; `None` when there is no such service.
    pub async fn get(&self, namespace: &str, name: &str) -> Result<Option<Arc<Vec<Service>>>> {
        let name = super::short_name(name);
        let known = self.namespace(namespace);
        let mut listed = known.listed.subscribe();
        let _ = tokio::time::timeout(PATIENCE, listed.wait_for(|listed| *listed)).await;
        if let Some(found) = known.lookup(name) {
            return Ok(Some(found));
        }
        if known.is_absent(name) {
            return Ok(None);
        }
        let found = self.registry.get(namespace, name).await?;
        if found.is_empty() {
            known.set_absent(name);
            return Ok(None);
        }
        let found = Arc::new(found);
        known.change(|services| {
            services.insert(name.to_owned(), found.clone());
        });
        Ok(Some(found))
    }

    fn namespace(&self, name: &str) -> Arc<Namespace> {
        if let Some(known) = self
            .namespaces
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
        {
            return known.clone();
        }
        let mut namespaces = self.namespaces.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let namespace = Arc::new(Namespace {
                services: RwLock::default(),
                listed: watch::Sender::new(false),
                absent: Mutex::default(),
            });
            tokio::spawn(follow(
                self.registry.clone(),
                name.to_owned(),
                Arc::downgrade(&namespace),
            ));
            namespace
        };
        namespaces.entry(name.to_owned()).or_insert_with(new).clone()
    }
}

impl Namespace {
    fn lookup(&self, name: &str) -> Option<Arc<Vec<Service>>> {
        self.services
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<String, Arc<Vec<Service>>>)) {
        let mut services = self.services.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut services));
    }

    fn is_absent(&self, name: &str) -> bool {
        let absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        absent.get(name).is_some_and(|asked| asked.elapsed() < ABSENT)
    }

    fn set_absent(&self, name: &str) {
        let mut absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        // Names come from outside: what has lost its meaning is dropped before the map grows.
        if absent.len() > 1024 {
            absent.retain(|_, asked| asked.elapsed() < ABSENT);
        }
        if absent.len() <= 4096 {
            absent.insert(name.to_owned(), Instant::now());
        }
    }

    fn apply(&self, event: Event) {
        let Event { action, service, .. } = event;
        self.change(|services| {
            let versions = Arc::make_mut(services.entry(service.name.clone()).or_default());
            versions.retain(|known| known.version != service.version);
            let name = service.name.clone();
            if action != Action::Delete {
                versions.push(service);
            }
            if versions.is_empty() {
                services.remove(&name);
            }
        });
    }
}

/// Follows a namespace until nobody needs it. The watch is opened before the list, so that no change falls between.
async fn follow(registry: Arc<dyn Registry>, name: String, namespace: Weak<Namespace>) {
    let mut pause = Duration::from_millis(50);
    while namespace.strong_count() > 0 {
        if let Err(error) = follow_once(&*registry, &name, &namespace, &mut pause).await {
            tracing::debug!(%error, namespace = name, "the registry is away; answering from memory");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

async fn follow_once(
    registry: &dyn Registry,
    name: &str,
    namespace: &Weak<Namespace>,
    pause: &mut Duration,
) -> Result<()> {
    let mut events = registry.watch(name, "").await?;
    let listed = registry.list(name).await?;
    let mut services: HashMap<String, Vec<Service>> = HashMap::new();
    for service in listed {
        services.entry(service.name.clone()).or_default().push(service);
    }
    {
        let Some(namespace) = namespace.upgrade() else {
            return Ok(());
        };
        let fresh = services
            .into_iter()
            .map(|(name, versions)| (name, Arc::new(versions)))
            .collect();
        namespace.change(|services| *services = fresh);
        namespace.listed.send_replace(true);
    }
    *pause = Duration::from_millis(50);
    loop {
        let event = match tokio::time::timeout(Duration::from_secs(30), events.next()).await {
            Ok(Some(event)) => Some(event?),
            Ok(None) => return Ok(()),
            Err(_) => None,
        };
        let Some(namespace) = namespace.upgrade() else {
            return Ok(());
        };
        if let Some(event) = event {
            namespace.apply(event);
        }
    }
}

#[async_trait]
impl Resolver for Cache {
    async fn resolve(&self, namespace: &str, service: &str) -> Result<Vec<String>> {
        let found = match self.lookup(namespace, service) {
            Some(found) => Some(found),
            None => self.get(namespace, service).await?,
        };
        let nodes = found
            .iter()
            .flat_map(|versions| versions.iter())
            .flat_map(|version| &version.nodes);
        let addresses: Vec<String> = nodes.map(|node| node.address.clone()).collect();
        if addresses.is_empty() {
            return Err(Error::internal(
                "go.micro.client",
                format!("service {service}: route not found"),
            ));
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Memory, Node};
    use super::*;

    fn service(name: &str, address: &str) -> Service {
        let node = Node {
            id: format!("{name}-1"),
            address: address.to_owned(),
            ..Node::default()
        };
        Service {
            name: name.to_owned(),
            version: "latest".to_owned(),
            nodes: vec![node],
            ..Service::default()
        }
    }

    #[tokio::test]
    async fn follows_what_changes() {
        let registry = Arc::new(Memory::new());
        let cache = Cache::new(registry.clone());
        let missing = cache.resolve("micro", "user").await.unwrap_err();
        assert_eq!(
            (missing.code, missing.detail.as_str()),
            (500, "service user: route not found")
        );
        registry
            .register("micro", service("user", "a:1"), None)
            .await
            .unwrap();
        assert_eq!(wait(&cache, &["a:1"]).await, ["a:1"]);
        registry
            .register("micro", service("user", "b:2"), None)
            .await
            .unwrap();
        assert_eq!(wait(&cache, &["b:2"]).await, ["b:2"]);
        registry
            .deregister("micro", service("user", "b:2"))
            .await
            .unwrap();
        while cache.lookup("micro", "user").is_some() {
            tokio::task::yield_now().await;
        }
    }

    async fn wait(cache: &Cache, addresses: &[&str]) -> Vec<String> {
        loop {
            match cache.resolve("micro", "go.micro.service.user").await {
                Ok(found) if found == addresses => return found,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }
}
