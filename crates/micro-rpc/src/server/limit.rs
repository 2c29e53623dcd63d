//! How many calls of a method may be under way: as many as are answered in time.
//!
//! A handler that waits for something scarce, such as a connection of a pool or a lock, takes as many calls in as come and answers all of them
//! late. What is scarce is then spent on calls that nobody waits for any more. How many are too many is seen in how long they take: by Little's law
//! calls take twice as long where twice as many are under way. So when most calls of a method miss their deadline, or take more than half of their
//! time and a multiple of what they usually do, only so many are let in as would have been answered in half of it. The others are refused at once, and
//! may be sent elsewhere; but not those of a caller who has no other call under way, so that who asks little is answered beside a flood. While
//! calls are in time the limit grows, and once nobody was refused for a while there is none.
//!
//! What always takes its time, such as waiting for news, is not limited: it does not take longer because there are more. Neither are streams, and
//! calls without a deadline.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Server;
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
/// So many times what calls usually take is longer than that.
const LONGER: f64 = 4.0;
/// What calls usually take is an average of so long, or of so many in the beginning.
const USUAL: f64 = 30e9;
const FIRST: u32 = 100;
const NONE: u32 = u32::MAX;

/// The limit of one method.
#[derive(Debug)]
pub(super) struct Limit {
    under_way: AtomicU32,
    /// In parts of one, [`GROWS`] of them; [`NONE`] without a limit.
    most: AtomicU32,
    lateness: Lateness,
    /// Nanoseconds that a call takes, the bits of a double; when the last one did, in nanoseconds after the origin; how many did.
    usual: AtomicU64,
    measured: AtomicU64,
    count: AtomicU32,
    /// When somebody was refused last, in nanoseconds after the origin.
    refused: AtomicU64,
}

/// A call that was let in, until it is over.
pub(super) struct Entered {
    mounted: Arc<Mounted>,
    method: &'static MethodDescriptor,
    /// How many there were with it.
    among: u32,
    began: Instant,
    deadline: Option<Instant>,
    origin: Instant,
    was_answered: bool,
}

impl Inbound {
    /// Lets a call in that came at `began`, beside so many of its caller, with nothing to count where its method has no limit; the error is for one
    /// that is too many.
    pub(super) fn enter(
        &self,
        server: &Server,
        began: Instant,
        beside: usize,
    ) -> Result<Option<Entered>, Error> {
        let Some((mounted, method)) = self.unary() else {
            return Ok(None);
        };
        let (handler, _) = self.endpoint();
        let Some(limit) = mounted.limit(method).filter(|_| !is_about_itself(handler)) else {
            return Ok(None);
        };
        let origin = server.0.origin;
        match limit.enter(began.duration_since(origin), beside) {
            Some(among) => Ok(Some(Entered {
                mounted: mounted.clone(),
                method,
                among,
                began,
                deadline: self.deadline,
                origin,
                was_answered: false,
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
        let took = now.saturating_duration_since(self.began);
        let allowance = self
            .deadline
            .map(|deadline| deadline.saturating_duration_since(self.began));
        limit.leave(
            self.among,
            took,
            allowance,
            self.was_answered,
            now.duration_since(self.origin),
        );
    }
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
        }
    }
}

impl Limit {
    /// Lets a call in, so long after the origin and beside so many of its caller, and tells how many there are with it; `None` where there would
    /// be too many.
    fn enter(&self, now: Duration, beside: usize) -> Option<u32> {
        let among = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        let most = self.most.load(Ordering::Relaxed);
        // Callers with one call each may be many too.
        let is_quiet = beside == 0 && among / 2 <= most / GROWS;
        if most == NONE || among <= most / GROWS || is_quiet {
            return Some(among);
        }
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        self.refused.store(nanoseconds(now), Ordering::Relaxed);
        None
    }

    /// A call among so many is over, after so long, and had so long.
    fn leave(
        &self,
        among: u32,
        took: Duration,
        allowance: Option<Duration>,
        was_answered: bool,
        now: Duration,
    ) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        let Some(allowance) = allowance else { return };
        // Callers give up when their time is over, which says the same as an answer that comes then.
        let is_missed = took >= allowance - allowance / 10;
        if !was_answered && !is_missed {
            return;
        }
        let usual = self.usual(took, now);
        let is_long = took > allowance / 2 && nanoseconds(took) as f64 > LONGER * usual;
        let is_late = is_missed || is_long;
        let many_were = self.lateness.note(is_late);
        match is_late {
            true if many_were => self.shrink(among, took, allowance, now),
            true => {}
            false => self.grow(now),
        }
    }

    /// What calls usually take, in nanoseconds, before this one.
    fn usual(&self, took: Duration, now: Duration) -> f64 {
        let count = self.count.load(Ordering::Relaxed);
        let before = f64::from_bits(self.usual.load(Ordering::Relaxed));
        let now = nanoseconds(now);
        let since = now.saturating_sub(self.measured.swap(now, Ordering::Relaxed)) as f64;
        let mut share = 1.0 - (-since / USUAL).exp();
        if count < FIRST {
            self.count.store(count + 1, Ordering::Relaxed);
            share = share.max(1.0 / f64::from(count + 1));
        }
        // Two at once may lose one of two measurements: that is one of many.
        let after = before + (nanoseconds(took) as f64 - before) * share;
        self.usual.store(after.to_bits(), Ordering::Relaxed);
        if count == 0 { after } else { before }
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
        }
    }

    fn grow(&self, now: Duration) {
        let most = self.most.load(Ordering::Relaxed);
        if most == NONE {
            return;
        }
        let since = nanoseconds(now).saturating_sub(self.refused.load(Ordering::Relaxed));
        let grown = match since > nanoseconds(FORGOTTEN) {
            true => NONE,
            false => (most + 1).min(NONE - 1),
        };
        self.most.store(grown, Ordering::Relaxed);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
