//! Whether a limit is worth it: as many calls are answered in time with it as without.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::nanoseconds;

/// Calls are counted for so long at least, and until there are so many, but for no longer than that.
const SHORTEST: Duration = Duration::from_millis(500);
const ENOUGH: u64 = 20;
const LONGEST: Duration = Duration::from_secs(3);
/// With a limit at least this part has to be answered of what is without.
const PART: f64 = 0.75;
/// There is no limit for so long where it was not worth it, twice as long each time, up to so many times.
const EXEMPT: Duration = Duration::from_secs(20);
const DOUBLINGS: u32 = 5;

#[derive(Debug, Default)]
pub(super) struct Benefit {
    /// Calls that were answered in time since it was last looked.
    answered: AtomicU64,
    /// When it is looked again at the soonest, in nanoseconds after the origin.
    look_at: AtomicU64,
    /// Until when there is no limit, likewise.
    exempt_until: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    since: Duration,
    /// Answered in time, a second, when it was last looked.
    rate: f64,
    /// The same before there was a limit, and how often in a row it was less since.
    before: Option<(f64, u32)>,
    /// How often it was not worth it.
    vain: u32,
}

impl Benefit {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// There is a limit from now on.
    pub(super) fn begin(&self, now: Duration) {
        let mut state = self.state();
        // What was answered since counts too: it may be that calls have only just begun.
        let rate = self.rate(&state, now).max(state.rate);
        state.before = Some((rate, 0));
        self.restart(&mut state, now);
    }

    /// There is none any more.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.before = None;
        state.vain = 0;
    }

    pub(super) fn is_exempt(&self, now: Duration) -> bool {
        nanoseconds(now) < self.exempt_until.load(Ordering::Relaxed)
    }

    /// Whether it was found out that the limit is not worth it. `refused` is when somebody was refused last: where nobody is any more, fewer are
    /// answered because fewer ask.
    pub(super) fn look(&self, now: Duration, refused: Duration) -> bool {
        if nanoseconds(now) < self.look_at.load(Ordering::Relaxed) {
            return false;
        }
        let mut state = self.state();
        let took = now.saturating_sub(state.since);
        let is_enough = self.answered.load(Ordering::Relaxed) >= ENOUGH || took >= LONGEST;
        if took < SHORTEST || !is_enough {
            return false;
        }
        state.rate = self.rate(&state, now);
        self.restart(&mut state, now);
        let Some((before, looks)) = state.before else {
            return false;
        };
        let is_refusing = refused + SHORTEST / 5 >= now;
        let is_less = is_refusing && state.rate < PART * before;
        // Once is no sign: there are those still that were let in before, or the asking began or ended meanwhile.
        let looks = if is_less { looks + 1 } else { 0 };
        state.before = Some((before, looks));
        if looks <= 1 {
            return false;
        }
        let exempt = EXEMPT * 2_u32.pow(state.vain.min(DOUBLINGS));
        self.exempt_until
            .store(nanoseconds(now + exempt), Ordering::Relaxed);
        state.vain += 1;
        state.before = None;
        true
    }

    fn rate(&self, state: &State, now: Duration) -> f64 {
        let took = now.saturating_sub(state.since).max(SHORTEST);
        self.answered.load(Ordering::Relaxed) as f64 / took.as_secs_f64()
    }

    fn restart(&self, state: &mut State, now: Duration) {
        self.answered.store(0, Ordering::Relaxed);
        self.look_at.store(nanoseconds(now + SHORTEST), Ordering::Relaxed);
        state.since = now;
    }
}
