//! Passwords: which are taken, and what is kept of them.
//!
//! Argon2id with 19 MiB and two passes costs some 13 ms of a core. That is its purpose, and why it runs off the threads that
//! answer calls, one at a time for each core, with a bounded queue before it, in memory that the next one finds ready.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{Ident, Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use micro::{secret, serde};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{Problem, Result};
use super::scratch::{Blocks, Scratch};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const QUEUE: usize = 256;
/// In characters.
const SHORTEST: usize = 8;
/// In bytes: hashing more would cost more than it adds.
const LONGEST: usize = 1024;
/// Letters of a salt, each of six bits; four are whole bytes.
const SALT: usize = 24;

/// A password that is long enough. It is never printed.
pub struct Password(String);

/// What is kept of one.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "micro::serde", transparent)]
pub struct Hash(String);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash")
    }
}

impl Password {
    /// A new password.
    pub fn new(text: &str) -> Result<Self> {
        if text.chars().count() < SHORTEST {
            let detail = format!("the password must have at least {SHORTEST} characters");
            return Err(Problem::invalid("password", detail));
        }
        if text.len() > LONGEST {
            let detail = format!("the password must have at most {LONGEST} bytes");
            return Err(Problem::invalid("password", detail));
        }
        Ok(Self(text.to_owned()))
    }

    /// A new password that was typed twice.
    pub fn confirmed(text: &str, again: &str) -> Result<Self> {
        if text != again {
            let detail = "the new password and its confirmation differ";
            return Err(Problem::invalid("confirm_password", detail));
        }
        Self::new(text)
    }
}

/// Makes and checks hashes, a few at once. Cheap to clone.
#[derive(Clone)]
pub struct Hasher {
    queue: Arc<Semaphore>,
    running: Arc<Semaphore>,
    scratch: Scratch,
}

/// The right to hash once.
pub struct Turn {
    permit: OwnedSemaphorePermit,
    scratch: Scratch,
}

impl Hasher {
    /// With a turn for each core.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            queue: Arc::new(Semaphore::new(QUEUE)),
            running: Arc::new(Semaphore::new(cores)),
            scratch: Scratch::default(),
        }
    }

    /// Waits for one's turn. What must be true at the time of hashing is to be checked after it.
    pub async fn turn(&self) -> Result<Turn> {
        let _place = self.queue.try_acquire().map_err(|_| Problem::Busy)?;
        let permit = self.running.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Problem::Busy)?;
        Ok(Turn {
            permit,
            scratch: self.scratch.clone(),
        })
    }

    /// What to keep of a password.
    pub async fn hash(&self, password: Password) -> Result<Hash> {
        let turn = self.turn().await?;
        blocking(turn, move |blocks| hash(&password.0, blocks)).await?
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a text is the password that `known` was made of. Of nobody's it is not, which takes as long to find out.
pub async fn verify(turn: Turn, text: &str, known: Option<&Hash>) -> Result<bool> {
    if text.len() > LONGEST {
        return Ok(false);
    }
    let (text, known) = (text.to_owned(), known.cloned());
    blocking(turn, move |blocks| match known {
        Some(Hash(known)) => {
            let parsed = PasswordHash::new(&known);
            parsed.is_ok_and(|parsed| is_of(&text, &parsed, blocks).unwrap_or_default())
        }
        None => hash(&text, blocks).is_err(),
    })
    .await
}

/// The turn goes along with the work: a caller that hangs up does not end a hash that is under way.
async fn blocking<T: Send + 'static>(
    turn: Turn,
    work: impl FnOnce(&mut Blocks) -> T + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(move || {
        let result = turn.scratch.lend(work);
        drop(turn.permit);
        result
    });
    done.await.map_err(|_| Problem::Busy)
}

type Hashed<T> = std::result::Result<T, argon2::password_hash::Error>;

fn hash(text: &str, blocks: &mut Blocks) -> Result<Hash> {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let salt = secret::letters(letters, SALT);
    let made = made(text, &salt, blocks);
    made.map_err(|error| Problem::Failed(micro::Error::internal("user", format!("cannot hash: {error}"))))
}

fn made(text: &str, salt: &str, blocks: &mut Blocks) -> Hashed<Hash> {
    let salt = SaltString::from_b64(salt)?;
    let params = params();
    let hash = PasswordHash {
        algorithm: Ident::new_unwrap("argon2id"),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt.as_salt()),
        hash: Some(output(text, salt.as_salt(), params, blocks)?),
    };
    Ok(Hash(hash.to_string()))
}

/// Whether a hash, whose text says with which parameters it was made, is that of a text. The comparison takes equally long for all.
fn is_of(text: &str, known: &PasswordHash, blocks: &mut Blocks) -> Hashed<bool> {
    let (Some(salt), Some(hash)) = (known.salt, known.hash) else {
        return Ok(false);
    };
    Ok(output(text, salt, Params::try_from(known)?, blocks)? == hash)
}

fn output(text: &str, salt: Salt, params: Params, blocks: &mut Blocks) -> Hashed<Output> {
    let mut bytes = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut bytes)?;
    let blocks = blocks.of(params.block_count());
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Output::init_with(length, |out| {
        Ok(argon2.hash_password_into_with_memory(text.as_bytes(), salt, out, blocks)?)
    })
}

fn params() -> Params {
    Params::new(MEMORY_KIB, PASSES, 1, None).expect("the parameters are within argon2's bounds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_and_not_kept() {
        let hasher = Hasher::new();
        let hash = async |text| hasher.hash(Password::new(text).unwrap()).await.unwrap();
        let (one, other) = (hash("correct horse").await, hash("correct horse").await);
        assert_ne!(one, other);
        assert!(one.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.0);
        let is_right =
            async |text: &str, known| verify(hasher.turn().await.unwrap(), text, known).await.unwrap();
        assert!(is_right("correct horse", Some(&one)).await);
        assert!(!is_right("correct mouse", Some(&one)).await);
        assert!(!is_right("correct horse", None).await);
        let nonsense = Hash("nonsense".to_owned());
        assert!(!is_right("x", Some(&nonsense)).await);
        assert!(!is_right(&"x".repeat(LONGEST + 1), Some(&one)).await);
        assert_eq!(format!("{one:?}"), "Hash");
    }

    #[test]
    fn length_is_checked_everywhere() {
        assert!(Password::new("12345678").is_ok() && Password::new("ééééffff").is_ok());
        for text in ["", "1234567", "ééé", &"x".repeat(LONGEST + 1)] {
            assert!(matches!(
                Password::new(text),
                Err(Problem::Invalid {
                    field: "password",
                    ..
                })
            ));
        }
        assert!(Password::confirmed("12345678", "12345678").is_ok());
        assert!(Password::confirmed("12345678", "12345679").is_err());
        assert!(Password::confirmed("1234", "1234").is_err());
    }
}
