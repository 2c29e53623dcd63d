//! How an instance has done lately: how busy it is, how long it takes (an exponentially weighted moving average, EWMA), and whether it is left
//! alone for a while (outlier ejection, which is a circuit breaker for each instance).
//!
//! An instance that cannot be reached, or whose connection broke, is left alone at once; one that answers time and again that it cannot, after
//! a few such answers. Each time it is for longer, and after that one call, or a connection that nobody waits for, finds out how it
//! is now.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::trace;

/// Answers that it cannot, one after another, before it is left alone.
const PATIENCE: u32 = 5;
/// For so long the first time, twice as long each time after it.
const UNREACHABLE: Duration = Duration::from_millis(100);
const FAILING: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);
/// How many times that is doubled.
const DOUBLINGS: u32 = 7;
/// What was measured so long ago counts a third.
const RECENT: f64 = 1e9;
/// A call that took many times as long as usual counts a share for each time, and at most this: what becomes slow is to be seen soon.
const RISE: f64 = 0.2;
const RISE_EACH: f64 = 0.01;
/// An instance that nobody calls, since it was slow, is taken to be faster by and by.
const FORGIVEN: f64 = 10e9;
/// What an instance is taken to need before the first answer, while one waits for it.
const UNKNOWN: f64 = 1e9;
/// And while only streams are under way there.
const PLAIN: f64 = 1e6;

/// By how much each call that it refuses makes an instance dearer.
const REFUSED: f64 = 1.1;

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds on a clock that begins with the process, and never 0.
fn now() -> u64 {
    u64::try_from(ORIGIN.elapsed().as_nanos())
        .unwrap_or(u64::MAX)
        .max(1)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[derive(Default)]
pub(super) struct Standing {
    /// Calls with one message each way.
    under_way: AtomicUsize,
    /// They may last for ever, and say nothing of how long a call takes.
    streams: AtomicUsize,
    /// Nanoseconds that a call takes lately, the bits of a double; 0 before the first answer.
    latency: AtomicU64,
    measured: AtomicU64,
    failures: AtomicU32,
    /// How many times it was left alone since it last answered well.
    outs: AtomicU32,
    /// When it may be tried again; 0 while it is not left alone.
    out_until: AtomicU64,
    is_unreachable: AtomicBool,
}

/// How a call went, as far as it says something of the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was dealt with, well or not.
    Answered,
    /// The instance said that it cannot.
    Failing,
    /// No connection, or it broke.
    Unreachable,
}

/// Whether an instance may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Open,
    /// This call finds out how it is.
    Probe,
    /// A connection finds out, and no call waits for it.
    Connect,
    Out,
}

impl Standing {
    pub(super) fn begin(&self, is_unary: bool) {
        self.counter(is_unary).fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self, is_unary: bool) {
        self.counter(is_unary).fetch_sub(1, Ordering::Relaxed);
    }

    fn counter(&self, is_unary: bool) -> &AtomicUsize {
        match is_unary {
            true => &self.under_way,
            false => &self.streams,
        }
    }

