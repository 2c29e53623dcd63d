//! Whose turn it is.
//!
//! The runtime takes tasks as they come, so whoever sends a thousand calls would have all others wait behind them. Of each connection only a few
//! calls are in the runtime's queue before their first step; the others wait with the connection, and one of them follows when one of those begins.
//! So connections take turns, and on each of them the [callers](super::caller) that share it: who asks little is behind a few calls of each other one.
//! Those of whom nobody knows who they are could be one or many. They come in the order in which they called, and at every second turn.

use std::collections::{HashMap, VecDeque};
use std::num::NonZero;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;

use tokio::sync::Notify;

use super::caller::Caller;

/// So many calls of a connection are in the queue at once: enough for each core to find one, whenever it looks.
pub(super) static AT_ONCE: LazyLock<usize> =
    LazyLock::new(|| 4 * thread::available_parallelism().map_or(1, NonZero::get).max(2));

/// More calls than may be open on any connection.
const MOST: usize = 16 * 1024;

/// The calls of a connection that are to become tasks.
#[derive(Default)]
pub(super) struct Line {
    queued: Arc<Queued>,
    behind: Behind,
}

/// Those who wait.
#[derive(Default)]
struct Behind {
    /// In the order in which they came.
    known: HashMap<Caller, VecDeque<Work>>,
    /// Whose turn it is; each is there once.
    turns: VecDeque<Caller>,
    unknown: VecDeque<Work>,
    was_known: bool,
    count: usize,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

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
    pub(super) fn join(&mut self, caller: Option<Caller>, call: impl Future<Output = ()> + Send + 'static) {
        match self.is_busy() {
            true if self.behind.count >= MOST => drop(call),
            true => self.behind.push(caller, Box::pin(call)),
            false => self.spawn(call),
        }
    }

    /// Whether one that came now would wait.
    pub(super) fn is_busy(&self) -> bool {
        self.is_long() || self.queued.count.load(Ordering::Acquire) >= *AT_ONCE
    }

    /// Whether some wait for others of this connection.
    pub(super) fn is_long(&self) -> bool {
        self.behind.count > 0
    }

    /// Says when one has begun.
    pub(super) fn queued(&self) -> Arc<Queued> {
        self.queued.clone()
    }

    /// Lets as many follow as there is room for.
    pub(super) fn follow(&mut self) {
        while self.queued.count.load(Ordering::Acquire) < *AT_ONCE
            && let Some(call) = self.behind.pop()
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

impl Behind {
    fn push(&mut self, caller: Option<Caller>, call: Work) {
        self.count += 1;
        let Some(caller) = caller else {
            return self.unknown.push_back(call);
        };
        let calls = self.known.entry(caller).or_default();
        if calls.is_empty() {
            self.turns.push_back(caller);
        }
        calls.push_back(call);
    }

    fn pop(&mut self) -> Option<Work> {
        self.count = self.count.saturating_sub(1);
        if self.was_known || self.turns.is_empty() {
            self.was_known = self.unknown.is_empty();
            if let Some(call) = self.unknown.pop_front() {
                return Some(call);
            }
        }
        self.was_known = true;
        let caller = self.turns.pop_front()?;
        let calls = self.known.get_mut(&caller)?;
        let call = calls.pop_front();
        match calls.is_empty() {
            true => drop(self.known.remove(&caller)),
            false => self.turns.push_back(caller),
        }
        call
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn callers_who_share_a_connection_take_turns() {
        let (mut behind, begun) = (Behind::default(), Arc::new(Mutex::new(Vec::new())));
        for (caller, calls) in [(0, 3), (1, 4), (2, 2), (3, 1)] {
            for call in 0..calls {
                let begun = begun.clone();
                let work = async move { begun.lock().unwrap().push((caller, call)) };
                let known = (caller > 0).then(|| Caller::test(caller));
                behind.push(known, Box::pin(work));
            }
        }
        while let Some(work) = behind.pop() {
            work.now_or_never().unwrap();
        }
        // Nobody knows who the one with 0 is.
        let expected = [
            (1, 0),
            (0, 0),
            (2, 0),
            (0, 1),
            (3, 0),
            (0, 2),
            (1, 1),
            (2, 1),
            (1, 2),
            (1, 3),
        ];
        assert_eq!(*begun.lock().unwrap(), expected);
        assert!(behind.count == 0 && behind.known.is_empty() && behind.turns.is_empty());
    }
}
