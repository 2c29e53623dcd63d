//! The tables of all namespaces, kept as the registry says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use micro::registry::{Action, Event, Registry, Service};
use micro_rpc::Result;
use micro_rpc::futures_util::FutureExt;
use tokio::task::JoinHandle;

use super::{Claim, Table};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Over a network a watch begins a moment after it was asked for: what changed in that moment is in a second list.
const SETTLED: Duration = Duration::from_millis(250);
/// So long without a change, and all is listed again: it finds a watch that died without a word.
const QUIET: Duration = Duration::from_secs(30);

/// Follows the registry for as long as it exists.
pub(crate) struct Index {
    tables: Arc<Tables>,
    following: JoinHandle<()>,
}

#[derive(Default)]
struct Tables {
    /// Whether there is any, which is all that a request asks where there is none.
    are_any: AtomicBool,
    by_namespace: RwLock<HashMap<String, Arc<Table>>>,
}

impl Index {
    /// Of all namespaces. With a prefix, only of services whose names begin with it and a dot.
    pub fn follow(registry: Arc<dyn Registry>, prefix: &str) -> Arc<Self> {
        let tables = Arc::new(Tables::default());
        let follower = Follower {
            tables: tables.clone(),
            prefix: Some(format!("{prefix}.")).filter(|_| !prefix.is_empty()),
            known: BTreeMap::new(),
        };
        let following = tokio::spawn(follower.run(registry));
        Arc::new(Self { tables, following })
    }

    /// Whether no service has a route.
    pub fn is_empty(&self) -> bool {
        !self.tables.are_any.load(Ordering::Relaxed)
    }

    /// The routes of a namespace; `None` when it has none.
    pub fn of(&self, namespace: &str) -> Option<Arc<Table>> {
        if self.is_empty() {
            return None;
        }
        let tables = self
            .tables
            .by_namespace
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        tables.get(namespace).cloned()
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// Namespace, name, version.
type Key = (String, String, String);

struct Follower {
    tables: Arc<Tables>,
    prefix: Option<String>,
    /// The versions that have routes.
    known: BTreeMap<Key, Vec<Arc<Claim>>>,
}

impl Follower {
    async fn run(mut self, registry: Arc<dyn Registry>) {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Err(error) = self.follow_once(&*registry, &mut pause).await {
                tracing::debug!(%error, "the registry is away; routes stay as they were");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The watch is opened before each list, so that no change falls between the two.
    async fn follow_once(&mut self, registry: &dyn Registry, pause: &mut Duration) -> Result<()> {
        let mut events = registry.watch("*", "").await?;
        self.replace(registry.list("*").await?);
        *pause = FIRST_PAUSE;
        let mut patience = SETTLED;
        loop {
            match tokio::time::timeout(patience, events.next()).await {
                Ok(Some(event)) => {
                    let mut changed = BTreeSet::new();
                    changed.extend(self.apply(event?));
                    // What waits is taken together: many services come at once when a server starts.
                    while let Some(Some(event)) = events.next().now_or_never() {
                        changed.extend(self.apply(event?));
                    }
                    self.rebuild(&changed);
                }
                Ok(None) => return Ok(()),
                Err(_) => {
                    self.replace(registry.list("*").await?);
                    patience = QUIET;
                }
            }
        }
    }

    /// The namespace, if its routes changed.
    fn apply(&mut self, event: Event) -> Option<String> {
        let key = (
            event.namespace,
            event.service.name.clone(),
            event.service.version.clone(),
        );
        let claims = match event.action {
            Action::Delete => Vec::new(),
            Action::Create | Action::Update => self.claims(&event.service),
        };
        let before = match claims.is_empty() {
            true => self.known.remove(&key).unwrap_or_default(),
            false => self.known.insert(key.clone(), claims.clone()).unwrap_or_default(),
        };
        (before != claims).then_some(key.0)
    }

    fn replace(&mut self, listed: Vec<Service>) {
        let mut fresh = BTreeMap::new();
        for service in listed {
            let claims = self.claims(&service);
            if !claims.is_empty() {
                let namespace = service.metadata.get("domain").cloned().unwrap_or_default();
                fresh.insert((namespace, service.name, service.version), claims);
            }
        }
        let before = std::mem::replace(&mut self.known, fresh);
        let is_in = |other: &BTreeMap<Key, Vec<Arc<Claim>>>, (key, claims): (&Key, &Vec<_>)| {
            other.get(key) == Some(claims)
        };
        let gone = before.iter().filter(|entry| !is_in(&self.known, *entry));
        let new = self.known.iter().filter(|entry| !is_in(&before, *entry));
        let changed = gone.chain(new).map(|(key, _)| key.0.clone()).collect();
        self.rebuild(&changed);
    }

    fn claims(&self, service: &Service) -> Vec<Arc<Claim>> {
        if self
            .prefix
            .as_ref()
            .is_some_and(|prefix| !service.name.starts_with(prefix))
        {
            return Vec::new();
        }
        // The registry refuses what is wrong; a registry of others may not.
        let claims = Claim::all(service).unwrap_or_else(|problem| {
            tracing::warn!(
                service = service.name,
                problem,
                "the routes of a service are not served"
            );
            Vec::new()
        });
        claims.into_iter().map(Arc::new).collect()
    }

    fn rebuild(&self, namespaces: &BTreeSet<String>) {
        for namespace in namespaces {
            let mut table = Table::default();
            let mut is_empty = true;
            let first = (namespace.clone(), String::new(), String::new());
            let own = self
                .known
                .range(first..)
                .take_while(|(key, _)| key.0 == *namespace);
            for claim in own.flat_map(|(_, claims)| claims) {
                is_empty = false;
                if let Err(claim) = table.add(claim.clone()) {
                    let (method, path) = claim.key();
                    tracing::warn!(
                        service = claim.call.service,
                        method,
                        path,
                        "another service has this route"
                    );
                }
            }
            let mut tables = self
                .tables
                .by_namespace
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            match is_empty {
                true => drop(tables.remove(namespace)),
                false => drop(tables.insert(namespace.clone(), Arc::new(table))),
            }
            self.tables.are_any.store(!tables.is_empty(), Ordering::Relaxed);
        }
    }
}
