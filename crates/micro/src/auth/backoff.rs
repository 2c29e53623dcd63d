//! How long to wait before trying again.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Doubles from try to try, with jitter so that a platform that comes back is not met by everybody at once.
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub fn new() -> Backoff {
        Backoff { next: FIRST }
    }

    pub fn reset(&mut self) {
        self.next = FIRST;
    }

    pub fn next(&mut self) -> Duration {
        let delay = jittered(self.next);
        self.next = (self.next * 2).min(LONGEST);
        delay
    }
}

/// A tenth less to a tenth more than `duration`.
pub(super) fn jittered(duration: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness there is no jitter; nothing else depends on it.
    let share = SystemRandom::new()
        .fill(&mut byte)
        .map_or(0.5, |()| f64::from(byte[0]) / 255.0);
    duration.mul_f64(0.9 + 0.2 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_a_bound_and_starts_over() {
        let mut backoff = Backoff::new();
        assert!(backoff.next() < Duration::from_millis(120));
        let last = (0..20).map(|_| backoff.next()).last().unwrap();
        assert!(last > LONGEST.mul_f64(0.8) && last < LONGEST.mul_f64(1.2));
        backoff.reset();
        assert!(backoff.next() < Duration::from_millis(120));
    }
}
