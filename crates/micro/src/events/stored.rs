//! Events on a store.
//!
//! Each event is a record, so that it is as durable as the store is, and writers share the store's syncs. Positions are given out by
//! this process, which is the only one that publishes to the store's events; a consumer sees an event once all before
//! it are written or have failed, so that none is passed over.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use micro_rpc::{Error, Result};
use prost::Message as _;
use tokio::sync::watch;

use super::group::{self, Groups};
use super::keys::{self, Keys};
use super::{
    Consume, Consumer, DeadLetter, Draft, Event, Events, Group, Holdings, MAX_PAYLOAD, Published, Start,
    Topic, check_name, check_topic,
};
use crate::store::{Change, ErrorKind, Record, Scan, Store, Table};

/// Positions are reserved on the store so many at a time: what was given out is never given out again, even when all events
/// of a topic have gone.
const RESERVED: u64 = 1000;
const PAGE: usize = 200;

/// How long events are kept unless configured otherwise.
const RETENTION: Duration = Duration::from_secs(24 * 3600);

/// Events on any store.
#[derive(Clone)]
pub struct Stored {
    table: Table,
    retention: Duration,
    topics: Arc<tokio::sync::Mutex<HashMap<Keys, Arc<TopicState>>>>,
}

/// What this process knows of a topic.
pub(super) struct TopicState {
    pub keys: Keys,
    pub table: Table,
    pub groups: Groups,
    sequence: Mutex<Sequence>,
    /// The last position up to which all are written.
    visible: watch::Sender<u64>,
}

struct Sequence {
    next: u64,
    /// Positions below this are reserved on the store.
    reserved: u64,
    under_way: BTreeSet<u64>,
}

/// A position that is being written.
struct Place<'a> {
    topic: &'a TopicState,
    position: u64,
    /// What is to be reserved with it.
    reserve: Option<u64>,
}

