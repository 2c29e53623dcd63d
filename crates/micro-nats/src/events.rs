//! Events on JetStream.

mod durability;
mod group;
mod holdings;
mod letters;
mod publish;
mod topic;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use micro::Backend;
use micro::Result;
use micro::events::{
    Consume, Consumer, DeadLetter, Draft, Event, Group, Published, Start, check_name, check_topic,
};

use crate::connection::Question;
use crate::jetstream::{Failure, StreamConfig};
use crate::{Connection, names};
use durability::Durability;
use group::Groups;
use topic::Topic;

/// Events that JetStream keeps.
#[derive(Clone)]
pub struct Events(Arc<Shared>);

pub(crate) struct Shared {
    connection: Connection,
    /// Those whose streams are there.
    topics: Mutex<HashMap<(String, String), Arc<Topic>>>,
    groups: Groups,
    /// Whether there is the stream of what was tried.
    counts: AtomicBool,
    durability: Durability,
}

impl Events {
    /// Over a connection. It looks at how well JetStream keeps events, which [`Events::durability`] tells and the log where there is
    /// something to tell.
    ///
    /// # Errors
    ///
    /// 412 where an acknowledged event could be lost and [`Config::require_durable`](crate::Config) is set: with the reason. Where
    /// NATS does not answer yet it is looked at later, and until then nothing is kept.
    pub async fn open(connection: &Connection) -> Result<Self> {
        Ok(Self(Arc::new(Shared {
            durability: Durability::look(connection).await?,
            connection: connection.clone(),
            topics: Mutex::default(),
            groups: Groups::default(),
            counts: AtomicBool::new(false),
        })))
    }

    /// Whether NATS answers.
    pub fn backend(&self) -> Backend {
        self.0.connection.backend()
    }

    /// Whether an acknowledged event is safe.
    ///
    /// # Errors
    ///
    /// In words how one could be lost, or that it is not known yet.
    pub fn durability(&self) -> Result<(), String> {
        self.0.durability.told()
    }

    async fn topic(&self, namespace: &str, name: &str) -> Result<Arc<Topic>> {
        check_topic(name)?;
        check_name("namespace", namespace)?;
        let key = (namespace.to_owned(), name.to_owned());
        let topics = &self.0.topics;
        if let Some(known) = topics.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        Ok(Arc::new(Topic::new(&self.0.connection, namespace, name)))
    }

    /// The same, and its stream is there.
    async fn standing_topic(&self, namespace: &str, name: &str) -> Result<Arc<Topic>> {
        let topic = self.topic(namespace, name).await?;
        if topic.stands() {
            return Ok(topic);
        }
        topic.stand().await?;
        let key = (namespace.to_owned(), name.to_owned());
        let mut topics = self.0.topics.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(topics.entry(key).or_insert(topic).clone())
    }
}

impl Shared {
    fn tried_stream(&self) -> String {
        format!("{}-tried", self.connection.config().prefix)
    }

    /// Keeps how often an event was tried, as long as the event itself is kept.
    async fn record(&self, subject: &str, tried: u32) -> Result<(), Failure> {
        if !self.counts.load(Ordering::Relaxed) {
            self.stand_counts().await?;
            self.counts.store(true, Ordering::Relaxed);
        }
        let number = tried.to_string();
        let put = self
            .connection
            .put(Question::new(subject.to_owned(), number.clone()))
            .await;
        match put {
            Err(Failure::Nobody) => {
                self.stand_counts().await?;
                self.connection
                    .put(Question::new(subject.to_owned(), number))
                    .await?;
                Ok(())
            }
            put => put.map(drop),
        }
    }

    async fn stand_counts(&self) -> Result<(), Failure> {
        let config = self.connection.config();
        let wanted = StreamConfig {
            name: &self.tried_stream(),
            description: "how often events were tried",
            subjects: format!("{}.tried.>", config.prefix),
            replicas: config.replicas,
            age: config.retention,
            is_latest_only: true,
        };
        self.connection.keep_stream(&wanted).await.map(drop)
    }
}

