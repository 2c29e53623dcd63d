//! Which methods answer at once.
//!
//! Most handlers are done the first time they are polled, and a task of its own costs more than such a call. So the task of a
//! connection polls each new call once itself, and only what has to wait for something becomes a task. A handler that
//! computes instead of waiting would hold up its connection: a method that took long several times begins on tasks of its own for a
//! while. Once is no sign of it, because the system interrupts everybody now and then.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longer than this a connection is not to be held up.
const SHORT: Duration = Duration::from_micros(200);

/// What a long call counts, and how many counts keep a method apart; each short call takes one back.
const LONG: u32 = 8;
const APART_AT: u32 = 4 * LONG;

/// How long a method is kept apart.
const APART: Duration = Duration::from_secs(1);

/// What is known of a method's first steps.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Nanoseconds after the origin.
    apart_until: AtomicU64,
    counts: AtomicU32,
}

impl Pace {
    /// Whether a call that begins so long after the origin may be polled by its connection.
    pub(super) fn is_quick(&self, since_origin: Duration) -> bool {
        nanoseconds(since_origin) >= self.apart_until.load(Ordering::Relaxed)
    }

    /// Notes how long the first poll took, which ended so long after the origin.
    pub(super) fn took(&self, time: Duration, since_origin: Duration) {
        let counts = self.counts.load(Ordering::Relaxed);
        if time <= SHORT {
            if counts > 0 {
                self.counts.store(counts - 1, Ordering::Relaxed);
            }
            return;
        }
        // Two at once may count as one: that only takes longer to find out.
        let counts = (counts + LONG).min(APART_AT);
        self.counts.store(counts, Ordering::Relaxed);
        if counts == APART_AT {
            self.apart_until
                .store(nanoseconds(since_origin + APART), Ordering::Relaxed);
        }
    }
}

/// Measures one after another, looking at the clock once for each.
pub(super) struct Lap(Instant);

impl Lap {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the last lap, and this moment.
    pub(super) fn next(&mut self) -> (Duration, Instant) {
        let now = Instant::now();
        let time = now.duration_since(self.0);
        self.0 = now;
        (time, now)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_long_is_kept_apart_for_a_while() {
        let (pace, at) = (Pace::default(), Duration::from_secs(10));
        for _ in 1..APART_AT / LONG {
            pace.took(SHORT * 2, at);
            assert!(pace.is_quick(at));
        }
        pace.took(SHORT * 2, at);
        assert!(!pace.is_quick(at));
        assert!(!pace.is_quick(at + APART / 2));
        assert!(pace.is_quick(at + APART));
        // It has to prove itself before it may take long again.
        pace.took(SHORT, at + APART);
        pace.took(SHORT * 2, at + APART);
        assert!(!pace.is_quick(at + APART));
    }

    #[test]
    fn a_rare_interruption_is_forgiven() {
        let (pace, at) = (Pace::default(), Duration::from_secs(10));
        for _ in 0..100 {
            pace.took(SHORT * 20, at);
            for _ in 0..LONG {
                pace.took(SHORT, at);
            }
            assert!(pace.is_quick(at));
        }
    }
}