impl Stored {
    /// On a store, in one of the platform's own tables; events are kept for 24 hours.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::with_retention(store, RETENTION)
    }

    /// The same with another time for which events are kept.
    pub fn with_retention(store: Arc<dyn Store>, retention: Duration) -> Self {
        Self {
            table: Table::new(store, crate::store::Scope::platform("events")),
            retention,
            topics: Arc::default(),
        }
    }

    async fn topic(&self, namespace: &str, topic: &str) -> Result<Arc<TopicState>> {
        check_topic(topic)?;
        let keys = Keys::new(namespace, topic);
        // Held while one is read, so that no topic is there twice.
        let mut topics = self.topics.lock().await;
        if let Some(known) = topics.get(&keys) {
            return Ok(known.clone());
        }
        let loaded = Arc::new(TopicState::load(keys.clone(), self.table.clone()).await?);
        topics.insert(keys, loaded.clone());
        Ok(loaded)
    }

    async fn known(&self, topic: &TopicState, id: &str) -> Result<Option<Published>> {
        if id.is_empty() {
            return Ok(None);
        }
        match self.table.read(&topic.keys.id(id)).await {
            Ok(record) => Ok(Some(Published {
                id: id.to_owned(),
                position: number(&record),
            })),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn letter(&self, topic: &TopicState, group: &str, position: u64) -> Result<Record> {
        let key = topic.keys.dead_letter(group, position);
        self.table.read(&key).await.map_err(|error| match error.kind {
            ErrorKind::NotFound => {
                let detail = format!("group {group:?} has no dead letter at position {position}");
                Error::not_found("events", detail)
            }
            _ => error.into(),
        })
    }
}

fn number(record: &Record) -> u64 {
    std::str::from_utf8(&record.value)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

pub(super) fn unix_seconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl TopicState {
    async fn load(keys: Keys, table: Table) -> Result<Self> {
        let reserved = match table.read(&keys.topic()).await {
            Ok(record) => number(&record),
            Err(error) if error.kind == ErrorKind::NotFound => 1,
            Err(error) => return Err(error.into()),
        };
        let last = Scan {
            descending: true,
            limit: Some(1),
            keys_only: true,
            ..Scan::prefix(keys.events())
        };
        let last = table
            .scan(&last)
            .await?
            .first()
            .map_or(0, |record| keys::position(&record.key));
        // What was reserved before a restart is given up: positions have gaps, and never come twice.
        let next = reserved.max(last + 1);
        Ok(Self {
            keys,
            table,
            groups: Groups::default(),
            sequence: Mutex::new(Sequence {
                next,
                reserved: next,
                under_way: BTreeSet::new(),
            }),
            // Not what was reserved and is given up: to whoever waits for more, that would look like more.
            visible: watch::Sender::new(last),
        })
    }

    pub fn visible(&self) -> watch::Receiver<u64> {
        self.visible.subscribe()
    }

    fn begin(&self) -> Place<'_> {
        let mut sequence = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        let position = sequence.next;
        sequence.next += 1;
        sequence.under_way.insert(position);
        let reserve = (position >= sequence.reserved).then(|| {
            sequence.reserved = position + RESERVED;
            sequence.reserved
        });
        Place {
            topic: self,
            position,
            reserve,
        }
    }

    /// The events from a position on that are visible, in their order.
    pub async fn page(&self, from: u64, limit: usize) -> Result<Vec<Event>> {
        let last = *self.visible.borrow();
        let scan = Scan {
            after: self.keys.event(from.saturating_sub(1)),
            limit: Some(limit),
            ..Scan::prefix(self.keys.events())
        };
        let records = self.table.scan(&scan).await?;
        let events = records.iter().map(event).collect::<Result<Vec<_>>>()?;
        Ok(events
            .into_iter()
            .filter(|event| event.position >= from && event.position <= last)
            .collect())
    }

    /// The event of a position, if it is still kept.
    pub async fn event(&self, position: u64) -> Result<Option<Event>> {
        match self.table.read(&self.keys.event(position)).await {
            Ok(record) => event(&record).map(Some),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Where a new group begins.
    pub async fn first(&self, start: Start) -> Result<u64> {
        let now = *self.visible.borrow() + 1;
        let time = match start {
            Start::Now => return Ok(now),
            Start::Position(position) => return Ok(position.clamp(1, now)),
            Start::Time(time) => unix_seconds(time),
        };
        let mut from = 1;
        loop {
            let page = self.page(from, PAGE).await?;
            if let Some(found) = page.iter().find(|event| event.timestamp >= time) {
                return Ok(found.position);
            }
            match page.last() {
                Some(last) => from = last.position + 1,
                None => return Ok(now),
            }
        }
    }
}

fn event(record: &Record) -> Result<Event> {
    let wrong = |_| Error::internal("events", "an event on the store cannot be read");
    let event = Event::decode(&record.value[..]).map_err(wrong)?;
    Ok(Event {
        position: keys::position(&record.key),
        ..event
    })
}

impl Drop for Place<'_> {
    /// Written or not: what comes after it need not wait any longer.
    fn drop(&mut self) {
        let mut sequence = self.topic.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        sequence.under_way.remove(&self.position);
        let visible = sequence
            .under_way
            .first()
            .map_or(sequence.next - 1, |first| first - 1);
        self.topic.visible.send_if_modified(|last| {
            let is_later = visible > *last;
            *last = visible.max(*last);
            is_later
        });
    }
}

#[async_trait]
impl Events for Stored {
    async fn publish(&self, namespace: &str, draft: Draft) -> Result<Published> {
        check_name("id", &draft.id)?;
        if draft.payload.len() > MAX_PAYLOAD {
            let detail = format!(
                "a payload of {} bytes is larger than the limit of {MAX_PAYLOAD}",
                draft.payload.len()
            );
            return Err(Error::payload_too_large("events", detail));
        }
        let topic = self.topic(namespace, &draft.topic).await?;
        if let Some(known) = self.known(&topic, &draft.id).await? {
            return Ok(known);
        }
        let place = topic.begin();
        let now = SystemTime::now();
        let id = if draft.id.is_empty() {
            micro_rpc::Id::random().to_string()
        } else {
            draft.id.clone()
        };
        let event = Event {
            id: id.clone(),
            topic: draft.topic,
            metadata: draft.metadata,
            payload: draft.payload,
            timestamp: if draft.timestamp == 0 {
                unix_seconds(now)
            } else {
                draft.timestamp
            },
            ..Event::default()
        };
        let kept = |key: String, value: Vec<u8>| Record {
            expires_at: Some(now + self.retention),
            ..Record::new(key, value)
        };
        let mut changes = vec![Change::Put(kept(
            topic.keys.event(place.position),
            event.encode_to_vec(),
        ))];
        if !draft.id.is_empty() {
            let position = place.position.to_string();
            changes.push(Change::PutNew(kept(topic.keys.id(&draft.id), position.into())));
        }
        if let Some(reserve) = place.reserve {
            changes.push(Change::Put(Record::new(topic.keys.topic(), reserve.to_string())));
        }
        match self.table.commit(changes).await {
            Ok(()) => Ok(Published {
                id,
                position: place.position,
            }),
            // Another publisher of the same id was first.
            Err(error) if error.kind == ErrorKind::Exists => {
                let known = self.known(&topic, &draft.id).await?;
                known.ok_or_else(|| {
                    Error::unavailable("events", "the event with this id has just gone: try again")
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn consume(&self, namespace: &str, wanted: Consume) -> Result<Consumer> {
        check_name("group", &wanted.group)?;
        let topic = self.topic(namespace, &wanted.topic).await?;
        group::join(&topic, wanted).await
    }

    async fn read(&self, namespace: &str, topic: &str, limit: usize, offset: usize) -> Result<Vec<Event>> {
        let topic = self.topic(namespace, topic).await?;
        let scan = Scan {
            limit: Some(limit),
            offset,
            ..Scan::prefix(topic.keys.events())
        };
        self.table.scan(&scan).await?.iter().map(event).collect()
    }

    async fn topics(&self, namespace: &str) -> Result<Vec<Topic>> {
        let prefix = Keys::topics(namespace);
        let records = self.table.scan(&Scan::prefix(&prefix)).await?;
        let mut topics = Vec::with_capacity(records.len());
        for record in records {
            let name = record.key[prefix.len()..].to_owned();
            let last = *self.topic(namespace, &name).await?.visible.borrow();
            topics.push(Topic { name, last });
        }
        Ok(topics)
    }

    async fn groups(&self, namespace: &str, topic: &str) -> Result<Vec<Group>> {
        group::list(&*self.topic(namespace, topic).await?).await
    }

    async fn dead_letters(
        &self,
        namespace: &str,
        topic: &str,
        group: &str,
        limit: usize,
    ) -> Result<Vec<DeadLetter>> {
        let topic = self.topic(namespace, topic).await?;
        let scan = Scan {
            limit: Some(limit),
            ..Scan::prefix(topic.keys.dead_letters(group))
        };
        let records = self.table.scan(&scan).await?;
        let letter = |record: &Record| {
            let letter = DeadLetter::decode(&record.value[..])
                .map_err(|_| Error::internal("events", "a dead letter on the store cannot be read"))?;
            let group = keys::group_of_dead_letter(&record.key).to_owned();
            Ok(DeadLetter { group, ..letter })
        };
        records.iter().map(letter).collect()
    }

    async fn redrive(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()> {
        let topic = self.topic(namespace, topic).await?;
        let record = self.letter(&topic, group, position).await?;
        let letter = DeadLetter::decode(&record.value[..]).unwrap_or_default();
        let event = letter.event.unwrap_or_default();
        // Each step may be done twice, and the letter goes last: whatever breaks off, the event is not lost.
        let again = Record {
            expires_at: Some(SystemTime::now() + self.retention),
            ..Record::new(topic.keys.event(position), event.encode_to_vec())
        };
        self.table.write(again).await?;
        group::again(&topic, group, position).await?;
        Ok(self.table.delete(&record.key).await?)
    }

    async fn discard(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()> {
        let topic = self.topic(namespace, topic).await?;
        let record = self.letter(&topic, group, position).await?;
        Ok(self.table.delete(&record.key).await?)
    }
}

#[async_trait]
impl Holdings for Stored {
    async fn all_topics(&self) -> Result<Vec<(String, Topic)>> {
        let records = self.table.scan(&Scan::prefix(Keys::all_topics())).await?;
        let mut all = Vec::with_capacity(records.len());
        for record in records {
            let Some((namespace, name)) = keys::of_topic(&record.key) else {
                continue;
            };
            let last = *self.topic(namespace, name).await?.visible.borrow();
            let name = name.to_owned();
            all.push((namespace.to_owned(), Topic { name, last }));
        }
        Ok(all)
    }

    async fn read_after(
        &self,
        namespace: &str,
        topic: &str,
        position: u64,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let topic = self.topic(namespace, topic).await?;
        topic.page(position.saturating_add(1), limit).await
    }

    async fn create_group(&self, namespace: &str, topic: &str, group: &str, start: Start) -> Result<()> {
        check_name("group", group)?;
        group::create_group(&*self.topic(namespace, topic).await?, group, start).await
    }

    async fn keep_dead_letter(&self, namespace: &str, topic: &str, letter: DeadLetter) -> Result<()> {
        check_name("group", &letter.group)?;
        let topic = self.topic(namespace, topic).await?;
        let mut event = letter.event.unwrap_or_default();
        let mut changes = Vec::new();
        // Should it be handed out again, its place must be nobody else's.
        let place = (event.position == 0).then(|| topic.begin());
        if let Some(place) = &place {
            event.position = place.position;
            let reserve = |until: u64| Change::Put(Record::new(topic.keys.topic(), until.to_string()));
            changes.extend(place.reserve.map(reserve));
        }
        let key = topic.keys.dead_letter(&letter.group, event.position);
        let letter = DeadLetter {
            event: Some(event),
            ..letter
        };
        changes.push(Change::Put(Record::new(key, letter.encode_to_vec())));
        Ok(self.table.commit(changes).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance;
    use super::*;
    use crate::store::Memory;

    #[tokio::test(flavor = "multi_thread")]
    async fn conforms_in_memory() {
        conformance::run(&Stored::new(Arc::new(Memory::new()))).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn moves_as_is_promised() {
        conformance::moves(&Stored::new(Arc::new(Memory::new()))).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn another_one_on_the_same_store_goes_on() {
        let store = Arc::new(Memory::new());
        conformance::goes_on(&|| Stored::new(store.clone())).await;
    }
}
