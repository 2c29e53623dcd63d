//! One topic of one namespace: its streams and subjects.
//!
//! Events are a stream, so that the position of an event is its sequence there. An event whose publisher gave it an id has a subject
//! of its own, which takes one event and no second: so long as the event is kept, so long is the id known. What was given up is a
//! stream of its own, without an end, which there is from the first dead letter on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID};
use async_nats::{Message, Subject};
use bytes::Bytes;
use micro::events::{Event, Start};
use micro::{Codec, Error, Result};
use serde::Deserialize;

use crate::connection::{PATIENCE, Question};
use crate::jetstream::{
    self, Failure, Kept, Refusal, StreamConfig, StreamInfo, WRONG_LAST_SEQUENCE, Which, optional,
};
use crate::{Connection, names};

/// How far the clocks of publishers and servers may be apart, in seconds.
const APART: i64 = 5;
/// Events that are read at a time.
const AT_ONCE: u64 = 16;

pub(crate) struct Topic {
    pub connection: Connection,
    pub name: String,
    /// The stream of its events.
    pub stream: String,
    /// The stream of its dead letters.
    pub dead: String,
    /// Namespace and name, as they are in subjects.
    path: String,
    description: String,
    /// The subject of events without an id.
    unnamed: Subject,
    stands: AtomicBool,
}

/// What JetStream says to what was published.
#[derive(Deserialize)]
struct Ack {
    #[serde(default)]
    seq: u64,
    error: Option<Refusal>,
}

impl Connection {
    /// Keeps a message, and says where.
    pub(crate) async fn put(&self, question: Question) -> Result<u64, Failure> {
        kept(self.request(question).await)
    }
}

/// Where a message is kept.
fn kept(answer: Result<Message, Failure>) -> Result<u64, Failure> {
    let ack: Ack = jetstream::parse(&answer?.payload)?;
    match ack.error {
        Some(refusal) => Err(Failure::Refused(refusal)),
        None => Ok(ack.seq),
    }
}

impl Topic {
    pub fn new(connection: &Connection, namespace: &str, name: &str) -> Self {
        let prefix = &connection.config().prefix;
        let parts = format!("{}_-{}", names::part(namespace), names::part(name));
        let path = format!("{}.{}", names::token(namespace), names::token(name));
        Self {
            stream: format!("{prefix}-events-{parts}"),
            dead: format!("{prefix}-dead-{parts}"),
            unnamed: subject(prefix, "events", &path, "new").into(),
            path,
            description: format!("{namespace} {name}"),
            name: name.to_owned(),
            connection: connection.clone(),
            stands: AtomicBool::new(false),
        }
    }

    /// What the streams of all topics have, or of those of a namespace.
    pub fn all(connection: &Connection, namespace: Option<&str>) -> String {
        let prefix = &connection.config().prefix;
        match namespace {
            Some(namespace) => format!("{prefix}.events.{}.>", names::token(namespace)),
            None => format!("{prefix}.events.>"),
        }
    }

    /// The name of the topic whose events a stream has.
    pub fn name_of(stream: &StreamInfo) -> String {
        let description = stream.description();
        description
            .split_once(' ')
            .map_or(description, |(_, name)| name)
            .to_owned()
    }

    /// A subject of this topic: `events`, `dead` or `tried`, and what follows.
    pub fn subject(&self, kind: &str, rest: &str) -> String {
        subject(&self.connection.config().prefix, kind, &self.path, rest)
    }

    /// That of the event with an id.
    fn subject_of(&self, id: &str) -> String {
        self.subject("events", &format!("id.{}", names::token(id)))
    }

    /// Whether its stream was there lately.
    pub fn stands(&self) -> bool {
        self.stands.load(Ordering::Relaxed)
    }

