//! Says that this server lives, and finds out which others do not.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use micro::store::Result;
use tracing::{info, warn};

use super::Cluster;
use super::board::Member;

/// After a store that did not answer.
const AGAIN: Duration = Duration::from_millis(500);

/// Beats until it is dropped.
pub async fn beat(cluster: Arc<Cluster>) {
    let ttl = cluster.sharing.ttl;
    let mut watch = Vigil::new(ttl);
    loop {
        let pause = match once(&cluster, &mut watch).await {
            Ok(()) => ttl / 3,
            Err(error) => {
                // Whoever could not be heard has not been silent.
                watch.forget();
                warn!(%error, "cannot tell the other servers that this one lives; trying again");
                AGAIN.min(ttl / 3)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cluster.missed.notified() => {}
        }
    }
}

async fn once(cluster: &Cluster, watch: &mut Vigil) -> Result<()> {
    let member = Member {
        address: cluster.sharing.address.clone(),
        is_leaving: cluster.board.borrow().is_closing,
    };
    cluster.claims.beat(&member).await?;
    let seen = cluster.claims.servers().await?;
    for (server, version) in watch.silent(&seen, Instant::now()) {
        // Refused when it was heard of just now.
        if server != cluster.claims.me && cluster.claims.bury(&server, version).await.is_ok() {
            info!(server, "has not been heard of: others run its services");
        }
    }
    Ok(())
}

/// Since when each server has not been heard of.
struct Vigil {
    ttl: Duration,
    last_look: Option<Instant>,
    seen: HashMap<String, (u64, Instant)>,
}

impl Vigil {
    fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            last_look: None,
            seen: HashMap::new(),
        }
    }

    fn forget(&mut self) {
        self.seen.clear();
    }

    /// Looks, and answers who has been silent for a whole time to live.
    fn silent(&mut self, servers: &[(String, u64)], now: Instant) -> Vec<(String, u64)> {
        // One that did not look for so long was asleep, and perhaps all were: a machine, or its disk, stood still.
        if self
            .last_look
            .is_some_and(|last| now.duration_since(last) > self.ttl)
        {
            self.forget();
        }
        self.last_look = Some(now);
        self.seen
            .retain(|id, _| servers.iter().any(|(there, _)| there == id));
        let mut silent = Vec::new();
        for (id, version) in servers {
            let (seen, since) = self.seen.entry(id.clone()).or_insert((*version, now));
            if seen != version {
                (*seen, *since) = (*version, now);
            } else if now.duration_since(*since) >= self.ttl {
                silent.push((id.clone(), *version));
            }
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(10);

    fn look(vigil: &mut Vigil, version: u64, now: Instant) -> bool {
        !vigil.silent(&[("a".to_owned(), version)], now).is_empty()
    }

    #[test]
    fn silence_is_counted_only_while_somebody_listens() {
        let begin = Instant::now();
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        let mut vigil = Vigil::new(TTL);
        for (second, version, is_silent) in [
            (0, 1, false),
            (4, 2, false),
            (8, 2, false),
            (12, 2, false),
            (13, 2, false),
            (14, 2, true),
        ] {
            assert_eq!(look(&mut vigil, version, at(second)), is_silent, "{second} s");
        }
        vigil.forget();
        assert!(!look(&mut vigil, 2, at(15)), "the store was away");
        assert!(!look(&mut vigil, 2, at(24)));
        assert!(!look(&mut vigil, 2, at(40)), "this server stood still itself");
        assert!(!look(&mut vigil, 2, at(49)));
        assert!(look(&mut vigil, 2, at(50)));
    }
}
