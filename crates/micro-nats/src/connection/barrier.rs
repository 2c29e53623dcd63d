//! Waiting until the servers have had what was sent.
//!
//! NATS says nothing to what is published. What a connection sends is dealt with in its order, though: when a message to oneself has
//! come back, all before it were dealt with. All who wait at a time wait for one such message.

use async_nats::{Client, Request};
use bytes::Bytes;
use micro::Result;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::PATIENCE;

/// How many may wait.
const WAITING: usize = 4096;

/// Told when the servers have had everything; dropped when they are silent.
type Waiter = oneshot::Sender<()>;

pub(super) struct Barrier {
    waiters: mpsc::Sender<Waiter>,
    task: JoinHandle<()>,
}

impl Barrier {
    pub(super) fn new(client: Client) -> Self {
        let (waiters, waiting) = mpsc::channel(WAITING);
        Self {
            waiters,
            task: tokio::spawn(serve(client, waiting)),
        }
    }

    /// `None` where the servers are silent.
    pub(super) async fn pass(&self) -> Option<Result<()>> {
        let passing = async {
            let (waiter, passed) = oneshot::channel();
            self.waiters.send(waiter).await.ok()?;
            passed.await.ok().map(Ok)
        };
        tokio::time::timeout(PATIENCE, passing).await.ok().flatten()
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(client: Client, mut waiting: mpsc::Receiver<Waiter>) {
    let mut waiters = Vec::new();
    while waiting.recv_many(&mut waiters, WAITING).await > 0 {
        let own = client.new_inbox();
        let request = Request::new()
            .payload(Bytes::new())
            .inbox(own.clone())
            .timeout(None);
        let echo = tokio::time::timeout(PATIENCE, client.send_request(own, request)).await;
        for waiter in waiters.drain(..) {
            if matches!(echo, Ok(Ok(_))) {
                let _ = waiter.send(());
            }
        }
    }
}
