//! Codes: how long they are, how long they live, and what is kept of them. Nothing here knows the wire.
//!
//! A code is short, since people type it. So it is good once, for a short time, and for a few tries; what is kept is a seal that
//! tells a right code from a wrong one and takes as long for both. A try and its outcome are one conditional change of the record:
//! of callers who bring the right code at the same time one succeeds, and nobody gets a try that is not counted.

#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro::store::model::{Entity, Model};
use micro::store::{self, ErrorKind, Table};
use micro::{Clock, Platform, Result, Tenant, secret, serde};
use serde::{Deserialize, Serialize};

/// Digits of a code. Fewer are guessed in five tries too often, more are typed by nobody.
pub const SIZES: RangeInclusive<usize> = 4..=16;
/// Digits of a code unless said otherwise.
pub const USUAL_SIZE: usize = 6;
/// Seconds for which a code is good, at most a day.
pub const LIVES: RangeInclusive<u64> = 1..=86_400;
/// The same unless said otherwise.
pub const USUAL_LIFE: u64 = 60;
/// How often a code is tried before it ends.
pub const TRIES: u32 = 5;

const DIGITS: &[u8] = b"0123456789";

/// The codes of all tenants.
#[derive(Clone)]
pub struct Codes {
    table: Table,
    clock: Clock,
}

/// What is kept of a code.
#[derive(Serialize, Deserialize)]
#[serde(crate = "micro::serde")]
struct Code {
    /// Whose it is.
    id: String,
    sealed: String,
    tries: u32,
    /// Unix milliseconds.
    expires: u64,
}

impl Entity for Code {
    const NAME: &'static str = "code";

    fn id(&self) -> &str {
        &self.id
    }

    fn expires_at(&self) -> Option<SystemTime> {
        Some(UNIX_EPOCH + Duration::from_millis(self.expires))
    }
}

impl Codes {
    /// In the service's table.
    pub fn new(platform: &Platform) -> Self {
        Self {
            table: platform.table("otp"),
            clock: platform.clock.clone(),
        }
    }

    /// A new code, in the place of the one before.
    ///
    /// # Errors
    ///
    /// When the store fails; then the code before is still good.
    pub async fn generate(&self, tenant: &Tenant, id: &str, size: usize, life: Duration) -> Result<String> {
        let digits = secret::letters(DIGITS, size);
        let code = Code {
            id: id.to_owned(),
            sealed: secret::seal(&digits),
            tries: 0,
            expires: milliseconds(self.clock.now() + life),
        };
        self.of(tenant).put(&code).await?;
        Ok(digits)
    }

    /// Whether it is the code, which ends with that. One that is wrong, used, too old, or was tried too often is not.
    ///
    /// # Errors
    ///
    /// When the store fails. The try may have counted then.
    pub async fn validate(&self, tenant: &Tenant, id: &str, digits: &str) -> Result<bool> {
        let now = milliseconds(self.clock.now());
        let mut is_right = false;
        let tried = |code: &mut Code| {
            if code.tries >= TRIES || code.expires <= now {
                return Err(store::Error::not_found());
            }
            is_right = secret::opens(&code.sealed, digits);
            code.tries = if is_right { TRIES } else { code.tries + 1 };
            Ok(())
        };
        match self.of(tenant).update(id, tried).await {
            Ok(_) => Ok(is_right),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn of(&self, tenant: &Tenant) -> Model<Code> {
        Model::new(self.table.of(tenant))
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
