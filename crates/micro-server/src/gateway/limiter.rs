//! Token buckets, one a key, in bounded memory.
//!
//! A bucket is one number: the time at which it is full again (the generic cell rate algorithm, GCRA, of ATM). A request moves that
//! time by one interval, and is refused where it would be further away than the whole bucket takes to fill. So nothing has to
//! be filled as time passes, and a bucket that is full is as good as one that is not there: those are forgotten.
//!
//! `governor` counts the same way. It does not bound how many keys it holds and does not say without a middleware how many
//! requests are left, and both are most of what is here.
//!
//! Whoever has many addresses cannot grow this: when a shard holds as many buckets that are not full as it may, keys that are
//! new to it share one. What that one has been asked for counts for a key that gets its own after, so that no key ever gets more
//! than its rate by coming at the right time.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::rate::Rate;

/// Cores that ask at the same time mostly find different ones.
const SHARDS: usize = 64;
/// Buckets of a shard: some 2 MB in all of them.
const MOST: usize = 1024;
/// A full shard looks for what it can forget at one in so many new keys.
const PATIENCE: u32 = 64;
const SECOND: u64 = 1_000_000_000;

/// Counts the requests of many keys against one rate.
pub(super) struct Limiter {
    rate: Rate,
    start: Instant,
    /// Keyed at random: nobody can look for keys that meet in a bucket.
    hasher: RandomState,
    shards: Box<[Mutex<Shard>]>,
    most: usize,
}

#[derive(Default)]
struct Shard {
    /// When each bucket is full again, in nanoseconds from the start.
    full_at: HashMap<u64, u64, BuildHasherDefault<Hashed>>,
    /// The same of the one that new keys share while there is no place for more.
    shared: u64,
    /// New keys that found no place.
    crowd: u32,
}

/// What a request is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Seconds until the next one is allowed, where this one is not.
    pub wait: Option<u64>,
    /// What the bucket holds when it is full.
    pub limit: u32,
    /// What it holds now.
    pub remaining: u64,
    /// Seconds until it is full again.
    pub reset: u64,
}

impl Limiter {
    pub(super) fn new(rate: Rate, start: Instant) -> Self {
        Self::bounded(rate, start, SHARDS, MOST)
    }

    fn bounded(rate: Rate, start: Instant, shards: usize, most: usize) -> Self {
        Self {
            rate,
            start,
            hasher: RandomState::new(),
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            most,
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes a token out of the bucket of a key, if there is one.
    pub(super) fn take(&self, key: impl Hash, now: Instant) -> Verdict {
        self.with(key, now, |full_at, now| self.judge(full_at, now))
    }

    /// Puts the last one back, of a request that came to nothing for another reason.
    pub(super) fn put_back(&self, key: impl Hash, now: Instant) {
        self.with(key, now, |full_at, _| {
            *full_at = full_at.saturating_sub(self.rate.interval());
        });
    }

    fn with<T>(&self, key: impl Hash, now: Instant, look: impl FnOnce(&mut u64, u64) -> T) -> T {
        let hash = self.hasher.hash_one(key);
        let now = now.saturating_duration_since(self.start).as_nanos();
        let now = u64::try_from(now).unwrap_or(u64::MAX / 2);
        // The map goes by the lowest and the highest bits.
        let shard = &self.shards[(hash >> 32) as usize % self.shards.len()];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        look(shard.bucket(hash, now, self.most), now)
    }

    fn judge(&self, full_at: &mut u64, now: u64) -> Verdict {
        let (interval, span) = (self.rate.interval(), self.rate.span());
        let owed = full_at.saturating_sub(now);
        let wait = (owed + interval).saturating_sub(span);
        let owed = if wait == 0 {
            *full_at = now + owed + interval;
            owed + interval
        } else {
            owed
        };
        Verdict {
            wait: (wait > 0).then(|| wait.div_ceil(SECOND)),
            limit: self.rate.burst(),
            remaining: span.saturating_sub(owed) / interval,
            reset: owed.div_ceil(SECOND),
        }
    }
}

impl Shard {
    fn bucket(&mut self, hash: u64, now: u64, most: usize) -> &mut u64 {
        if self.full_at.len() >= most && !self.full_at.contains_key(&hash) {
            if self.crowd.is_multiple_of(PATIENCE) {
                self.full_at.retain(|_, full_at| *full_at > now);
            }
            self.crowd = self.crowd.wrapping_add(1);
            if self.full_at.len() >= most {
                return &mut self.shared;
            }
        }
        self.full_at.entry(hash).or_insert(self.shared)
    }
}

/// Hands on what is a hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests;
