//! Sessions: who has logged in, until when.
//!
//! A session's id is the secret that stands for it, so the store has its hash alone. It is good as long as its account is in the era in
//! which it began; to end them all, an account begins a new one, which is one commit however many there are.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro::store::model::{Entity, Model};
use micro::store::{ErrorKind, Table};
use micro::{Clock, Tenant, secret, serde};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::problem::{Problem, Result};

/// How long a session lasts.
const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "micro::serde")]
struct Kept {
    hash: String,
    user: String,
    era: String,
    created: i64,
    expires: i64,
}

impl Entity for Kept {
    const NAME: &'static str = "session";

    fn id(&self) -> &str {
        &self.hash
    }

    fn expires_at(&self) -> Option<SystemTime> {
        let seconds = u64::try_from(self.expires).unwrap_or_default();
        Some(UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

/// A session as its holder knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The secret.
    pub id: String,
    /// The id of the account.
    pub user: String,
    /// Unix seconds.
    pub created: i64,
    pub expires: i64,
    era: String,
}

/// The sessions of all tenants.
#[derive(Clone)]
pub struct Sessions {
    table: Table,
    clock: Clock,
}

impl Sessions {
    pub fn new(table: Table, clock: Clock) -> Self {
        Self { table, clock }
    }

    /// A new session of an account.
    pub async fn begin(&self, tenant: &Tenant, account: &Account) -> Result<Session> {
        let now = self.clock.unix();
        let session = Session {
            id: secret::token(),
            user: account.id.clone(),
            created: now,
            expires: now.saturating_add_unsigned(LIFE.as_secs()),
            era: account.era.clone(),
        };
        let kept = Kept {
            hash: secret::hash(&session.id),
            user: session.user.clone(),
            era: session.era.clone(),
            created: session.created,
            expires: session.expires,
        };
        self.of(tenant).create(&kept).await?;
        Ok(session)
    }

    /// The session of an id, unless it has expired. Whether it has ended otherwise, its account tells: [`Session::is_of`].
    pub async fn read(&self, tenant: &Tenant, id: &str) -> Result<Session> {
        let kept = self.of(tenant).read(&secret::hash(id)).await?;
        let kept = kept.filter(|kept| self.clock.unix() < kept.expires);
        let kept = kept.ok_or(Problem::Missing("session"))?;
        Ok(Session {
            id: id.to_owned(),
            user: kept.user,
            created: kept.created,
            expires: kept.expires,
            era: kept.era,
        })
    }

    /// Lets a session last its whole time from now, once a good part of it is over: a call more in a day does not write.
    pub async fn extend(&self, tenant: &Tenant, session: Session) -> Result<Session> {
        let expires = self.clock.unix().saturating_add_unsigned(LIFE.as_secs());
        let is_due = expires - session.expires > 24 * 3600;
        if !is_due {
            return Ok(session);
        }
        let (model, hash) = (self.of(tenant), secret::hash(&session.id));
        let extended = model.update(&hash, |kept| {
            kept.expires = kept.expires.max(expires);
            Ok(())
        });
        match extended.await {
            Ok(kept) => Ok(Session {
                expires: kept.expires,
                ..session
            }),
            // Logged out meanwhile.
            Err(error) if error.kind == ErrorKind::NotFound => Err(Problem::Missing("session")),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a session; one that is not there has ended.
    pub async fn end(&self, tenant: &Tenant, id: &str) -> Result<()> {
        self.of(tenant).delete(&secret::hash(id)).await?;
        Ok(())
    }

    fn of(&self, tenant: &Tenant) -> Model<Kept> {
        Model::new(self.table.of(tenant))
    }
}

impl Session {
    /// Whether the account has not ended its sessions since this one began.
    pub fn is_of(&self, account: &Account) -> bool {
        self.user == account.id && self.era == account.era
    }
}
