//! Wrong passwords, counted per account and per address, so that nobody can try them all.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro::futures_util::future::try_join_all;
use micro::store::model::{Entity, Model};
use micro::store::{ErrorKind, Table};
use micro::{Clock, Tenant, serde};
use serde::{Deserialize, Serialize};

use super::problem::{Problem, Result};

/// So many failures in a row are mistyped; each further one is answered with a longer wait.
const FREE: u32 = 10;
/// After the first of them.
const FIRST_WAIT: u64 = 1;
const LONGEST_WAIT: u64 = 15 * 60;
/// After so long without a failure all is forgotten.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(crate = "micro::serde")]
struct Failures {
    subject: String,
    count: u32,
    /// Nobody may try before; Unix seconds.
    until: i64,
    forgotten: i64,
}

impl Entity for Failures {
    const NAME: &'static str = "failures";

    fn id(&self) -> &str {
        &self.subject
    }

    fn expires_at(&self) -> Option<SystemTime> {
        let seconds = u64::try_from(self.forgotten).unwrap_or_default();
        Some(UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

/// Whose password is tried, and from where.
#[derive(Clone, Debug)]
pub struct Subjects(Vec<String>);

impl Subjects {
    /// The name that is logged in with, whether or not there is such an account; and the address, where it is known.
    pub fn new(name: &str, address: Option<&str>) -> Self {
        let name = format!("account {name}");
        Self(
            [Some(name), address.map(|address| format!("address {address}"))]
                .into_iter()
                .flatten()
                .collect(),
        )
    }
}

/// The failures of all tenants.
#[derive(Clone)]
pub struct Attempts {
    table: Table,
    clock: Clock,
}

impl Attempts {
    pub fn new(table: Table, clock: Clock) -> Self {
        Self { table, clock }
    }

    /// Refuses who has to wait. Answers whether anything is known against the account.
    pub async fn check(&self, tenant: &Tenant, subjects: &Subjects) -> Result<bool> {
        let model = self.of(tenant);
        let known = try_join_all(subjects.0.iter().map(|subject| model.read(subject))).await?;
        let left = known
            .iter()
            .flatten()
            .map(|known| known.until - self.clock.unix());
        let left = left.max().unwrap_or_default();
        if left > 0 {
            return Err(Problem::Locked(Duration::from_secs(left.unsigned_abs())));
        }
        Ok(known.first().is_some_and(Option::is_some))
    }

    /// Notes a wrong password.
    pub async fn failed(&self, tenant: &Tenant, subjects: &Subjects) -> Result<()> {
        let model = self.of(tenant);
        for subject in &subjects.0 {
            let first = self.counted(Failures {
                subject: subject.clone(),
                count: 0,
                until: 0,
                forgotten: 0,
            });
            match model.create(&first).await {
                Err(error) if error.kind == ErrorKind::Exists => {}
                created => {
                    created?;
                    continue;
                }
            }
            let again = model.update(subject, |known| {
                *known = self.counted(known.clone());
                Ok(())
            });
            match again.await {
                // Somebody logged in meanwhile, and all is forgotten.
                Err(error) if error.kind == ErrorKind::NotFound => {}
                updated => drop(updated?),
            }
        }
        Ok(())
    }

    /// Forgets the failures of an account, since somebody knew its password; those of the address stay, which may try others.
    pub async fn succeeded(&self, tenant: &Tenant, subjects: &Subjects) -> Result<()> {
        if let Some(account) = subjects.0.first() {
            self.of(tenant).delete(account).await?;
        }
        Ok(())
    }

    fn counted(&self, known: Failures) -> Failures {
        let now = self.clock.unix();
        let count = known.count.saturating_add(1);
        let wait = match count.checked_sub(FREE) {
            Some(over) => FIRST_WAIT
                .checked_shl(over)
                .unwrap_or(LONGEST_WAIT)
                .clamp(FIRST_WAIT, LONGEST_WAIT),
            None => 0,
        };
        Failures {
            count,
            until: now.saturating_add_unsigned(wait),
            forgotten: now.saturating_add_unsigned(MEMORY.as_secs()),
            ..known
        }
    }

    fn of(&self, tenant: &Tenant) -> Model<Failures> {
        Model::new(self.table.of(tenant))
    }
}
