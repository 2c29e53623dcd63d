//! Where a group lies in JetStream, and what is done there.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_nats::Subject;
use bytes::Bytes;
use micro::Result;
use micro::events::Start;

use super::delivery::Delivery;
use crate::connection::Question;
use crate::events::topic::Topic;
use crate::events::{Shared, unix_seconds};
use crate::jetstream::{ConsumerConfig, Failure, Which, optional};
use crate::names;

/// How long JetStream waits for a word about an event before it goes to another server.
pub(super) const LEASE: Duration = Duration::from_secs(5);
/// What may be without an answer in a group, what waits to be tried again included.
const MOST_PENDING: u32 = 20_000;
/// A group that is not kept is forgotten so long after its server has died.
const FORGOTTEN: Duration = Duration::from_secs(300);
/// After something was not done.
const PAUSE: Duration = Duration::from_millis(200);
/// What the names of consumers begin with, of groups that are kept and of others.
const KEPT: &str = "g-";
const OWN: &str = "own-";

pub(super) struct Place {
    pub shared: Arc<Shared>,
    pub topic: Arc<Topic>,
    /// Empty for a group that is not kept.
    pub group: String,
    consumer: String,
}

/// What becomes of an event.
pub(super) enum Outcome {
    Done,
    /// It is to be sent again after a while; with how often it was tried, where that is more than before.
    Again(Option<u32>, Duration),
    Dead,
}

/// Whether a consumer is a group that is kept.
pub(in crate::events) fn is_kept(consumer: &str) -> bool {
    consumer.starts_with(KEPT)
}

impl Place {
    pub fn new(shared: Arc<Shared>, topic: Arc<Topic>, group: &str) -> Self {
        let consumer = if group.is_empty() {
            format!("{OWN}{}", micro::Id::random())
        } else {
            format!("{KEPT}{}", names::part(group))
        };
        Self {
            shared,
            topic,
            group: group.to_owned(),
            consumer,
        }
    }

    pub fn key(&self) -> (String, String) {
        (self.topic.stream.clone(), self.consumer.clone())
    }

    pub fn is_kept(&self) -> bool {
        !self.group.is_empty()
    }

    /// Where JetStream is asked for events.
    pub fn next_subject(&self) -> String {
        format!(
            "$JS.API.CONSUMER.MSG.NEXT.{}.{}",
            self.topic.stream, self.consumer
        )
    }

    /// Makes the group where there is none.
    pub async fn stand(&self, start: Start) -> Result<()> {
        self.topic.stand().await?;
        let connection = &self.topic.connection;
        let stream = &self.topic.stream;
        if self.is_kept() && optional(connection.consumer(stream, &self.consumer).await)?.is_some() {
            return Ok(());
        }
        let wanted = ConsumerConfig {
            stream,
            name: &self.consumer,
            description: &self.group,
            // A number also for now: what begins with what is new would begin later once more after a crash.
            start: self.topic.first(start).await?,
            ack_wait: LEASE,
            most_pending: MOST_PENDING,
            forgotten_after: (!self.is_kept()).then_some(FORGOTTEN),
        };
        connection.create_consumer(&wanted).await?;
        Ok(())
    }

    /// Lets JetStream look who still waits for events, which it does when it is asked about the group. It would notice by itself
    /// when it has an event for one who does not; up to version 2.9 it then forgets where it was.
    pub async fn clear(&self) {
        let connection = &self.topic.connection;
        let _ = connection.consumer(&self.topic.stream, &self.consumer).await;
    }

    /// Removes it.
    pub async fn forget(&self) {
        let connection = &self.topic.connection;
        // JetStream forgets it by itself too.
        let _ = connection
            .delete_consumer(&self.topic.stream, &self.consumer)
            .await;
    }

    /// Tells JetStream what became of an event, as often as it takes.
    pub async fn settle(&self, delivery: &Delivery, outcome: &Outcome) {
        loop {
            match self.try_settle(delivery, outcome).await {
                // Nobody: the consumer is gone.
                Ok(()) | Err(Failure::Nobody) => return,
                Err(failure) => {
                    let error = micro::Error::from(failure);
                    tracing::debug!(%error, group = self.group, "an answer cannot be handed on, trying again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn try_settle(&self, delivery: &Delivery, outcome: &Outcome) -> Result<(), Failure> {
        let word = match outcome {
            Outcome::Done => "+ACK".to_owned(),
            Outcome::Again(tried, pause) => {
                if let Some(tried) = tried {
                    self.try_count(delivery.sequence, *tried).await?;
                }
                match pause.as_nanos() {
                    0 => "-NAK".to_owned(),
                    pause => format!("-NAK {{\"delay\": {pause}}}"),
                }
            }
            Outcome::Dead => {
                self.bury(delivery).await?;
                "+ACK".to_owned()
            }
        };
        self.answer(&delivery.ack, word.into()).await
    }

    /// Keeps how often an event was tried, as often as it takes.
    pub async fn count(&self, sequence: u64, tried: u32) {
        while self.try_count(sequence, tried).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_count(&self, sequence: u64, tried: u32) -> Result<(), Failure> {
        // JetStream's own count will do for a single member.
        if !self.is_kept() {
            return Ok(());
        }
        self.shared.record(&self.tried_subject(sequence), tried).await
    }

    async fn bury(&self, delivery: &Delivery) -> Result<(), Failure> {
        let position = delivery.event.position;
        if !self.is_kept() {
            tracing::warn!(position, "a group that is not kept has given up an event");
            return Ok(());
        }
        let now = unix_seconds(SystemTime::now());
        self.topic.bury(&self.group, &delivery.event, now).await
    }

    async fn answer(&self, ack: &Subject, word: Bytes) -> Result<(), Failure> {
        let connection = &self.topic.connection;
        connection
            .request(Question::new(ack.clone(), word))
            .await
            .map(drop)
    }

    /// Says of events that they are with somebody.
    pub async fn hold(&self, acks: Vec<Subject>) {
        let client = self.topic.connection.client();
        let saying = async {
            for ack in acks {
                let _ = client.publish(ack, Bytes::from_static(b"+WPI")).await;
            }
        };
        let _ = tokio::time::timeout(LEASE, saying).await;
    }

    fn tried_subject(&self, sequence: u64) -> String {
        let rest = format!("{}.{sequence}", names::token(&self.group));
        self.topic.subject("tried", &rest)
    }

    /// How often an event was tried that is not sent for the first time.
    pub async fn tried(&self, sequence: u64) -> Result<u32, Failure> {
        let subject = self.tried_subject(sequence);
        let which = Which::Last { subject: &subject };
        let stream = self.shared.tried_stream();
        let kept = optional(self.topic.connection.message(&stream, which).await)?;
        let number = kept.and_then(|kept| std::str::from_utf8(&kept.payload).ok()?.parse().ok());
        Ok(number.unwrap_or(0))
    }
}
