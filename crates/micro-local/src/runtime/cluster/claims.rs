//! The records that say who runs what.

use std::sync::Arc;
use std::time::Duration;

use micro::Streaming;
use micro::runtime::Key;
use micro::store::{Change, Error, ErrorKind, Event, Record, Result, Scan, Scope, Store};
use serde::Serialize;

use super::board::{Claim, Member, Post};

/// How long the store may take for one answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Records written at once.
const MOST_POSTS: usize = 64;

/// Writes and reads them for one server.
pub struct Claims {
    store: Arc<dyn Store>,
    scope: Scope,
    pub me: String,
}

impl Claims {
    pub fn new(store: Arc<dyn Store>, me: String) -> Self {
        Self {
            store,
            scope: Scope::platform("runtime"),
            me,
        }
    }

    /// The changes from now on, and then what was there.
    pub async fn follow(&self) -> Result<(Streaming<Event>, Vec<Record>)> {
        let changes = within(self.store.watch(&self.scope, "")).await?;
        let all = Scan::default();
        Ok((changes, within(self.store.scan(&self.scope, &all)).await?))
    }

    /// Takes a service, in place of the claim that was seen; refused when another was quicker.
    pub async fn take(&self, key: &Key, seen: Option<u64>) -> Result<()> {
        let claim = Claim {
            server: self.me.clone(),
            version: 0,
        };
        let record = record(claim_key(key), &claim)?;
        let change = match seen {
            Some(version) => Change::PutIf(record, version),
            None => Change::PutNew(record),
        };
        within(self.store.commit(&self.scope, vec![change])).await
    }

    /// Gives a service back, if this server has it.
    pub async fn release(&self, key: &Key) -> Result<()> {
        let Some((claim, version)) = self.claim(key).await? else {
            return Ok(());
        };
        match claim.server == self.me {
            true => self.remove(key, version).await,
            false => Ok(()),
        }
    }

    /// Removes a claim that has not changed since it was seen, with what was said of the service.
    pub async fn remove(&self, key: &Key, version: u64) -> Result<()> {
        let changes = vec![
            Change::DeleteIf(claim_key(key), version),
            Change::Delete(status_key(key)),
        ];
        within(self.store.commit(&self.scope, changes)).await
    }

    async fn claim(&self, key: &Key) -> Result<Option<(Claim, u64)>> {
        match within(self.store.read(&self.scope, &claim_key(key))).await {
            Ok(record) => {
                let claim = serde_json::from_slice(&record.value).ok();
                Ok(claim.map(|claim| (claim, record.version)))
            }
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says that this server lives.
    pub async fn beat(&self, member: &Member) -> Result<()> {
        let record = record(server_key(&self.me), member)?;
        within(self.store.write(&self.scope, record)).await
    }

    /// The servers, and which write of theirs was the last.
    pub async fn servers(&self) -> Result<Vec<(String, u64)>> {
        let prefix = server_key("");
        let scan = Scan::prefix(&prefix);
        let records = within(self.store.scan(&self.scope, &scan)).await?;
        let seen = |record: &Record| Some((record.key.strip_prefix(&prefix)?.to_owned(), record.version));
        Ok(records.iter().filter_map(seen).collect())
    }

    /// Says that a server has gone, unless it has been heard of since.
    pub async fn bury(&self, server: &str, version: u64) -> Result<()> {
        let change = Change::DeleteIf(server_key(server), version);
        within(self.store.commit(&self.scope, vec![change])).await
    }

    /// This server has gone.
    pub async fn leave(&self) -> Result<()> {
        within(self.store.delete(&self.scope, &server_key(&self.me))).await
    }

    /// Says how services are.
    pub async fn post(&self, posts: &[(Key, Post)]) -> Result<()> {
        for posts in posts.chunks(MOST_POSTS) {
            let records = posts.iter().map(|(key, post)| record(status_key(key), post));
            let changes = records
                .map(|record| record.map(Change::Put))
                .collect::<Result<_>>()?;
            within(self.store.commit(&self.scope, changes)).await?;
        }
        Ok(())
    }
}

async fn within<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| {
        Error::unavailable(format!(
            "the store did not answer within {} s",
            PATIENCE.as_secs()
        ))
    };
    tokio::time::timeout(PATIENCE, answer).await.map_err(late)?
}

fn record(key: String, value: &impl Serialize) -> Result<Record> {
    let value = serde_json::to_vec(value);
    let value = value.map_err(|error| Error::invalid(format!("cannot write {key} down")).caused_by(error))?;
    Ok(Record::new(key, value))
}

fn claim_key(key: &Key) -> String {
    format!("claim:{key}")
}

fn status_key(key: &Key) -> String {
    format!("status:{key}")
}

fn server_key(id: &str) -> String {
    format!("server:{id}")
}
