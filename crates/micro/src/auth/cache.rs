//! What was verified before.
//!
//! Verifying a signature costs three times as much as everything else in a call, so an account is remembered under the
//! hash of its token. Only tokens that were valid get in, so strangers cannot fill it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use micro_rpc::Account;

const SHARDS: usize = 16;
const ENTRIES_PER_SHARD: usize = 1024;

/// The SHA-256 of a token.
pub(super) type Digest = [u8; 32];

pub(super) fn digest(token: &str) -> Digest {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

pub(super) struct Entry {
    pub account: Arc<Account>,
    pub expires_at: SystemTime,
    pub key_id: String,
}

type Shard = RwLock<HashMap<Digest, Entry>>;

/// Accounts by token, bounded, in shards so that readers on many cores do not meet at one lock.
pub(super) struct Cache {
    shards: [Shard; SHARDS],
}

impl Cache {
    pub fn new() -> Cache {
        Cache {
            shards: std::array::from_fn(|_| Shard::default()),
        }
    }

    /// The account of a token that was verified before and has not ended at `now`.
    pub fn get(&self, digest: &Digest, now: SystemTime) -> Option<Arc<Account>> {
        let shard = read(self.shard(digest));
        shard
            .get(digest)
            .filter(|entry| entry.expires_at > now)
            .map(|entry| Arc::clone(&entry.account))
    }

    pub fn insert(&self, digest: Digest, entry: Entry, now: SystemTime) {
        let mut shard = write(self.shard(&digest));
        if shard.len() >= ENTRIES_PER_SHARD {
            make_room(&mut shard, now);
        }
        shard.insert(digest, entry);
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

    fn shard(&self, digest: &Digest) -> &Shard {
        &self.shards[usize::from(digest[0]) % SHARDS]
    }
}

/// Drops what has ended; when that is not enough, a quarter of the rest: cheaper per insertion than keeping an order
/// of use, and a wrong guess costs one verification.
fn make_room(shard: &mut HashMap<Digest, Entry>, now: SystemTime) {
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
fn read(shard: &Shard) -> RwLockReadGuard<'_, HashMap<Digest, Entry>> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(shard: &Shard) -> RwLockWriteGuard<'_, HashMap<Digest, Entry>> {
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
            account: Arc::default(),
            expires_at: at(expires_at),
            key_id: "k".into(),
        };
        cache.insert(digest(token), entry, at(now));
    }

    #[test]
    fn an_entry_lives_until_its_token_ends() {
        let cache = Cache::new();
        insert(&cache, "a", 100, 0);
        assert!(cache.get(&digest("a"), at(99)).is_some());
        assert!(cache.get(&digest("a"), at(100)).is_none());
        assert!(cache.get(&digest("b"), at(0)).is_none());
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
            (0..SHARDS * ENTRIES_PER_SHARD / 2)
                .all(|n| cache.get(&digest(&format!("new {n}")), at(50)).is_some())
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
