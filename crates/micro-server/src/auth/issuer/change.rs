//! Changes of the ring of keys, at this server and at others.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use micro::auth::jwt::Algorithm;
use micro::store::{self, Event};
use micro_rpc::Streaming;

use super::{Error, Issuer, Keeper, LONGEST_LIFE, Result, RotateError, generate};
use crate::auth::keyring::{Entry, Keyring};
use crate::follow::Picture;

/// So much further than a token needs a key's horizon is moved, so that the ring is written once an hour and not once a token.
const AHEAD: i64 = 3600;

/// More keys than that of one algorithm are not held at once.
const MOST_KEYS: usize = 16;

/// So often a change is tried again when other servers changed the ring in between.
const ATTEMPTS: usize = 100;

/// How the ring is to change.
#[derive(Clone, Copy)]
pub(super) enum Change {
    /// A key signs something that ends then.
    Sign { algorithm: Algorithm, expiry: i64 },
    /// All algorithms in use have new keys, which sign after so many seconds.
    Rotate { delay: i64 },
    /// What this server signs with is published.
    Publish,
}

impl Issuer {
    /// Changes the ring, keeps it, then uses it. Begins again where another server was quicker.
    pub(super) async fn change(&self, change: Change, now: i64) -> Result<Arc<Keyring>, RotateError> {
        let _changing = self.changing.lock().await;
        if let Change::Sign { algorithm, expiry } = change {
            // Somebody else may have seen to it while this one waited.
            let current = self.current();
            if self.ready(&current, algorithm, now, expiry).is_some() {
                return Ok(current);
            }
        }
        let mut made = Vec::new();
        for _ in 0..ATTEMPTS {
            let (mut ring, version) = match &self.keeper {
                Keeper::Files(_) => (Keyring::clone(&self.current()), 0),
                Keeper::Shared { keys, .. } => keys.load().await?,
            };
            ring.tidy(now);
            let is_changed = match change {
                Change::Sign { algorithm, expiry } => {
                    self.extend(&mut ring, algorithm, now, expiry, &mut made).await?
                }
                Change::Rotate { delay } => self.renew(&mut ring, now, delay, &mut made).await?,
                Change::Publish => self.publish(&mut ring, now, &mut made).await?,
            };
            let is_kept = match &self.keeper {
                _ if !is_changed => true,
                Keeper::Files(files) => files
                    .save(ring.clone())
                    .await
                    .map(|()| true)
                    .map_err(Error::Key)?,
                Keeper::Shared { keys, .. } => keys.save(&ring, version).await?,
            };
            if is_kept {
                return Ok(self.adopt(ring));
            }
        }
        let detail = "the signing keys are changed by many servers at once: try again";
        Err(Error::Store(store::Error::unavailable(detail)).into())
    }

    async fn extend(
        &self,
        ring: &mut Keyring,
        algorithm: Algorithm,
        now: i64,
        expiry: i64,
        made: &mut Vec<Entry>,
    ) -> Result<bool> {
        if self.ready(ring, algorithm, now, expiry).is_some() {
            return Ok(false);
        }
        self.provide(ring, algorithm, now, made).await?;
        let signer = self.signer(ring, algorithm, now);
        let signer = signer.map(|signer| signer.public.id.clone());
        if let Some(entry) = signer.and_then(|id| ring.get_mut(&id)) {
            entry.horizon = entry.horizon.max(expiry.saturating_add(AHEAD));
        }
        Ok(true)
    }

    /// Sees to it that the ring has what signs here; says whether it had not.
    async fn provide(
        &self,
        ring: &mut Keyring,
        algorithm: Algorithm,
        now: i64,
        made: &mut Vec<Entry>,
    ) -> Result<bool> {
        match self.given(algorithm) {
            Some(given) if ring.get(&given.public.id).is_some() => Ok(false),
            Some(given) => {
                // What it has signed elsewhere is not known.
                ring.add(given.public_half().with_horizon(now + LONGEST_LIFE));
                Ok(true)
            }
            None if ring.signer(algorithm, now).is_some() => Ok(false),
            None => {
                ring.add(once_made(made, algorithm, now).await?);
                Ok(true)
            }
        }
    }

    async fn renew(
        &self,
        ring: &mut Keyring,
        now: i64,
        delay: i64,
        made: &mut Vec<Entry>,
    ) -> Result<bool, RotateError> {
        for algorithm in [Algorithm::EdDsa, Algorithm::Rs256] {
            let held = |entry: &&Entry| entry.public.algorithm == algorithm;
            let count = ring.entries().iter().filter(held).count();
            // One that somebody else keeps is replaced there.
            let is_kept = ring
                .newest(algorithm)
                .is_some_and(|newest| newest.document().is_some());
            if !is_kept || self.given(algorithm).is_some() {
                continue;
            }
            if count >= MOST_KEYS {
                return Err(RotateError::TooMany(count));
            }
            ring.add(once_made(made, algorithm, now + delay).await?);
        }
        Ok(true)
    }

    async fn publish(&self, ring: &mut Keyring, now: i64, made: &mut Vec<Entry>) -> Result<bool> {
        let mut is_changed = false;
        for algorithm in [Algorithm::EdDsa, Algorithm::Rs256] {
            is_changed |= self.provide(ring, algorithm, now, made).await?;
        }
        Ok(is_changed)
    }

    fn adopt(&self, ring: Keyring) -> Arc<Keyring> {
        let ring = Arc::new(ring);
        self.verifier.set_keys(ring.public_keys());
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        ring
    }
}

#[micro_rpc::async_trait]
impl Picture for Issuer {
    async fn watch(&self) -> store::Result<Streaming<Event>> {
        match &self.keeper {
            Keeper::Shared { keys, .. } => keys.watch().await,
            Keeper::Files(_) => Ok(Streaming::empty()),
        }
    }

    async fn read(&self, _keys: BTreeSet<String>) -> store::Result<()> {
        self.read_all().await
    }

    async fn read_all(&self) -> store::Result<()> {
        let Keeper::Shared { keys, .. } = &self.keeper else {
            return Ok(());
        };
        let _changing = self.changing.lock().await;
        match keys.load().await {
            Ok((ring, _)) => drop(self.adopt(ring)),
            Err(Error::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "the signing keys cannot be read again, the last known ones stay")
            }
        }
        Ok(())
    }
}

/// A new key, made once for all attempts at one change.
async fn once_made(made: &mut Vec<Entry>, algorithm: Algorithm, signs_from: i64) -> Result<Entry> {
    let there = made.iter().find(|entry| entry.public.algorithm == algorithm);
    if let Some(entry) = there {
        return Ok(entry.clone());
    }
    let entry = generate(algorithm, signs_from).await?;
    made.push(entry.clone());
    Ok(entry)
}
