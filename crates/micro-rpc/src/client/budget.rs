//! The retry budget: how much may be sent that nobody asked for, calls again and calls twice (hedging).
//!
//! Where instances fail because they are busy, callers who try again make them busier. So of the calls that may be sent again at most
//! a fifth is, over any longer time; what is over that fails at once.

use std::sync::atomic::{AtomicU32, Ordering};

/// What each call adds, and what one more costs.
const EARNED: u32 = 2;
const COST: u32 = 10;
/// There for a client that has just begun.
const FIRST: u32 = 10 * COST;
const MOST: u32 = 100 * COST;

pub(super) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(FIRST))
    }
}

impl Budget {
    /// A call was made, which may be sent again where it is refused unbegun, or whatever comes if it may be called twice.
    pub(super) fn earn(&self) {
        if self.0.load(Ordering::Relaxed) < MOST {
            self.0.fetch_add(EARNED, Ordering::Relaxed);
        }
    }

    /// Whether one more may be sent.
    pub(super) fn spend(&self) -> bool {
        let spent = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(COST)
        });
        spent.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_more_and_what_was_there_at_first() {
        let budget = Budget::default();
        let mut more = 0;
        for _ in 0..10_000 {
            budget.earn();
            while budget.spend() {
                more += 1;
            }
        }
        assert_eq!(more, 2_000 + FIRST / COST);
        for _ in 0..100_000 {
            budget.earn();
        }
        let saved = (0..).take_while(|_| budget.spend()).count();
        assert_eq!(saved, (MOST / COST) as usize);
    }
}
