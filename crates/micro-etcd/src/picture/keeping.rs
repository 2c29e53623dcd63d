//! Which nodes live, as far as etcd does not know.
//!
//! Etcd knows that a process lives; that a node lives is known to the process that it told last, which *keeps* it: takes it
//! back when its time has passed, and writes it again when etcd lost it with a lease while the two could not talk.
//!
//! When etcd says that a node is gone, one of three things happened. It was taken back, or its process died: then it is gone.
//! Or its lease was lost in an outage that the node's process and this one had together, and its process is about to write
//! it again: then it is *held* for a moment. One that we keep ourselves is *doubted* until etcd has said whether our lease is
//! there still: if it is, somebody took the node back on purpose.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::{Known, Size};
use crate::key::{NodeKey, VersionKey};
use crate::lease::{class, pulse};

/// After an outage every process is back within this, and has written its nodes again.
pub(super) const HELD: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Keeping {
    /// Every lease that this process ever had.
    pub leases: HashSet<i64>,
    pub kept: HashMap<NodeKey, Kept>,
    pub held: HashMap<NodeKey, Instant>,
    /// Taken back here, and not known to be deleted in etcd.
    pub deletions: HashMap<NodeKey, Pending>,
    /// Descriptions without nodes, and since when.
    pub orphans: HashMap<VersionKey, Instant>,
    pub settling: Option<Settling>,
    /// Something is to be told to etcd.
    pub has_news: bool,
}

pub(super) struct Kept {
    pub deadline: Instant,
    pub ttl: Duration,
    pub state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// As etcd has it.
    Written,
    /// To be written, by and by.
    Unwritten,
    /// Etcd says that it is gone.
    Doubted,
}

pub(super) struct Pending {
    pub revision: i64,
    pub is_under_way: bool,
}

pub(super) struct Settling {
    pub until: Instant,
    pub outage: Duration,
}

impl Keeping {
    pub fn size(&self) -> Size {
        let unwritten = self.kept.values().filter(|kept| kept.state != State::Written);
        Size {
            kept: self.kept.len(),
            unwritten: unwritten.count() + self.deletions.len(),
            ..Size::default()
        }
    }

    /// Etcd has a node that was taken back here, and nothing newer.
    pub fn is_taken_back(&mut self, key: &NodeKey, revision: i64) -> bool {
        let is_older = self.deletions.get(key).is_some_and(|it| it.revision >= revision);
        if !is_older {
            self.deletions.remove(key);
        }
        is_older
    }

    /// Etcd has a node: who wrote it keeps it.
    pub fn written(&mut self, key: &NodeKey, known: &Known, now: Instant) {
        self.held.remove(key);
        match known.ttl.filter(|_| self.leases.contains(&known.lease)) {
            None => drop(self.kept.remove(key)),
            Some(ttl) => {
                let new = || Kept {
                    deadline: now + ttl,
                    ttl,
                    state: State::Written,
                };
                self.kept.entry(key.clone()).or_insert_with(new).state = State::Written;
            }
        }
    }

    /// Etcd has a node no more: whether it is to be shown all the same.
    pub fn lost(&mut self, key: &NodeKey, known: &Known, now: Instant) -> bool {
        if let Some(kept) = self.kept.get_mut(key) {
            kept.state = State::Doubted;
            self.has_news = true;
            return true;
        }
        let until = self
            .settling
            .as_ref()
            .filter(|it| it.until > now && it.explains(known));
        if let Some(until) = until.map(|it| it.until) {
            self.held.entry(key.clone()).or_insert(until);
        }
        self.held.contains_key(key)
    }

    pub fn deleted(&mut self, key: &NodeKey) {
        self.deletions.remove(key);
    }

    pub fn forget_deletions_but(&mut self, present: &HashSet<NodeKey>) {
        self.deletions.retain(|key, _| present.contains(key));
    }

    pub fn orphaned(&mut self, key: &VersionKey) {
        self.orphans.entry(key.clone()).or_insert_with(Instant::now);
    }

    pub fn adopted(&mut self, key: &VersionKey) {
        self.orphans.remove(key);
    }

    pub fn refresh(&mut self, key: &NodeKey, ttl: Duration, now: Instant) -> bool {
        match self.kept.get_mut(key) {
            Some(kept) if kept.state != State::Doubted && class(kept.ttl) == class(ttl) => {
                (kept.deadline, kept.ttl) = (now + ttl, ttl);
                true
            }
            _ => false,
        }
    }
}

impl Settling {
    /// Whether a lease could have ended in the outage.
    fn explains(&self, known: &Known) -> bool {
        let lease = known.ttl.filter(|_| known.lease != 0).map(class);
        lease.is_some_and(|lease| lease <= self.outage.saturating_add(pulse(lease)))
    }
}