    /// Whether no call of this client is under way there.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) + self.streams.load(Ordering::Relaxed) == 0
    }

    /// Less is better: the time that a call is likely to take here, behind those under way.
    pub(super) fn cost(&self) -> f64 {
        let unary = self.under_way.load(Ordering::Relaxed) as f64;
        let streams = self.streams.load(Ordering::Relaxed) as f64;
        let latency = f64::from_bits(self.latency.load(Ordering::Relaxed));
        if latency == 0.0 {
            return unary * UNKNOWN + streams * PLAIN;
        }
        let under_way = unary + streams;
        let idle = now().saturating_sub(self.measured.load(Ordering::Relaxed)) as f64;
        let forgiven = if idle > RECENT && under_way == 0.0 {
            (-idle / FORGIVEN).exp()
        } else {
            1.0
        };
        (under_way + 1.0) * latency * forgiven
    }

    /// Whether it may be called now. Of those who ask when its time is up, one is told to find out.
    pub(super) fn access(&self) -> Access {
        let until = self.out_until.load(Ordering::Relaxed);
        if until == 0 {
            return Access::Open;
        }
        let now = now();
        if now < until {
            return Access::Out;
        }
        let next = now + nanoseconds(LONGEST);
        let is_mine = self
            .out_until
            .compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed);
        match (is_mine, self.is_unreachable.load(Ordering::Relaxed)) {
            (Err(_), _) => Access::Out,
            (Ok(_), true) => Access::Connect,
            (Ok(_), false) => Access::Probe,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.out_until.load(Ordering::Relaxed) == 0
    }

    pub(super) fn is_unreachable(&self) -> bool {
        self.out_until.load(Ordering::Relaxed) != 0 && self.is_unreachable.load(Ordering::Relaxed)
    }

    /// It can be connected to again: calls may come.
    pub(super) fn reached(&self) {
        if self.is_unreachable.swap(false, Ordering::Relaxed) {
            self.out_until.store(0, Ordering::Relaxed);
        }
    }

    /// How a call went, perhaps one that was to find out.
    pub(super) fn saw(&self, outcome: Outcome, is_probe: bool) {
        match outcome {
            Outcome::Answered => {
                self.failures.store(0, Ordering::Relaxed);
                if self.outs.swap(0, Ordering::Relaxed) > 0 {
                    self.out_until.store(0, Ordering::Relaxed);
                }
            }
            Outcome::Failing => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                if failures >= PATIENCE || is_probe {
                    self.is_unreachable.store(false, Ordering::Relaxed);
                    self.leave_alone(FAILING, is_probe);
                }
            }
            Outcome::Unreachable => {
                self.is_unreachable.store(true, Ordering::Relaxed);
                self.leave_alone(UNREACHABLE, is_probe);
            }
        }
    }

    /// A call was given up after so long: it takes at least that.
    pub(super) fn gave_up(&self, took: Duration) {
        if nanoseconds(took) as f64 > f64::from_bits(self.latency.load(Ordering::Relaxed)) {
            self.took(took);
        }
    }

    /// It has too much to do, and said so at once: that is no sign that it is fast.
    pub(super) fn refused(&self) {
        let latency = f64::from_bits(self.latency.load(Ordering::Relaxed));
        let busier = latency.clamp(1e3, UNKNOWN) * REFUSED;
        self.latency.store(busier.to_bits(), Ordering::Relaxed);
    }

    fn leave_alone(&self, first: Duration, is_probe: bool) {
        let now = now();
        // Many calls fail together: that is once.
        if !is_probe && self.out_until.load(Ordering::Relaxed) > now {
            return;
        }
        let outs = self.outs.fetch_add(1, Ordering::Relaxed).min(DOUBLINGS);
        self.failures.store(0, Ordering::Relaxed);
        let time = (first * 2_u32.pow(outs)).min(LONGEST);
        // Clients that began to wait together are not to come back together.
        let time = time.mul_f64(1.0 - 0.2 * trace::fraction());
        self.out_until.store(now + nanoseconds(time), Ordering::Relaxed);
    }

    /// A call was answered after so long.
    // Two at once may lose one of two measurements: that is one of many.
    pub(super) fn took(&self, took: Duration) {
        let (took, now) = (nanoseconds(took).max(1) as f64, now());
        let before = f64::from_bits(self.latency.load(Ordering::Relaxed));
        let since = now.saturating_sub(self.measured.swap(now, Ordering::Relaxed)) as f64;
        let latency = if before == 0.0 {
            took
        } else {
            // A share by time, so that an instance with many calls is judged by as long a time as one with few.
            let share = 1.0 - (-since / RECENT).exp();
            let share = match took > before {
                true => share.max((took / before * RISE_EACH).min(RISE)),
                false => share,
            };
            before + (took - before) * share
        };
        self.latency.store(latency.to_bits(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn who_is_busy_or_slow_costs_more() {
        let [fast, slow, new] = [(); 3].map(|()| Standing::default());
        for _ in 0..20 {
            fast.took(SHORT);
            slow.took(SHORT);
        }
        assert!(new.cost() == 0.0, "whoever is new is tried");
        new.begin(true);
        assert!(new.cost() > fast.cost(), "and once only, until he has answered");
        for _ in 0..5 {
            slow.took(50 * SHORT);
        }
        assert!(
            slow.cost() > 10.0 * fast.cost(),
            "{} {}",
            slow.cost(),
            fast.cost()
        );
        let listened = Standing::default();
        listened.begin(false);
        assert!(listened.cost() < new.cost(), "who is only listened to is tried");
        let before = fast.cost();
        for _ in 0..9 {
            fast.begin(true);
        }
        assert!((fast.cost() / before - 10.0).abs() < 0.1);
        for _ in 0..9 {
            fast.end(true);
        }
        fast.gave_up(1000 * SHORT);
        assert!(fast.cost() > 10.0 * before, "who has not answered was not fast");
    }

    #[test]
    fn who_cannot_is_left_alone_and_one_call_finds_out() {
        let standing = Standing::default();
        for _ in 1..PATIENCE {
            standing.saw(Outcome::Failing, false);
        }
        standing.saw(Outcome::Answered, false);
        standing.saw(Outcome::Failing, false);
        assert_eq!(standing.access(), Access::Open, "one after another it has to be");
        for _ in 0..3 * PATIENCE {
            standing.saw(Outcome::Failing, false);
        }
        assert_eq!(standing.access(), Access::Out);
        assert_eq!(standing.outs.load(Ordering::Relaxed), 1, "together they are once");
        let over = |standing: &Standing| standing.out_until.store(1, Ordering::Relaxed);
        over(&standing);
        assert_eq!(
            [standing.access(), standing.access()],
            [Access::Probe, Access::Out]
        );
        standing.saw(Outcome::Failing, true);
        assert_eq!(standing.outs.load(Ordering::Relaxed), 2);
        let left = standing.out_until.load(Ordering::Relaxed) - now();
        assert!(left > nanoseconds(FAILING) * 3 / 2, "for longer each time");
        over(&standing);
        assert_eq!(standing.access(), Access::Probe);
        standing.saw(Outcome::Answered, true);
        assert_eq!(standing.access(), Access::Open);
    }

    #[test]
    fn who_cannot_be_reached_is_connected_to_while_nobody_waits() {
        let standing = Standing::default();
        standing.saw(Outcome::Unreachable, false);
        assert_eq!(
            (standing.access(), standing.is_unreachable()),
            (Access::Out, true)
        );
        standing.out_until.store(1, Ordering::Relaxed);
        assert_eq!(
            [standing.access(), standing.access()],
            [Access::Connect, Access::Out]
        );
        standing.reached();
        assert_eq!(
            (standing.access(), standing.is_unreachable()),
            (Access::Open, false)
        );
    }
}
