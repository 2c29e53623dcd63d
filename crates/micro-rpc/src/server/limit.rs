//! How many calls of a method may be under way: as many as are answered in time.
//!
//! A handler that waits for something scarce, such as a connection of a pool or a lock, takes as many calls in as come and answers all of them
//! late. What is scarce is then spent on calls that nobody waits for any more. How many are too many is seen in how long they take: by Little's law
//! calls take twice as long where twice as many are under way. So when most calls of a method miss their deadline, or take more than half of their
//! time and a multiple of what those in time do, only so many are let in as would have been answered in half of it. The others are refused at once,
//! and may be sent elsewhere; but not those of a caller who has no other call under way, so that who asks little is answered beside a flood. While
//! calls are in time the limit grows, and once nobody was refused for a while there is none.
//!
//! Whether it helps is looked at: where calls take their time for another reason, fewer are answered with a limit than without, and then there is
//! none for a while, for longer each time. Streams are not limited, nor are calls without a deadline.

mod benefit;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benefit::Benefit;

use super::Server;
use super::caller::{Callers, Counted};
use super::inbound::Inbound;
use super::routes::Mounted;
use super::stats::is_about_itself;
use super::turn::Lateness;
use crate::{Error, MethodDescriptor};

/// Fewer are always let in.
const FEWEST: u32 = 2;
/// The limit grows by one for so many calls in time.
const GROWS: u32 = 8;
/// Nobody was refused for so long, and there is no limit.
const FORGOTTEN: Duration = Duration::from_secs(10);
/// So many times what calls in time take is longer than that, and so many times it a caller has to give.
const LONGER: f64 = 4.0;
const CHANCE: f64 = 2.0;
/// Who gives less is late whatever is done.
const LEAST: Duration = Duration::from_millis(2);
/// What calls in time take is an average of so long, or of so many in the beginning.
const USUAL: f64 = 30e9;
const FIRST: u32 = 100;
const NONE: u32 = u32::MAX;

/// The limit of one method. Times are nanoseconds after the origin.
#[derive(Debug)]
pub(super) struct Limit {
    under_way: AtomicU32,
    /// In parts of one, [`GROWS`] of them; [`NONE`] without a limit.
    most: AtomicU32,
    lateness: Lateness,
    /// Nanoseconds that a call in time takes, the bits of a double; when the last one did; how many did.
    usual: AtomicU64,
    measured: AtomicU64,
    count: AtomicU32,
    /// When somebody was refused last.
    refused: AtomicU64,
    benefit: Benefit,
    /// Who has calls under way that came since there is a limit.
    callers: Arc<Callers>,
}

/// A call that was let in, until it is over.
pub(super) struct Entered {
    mounted: Arc<Mounted>,
    method: &'static MethodDescriptor,
    /// How many there were with it.
    among: u32,
    began: Instant,
    deadline: Instant,
    origin: Instant,
    /// It got as far as the handler.
    was_reached: bool,
    was_answered: bool,
    _counted: Option<Counted>,
}

impl Inbound {
    /// Lets a call in that came at `began`, with nothing to count where its method has no limit; the error is for one that is too many. `beside`
    /// are those on its connection, which count where nobody knows whose it is.
    pub(super) fn enter(
        &self,
        server: &Server,
        began: Instant,
        beside: usize,
    ) -> Result<Option<Entered>, Error> {
        let (Some((mounted, method)), Some(deadline)) = (self.unary(), self.deadline) else {
            return Ok(None);
        };
        let (handler, _) = self.endpoint();
        let Some(limit) = mounted.limit(method).filter(|_| !is_about_itself(handler)) else {
            return Ok(None);
        };
        let origin = server.0.origin;
        let mut counted = None;
        let beside = || match self.caller(server) {
            Some(caller) => {
                let (beside, count) = limit.callers.count(caller);
                counted = Some(count);
                beside
            }
            None => beside,
        };
        match limit.enter(began.duration_since(origin), beside) {
            Some(among) => Ok(Some(Entered {
                mounted: mounted.clone(),
                method,
                among,
                began,
                deadline,
                origin,
                was_reached: false,
                was_answered: false,
                _counted: counted,
            })),
            None => {
                let detail = format!(
                    "overloaded: more calls of {handler}.{} are under way than can be answered in time, try another instance or later",
                    method.name
                );
                Err(Error::too_many_requests(&*server.0.name, detail))
            }
        }
    }
}

impl Entered {
    /// It is let in by the rules too, and begins.
    pub(super) fn reached(&mut self) {
        self.was_reached = true;
    }

    /// It was dealt with, well or not.
    pub(super) fn answered(mut self) {
        self.was_answered = true;
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let Some(limit) = self.mounted.limit(self.method) else {
            return;
        };
        let now = Instant::now();
        let over = Over {
            among: self.among,
            took: now.saturating_duration_since(self.began),
            allowance: self.deadline.saturating_duration_since(self.began),
            was_reached: self.was_reached,
            was_answered: self.was_answered,
        };
        limit.leave(&over, now.duration_since(self.origin));
    }
}

