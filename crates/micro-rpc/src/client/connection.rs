//! One HTTP/2 connection to a target.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Ping, PingPong};
use http::uri::Authority;
use tokio::net::TcpStream;

use super::lane;
use crate::gather::Gather;
use crate::{Error, Result};

pub(super) const CONNECT: Duration = Duration::from_secs(2);
/// Nobody has used it for so long, and it is closed.
const IDLE: Duration = Duration::from_secs(300);

pub(super) struct Connection {
    sender: SendRequest<Bytes>,
    authority: Authority,
    live: Arc<AtomicBool>,
    under_way: Arc<AtomicUsize>,
    driver: tokio::task::AbortHandle,
}

/// Counts a call for as long as it lives.
pub(super) struct Slot(Arc<AtomicUsize>);

impl Connection {
    /// `alive` is for how long it may be silent with calls under way before the peer is asked whether it is there, and how long it
    /// may take to say so.
    pub(super) async fn open(address: &str, alive: Duration) -> Result<Self> {
        let refused = |cause: String| {
            Error::unavailable(
                "go.micro.client",
                format!("connection error: Error while dialing dial tcp {address}: {cause}"),
            )
        };
        let authority = address
            .parse()
            .map_err(|_| refused("no such address".to_owned()))?;
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address))
            .await
            .map_err(|_| refused("i/o timeout".to_owned()))?
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::ConnectionRefused => refused("connect: connection refused".to_owned()),
                _ => refused(error.to_string()),
            })?;
        let _ = stream.set_nodelay(true);
        let handshake = h2::client::Builder::new()
            .initial_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .enable_push(false)
            .handshake::<_, Bytes>(stream);
        let (sender, mut connection) = tokio::time::timeout(CONNECT, handshake)
            .await
            .map_err(|_| refused("HTTP/2 handshake timed out".to_owned()))?
            .map_err(|error| refused(error.to_string()))?;
        let pings = connection.ping_pong();
        let live = Arc::new(AtomicBool::new(true));
        let ending = live.clone();
        let under_way: Arc<AtomicUsize> = Arc::default();
        let calls = under_way.clone();
        let driver = tokio::spawn(async move {
            tokio::pin!(connection);
            let mut gather = Gather::default();
            let ended = poll_fn(|cx| {
                gather.poll(calls.load(Ordering::Relaxed), cx, |cx| {
                    connection.as_mut().poll(cx)
                })
            });
            if let Err(error) = ended.await {
                tracing::debug!(%error, "connection ended");
            }
            ending.store(false, Ordering::Release);
        })
        .abort_handle();
        if let Some(pings) = pings {
            let watched = Watched {
                live: live.clone(),
                under_way: under_way.clone(),
                driver: driver.clone(),
            };
            tokio::spawn(watched.watch(Question::Ping(pings), alive));
        }
        Ok(Self {
            sender,
            authority,
            live,
            under_way,
            driver,
        })
    }

    /// What the calls on it name as their target.
    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(super) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    /// Takes no new calls: the peer said that it goes away.
    pub(super) fn retire(&self) {
        self.live.store(false, Ordering::Release);
    }

    pub(super) fn load(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self) -> (SendRequest<Bytes>, Slot) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        (self.sender.clone(), Slot(self.under_way.clone()))
    }
}

/// What has to be known of a connection to see that it is still good for something.
pub(super) struct Watched {
    pub(super) live: Arc<AtomicBool>,
    pub(super) under_way: Arc<AtomicUsize>,
    pub(super) driver: tokio::task::AbortHandle,
}

/// How a peer is asked whether it is there.
pub(super) enum Question {
    Ping(PingPong),
    Lane(Arc<lane::Shared>),
}

impl Question {
    async fn is_there(&mut self, within: Duration) -> bool {
        match self {
            Self::Ping(pings) => {
                let asked = tokio::time::timeout(within, pings.ping(Ping::opaque())).await;
                matches!(asked, Ok(Ok(_)))
            }
            Self::Lane(lane) => lane.is_there(within).await,
        }
    }
}

impl Watched {
    /// Ends a connection whose peer is gone without a word, and one that nobody has used for long.
    pub(super) async fn watch(self, mut peer: Question, alive: Duration) {
        let mut used = Instant::now();
        // Also while calls are left on one that takes no more.
        while self.live.load(Ordering::Acquire) || self.under_way.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(alive).await;
            if self.under_way.load(Ordering::Relaxed) == 0 {
                if used.elapsed() > IDLE {
                    return self.retire().await;
                }
                continue;
            }
            used = Instant::now();
            if !peer.is_there(alive).await {
                self.live.store(false, Ordering::Release);
                // The calls on it fail with it.
                self.driver.abort();
            }
        }
    }

    /// Takes no new calls, and ends behind the last of those that were quicker.
    async fn retire(self) {
        self.live.store(false, Ordering::Release);
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.under_way.load(Ordering::Relaxed) == 0 {
                return self.driver.abort();
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.live.store(false, Ordering::Release);
        // Streams that outlive the pool's interest keep the driver: it ends with the last of them.
        if self.load() == 0 {
            self.driver.abort();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