    /// Makes its stream where there is none.
    pub async fn stand(&self) -> Result<(), Failure> {
        if self.stands() {
            return Ok(());
        }
        let config = self.connection.config();
        let wanted = StreamConfig {
            name: &self.stream,
            description: &self.description,
            subjects: self.subject("events", ">"),
            replicas: config.replicas,
            age: config.retention,
            is_latest_only: false,
        };
        self.connection.keep_stream(&wanted).await?;
        self.stands.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Makes the stream of dead letters where there is none.
    pub async fn stand_dead(&self) -> Result<(), Failure> {
        let wanted = StreamConfig {
            name: &self.dead,
            description: &self.description,
            subjects: self.subject("dead", ">"),
            replicas: self.connection.config().replicas,
            age: Duration::ZERO,
            is_latest_only: true,
        };
        self.connection.keep_stream(&wanted).await.map(drop)
    }

    /// What keeps an event; one with an id is kept once.
    pub fn publication(&self, id: &str, payload: Bytes) -> Question {
        if id.is_empty() {
            return Question::new(self.unnamed.clone(), payload);
        }
        Question::new(self.subject_of(id), payload).with_header(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0")
    }

    /// The position of an event, or that of the one with its id, after what JetStream has said to its publication.
    pub async fn position(
        &self,
        id: &str,
        payload: Bytes,
        answer: Result<Message, Failure>,
    ) -> Result<u64, Failure> {
        let mut put = kept(answer);
        // Somebody has removed the stream, or the servers have lost it.
        if matches!(put, Err(Failure::Nobody)) {
            self.stands.store(false, Ordering::Relaxed);
            self.stand().await?;
            put = self.connection.put(self.publication(id, payload)).await;
        }
        match put {
            Err(Failure::Refused(refusal)) if refusal.number == WRONG_LAST_SEQUENCE => {
                let told = refusal
                    .description
                    .rsplit_once(": ")
                    .and_then(|(_, last)| last.parse().ok());
                match told {
                    Some(position) => Ok(position),
                    None => self.last(id).await,
                }
            }
            put => put,
        }
    }

    async fn last(&self, id: &str) -> Result<u64, Failure> {
        let subject = self.subject_of(id);
        let which = Which::Last { subject: &subject };
        let kept = self.connection.message(&self.stream, which).await?;
        Ok(kept.sequence)
    }

    /// Keeps an event once more, for one group alone. `letter` is where its dead letter is: twice from there is once.
    pub async fn publish_again(&self, group: &str, event: &Event, letter: u64) -> Result<()> {
        self.stand().await?;
        let rest = format!("again.{}.{}", names::token(group), event.position);
        let once = format!("{}.{rest}.{letter}", self.path);
        let payload = Codec::Proto.encode(&Event {
            attempt: 0,
            ..event.clone()
        })?;
        let again = Question::new(self.subject("events", &rest), payload);
        self.connection
            .put(again.with_header(NATS_MESSAGE_ID, &once))
            .await?;
        Ok(())
    }

    /// What its stream is; `None` before the first event or group.
    pub async fn info(&self, filter: Option<&str>) -> Result<Option<StreamInfo>, Failure> {
        optional(self.connection.stream(&self.stream, filter).await)
    }

    /// Events from a position on, in their order; how many positions were looked at.
    pub async fn page(&self, from: u64, last: u64) -> Result<Vec<Event>> {
        let until = last.min(from + AT_ONCE - 1);
        let reads = (from..=until).map(|position| self.event(position));
        let events = futures_util::future::try_join_all(reads).await?;
        Ok(events.into_iter().flatten().collect())
    }

    /// The positions after which a page ends.
    pub fn after_page(from: u64) -> u64 {
        from + AT_ONCE
    }

    async fn event(&self, position: u64) -> Result<Option<Event>> {
        let which = Which::At { seq: position };
        let Some(kept) = optional(self.connection.message_directly(&self.stream, which).await)? else {
            return Ok(None);
        };
        if for_group(&kept.subject).is_some() {
            return Ok(None);
        }
        self.read(&kept).map(Some)
    }

    pub fn read(&self, kept: &Kept) -> Result<Event> {
        let event: Event = Codec::Proto.decode(&kept.payload).map_err(|_| {
            let detail = format!("what {} has at {} is no event", self.stream, kept.sequence);
            Error::internal("events", detail)
        })?;
        Ok(Event {
            topic: self.name.clone(),
            // One that was handed out again is what it was.
            position: if event.position == 0 {
                kept.sequence
            } else {
                event.position
            },
            ..event
        })
    }

    /// Where a new group begins.
    pub async fn first(&self, start: Start) -> Result<u64> {
        let last = self.info(None).await?.map_or(0, |stream| stream.state.last);
        match start {
            Start::Now => Ok(last + 1),
            Start::Position(position) => Ok(position.clamp(1, last + 1)),
            Start::Time(time) => self.since(super::unix_seconds(time), last).await,
        }
    }

    /// The first event that is not older. What JetStream received well before that time is passed over at once, so an event that
    /// was dated later than it was published counts as of then.
    async fn since(&self, time: i64, last: u64) -> Result<u64> {
        let mut from = self
            .connection
            .first_since(&self.stream, time.saturating_sub(APART))
            .await?;
        while from <= last {
            let page = tokio::time::timeout(PATIENCE, self.page(from, last))
                .await
                .map_err(|_| self.connection.silent())??;
            if let Some(found) = page.iter().find(|event| event.timestamp >= time) {
                return Ok(found.position);
            }
            from = Self::after_page(from);
        }
        Ok(last + 1)
    }
}

fn subject(prefix: &str, kind: &str, path: &str, rest: &str) -> String {
    format!("{prefix}.{kind}.{path}.{rest}")
}

/// For which group alone a subject is; `None` when for all.
pub(super) fn for_group(subject: &str) -> Option<&str> {
    let mut rest = subject.split('.').skip(4);
    (rest.next() == Some("again")).then(|| rest.next()).flatten()
}
