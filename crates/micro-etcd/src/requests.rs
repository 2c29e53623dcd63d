//! How much is asked of etcd.

use std::sync::atomic::{AtomicU64, Ordering};

/// So many requests of each kind went to etcd since the registry was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Reads of all keys, by pages.
    pub ranges: u64,
    /// Writes: registrations that changed something, and nodes taken back.
    pub writes: u64,
    /// Watches opened.
    pub watches: u64,
    /// Leases asked for, or asked about.
    pub leases: u64,
    /// Messages on the stream that keeps leases alive: the one kind that goes on while nothing happens.
    pub keep_alives: u64,
    /// Logins.
    pub logins: u64,
}

impl Requests {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.ranges + self.writes + self.watches + self.leases + self.keep_alives + self.logins
    }
}

#[derive(Default)]
pub(crate) struct Counters {
    pub ranges: AtomicU64,
    pub writes: AtomicU64,
    pub watches: AtomicU64,
    pub leases: AtomicU64,
    pub keep_alives: AtomicU64,
    pub logins: AtomicU64,
}

impl Counters {
    pub fn now(&self) -> Requests {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Requests {
            ranges: read(&self.ranges),
            writes: read(&self.writes),
            watches: read(&self.watches),
            leases: read(&self.leases),
            keep_alives: read(&self.keep_alives),
            logins: read(&self.logins),
        }
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
