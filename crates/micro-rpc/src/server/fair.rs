//! Whose turn it is.
//!
//! The runtime takes tasks as they come, so whoever sends a thousand calls would have all others wait behind them. Of each connection only a few
//! calls are in the runtime's queue before their first step; the others wait with the connection, and one of them follows when one of those begins.
//! So connections take turns, and who asks little is behind a few calls of each other one. A caller is who has a connection, a process of some service;
//! those behind a gateway or a proxy are one, which can limit them by name.

use std::collections::VecDeque;
use std::num::NonZero;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;

use tokio::sync::Notify;

/// So many calls of a connection are in the queue at once: enough for each core to find one, whenever it looks.
static AT_ONCE: LazyLock<usize> =
    LazyLock::new(|| 4 * thread::available_parallelism().map_or(1, NonZero::get).max(2));

/// More calls than may be open on any connection.
const MOST: usize = 16 * 1024;

/// The calls of a connection that are to become tasks.
#[derive(Default)]
pub(super) struct Line {
    queued: Arc<Queued>,
    behind: VecDeque<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Those in the queue.
#[derive(Default)]
pub(super) struct Queued {
    count: AtomicUsize,
    begun: Notify,
}

/// One of them, until its first step.
struct Place(Arc<Queued>);

impl Line {
    /// Its turn comes after those that came before. Where very many wait it is broken off: their peer resets them as fast as he sends them.
    pub(super) fn join(&mut self, call: impl Future<Output = ()> + Send + 'static) {
        let is_behind = !self.behind.is_empty() || self.queued.count.load(Ordering::Acquire) >= *AT_ONCE;
        match is_behind {
            true if self.behind.len() >= MOST => drop(call),
            true => self.behind.push_back(Box::pin(call)),
            false => self.spawn(call),
        }
    }

    /// Whether some wait for others of this connection.
    pub(super) fn is_long(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Says when one has begun.
    pub(super) fn queued(&self) -> Arc<Queued> {
        self.queued.clone()
    }

    /// Lets as many follow as there is room for.
    pub(super) fn follow(&mut self) {
        while self.queued.count.load(Ordering::Acquire) < *AT_ONCE
            && let Some(call) = self.behind.pop_front()
        {
            self.spawn(call);
        }
    }

    fn spawn(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.queued.count.fetch_add(1, Ordering::AcqRel);
        let place = Place(self.queued.clone());
        tokio::spawn(async move {
            drop(place);
            call.await;
        });
    }
}

impl Queued {
    /// Ready once there may be room for another.
    pub(super) async fn begun(&self) {
        self.begun.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) >= *AT_ONCE {
            self.0.begun.notify_one();
        }
    }
}
