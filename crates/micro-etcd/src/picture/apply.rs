//! What etcd says of itself, put into the picture.

use std::collections::{BTreeSet, HashSet};
use std::time::Instant;

use micro::registry::Service;

use super::{Description, Known, Picture};
use crate::key::{Keys, NodeKey, Place, VersionKey};
use crate::stored;
use crate::wire::etcd::KeyValue;

/// A key of etcd that is, or is not any more.
#[derive(Debug)]
pub(crate) enum Change {
    Description(VersionKey, Option<(Service, i64)>),
    Node(NodeKey, Option<Known>),
}

impl Change {
    /// None for a key that is not ours; a value that is not ours is none.
    pub fn read(keys: &Keys, kv: &KeyValue, is_there: bool) -> Option<Self> {
        let change = match keys.read(&kv.key)? {
            Place::Version(key) => {
                let service = stored::read_description(&key, &kv.value).filter(|_| is_there);
                Self::Description(key, service.map(|service| (service, kv.mod_revision)))
            }
            Place::Node(key) => {
                let node = stored::read_node(&key.id, &kv.value).filter(|_| is_there);
                let known = node.map(|(node, ttl)| Known {
                    node,
                    ttl,
                    lease: kv.lease,
                    revision: kv.mod_revision,
                });
                Self::Node(key, known)
            }
        };
        Some(change)
    }
}

impl Picture {
    /// What happened at one revision.
    pub fn apply(&mut self, changes: Vec<Change>, revision: i64) {
        let (now, mut touched) = (Instant::now(), BTreeSet::new());
        for change in changes {
            self.change(change, now, &mut touched);
        }
        self.revision = revision;
        self.settle(touched);
    }

    /// All that there is at a revision: what is not among it is gone.
    pub fn replace(&mut self, all: Vec<Change>, revision: i64, cluster: u64) {
        let (now, mut touched) = (Instant::now(), BTreeSet::new());
        let (mut descriptions, mut nodes) = (HashSet::new(), HashSet::new());
        for change in &all {
            match change {
                Change::Description(key, _) => drop(descriptions.insert(key.clone())),
                Change::Node(key, _) => drop(nodes.insert(key.clone())),
            }
        }
        for change in self.absent(&descriptions, &nodes).into_iter().chain(all) {
            self.change(change, now, &mut touched);
        }
        self.keeping.forget_deletions_but(&nodes);
        (self.revision, self.cluster) = (revision, cluster);
        self.settle(touched);
    }

    fn absent(&self, descriptions: &HashSet<VersionKey>, nodes: &HashSet<NodeKey>) -> Vec<Change> {
        let mut absent = Vec::new();
        for (key, version) in &self.versions {
            let node = |id: &String| NodeKey {
                version: key.clone(),
                id: id.clone(),
            };
            let gone = version.nodes.keys().map(node).filter(|key| !nodes.contains(key));
            absent.extend(gone.map(|key| Change::Node(key, None)));
            if !descriptions.contains(key) {
                absent.push(Change::Description(key.clone(), None));
            }
        }
        absent
    }

    fn change(&mut self, change: Change, now: Instant, touched: &mut BTreeSet<VersionKey>) {
        match change {
            Change::Description(key, said) => {
                touched.insert(key.clone());
                self.describe(key, said);
            }
            Change::Node(key, Some(known)) => self.add(key, known, now, touched),
            Change::Node(key, None) => self.lose(&key, now, touched),
        }
    }

    /// A description outlives its key for as long as there are nodes that etcd lost and that are shown.
    fn describe(&mut self, key: VersionKey, said: Option<(Service, i64)>) {
        match said {
            Some((service, revision)) => {
                let version = self.versions.entry(key).or_default();
                version.description = Some(Description { service, revision });
            }
            None => {
                let version = self.versions.get_mut(&key);
                if let Some(description) = version.and_then(|version| version.description.as_mut()) {
                    description.revision = 0;
                }
            }
        }
    }

    fn add(&mut self, key: NodeKey, known: Known, now: Instant, touched: &mut BTreeSet<VersionKey>) {
        if self.keeping.is_taken_back(&key, known.revision) {
            return;
        }
        // Read again, and not written since: who claimed it meanwhile has it still.
        if self.known(&key).is_some_and(|old| old.revision == known.revision) {
            return;
        }
        self.keeping.written(&key, &known, now);
        touched.insert(key.version.clone());
        let version = self.versions.entry(key.version).or_default();
        version.nodes.insert(key.id, known);
    }

    /// Etcd has the node no more. It is shown until it is clear that it is really gone: see [`super::Keeping`].
    fn lose(&mut self, key: &NodeKey, now: Instant, touched: &mut BTreeSet<VersionKey>) {
        let is_shown = match self.known_mut(key) {
            None => false,
            Some(known) => {
                known.revision = 0;
                let known = known.clone();
                self.keeping.lost(key, &known, now)
            }
        };
        if !is_shown {
            self.remove(key, touched);
        }
        self.keeping.deleted(key);
    }
}
