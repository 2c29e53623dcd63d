//! Events that are kept with the change they tell of, and published after it.
//!
//! A service that changes its records and then publishes may die in between, and one that publishes first may tell of what never
//! happened. So the event is put into the same commit as the change, as a record of the service's own table, and a relay publishes
//! it afterwards, under an id of its own: neither exists without the other, and what is published twice is kept once.
//!
//! Each instance publishes what it posted itself, in that order, at once; what an instance left behind that died, the others
//! publish after a while.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use micro_rpc::{Error, Id, Result};
use serde::{Deserialize, Serialize};

use super::{Draft, Events};
use crate::Platform;
use crate::store::{Change, Record, Scan, Table};

const PREFIX: &str = "outbox/";
/// Published between two looks at what else is there.
const BATCH: usize = 100;
/// How long what others posted is theirs to publish.
const GRACE: Duration = Duration::from_secs(10);
/// How often what others left behind is looked for.
const SWEEP: Duration = Duration::from_secs(10);
/// Between attempts while the store or the events are away: from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The events of a table's changes. Cheap to clone.
///
/// ```
/// use micro::events::{Draft, Outbox};
/// use micro::store::model::{Entity, Model};
/// # use micro_proto::events::Group as Created; // a message of the contract
///
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Account { id: String }
/// # impl Entity for Account {
/// #     const NAME: &'static str = "account";
/// #     fn id(&self) -> &str { &self.id }
/// # }
/// # async fn f(platform: &micro::Platform, ctx: &micro::Context) -> micro::Result<()> {
/// let accounts: Model<Account> = platform.model("user");
/// let outbox = Outbox::new(platform, "user"); // and micro::Service::new("user").outbox(&outbox)
///
/// let alice = Account { id: "1".to_owned() };
/// let created = Created { name: "Alice".to_owned(), ..Created::default() };
/// accounts.create_and_post(&alice, outbox.post(Draft::new(ctx, "user", &created))).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    table: Table,
    events: Arc<dyn Events>,
    namespace: String,
    /// Tells what this instance posted from what others did.
    instance: String,
    /// When the last posting was made, in Unix nanoseconds; no two have the same.
    last: AtomicU64,
}

/// An event on its way into a commit.
#[derive(Clone, Debug)]
#[must_use = "it is published only once a change has been committed with it"]
pub struct Posting(Change);

impl Posting {
    pub(crate) fn into_change(self) -> Change {
        self.0
    }
}

/// A draft as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    topic: String,
    id: String,
    metadata: BTreeMap<String, String>,
    /// Base64.
    payload: String,
    timestamp: i64,
}

impl Outbox {
    /// For changes of this table of the service, whose tenants share it.
    pub fn new(platform: &Platform, table: &str) -> Self {
        Self(Arc::new(Inner {
            table: platform.table(table),
            events: platform.events.clone(),
            namespace: platform.namespace.clone(),
            instance: Id::random().to_string(),
            last: AtomicU64::new(0),
        }))
    }

