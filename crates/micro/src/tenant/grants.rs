//! What somebody without an account may do, once, with a secret that a tenant had sent to him.

use std::time::{Duration, UNIX_EPOCH};

use micro_rpc::Result;
use serde::{Deserialize, Serialize};

use super::Tenant;
use crate::store::{Change, ErrorKind, Record, Table};
use crate::{Clock, secret};

const PREFIX: &str = "grant/";

/// Hands out secrets for one thing each, in a tenant's name: the links of verification mails, magic links. What is kept of a
/// secret is its hash.
///
/// ```
/// # use std::time::Duration;
/// # use micro::{Context, Platform, Tenant, Result};
/// # async fn f(ctx: &Context, platform: &Platform) -> Result<()> {
/// use micro::Grants;
///
/// let links = Grants::new(platform.table("user"), platform.clock.clone());
/// let token = links.issue(&Tenant::of(ctx)?, "verify", "alice@example.org", Duration::from_secs(86_400)).await?;
/// // Later, with nobody logged in:
/// if let Some(grant) = links.redeem("verify", &token).await? {
///     println!("{} of {} is verified", grant.subject, grant.tenant);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Grants {
    table: Table,
    clock: Clock,
}

/// What a secret stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// In whose name it was handed out.
    pub tenant: Tenant,
    /// What it is about: an id, an address.
    pub subject: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    tenant: String,
    purpose: String,
    subject: String,
    /// Unix milliseconds.
    expires: u64,
}

impl Grants {
    /// Kept in this table, beside whatever else is there.
    pub fn new(table: Table, clock: Clock) -> Self {
        Self { table, clock }
    }

    /// A new secret, good for one purpose and one use within its time.
    pub async fn issue(
        &self,
        tenant: &Tenant,
        purpose: &str,
        subject: &str,
        life: Duration,
    ) -> Result<String> {
        let secret = secret::token();
        let expires = self.clock.now() + life;
        let since = expires.duration_since(UNIX_EPOCH).unwrap_or_default();
        let kept = Kept {
            tenant: tenant.to_string(),
            purpose: purpose.to_owned(),
            subject: subject.to_owned(),
            expires: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        };
        let record = Record {
            expires_at: Some(expires),
            ..Record::new(key(&secret), serde_json::to_vec(&kept).unwrap_or_default())
        };
        self.table.commit(vec![Change::PutNew(record)]).await?;
        Ok(secret)
    }

    /// What a secret is good for, which ends with this; `None` for one that is unknown, used, too old, or for something else.
    pub async fn redeem(&self, purpose: &str, secret: &str) -> Result<Option<Grant>> {
        let Some((grant, version)) = self.find(purpose, secret).await? else {
            return Ok(None);
        };
        let used = Change::DeleteIf(key(secret), version);
        match self.table.commit(vec![used]).await {
            Ok(()) => Ok(Some(grant)),
            // Somebody else was faster with the same secret.
            Err(error) if error.kind == ErrorKind::Conflict => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// As [`Grants::redeem`], but only in this tenant's name; another's secret stays good.
    pub async fn redeem_as(&self, tenant: &Tenant, purpose: &str, secret: &str) -> Result<Option<Grant>> {
        match self.find(purpose, secret).await? {
            Some((grant, _)) if grant.tenant == *tenant => self.redeem(purpose, secret).await,
            _ => Ok(None),
        }
    }

    async fn find(&self, purpose: &str, secret: &str) -> Result<Option<(Grant, u64)>> {
        let record = match self.table.read(&key(secret)).await {
            Ok(record) => record,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Ok(kept) = serde_json::from_slice::<Kept>(&record.value) else {
            return Ok(None);
        };
        let expires = UNIX_EPOCH + Duration::from_millis(kept.expires);
        let is_good = kept.purpose == purpose && self.clock.now() < expires;
        Ok(is_good.then(|| {
            let grant = Grant {
                tenant: Tenant::restored(&kept.tenant),
                subject: kept.subject,
            };
            (grant, record.version)
        }))
    }
}

/// A search for a hash tells nothing about the secret, however long each step takes.
fn key(secret: &str) -> String {
    format!("{PREFIX}{}", secret::hash(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Platform;

    #[tokio::test]
    async fn a_secret_is_good_once_in_its_time_and_for_one_purpose() {
        let clock = Clock::manual();
        let platform = Platform::in_memory("acme");
        let grants = Grants::new(platform.table("user"), clock.clone());
        let [ada, bob] = ["acme/ada", "acme/bob"].map(Tenant::restored);
        let life = Duration::from_secs(60);
        let issue = async || grants.issue(&ada, "verify", "a@b.c", life).await.unwrap();

        let secret = issue().await;
        assert_eq!(grants.redeem("reset", &secret).await.unwrap(), None);
        assert_eq!(grants.redeem("verify", "guess").await.unwrap(), None);
        assert_eq!(grants.redeem_as(&bob, "verify", &secret).await.unwrap(), None);
        let kept = platform
            .table("user")
            .scan(&crate::store::Scan::default())
            .await
            .unwrap();
        let kept = format!("{kept:?}");
        assert!(kept.contains("acme/ada") && !kept.contains(&secret), "{kept}");
        let grant = grants.redeem_as(&ada, "verify", &secret).await.unwrap().unwrap();
        assert_eq!((grant.tenant, grant.subject.as_str()), (ada.clone(), "a@b.c"));
        assert_eq!(grants.redeem("verify", &secret).await.unwrap(), None);

        let secret = issue().await;
        clock.advance(life);
        assert_eq!(grants.redeem("verify", &secret).await.unwrap(), None);

        let secret = issue().await;
        let (one, other) = tokio::join!(grants.redeem("verify", &secret), grants.redeem("verify", &secret));
        let both = [one.unwrap(), other.unwrap()];
        assert_eq!(both.iter().flatten().count(), 1);
    }
}
