//! What is to be done about nodes, and what services and etcd say of them.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use micro::registry::{Node, Service};

use super::keeping::{HELD, Kept, Pending, Settling, State};
use super::{Known, Picture};
use crate::key::{NodeKey, VersionKey};

/// What of a registration has to be written.
pub(crate) struct Plan {
    /// The revision of the description that is the same already.
    pub description: Option<i64>,
    pub nodes: Vec<Node>,
    /// Whether all of it is known, and only this process was not the one that keeps it.
    is_known: bool,
}

/// A node that is to be written again, unless etcd has something newer of it.
pub(crate) struct Rewrite {
    pub key: NodeKey,
    pub known: Known,
    pub ttl: Duration,
    pub description: Option<Service>,
}

/// A node that is to be deleted, unless etcd has something newer of it.
pub(crate) struct Deletion {
    pub key: NodeKey,
    pub revision: i64,
}

impl Plan {
    pub fn is_done(&self) -> bool {
        self.description.is_some() && self.nodes.is_empty()
    }
}

impl Picture {
    /// A lease of this process.
    pub fn own(&mut self, lease: i64) {
        self.keeping.leases.insert(lease);
    }

    /// Whether there is something to be told to etcd since this was asked last.
    pub fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.keeping.has_news)
    }

    pub fn serves(&self, lease: i64) -> bool {
        let mut kept = self.keeping.kept.keys();
        kept.any(|key| self.known(key).is_some_and(|known| known.lease == lease))
    }

    /// Etcd is back after so long.
    pub fn returned(&mut self, outage: Duration) {
        self.keeping.settling = Some(Settling {
            until: Instant::now() + HELD,
            outage,
        });
        for pending in self.keeping.deletions.values_mut() {
            pending.is_under_way = false;
        }
    }

    /// Takes a registration as a refresh, as far as it changes nothing; the rest is to be written.
    pub fn refresh(&mut self, key: &VersionKey, service: &Service, ttl: Option<Duration>) -> Plan {
        let now = Instant::now();
        let version = self.versions.get(key);
        let description = version
            .and_then(|version| version.description.as_ref())
            .filter(|known| {
                known.service.metadata == service.metadata && known.service.endpoints == service.endpoints
            });
        let (is_described, description) = (description.is_some(), description.map(|known| known.revision));
        let (mut nodes, mut is_known) = (Vec::new(), is_described && ttl.is_some());
        for node in &service.nodes {
            let place = node_key(key, &node.id);
            let known = self.known(&place).filter(|known| known.node == *node);
            let is_endless = known.is_some_and(|known| known.lease == 0 && known.revision > 0);
            let is_fresh = match ttl {
                None => is_endless,
                Some(ttl) => known.is_some() && self.keeping.refresh(&place, ttl, now),
            };
            if !is_fresh {
                is_known &= self.known(&place).is_some_and(|known| known.node == *node);
                nodes.push(node.clone());
            }
        }
        Plan {
            description: description.filter(|revision| *revision > 0 || nodes.is_empty()),
            nodes,
            is_known,
        }
    }

    /// Takes nodes over that another process kept, to be written when etcd is back; not if anything about them is new.
    pub fn claim(&mut self, key: &VersionKey, plan: &Plan, ttl: Option<Duration>) -> bool {
        let Some(ttl) = ttl.filter(|_| plan.is_known) else {
            return false;
        };
        for node in &plan.nodes {
            let place = node_key(key, &node.id);
            self.keeping.held.remove(&place);
            let kept = Kept {
                deadline: Instant::now() + ttl,
                ttl,
                state: State::Unwritten,
            };
            self.keeping.kept.insert(place, kept);
        }
        true
    }

    /// Nodes were written that live so long from now on.
    pub fn renew(&mut self, key: &VersionKey, nodes: &[Node], ttl: Option<Duration>) {
        let Some(ttl) = ttl else { return };
        for node in nodes {
            if let Some(kept) = self.keeping.kept.get_mut(&node_key(key, &node.id)) {
                (kept.deadline, kept.ttl) = (Instant::now() + ttl, ttl);
            }
        }
    }

    /// Stops keeping nodes, which are about to be deleted.
    pub fn let_go(&mut self, keys: &[NodeKey]) {
        for key in keys {
            self.keeping.kept.remove(key);
            self.keeping.held.remove(key);
        }
    }

    /// Takes nodes back here; etcd hears of it later.
    pub fn take_back(&mut self, keys: &[NodeKey]) {
        self.let_go(keys);
        let mut touched = BTreeSet::new();
        for key in keys {
            if let Some(known) = self.remove(key, &mut touched).filter(|known| known.revision > 0) {
                let pending = Pending {
                    revision: known.revision,
                    is_under_way: false,
                };
                self.keeping.deletions.insert(key.clone(), pending);
                self.keeping.has_news = true;
            }
        }
        self.settle(touched);
    }

    /// Takes back whose time has passed, and forgets whom nobody wrote again.
    pub fn expire(&mut self, now: Instant) {
        let kept = self.keeping.kept.iter().filter(|(_, kept)| kept.deadline <= now);
        let held = self.keeping.held.iter().filter(|(_, until)| **until <= now);
        let over: Vec<NodeKey> = kept.map(|it| it.0).chain(held.map(|it| it.0)).cloned().collect();
        if !over.is_empty() {
            self.take_back(&over);
        }
    }

    /// The nodes that etcd says are gone, by the lease that they had.
    pub fn doubted(&self) -> HashMap<i64, Vec<NodeKey>> {
        let mut doubted: HashMap<i64, Vec<NodeKey>> = HashMap::new();
        for (key, _) in self.in_state(State::Doubted) {
            let lease = self.known(key).map_or(0, |known| known.lease);
            doubted.entry(lease).or_default().push(key.clone());
        }
        doubted
    }

    /// They were lost, and are to be written again.
    pub fn believe(&mut self, keys: &[NodeKey]) {
        for key in keys {
            if let Some(kept) = self
                .keeping
                .kept
                .get_mut(key)
                .filter(|it| it.state == State::Doubted)
            {
                kept.state = State::Unwritten;
            }
        }
    }

    /// They were taken back on purpose, unless something was heard of them since.
    pub fn disbelieve(&mut self, keys: Vec<NodeKey>) {
        let is_doubted = |key: &NodeKey| {
            self.keeping
                .kept
                .get(key)
                .is_some_and(|it| it.state == State::Doubted)
        };
        let gone: Vec<_> = keys.into_iter().filter(is_doubted).collect();
        self.take_back(&gone);
    }

    pub fn unwritten(&self) -> Vec<Rewrite> {
        let rewrite = |(key, kept): (&NodeKey, &Kept)| {
            let version = self.versions.get(&key.version)?;
            Some(Rewrite {
                key: key.clone(),
                known: version.nodes.get(&key.id)?.clone(),
                ttl: kept.ttl,
                description: version.description.as_ref().map(|it| it.service.clone()),
            })
        };
        self.in_state(State::Unwritten).filter_map(rewrite).collect()
    }

    fn in_state(&self, state: State) -> impl Iterator<Item = (&NodeKey, &Kept)> {
        self.keeping
            .kept
            .iter()
            .filter(move |(_, kept)| kept.state == state)
    }

    /// What is to be deleted in etcd and is not under way yet; it is from now on.
    pub fn deletions(&mut self) -> Vec<Deletion> {
        let waiting = self
            .keeping
            .deletions
            .iter_mut()
            .filter(|(_, it)| !it.is_under_way);
        waiting
            .map(|(key, pending)| {
                pending.is_under_way = true;
                Deletion {
                    key: key.clone(),
                    revision: pending.revision,
                }
            })
            .collect()
    }

    /// They did not get there.
    pub fn put_off(&mut self, keys: &[NodeKey]) {
        for key in keys {
            if let Some(pending) = self.keeping.deletions.get_mut(key) {
                pending.is_under_way = false;
            }
        }
    }

    /// Descriptions that have been without nodes for so long; they are not named again before as much time has passed.
    pub fn orphans(&mut self, age: Duration) -> Vec<VersionKey> {
        let now = Instant::now();
        let mut old = Vec::new();
        for (key, since) in &mut self.keeping.orphans {
            if now.saturating_duration_since(*since) >= age {
                *since = now;
                old.push(key.clone());
            }
        }
        old
    }
}

fn node_key(version: &VersionKey, id: &str) -> NodeKey {
    NodeKey {
        version: version.clone(),
        id: id.to_owned(),
    }
}