    /// An event for a commit, which is published once that is made:
    /// [`Model::create_and_post`](crate::store::model::Model::create_and_post) and the like take it.
    pub fn post(&self, draft: Draft) -> Posting {
        let nanoseconds = self.next_moment();
        let seconds = i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX);
        let kept = Kept {
            topic: draft.topic,
            id: match draft.id.is_empty() {
                true => Id::random().to_string(),
                false => draft.id,
            },
            metadata: draft.metadata,
            payload: STANDARD.encode(&draft.payload),
            timestamp: match draft.timestamp {
                0 => seconds,
                given => given,
            },
        };
        let value = serde_json::to_vec(&kept).expect("texts and a number are JSON");
        let key = format!("{PREFIX}{nanoseconds:016x}-{}", self.0.instance);
        Posting(Change::PutNew(Record::new(key, value)))
    }

    fn next_moment(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        let later = |last: u64| Some(now.max(last + 1));
        let before = self
            .0
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        now.max(before.unwrap_or_default() + 1)
    }

    /// Publishes what has been posted, and says how much. A service does so by itself; a test may ask for it.
    ///
    /// # Errors
    ///
    /// Those of the store and of the events; what was not published stays, and is the first of the next attempt.
    pub async fn flush(&self) -> Result<usize> {
        let mut published = 0;
        let mut after = String::new();
        loop {
            let scan = Scan {
                after,
                limit: Some(BATCH),
                ..Scan::prefix(PREFIX)
            };
            let records = self.0.table.scan(&scan).await?;
            let is_last = records.len() < BATCH;
            after = records.last().map(|last| last.key.clone()).unwrap_or_default();
            let due: Vec<_> = records
                .into_iter()
                .filter(|record| self.is_due(&record.key))
                .collect();
            published += self.publish(due).await?;
            if is_last {
                return Ok(published);
            }
        }
    }

    async fn publish(&self, records: Vec<Record>) -> Result<usize> {
        let mut done = Vec::with_capacity(records.len());
        let mut failed = None;
        for record in records {
            match self.publish_one(&record).await {
                Ok(()) => done.push(Change::Delete(record.key)),
                // What comes behind it waits, so that the order stays.
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let published = done.len();
        if published > 0 {
            self.0.table.commit(done).await?;
        }
        failed.map_or(Ok(published), Err)
    }

    async fn publish_one(&self, record: &Record) -> Result<()> {
        let Some(draft) = draft(record) else {
            tracing::error!(
                key = record.key,
                "what is in the outbox cannot be read, and is removed"
            );
            return Ok(());
        };
        match self.0.events.publish(&self.0.namespace, draft).await {
            Ok(_) => Ok(()),
            // It will never be taken, and must not hold up what is behind it.
            Err(error) if error.code == 400 || error.code == 413 => {
                tracing::error!(key = record.key, %error, "an event was refused, and is lost");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether it is for this instance to publish.
    fn is_due(&self, key: &str) -> bool {
        let rest = key.strip_prefix(PREFIX).unwrap_or_default();
        let (moment, instance) = rest.split_once('-').unwrap_or_default();
        if instance == self.0.instance {
            return true;
        }
        let moment = u64::from_str_radix(moment, 16).unwrap_or_default();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.saturating_sub(Duration::from_nanos(moment)) >= GRACE
    }

    /// Publishes until it is told to stop, and then what is still there.
    pub(crate) async fn relay(self, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        let mut pause = PAUSES.0;
        loop {
            let ended = tokio::select! {
                () = &mut stop => break,
                ended = self.relay_once(&mut pause) => ended,
            };
            if let Err(error) = ended {
                tracing::warn!(%error, "the outbox is not emptied, trying again");
            }
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(PAUSES.1);
        }
        if let Err(error) = self.flush().await {
            tracing::warn!(%error, "the outbox is not empty; another instance empties it, or the next");
        }
    }

    /// Publishes as long as all goes well.
    async fn relay_once(&self, pause: &mut Duration) -> Result<()> {
        // It stands before the first look, so that nothing falls between the two.
        let mut changes = self.0.table.watch(PREFIX).await?;
        loop {
            self.flush().await?;
            *pause = PAUSES.0;
            let posted = async {
                loop {
                    match changes.next().await {
                        Some(Ok(change)) if change.record.is_some() && self.is_due(&change.key) => {
                            return Ok(());
                        }
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return Err(error),
                        None => return Err(Error::unavailable("outbox", "the watch of the store has ended")),
                    }
                }
            };
            if let Ok(posted) = tokio::time::timeout(SWEEP, posted).await {
                posted?;
            }
        }
    }
}

fn draft(record: &Record) -> Option<Draft> {
    let kept: Kept = serde_json::from_slice(&record.value).ok()?;
    Some(Draft {
        topic: kept.topic,
        id: kept.id,
        metadata: kept.metadata,
        payload: STANDARD.decode(kept.payload).ok()?.into(),
        timestamp: kept.timestamp,
    })
}