/// A call that is over.
#[derive(Clone, Copy)]
struct Over {
    among: u32,
    took: Duration,
    allowance: Duration,
    was_reached: bool,
    was_answered: bool,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            under_way: AtomicU32::new(0),
            most: AtomicU32::new(NONE),
            lateness: Lateness::default(),
            usual: AtomicU64::new(0),
            measured: AtomicU64::new(0),
            count: AtomicU32::new(0),
            refused: AtomicU64::new(0),
            benefit: Benefit::default(),
            callers: Arc::default(),
        }
    }
}

impl Limit {
    /// Lets a call in, so long after the origin, and tells how many there are with it; `None` where there would be too many. Where there is a limit
    /// it is asked how many of its caller are under way.
    fn enter(&self, now: Duration, beside: impl FnOnce() -> usize) -> Option<u32> {
        let among = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        let most = self.most.load(Ordering::Relaxed);
        if most == NONE {
            return Some(among);
        }
        // Callers with one call each may be many too.
        let is_quiet = beside() == 0 && among / 2 <= most / GROWS;
        if among <= most / GROWS || is_quiet {
            return Some(among);
        }
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        self.refused.store(nanoseconds(now), Ordering::Relaxed);
        // Also where nothing is answered any more.
        self.look(now);
        None
    }

    fn leave(&self, call: &Over, now: Duration) {
        // Of calls that came together the first was not among few.
        let among = self.under_way.fetch_sub(1, Ordering::Relaxed).max(call.among);
        let Over { took, allowance, .. } = *call;
        // Callers give up when their time is over, which says the same as an answer that comes then.
        let is_missed = took >= allowance - allowance / 10;
        if !call.was_reached || (!call.was_answered && !is_missed) || allowance < LEAST {
            return;
        }
        let is_in_half = took <= allowance / 2;
        let (nanos, usual) = (nanoseconds(took) as f64, self.usual(took, now, is_in_half));
        // Of a method that was never in time nothing is known.
        let had_a_chance = usual > 0.0 && nanoseconds(allowance) as f64 > CHANCE * usual;
        let is_late = had_a_chance && !is_in_half && (is_missed || nanos > LONGER * usual);
        if !is_missed {
            self.benefit.answered();
        }
        self.look(now);
        match (self.lateness.note(is_late), is_late) {
            (true, true) if !self.benefit.is_exempt(now) => self.shrink(among, took, allowance, now),
            (_, true) => {}
            (_, false) => self.grow(now),
        }
    }

    /// Looks whether the limit is worth it.
    fn look(&self, now: Duration) {
        let refused = Duration::from_nanos(self.refused.load(Ordering::Relaxed));
        if self.benefit.look(now, refused) {
            self.most.store(NONE, Ordering::Relaxed);
        }
    }

    /// What calls in time take, in nanoseconds, before this one; nought where there was none.
    fn usual(&self, took: Duration, now: Duration, counts: bool) -> f64 {
        let before = f64::from_bits(self.usual.load(Ordering::Relaxed));
        if !counts {
            return before;
        }
        let count = self.count.load(Ordering::Relaxed);
        let now = nanoseconds(now);
        let since = now.saturating_sub(self.measured.swap(now, Ordering::Relaxed)) as f64;
        let mut share = 1.0 - (-since / USUAL).exp();
        if count < FIRST {
            self.count.store(count + 1, Ordering::Relaxed);
            share = share.max(1.0 / f64::from(count + 1));
        }
        // Two at once may lose one of two measurements: that is one of many.
        let after = before + (nanoseconds(took) as f64 - before) * share;
        // What is in time under a limit takes longer than it would without.
        if self.most.load(Ordering::Relaxed) == NONE || after < before {
            self.usual.store(after.to_bits(), Ordering::Relaxed);
        }
        before
    }

    /// So many as would have taken half of the time.
    fn shrink(&self, among: u32, took: Duration, allowance: Duration, now: Duration) {
        let share = (allowance / 2).as_secs_f64() / took.as_secs_f64();
        let most = f64::from(among) * share.min(1.0) * f64::from(GROWS);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is not negative, and what is no number becomes the least"
        )]
        let most = (most as u32).clamp(FEWEST * GROWS, NONE - 1);
        if self.most.fetch_min(most, Ordering::Relaxed) == NONE {
            self.refused.store(nanoseconds(now), Ordering::Relaxed);
            self.benefit.begin(now);
        }
    }

    fn grow(&self, now: Duration) {
        let most = self.most.load(Ordering::Relaxed);
        if most == NONE {
            return;
        }
        let since = nanoseconds(now).saturating_sub(self.refused.load(Ordering::Relaxed));
        let is_forgotten = since > nanoseconds(FORGOTTEN);
        if is_forgotten {
            self.benefit.end();
        }
        let grown = match is_forgotten {
            true => NONE,
            false => (most + 1).min(NONE - 1),
        };
        self.most.store(grown, Ordering::Relaxed);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
