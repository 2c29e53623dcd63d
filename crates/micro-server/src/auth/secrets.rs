//! Secrets, hashed.
//!
//! Argon2id with 19 MiB and two passes costs 13 ms of a core. That is its purpose, and the reason why it runs off the
//! request threads, two at once at most, with a bounded queue before it: a flood of log-ins is not to stop the rest.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const AT_ONCE: usize = 2;
const QUEUE: usize = 256;

/// A longer secret is refused: hashing it would cost more than it adds.
pub(super) const LONGEST_SECRET: usize = 1024;

/// Hashes and verifies secrets, a few at once.
#[derive(Debug)]
pub(super) struct Secrets {
    queue: Semaphore,
    running: Arc<Semaphore>,
}

/// The right to hash once.
pub(super) struct Turn(OwnedSemaphorePermit);

/// Why a secret was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    /// Too many wait already.
    Busy,
    /// The system gave no randomness, or the process is ending.
    Failed,
}

impl Secrets {
    pub fn new() -> Secrets {
        Secrets {
            queue: Semaphore::new(QUEUE),
            running: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Waits for one's turn. What must be true at the time of hashing is to be checked after it.
    pub async fn turn(&self) -> Result<Turn, Error> {
        let _place = self.queue.try_acquire().map_err(|_| Error::Busy)?;
        let permit = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| Error::Failed)?;
        Ok(Turn(permit))
    }

    /// The hash to keep for a secret.
    pub async fn hash(&self, secret: &str) -> Result<String, Error> {
        let turn = self.turn().await?;
        let secret = secret.to_owned();
        blocking(turn, move || hash(&secret)).await?
    }
}

/// Whether `secret` is the one that `hash` was made from.
pub(super) async fn verify(turn: Turn, secret: &str, hash: &str) -> Result<bool, Error> {
    if secret.len() > LONGEST_SECRET {
        return Ok(false);
    }
    let (secret, hash) = (secret.to_owned(), hash.to_owned());
    blocking(turn, move || {
        let parsed = PasswordHash::new(&hash);
        parsed.is_ok_and(|parsed| argon2().verify_password(secret.as_bytes(), &parsed).is_ok())
    })
    .await
}

/// The turn goes along with the work: a caller that hangs up does not end a hash that is under way.
async fn blocking<T: Send + 'static>(
    turn: Turn,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(move || {
        let result = work();
        drop(turn.0);
        result
    })
    .await
    .map_err(|_| Error::Failed)
}

fn hash(secret: &str) -> Result<String, Error> {
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| Error::Failed)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| Error::Failed)?;
    let hash = argon2()
        .hash_password(secret.as_bytes(), &salt)
        .map_err(|_| Error::Failed)?;
    Ok(hash.to_string())
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("the parameters are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_recognised_and_never_kept() {
        let secrets = Secrets::new();
        let hash = secrets.hash("swordfish").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(
            hash,
            secrets.hash("swordfish").await.unwrap(),
            "each hash has its own salt"
        );
        for (secret, expected) in [("swordfish", true), ("Swordfish", false), ("", false)] {
            let turn = secrets.turn().await.unwrap();
            assert_eq!(verify(turn, secret, &hash).await, Ok(expected), "{secret}");
        }
        let turn = secrets.turn().await.unwrap();
        assert_eq!(verify(turn, "swordfish", "not a hash").await, Ok(false));
    }

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let secrets = Arc::new(Secrets::new());
        let turns = [secrets.turn().await.unwrap(), secrets.turn().await.unwrap()];
        let waiting: Vec<_> = (0..QUEUE)
            .map(|_| {
                let secrets = Arc::clone(&secrets);
                tokio::spawn(async move { secrets.turn().await.map(drop) })
            })
            .collect();
        while secrets.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(secrets.turn().await.map(drop), Err(Error::Busy));
        drop(turns);
        for turn in waiting {
            assert_eq!(turn.await.unwrap(), Ok(()));
        }
    }
}
