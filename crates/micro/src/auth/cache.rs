//! What was verified before.
//!
//! Verifying a signature costs three times as much as everything else in a call, so an account is remembered beside its
//! token. It is found by a keyed hash and counts only for the very same text. Only tokens that were valid get in, so strangers cannot fill it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use micro_rpc::Account;

const SHARDS: usize = 16;
const ENTRIES_PER_SHARD: usize = 1024;

pub(super) struct Entry {
    pub token: Box<str>,
    pub account: Arc<Account>,
    pub expires_at: SystemTime,
    pub key_id: String,
}

type Entries = HashMap<u64, Entry>;

type Shard = RwLock<Entries>;

/// Accounts by token, bounded, in shards so that readers on many cores do not meet at one lock.
pub(super) struct Cache {
    shards: [Shard; SHARDS],
    hasher: RandomState,
}

impl Cache {
    pub fn new() -> Cache {
        Cache {
            shards: std::array::from_fn(|_| Shard::default()),
            hasher: RandomState::new(),
        }
    }

    /// The account of a token that was verified before and has not ended at `now`.
    pub fn get(&self, token: &str, now: SystemTime) -> Option<Arc<Account>> {
        let hash = self.hasher.hash_one(token);
        let shard = read(self.shard(hash));
        shard
            .get(&hash)
            .filter(|entry| entry.expires_at > now && *entry.token == *token)
            .map(|entry| Arc::clone(&entry.account))
    }

    pub fn insert(&self, entry: Entry, now: SystemTime) {
        let hash = self.hasher.hash_one(&entry.token);
        let mut shard = write(self.shard(hash));
        if shard.len() >= ENTRIES_PER_SHARD {
            make_room(&mut shard, now);
        }
        shard.insert(hash, entry);
    }

    /// Forgets every token that was signed with a key which `is_valid` does not know.
    pub fn retain_keys(&self, is_valid: impl Fn(&str) -> bool) {
        for shard in &self.shards {
            write(shard).retain(|_, entry| is_valid(&entry.key_id));
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).len()).sum()
    }

    fn shard(&self, hash: u64) -> &Shard {
        // The map takes the low bits.
        &self.shards[(hash >> 32) as usize % SHARDS]
    }
}

/// Drops what has ended; when that is not enough, a quarter of the rest: cheaper per insertion than keeping an order
/// of use, and a wrong guess costs one verification.
fn make_room(shard: &mut Entries, now: SystemTime) {
    shard.retain(|_, entry| entry.expires_at > now);
    if shard.len() >= ENTRIES_PER_SHARD {
        let mut index = 0;
        shard.retain(|_, _| {
            index += 1;
            index % 4 != 0
        });
    }
}

/// A panic while a shard is locked leaves it as usable as before: each change is a single call on the map.
fn read(shard: &Shard) -> RwLockReadGuard<'_, Entries> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(shard: &Shard) -> RwLockWriteGuard<'_, Entries> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn insert(cache: &Cache, token: &str, expires_at: u64, now: u64) {
        let entry = Entry {
            token: token.into(),
            account: Arc::default(),
            expires_at: at(expires_at),
            key_id: "k".into(),
        };
        cache.insert(entry, at(now));
    }

    #[test]
    fn an_entry_lives_until_its_token_ends() {
        let cache = Cache::new();
        insert(&cache, "a", 100, 0);
        assert!(cache.get("a", at(99)).is_some());
        assert!(cache.get("a", at(100)).is_none());
        assert!(cache.get("b", at(0)).is_none());
    }

    #[test]
    fn it_never_grows_beyond_its_bound() {
        let cache = Cache::new();
        for number in 0..3 * SHARDS * ENTRIES_PER_SHARD {
            insert(&cache, &number.to_string(), 100, 0);
        }
        assert!(cache.len() <= SHARDS * ENTRIES_PER_SHARD);
        assert!(cache.len() > SHARDS * ENTRIES_PER_SHARD / 2);
    }

    #[test]
    fn what_has_ended_makes_room_first() {
        let cache = Cache::new();
        for number in 0..SHARDS * ENTRIES_PER_SHARD {
            insert(&cache, &number.to_string(), 10, 0);
        }
        for number in 0..SHARDS * ENTRIES_PER_SHARD / 2 {
            insert(&cache, &format!("new {number}"), 100, 50);
        }
        assert!(
            (0..SHARDS * ENTRIES_PER_SHARD / 2).all(|n| cache.get(&format!("new {n}"), at(50)).is_some())
        );
    }

    #[test]
    fn a_withdrawn_key_takes_its_tokens_along() {
        let cache = Cache::new();
        insert(&cache, "a", 100, 0);
        cache.retain_keys(|id| id == "k");
        assert_eq!(cache.len(), 1);
        cache.retain_keys(|_| false);
        assert_eq!(cache.len(), 0);
    }
}