fn unix_seconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[async_trait]
impl micro::events::Events for Events {
    async fn publish(&self, namespace: &str, draft: Draft) -> Result<Published> {
        self.keep(namespace, draft).await
    }

    async fn publish_all(&self, namespace: &str, drafts: Vec<Draft>) -> Vec<Result<Published>> {
        self.keep_all(namespace, drafts).await
    }

    async fn consume(&self, namespace: &str, wanted: Consume) -> Result<Consumer> {
        check_name("group", &wanted.group)?;
        let topic = self.standing_topic(namespace, &wanted.topic).await?;
        group::join(&self.0, topic, wanted).await
    }

    async fn read(&self, namespace: &str, topic: &str, limit: usize, offset: usize) -> Result<Vec<Event>> {
        let topic = self.topic(namespace, topic).await?;
        let again = topic.subject("events", "again.>");
        let Some(stream) = topic.info(Some(&again)).await? else {
            return Ok(Vec::new());
        };
        let (state, mut skip) = (stream.state, offset);
        let mut from = state.first.max(1);
        // Where each position has an event, those that are skipped need not be read.
        if state.subjects.unwrap_or_default().is_empty() && state.last + 1 == state.first + state.messages {
            from += skip as u64;
            skip = 0;
        }
        let mut events = Vec::new();
        while events.len() < limit && from <= state.last {
            let wanted = (limit - events.len()).saturating_add(skip) as u64;
            let page = topic
                .page(from, state.last.min(from.saturating_add(wanted - 1)))
                .await?;
            from = Topic::after_page(from).min(from.saturating_add(wanted));
            let skipped = skip.min(page.len());
            skip -= skipped;
            events.extend(page.into_iter().skip(skipped).take(limit - events.len()));
        }
        Ok(events)
    }

    async fn topics(&self, namespace: &str) -> Result<Vec<micro::events::Topic>> {
        check_name("namespace", namespace)?;
        let filter = Topic::all(&self.0.connection, Some(namespace));
        let streams = self.0.connection.streams(&filter).await?;
        let mut topics: Vec<_> = streams
            .iter()
            // One that somebody waits for is none yet.
            .filter(|stream| stream.state.last > 0)
            .map(|stream| micro::events::Topic {
                name: Topic::name_of(stream),
                last: stream.state.last,
            })
            .collect();
        topics.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(topics)
    }

    async fn groups(&self, namespace: &str, topic: &str) -> Result<Vec<Group>> {
        let topic = self.topic(namespace, topic).await?;
        if topic.info(None).await?.is_none() {
            return Ok(Vec::new());
        }
        let dead = topic.count_letters().await?;
        let mut groups = Vec::new();
        for consumer in self.0.connection.consumers(&topic.stream).await? {
            if !group::is_kept(&consumer.name) {
                continue;
            }
            let members = self.0.groups.members(&topic.stream, &consumer.name).await;
            let name = consumer.description().to_owned();
            groups.push(Group {
                next: consumer.delivered.stream + 1,
                first: consumer.first(),
                pending: consumer.unanswered,
                lag: consumer.to_come + consumer.unanswered,
                members: u32::try_from(members).unwrap_or(u32::MAX),
                dead: dead.get(&names::token(&name)).copied().unwrap_or(0),
                name,
            });
        }
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(groups)
    }

    async fn dead_letters(
        &self,
        namespace: &str,
        topic: &str,
        group: &str,
        limit: usize,
    ) -> Result<Vec<DeadLetter>> {
        self.topic(namespace, topic).await?.letters(group, limit).await
    }

    async fn redrive(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()> {
        let topic = self.standing_topic(namespace, topic).await?;
        let found = topic.letter(group, position).await?;
        let event = found.letter.event.unwrap_or_default();
        // Each step may be done twice, and the letter goes last: whatever breaks off, the event is not lost.
        group::stand(&self.0, topic.clone(), group, Start::Now).await?;
        topic.publish_again(group, &event, found.sequence).await?;
        topic.remove_letter(found.sequence).await
    }

    async fn discard(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()> {
        let topic = self.topic(namespace, topic).await?;
        let found = topic.letter(group, position).await?;
        topic.remove_letter(found.sequence).await
    }
}
