//! Slows down who guesses secrets.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const FREE_FAILURES: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(300);
const FORGET_AFTER: Duration = Duration::from_secs(3600);
const MOST_ACCOUNTS: usize = 10_000;

/// Counts the failed log-ins of each account. From the fifth on, the next attempt has to wait: 1 s, 2 s, 4 s, up to 5 min.
///
/// Only accounts that exist are counted, so guessing at names fills nothing. Addresses are not: behind a gateway, a load balancer
/// or a company's router many are one, and who tries one secret on many accounts is held by the hashing, two at once.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<String, Failures>>);

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn wait(&self, now: Instant) -> Duration {
        let Some(doublings) = self.count.checked_sub(FREE_FAILURES) else {
            return Duration::ZERO;
        };
        let delay = FIRST_DELAY
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(LONGEST_DELAY);
        delay.saturating_sub(now.saturating_duration_since(self.last))
    }
}

impl Throttle {
    /// Whether `account` may be tried now; if not, how long from now.
    pub fn check(&self, account: &str, now: Instant) -> Result<(), Duration> {
        let wait = self
            .lock()
            .get(account)
            .map_or(Duration::ZERO, |failures| failures.wait(now));
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    /// The account was tried in vain.
    pub fn failed(&self, account: &str, now: Instant) {
        let mut accounts = self.lock();
        if accounts.len() >= MOST_ACCOUNTS && !accounts.contains_key(account) {
            make_room(&mut accounts, now);
        }
        let failures = accounts
            .entry(account.to_owned())
            .or_insert(Failures { count: 0, last: now });
        if now.saturating_duration_since(failures.last) > FORGET_AFTER {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// The account was entered, so what failed before is forgotten.
    pub fn succeeded(&self, account: &str) {
        self.lock().remove(account);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what is long ago; when that is not enough, whoever was tried longest ago.
fn make_room(accounts: &mut HashMap<String, Failures>, now: Instant) {
    accounts.retain(|_, failures| now.saturating_duration_since(failures.last) <= FORGET_AFTER);
    if accounts.len() >= MOST_ACCOUNTS {
        let oldest = accounts
            .iter()
            .min_by_key(|(_, failures)| failures.last)
            .map(|(account, _)| account.clone());
        oldest.and_then(|account| accounts.remove(&account));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_failures_each_costs_twice_the_wait() {
        let throttle = Throttle::default();
        let mut now = Instant::now();
        for _ in 0..5 {
            assert_eq!(throttle.check("a", now), Ok(()));
            throttle.failed("a", now);
        }
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert_eq!(throttle.check("a", now), Err(Duration::from_secs(expected)));
            now += Duration::from_secs(expected);
            assert_eq!(throttle.check("a", now), Ok(()));
            throttle.failed("a", now);
        }
        assert_eq!(throttle.check("b", now), Ok(()), "another account does not wait");
        throttle.succeeded("a");
        assert_eq!(throttle.check("a", now), Ok(()));
    }

    #[test]
    fn old_failures_are_forgotten_and_memory_is_bounded() {
        let throttle = Throttle::default();
        let start = Instant::now();
        (0..9).for_each(|_| throttle.failed("a", start));
        let later = start + FORGET_AFTER + Duration::from_secs(1);
        throttle.failed("a", later);
        assert_eq!(throttle.check("a", later), Ok(()));
        (0..=MOST_ACCOUNTS).for_each(|number| throttle.failed(&number.to_string(), later));
        assert_eq!(throttle.lock().len(), MOST_ACCOUNTS);
    }
}
