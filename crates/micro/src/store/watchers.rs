//! Those who watch a store of this process.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::stream;
use micro_rpc::Streaming;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Sender};

use super::{Error, Event, Scope};

/// So many changes may wait for a watcher.
const BEHIND: usize = 1024;

/// Drivers tell it each change once it is durable; it tells those who listen.
#[derive(Default)]
pub struct Watchers {
    watchers: Mutex<Vec<Watcher>>,
    // Read before each commit: most stores have nobody who listens.
    number: AtomicUsize,
}

struct Watcher {
    scope: Scope,
    prefix: String,
    events: Sender<Event>,
}

impl Watchers {
    /// Whether there is anybody to tell.
    pub fn is_empty(&self) -> bool {
        self.number.load(Ordering::Acquire) == 0
    }

    /// From now on.
    pub fn watch(&self, scope: &Scope, prefix: &str) -> Streaming<Event> {
        let (events, waiting) = mpsc::channel(BEHIND);
        let watcher = Watcher {
            scope: scope.clone(),
            prefix: prefix.to_owned(),
            events,
        };
        let mut watchers = self.lock();
        watchers.push(watcher);
        self.number.store(watchers.len(), Ordering::Release);
        drop(watchers);
        Streaming::new(stream::unfold(Some(waiting), |waiting| async move {
            let mut waiting = waiting?;
            match waiting.recv().await {
                Some(event) => Some((Ok(event), Some(waiting))),
                None => Some((Err(behind().into()), None)),
            }
        }))
    }

    /// Tells a change. Who has not taken enough of those before is dropped, and told so after the last of them.
    pub fn tell(&self, scope: &Scope, event: &Event) {
        let mut watchers = self.lock();
        watchers.retain(|watcher| {
            if watcher.scope != *scope || !event.key.starts_with(&watcher.prefix) {
                return !watcher.events.is_closed();
            }
            match watcher.events.try_send(event.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_) | TrySendError::Closed(_)) => false,
            }
        });
        self.number.store(watchers.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Watcher>> {
        // The list is whole after each of the calls above.
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn behind() -> Error {
    Error::unavailable(
        "the watcher fell behind, or the store was closed: watch again, and read what was missed",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: &str) -> Event {
        Event {
            key: key.to_owned(),
            record: None,
        }
    }

    #[tokio::test]
    async fn who_is_too_slow_is_told_so_and_holds_up_nobody() {
        let (watchers, scope) = (Watchers::default(), Scope::new("micro", "t"));
        let mut slow = watchers.watch(&scope, "a");
        let mut other = watchers.watch(&scope, "b");
        for _ in 0..=BEHIND {
            watchers.tell(&scope, &event("a"));
        }
        watchers.tell(&scope, &event("b"));
        for _ in 0..BEHIND {
            assert_eq!(slow.next().await, Some(Ok(event("a"))));
        }
        assert_eq!(slow.next().await.unwrap().unwrap_err().code, 503);
        assert!(slow.next().await.is_none());
        assert_eq!(other.next().await, Some(Ok(event("b"))));
        drop(other);
        watchers.tell(&scope, &event("c"));
        assert!(watchers.is_empty());
    }
}
