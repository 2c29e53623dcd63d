//! The [lanes](crate::lane) to an instance.
//!
//! Whether it takes them is asked with the first calls of each connection of HTTP/2. They are opened while calls go over that one, so that no
//! call waits for them.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use http::HeaderMap;

use super::lane::Lane;
use super::pool::{BUSY, Target};
use crate::lane::UNDERSTOOD;
use crate::names;

const UNKNOWN: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

#[derive(Default)]
pub(super) struct Lanes {
    known: AtomicU8,
    open: RwLock<Vec<Arc<Lane>>>,
    is_opening: AtomicBool,
}

impl Lanes {
    /// Whether it is to be asked.
    pub(super) fn is_unknown(&self) -> bool {
        self.known.load(Ordering::Relaxed) == UNKNOWN
    }

    /// From the headers of an answer to who asked.
    pub(super) fn learn(&self, answer: &HeaderMap) {
        if self.is_unknown() {
            let understands = answer.get(&names::LANE).is_some_and(|said| said == UNDERSTOOD);
            self.known
                .store(if understands { YES } else { NO }, Ordering::Relaxed);
        }
    }

    /// There may be another program at the address now.
    pub(super) fn forget(&self) {
        self.known.store(UNKNOWN, Ordering::Relaxed);
    }

    /// None are opened.
    #[cfg(test)]
    pub(super) fn avoid(&self) {
        self.known.store(NO, Ordering::Relaxed);
    }

    /// As while one is being opened that takes its time.
    #[cfg(test)]
    pub(super) fn hold(&self) {
        self.is_opening.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_open(&self) -> bool {
        self.read(|open| open.iter().any(|lane| lane.is_live()))
    }

    fn read<T>(&self, look: impl FnOnce(&[Arc<Lane>]) -> T) -> T {
        look(&self.open.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Target {
    /// One that takes a call now. Another is opened where there are too few.
    pub(super) fn lane(self: &Arc<Self>) -> Option<Arc<Lane>> {
        if self.lanes.known.load(Ordering::Relaxed) != YES {
            return None;
        }
        let (least, count) = self.lanes.read(|open| {
            let live = || open.iter().filter(|lane| lane.is_live());
            (live().min_by_key(|lane| lane.load()).cloned(), live().count())
        });
        let is_busy = |lane: &Arc<Lane>| lane.load() >= BUSY;
        if count < self.per_target && least.as_ref().is_none_or(is_busy) {
            self.open_lane();
        }
        least.filter(|lane| lane.has_room())
    }

    fn open_lane(self: &Arc<Self>) {
        if self.lanes.is_opening.swap(true, Ordering::AcqRel) {
            return;
        }
        let target = self.clone();
        tokio::spawn(async move {
            let opened = Lane::open(&target.address, target.alive).await;
            match opened {
                Some(lane) => {
                    let mut open = target.lanes.open.write().unwrap_or_else(PoisonError::into_inner);
                    open.retain(|lane| lane.is_live());
                    open.push(Arc::new(lane));
                }
                // It may be that something stands between us that knows HTTP only.
                None => target.lanes.known.store(NO, Ordering::Relaxed),
            }
            target.lanes.is_opening.store(false, Ordering::Release);
        });
    }
}
