//! Keeps this process's leases alive, by one stream. Its answers say that etcd is there, and has a leader.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::Streaming;

use crate::lease::{PULSE, USUAL};
use crate::link::{Link, PATIENCE, why};
use crate::shared::Shared;
use crate::wire::etcd::{LeaseKeepAliveRequest, LeaseKeepAliveResponse};

/// The shortest leases are due about as often.
pub(super) const TICK: Duration = Duration::from_millis(300);

pub(super) struct Pulse {
    pub answers: Streaming<LeaseKeepAliveResponse>,
    requests: mpsc::Sender<LeaseKeepAliveRequest>,
    /// Since when no answer came to what was sent.
    asked: Option<Instant>,
}

impl Pulse {
    /// Finds out which leases outlived the time without a connection. There is always one: it is how etcd is felt.
    pub async fn start(shared: &Shared, link: &Link) -> Result<Self, String> {
        let refused = |status: tonic::Status| why(&status);
        if shared.leases.ids().is_empty() {
            shared.lease(link, Some(USUAL)).await.map_err(refused)?;
        }
        let ids = shared.leases.ids();
        let (requests, answers) = link.keep_alive(&ids).await.map_err(refused)?;
        let mut pulse = Self {
            answers,
            requests,
            asked: None,
        };
        for _ in ids {
            let answer = timeout(PATIENCE, pulse.answers.message())
                .await
                .map_err(|_| silent())?
                .map_err(refused)?;
            pulse.hear(shared, answer)?;
        }
        Ok(pulse)
    }

    pub fn hear(&mut self, shared: &Shared, answer: Option<LeaseKeepAliveResponse>) -> Result<(), String> {
        let answer = answer.ok_or("etcd ended the stream that keeps leases alive")?;
        self.asked = None;
        if answer.ttl <= 0 {
            tracing::info!(
                lease = answer.id,
                "etcd gave up a lease; its nodes are written again"
            );
            shared.leases.lose(answer.id);
        }
        Ok(())
    }

    pub async fn beat(&mut self, shared: &Shared, link: &Link) -> Result<(), String> {
        let now = Instant::now();
        if self
            .asked
            .is_some_and(|asked| now.saturating_duration_since(asked) > PULSE)
        {
            return Err(silent());
        }
        if shared.leases.ids().is_empty() {
            let granted = shared.lease(link, Some(USUAL)).await;
            granted.map_err(|status| why(&status))?;
        }
        let due = shared
            .leases
            .due(now, |id| shared.look(|picture| picture.serves(id)));
        for id in due {
            self.asked.get_or_insert(now);
            self.requests.try_send(link.beat(id)).map_err(|_| silent())?;
        }
        Ok(())
    }
}

fn silent() -> String {
    "connected, and it does not answer".to_owned()
}
