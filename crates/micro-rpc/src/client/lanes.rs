//! The [lanes](crate::lane) to an instance.
//!
//! Whether it takes them is asked with the first calls of each connection of HTTP/2. They are opened while calls go over that one, so that no
//! call waits for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::HeaderMap;

use super::lane::{Lane, NotOpened};
use super::pool::{BUSY, Target};
use crate::lane::UNDERSTOOD;
use crate::names;

/// So long after one was opened, or could not be, no other lane is.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Lanes {
    state: Mutex<State>,
    open: RwLock<Vec<Arc<Lane>>>,
}

#[derive(Default)]
struct State {
    /// Whether it takes lanes; `None` before it is known.
    takes: Option<bool>,
    is_opening: bool,
    not_before: Option<Instant>,
    /// How often it was forgotten what is known: what was found out before says nothing.
    forgotten: u64,
}

impl Lanes {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is to be asked.
    pub(super) fn is_unknown(&self) -> bool {
        self.state().takes.is_none()
    }

    /// From the headers of an answer to who asked.
    pub(super) fn learn(&self, answer: &HeaderMap) {
        let understands = answer.get(&names::LANE).is_some_and(|said| said == UNDERSTOOD);
        self.state().takes.get_or_insert(understands);
    }

    /// There may be another program at the address now.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.takes = None;
        state.forgotten += 1;
    }

    /// None are opened.
    #[cfg(test)]
    pub(super) fn avoid(&self) {
        self.state().takes = Some(false);
    }

    /// As while one is being opened that takes its time.
    #[cfg(test)]
    pub(super) fn hold(&self) {
        self.state().is_opening = true;
    }

    pub(super) fn is_open(&self) -> bool {
        self.read(|open| open.iter().any(|lane| lane.is_live()))
    }

    fn read<T>(&self, look: impl FnOnce(&[Arc<Lane>]) -> T) -> T {
        look(&self.open.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether one is to be opened now, and what is known is from.
    fn begin(&self) -> Option<u64> {
        let mut state = self.state();
        let waits = state.not_before.is_some_and(|time| Instant::now() < time);
        let begins = state.takes == Some(true) && !state.is_opening && !waits;
        state.is_opening |= begins;
        begins.then_some(state.forgotten)
    }

    pub(super) fn opened(&self, lane: Result<Lane, NotOpened>, known_from: u64) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.retain(|lane| lane.is_live());
        let mut state = self.state();
        // Nor where one was opened: it may end at once, again and again.
        state.not_before = Some(Instant::now() + PAUSE);
        match lane {
            Ok(lane) => open.push(Arc::new(lane)),
            // It may be that something stands between us that knows HTTP only.
            Err(NotOpened::Unknown) if open.is_empty() && state.forgotten == known_from => {
                state.takes = Some(false);
            }
            Err(_) => {}
        }
    }
}

impl Target {
    /// One that takes a call now. Another is opened where there are too few.
    pub(super) fn lane(self: &Arc<Self>) -> Option<Arc<Lane>> {
        let (least, count) = self.lanes.read(|open| {
            let live = || open.iter().filter(|lane| lane.is_live());
            (live().min_by_key(|lane| lane.load()).cloned(), live().count())
        });
        let is_busy = |lane: &Arc<Lane>| lane.load() >= BUSY;
        if count < self.per_target
            && least.as_ref().is_none_or(is_busy)
            && let Some(known_from) = self.lanes.begin()
        {
            let opening = Opening(self.clone());
            tokio::spawn(async move {
                let Opening(target) = &opening;
                let opened = Lane::open(&target.address, target.alive).await;
                target.lanes.opened(opened, known_from);
            });
        }
        least.filter(|lane| lane.has_room())
    }
}

/// Until it is over, also where its runtime ends.
struct Opening(Arc<Target>);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.lanes.state().is_opening = false;
    }
}
