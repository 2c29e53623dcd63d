//! Codes in mails that let somebody set a new password.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro::store::model::{Entity, Model};
use micro::store::{ErrorKind, Table};
use micro::{Clock, Platform, Tenant, secret, serde};
use serde::{Deserialize, Serialize};

use super::letters::{Letter, Wording};
use super::password::Password;
use super::problem::{Problem, Result};
use super::users::{Users, Who};

/// Letters and digits that nobody takes for another.
const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
const LENGTH: usize = 8;
const TRIES: u32 = 5;
/// Seconds that a code is good for unless said, and at most.
const LIFE: (i64, i64) = (1800, 24 * 3600);
const WRONG: &str = "the code is wrong, was used, or is too old: have another one sent";

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(crate = "micro::serde")]
struct Reset {
    account: String,
    email: String,
    sealed: String,
    tries: u32,
    expires: i64,
}

impl Entity for Reset {
    const NAME: &'static str = "reset";

    fn id(&self) -> &str {
        &self.account
    }

    fn expires_at(&self) -> Option<SystemTime> {
        let seconds = u64::try_from(self.expires).unwrap_or_default();
        Some(UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

/// Hands codes out and takes them: one for an account at a time.
#[derive(Clone)]
pub struct Resets {
    users: Users,
    table: Table,
    clock: Clock,
}

impl Resets {
    pub fn new(platform: &Platform, table: &Table, users: Users) -> Self {
        Self {
            users,
            table: table.clone(),
            clock: platform.clock.clone(),
        }
    }

    /// A mail with a code; none for an address that nobody has. `seconds` is how long it is good for, 0 for as long as is usual.
    pub async fn begin(
        &self,
        tenant: &Tenant,
        email: &str,
        seconds: i64,
        wording: Wording,
    ) -> Result<Option<Letter>> {
        let life = if seconds == 0 { LIFE.0 } else { seconds };
        if !(1..=LIFE.1).contains(&life) {
            let detail = format!("a code is good for 1 to {} seconds", LIFE.1);
            return Err(Problem::invalid("expiration", detail));
        }
        let account = match self.users.read(tenant, &Who::email(email)).await {
            Err(Problem::Missing(_)) => return Ok(None),
            account => account?,
        };
        let code = secret::letters(LETTERS, LENGTH);
        let reset = Reset {
            account: account.id,
            email: account.email,
            sealed: secret::seal(&code),
            tries: 0,
            expires: self.clock.unix().saturating_add(life),
        };
        self.of(tenant).put(&reset).await?;
        let text = "Your code for a new password is $code\n";
        Ok(Some(wording.with_code(
            &reset.email,
            "A new password",
            text,
            &code,
        )))
    }

    /// Takes a code and sets a new password. Whether it was the address or the code that was wrong is not told.
    pub async fn finish(&self, tenant: &Tenant, email: &str, code: &str, new: Password) -> Result<()> {
        let account = match self.users.read(tenant, &Who::email(email)).await {
            Err(Problem::Missing(_)) => return Err(Problem::Refused(WRONG)),
            account => account?,
        };
        let code = code.trim().to_ascii_uppercase();
        let mut is_right = false;
        let model = self.of(tenant);
        let tried = model.update(&account.id, |reset| {
            let is_open =
                reset.tries < TRIES && self.clock.unix() < reset.expires && reset.email == account.email;
            is_right = is_open && secret::opens(&reset.sealed, &code);
            // A code is good once: what was right counts as the last try.
            reset.tries = if is_right {
                TRIES
            } else {
                reset.tries.saturating_add(1)
            };
            Ok(())
        });
        match tried.await {
            Ok(_) if is_right => self.users.set_password(tenant, &account.id, new).await,
            Ok(_) => Err(Problem::Refused(WRONG)),
            Err(error) if error.kind == ErrorKind::NotFound => Err(Problem::Refused(WRONG)),
            Err(error) => Err(error.into()),
        }
    }

    fn of(&self, tenant: &Tenant) -> Model<Reset> {
        Model::new(self.table.of(tenant))
    }
}
