//! What keeps nodes in etcd while this process lives: a lease for each class of time to live.
//!
//! A node's lease is the longest power of two of seconds that is no longer than the node lives, so that a handful of leases serve
//! all, and a node whose process died is gone as soon as if its service had stopped. They are not given back at the end:
//! the services of a process that is started anew live on, and tell it or another before the lease is over.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tonic::Status;

use crate::link::Link;

/// Services register for 90 s.
pub(crate) const USUAL: Duration = Duration::from_secs(64);
/// etcd grants none shorter with its usual settings.
const SHORTEST: u64 = 2;
const LONGEST: u64 = 1 << 32;
/// How often each is told to live on; it is the pulse of the connection, too.
pub(crate) const PULSE: Duration = Duration::from_secs(2);
/// A lease without nodes is let go after its time, or this if that is longer.
const UNUSED: Duration = Duration::from_secs(10);

/// Those of this process.
#[derive(Default)]
pub(crate) struct Leases {
    table: Mutex<BTreeMap<Duration, Lease>>,
    granting: tokio::sync::Mutex<()>,
}

struct Lease {
    id: i64,
    due: Instant,
    used: Instant,
}

/// How long the lease of nodes is that live so long.
pub(crate) fn class(ttl: Duration) -> Duration {
    let seconds = ttl.as_secs().clamp(SHORTEST, LONGEST);
    Duration::from_secs(1 << seconds.ilog2())
}

impl Leases {
    fn table(&self) -> MutexGuard<'_, BTreeMap<Duration, Lease>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn ids(&self) -> Vec<i64> {
        self.table().values().map(|lease| lease.id).collect()
    }

    /// The lease of a class, asking for it when there is none; `granted` hears of a new one before anybody uses it.
    pub async fn get(&self, link: &Link, class: Duration, granted: impl FnOnce(i64)) -> Result<i64, Status> {
        if let Some(id) = self.known(class) {
            return Ok(id);
        }
        let _one_at_a_time = self.granting.lock().await;
        if let Some(id) = self.known(class) {
            return Ok(id);
        }
        let seconds = i64::try_from(class.as_secs()).unwrap_or(i64::MAX);
        let answer = link.grant(seconds).await?;
        if !answer.error.is_empty() {
            return Err(Status::unavailable(answer.error));
        }
        granted(answer.id);
        let now = Instant::now();
        let lease = Lease {
            id: answer.id,
            due: now + pulse(class),
            used: now,
        };
        self.table().insert(class, lease);
        Ok(answer.id)
    }

    fn known(&self, class: Duration) -> Option<i64> {
        let mut table = self.table();
        let lease = table.get_mut(&class)?;
        lease.used = Instant::now();
        Some(lease.id)
    }

    /// It is there no more.
    pub fn lose(&self, id: i64) {
        self.table().retain(|_, lease| lease.id != id);
    }

    /// Those that are to be told now to live on. Those that serve nobody are let go.
    pub fn due(&self, now: Instant, serves: impl Fn(i64) -> bool) -> Vec<i64> {
        let mut table = self.table();
        table.retain(|class, lease| {
            let idle = now.saturating_duration_since(lease.used);
            *class == USUAL || idle < UNUSED.max(*class) || serves(lease.id)
        });
        let mut due = Vec::new();
        for (class, lease) in table.iter_mut().filter(|(_, lease)| lease.due <= now) {
            lease.due = now + pulse(*class);
            due.push(lease.id);
        }
        due
    }
}

/// How often a lease is told to live on.
pub(crate) fn pulse(class: Duration) -> Duration {
    PULSE.min(class / 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_not_longer_than_its_nodes_live() {
        for (ttl, lease) in [
            (90, 64),
            (64, 64),
            (63, 32),
            (3, 2),
            (2, 2),
            (1, 2),
            (u64::MAX, 1 << 32),
        ] {
            assert_eq!(
                class(Duration::from_secs(ttl)),
                Duration::from_secs(lease),
                "{ttl}"
            );
        }
        assert_eq!(class(Duration::from_millis(10)), Duration::from_secs(2));
    }
}
