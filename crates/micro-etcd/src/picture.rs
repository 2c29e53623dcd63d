//! What this process knows of all services: answers come from here, whether etcd is there or not.

mod apply;
mod duties;
mod keeping;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use micro::Streaming;
use micro::registry::{Action, Event, Node, Service, Watchers};

pub(crate) use apply::Change;
pub(crate) use duties::{Deletion, Plan, Rewrite};
use keeping::Keeping;

use crate::key::{NodeKey, VersionKey};
use crate::stored;

/// Namespace, name, and the versions in order.
type Answers = HashMap<String, BTreeMap<String, Arc<Vec<Service>>>>;

#[derive(Default)]
pub(crate) struct Picture {
    versions: BTreeMap<VersionKey, Version>,
    /// The same, as it is handed out.
    answers: Answers,
    watchers: Watchers,
    keeping: Keeping,
    /// All of etcd up to this revision is in here; 0 when nothing was read yet.
    pub revision: i64,
    /// The cluster that the revision is of.
    pub cluster: u64,
}

#[derive(Default)]
struct Version {
    description: Option<Description>,
    nodes: BTreeMap<String, Known>,
}

struct Description {
    /// Without nodes.
    service: Service,
    /// 0 when etcd does not have it any more.
    revision: i64,
}

/// A node, as etcd has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub node: Node,
    pub ttl: Option<Duration>,
    pub lease: i64,
    /// When it was written; 0 when etcd does not have it any more, and it is shown all the same.
    pub revision: i64,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub versions: usize,
    pub nodes: usize,
    pub kept: usize,
    pub unwritten: usize,
}

impl Picture {
    /// The versions of a service.
    pub fn lookup(&self, namespace: &str, name: &str) -> Option<Arc<Vec<Service>>> {
        self.answers.get(namespace)?.get(name).cloned()
    }

    /// The versions of a service in a namespace, or in all with `*`.
    pub fn get(&self, namespace: &str, name: &str) -> Vec<Service> {
        let named =
            |services: &BTreeMap<String, Arc<Vec<Service>>>| services.get(name).map(|found| found.to_vec());
        if namespace != "*" {
            return self.answers.get(namespace).and_then(named).unwrap_or_default();
        }
        in_order(self.answers.values().filter_map(named).flatten().collect())
    }

    /// All of a namespace, or of all with `*`.
    pub fn list(&self, namespace: &str) -> Vec<Service> {
        let all = |services: &BTreeMap<String, Arc<Vec<Service>>>| -> Vec<Service> {
            services
                .values()
                .flat_map(|versions| versions.iter().cloned())
                .collect()
        };
        if namespace != "*" {
            return self.answers.get(namespace).map(all).unwrap_or_default();
        }
        in_order(self.answers.values().flat_map(all).collect())
    }

    pub fn watch(&mut self, namespace: &str, name: &str) -> Streaming<Event> {
        self.watchers.add(namespace, name)
    }

    pub fn size(&self) -> Size {
        let shown = self.answers.values().flat_map(BTreeMap::values);
        Size {
            versions: shown.map(|versions| versions.len()).sum(),
            nodes: self.versions.values().map(|version| version.nodes.len()).sum(),
            ..self.keeping.size()
        }
    }

    fn known(&self, key: &NodeKey) -> Option<&Known> {
        self.versions.get(&key.version)?.nodes.get(&key.id)
    }

    fn known_mut(&mut self, key: &NodeKey) -> Option<&mut Known> {
        self.versions.get_mut(&key.version)?.nodes.get_mut(&key.id)
    }

    fn remove(&mut self, key: &NodeKey, touched: &mut BTreeSet<VersionKey>) -> Option<Known> {
        touched.insert(key.version.clone());
        self.versions.get_mut(&key.version)?.nodes.remove(&key.id)
    }

    /// Brings the answers up to date where versions changed, and tells who watches.
    fn settle(&mut self, touched: BTreeSet<VersionKey>) {
        for key in touched {
            let after = self
                .versions
                .get(&key)
                .and_then(|version| version.as_service(&key));
            self.forget_if_empty(&key);
            let Some((action, service)) = answer_with(&mut self.answers, &key, after) else {
                continue;
            };
            self.watchers.tell(action, &key.namespace, &service);
        }
    }

    /// A version without nodes is none; what etcd still has of it waits to be removed there.
    fn forget_if_empty(&mut self, key: &VersionKey) {
        let Some(version) = self.versions.get(key) else {
            return;
        };
        let is_left = version.description.as_ref().is_some_and(|it| it.revision > 0);
        match (version.nodes.is_empty(), is_left) {
            (true, true) => self.keeping.orphaned(key),
            (true, false) => {
                self.versions.remove(key);
                self.keeping.adopted(key);
            }
            (false, _) => self.keeping.adopted(key),
        }
    }
}

impl Version {
    fn as_service(&self, key: &VersionKey) -> Option<Service> {
        if self.nodes.is_empty() {
            return None;
        }
        let mut service = match &self.description {
            Some(description) => description.service.clone(),
            None => {
                let mut service = Service::default();
                stored::name(&mut service, key);
                service
            }
        };
        service.nodes = self.nodes.values().map(|known| known.node.clone()).collect();
        Some(service)
    }
}

/// Puts a version as it is now into the answers; what that is to who watches, if it is anything.
fn answer_with(answers: &mut Answers, key: &VersionKey, after: Option<Service>) -> Option<(Action, Service)> {
    let services = answers.entry(key.namespace.clone()).or_default();
    let versions = services.entry(key.name.clone()).or_default();
    let place = versions.binary_search_by(|service| service.version.cmp(&key.version));
    let news = match (place, after) {
        (Ok(at), Some(after)) if versions[at] == after => None,
        (Ok(at), Some(after)) => {
            Arc::make_mut(versions)[at] = after.clone();
            Some((Action::Update, after))
        }
        (Ok(at), None) => Some((Action::Delete, Arc::make_mut(versions).remove(at))),
        (Err(at), Some(after)) => {
            Arc::make_mut(versions).insert(at, after.clone());
            Some((Action::Create, after))
        }
        (Err(_), None) => None,
    };
    if versions.is_empty() {
        services.remove(&key.name);
    }
    if services.is_empty() {
        answers.remove(&key.namespace);
    }
    news
}

fn in_order(mut services: Vec<Service>) -> Vec<Service> {
    services.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    services
}
