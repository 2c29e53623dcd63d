//! Events that are kept, and reach every group of consumers at least once.
//!
//! What every implementation promises:
//!
//! - An acknowledged event is durable. The same id again, while the event is kept, is acknowledged and kept once.
//! - The events of a topic have an order, which their positions tell; each namespace has its own topics.
//! - Each group gets each event until one of its members has acknowledged it: what is not answered in time, or refused,
//!   is sent again, and after so many times becomes a dead letter, which an operator can look at and hand out again.
//! - A group goes on where it was, also after a crash; a new one begins now, at a position, or at a time.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod draft;
mod fake;
#[doc(hidden)]
pub mod fuzz;
mod group;
mod keys;
mod outbox;
mod remote;
mod stored;

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use micro_rpc::{Error, Result, Streaming};
use tokio::sync::mpsc;

pub use crate::carried::CALLER;
pub use draft::Draft;
pub use fake::FakeEvents;
pub use micro_proto::events::{DeadLetter, Event, Group, Topic};
pub use outbox::{Outbox, Posting};
pub use remote::Remote;
pub use stored::Stored;

/// The longest name of a topic, a group or an event in bytes.
pub const MAX_NAME_LENGTH: usize = 255;

/// The largest payload in bytes.
pub const MAX_PAYLOAD: usize = 8 << 20;

/// So many events of one call are published at a time.
const AT_ONCE: usize = 256;

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The event's id.
    pub id: String,
    /// Where it stands in its topic, from 1.
    pub position: u64,
}

/// Where a new group begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With what is published from now on.
    #[default]
    Now,
    /// With the event of this position.
    Position(u64),
    /// With the first event that is not older.
    Time(SystemTime),
}

/// What a consumer wants.
#[derive(Clone, Debug, Default)]
pub struct Consume {
    /// Which events.
    pub topic: String,
    /// With whom they are shared; empty is a group of one's own that is forgotten at the end.
    pub group: String,
    /// Where the group begins if it is new.
    pub start: Start,
    /// How long an event may remain without an answer; `None` acknowledges each when the next is taken.
    pub ack_wait: Option<Duration>,
    /// How often an event is sent again before it is a dead letter; `None` is without end.
    pub retry_limit: Option<u32>,
}

/// The events that fall to one consumer. Dropping it breaks off: what it has not answered goes to others at once, as tried once
/// more. [`Consumer::finish`] leaves the group in order.
pub struct Consumer {
    events: Streaming<Event>,
    verdicts: mpsc::Sender<Verdict>,
}

/// The answer to an event, as a driver receives it; one without an id says that the consumer leaves.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The event's id.
    pub id: String,
    /// Whether it was dealt with.
    pub success: bool,
}

/// Answers events while others wait for the next one.
#[derive(Clone)]
pub struct Answers(mpsc::Sender<Verdict>);

impl Consumer {
    /// What a driver hands out: the events that fall to a consumer, and where it gives its answers. A driver ends `events` once a
    /// verdict without an id has come and all before it are taken; when either side is gone without one, the consumer broke off.
    pub fn new(events: Streaming<Event>, verdicts: mpsc::Sender<Verdict>) -> Self {
        Self { events, verdicts }
    }

    /// The same for one that wants no answers: each event is acknowledged when the next is asked for, since it has been handed
    /// on then.
    pub fn answering_itself(events: Streaming<Event>, verdicts: mpsc::Sender<Verdict>) -> Self {
        let state = (events, verdicts.clone(), None::<String>);
        let answered = stream::unfold(state, |(mut events, verdicts, last)| async move {
            if let Some(id) = last {
                let _ = verdicts.send(Verdict { id, success: true }).await;
            }
            let event = events.next().await?;
            let id = event.as_ref().ok().map(|event| event.id.clone());
            Some((event, (events, verdicts, id)))
        });
        Self::new(Streaming::new(answered), verdicts)
    }

    /// The next event.
    pub async fn next(&mut self) -> Option<Result<Event>> {
        self.events.next().await
    }

    // What these return borrows nothing, since a consumer cannot be borrowed by a task that may move between threads.

    /// The event was dealt with.
    pub fn ack(&self, event: &Event) -> impl Future<Output = ()> + Send + use<> {
        self.answer(event, true)
    }

    /// The event was not dealt with: it is sent again after a while.
    pub fn nack(&self, event: &Event) -> impl Future<Output = ()> + Send + use<> {
        self.answer(event, false)
    }

    fn answer(&self, event: &Event, success: bool) -> impl Future<Output = ()> + Send + use<> {
        let (answers, id) = (self.answers(), event.id.clone());
        async move { answers.answer(&id, success).await }
    }

    /// For answering elsewhere.
    pub fn answers(&self) -> Answers {
        Answers(self.verdicts.clone())
    }

    /// Leaves the group once all answers have been handed on; what was not answered counts as not tried.
    pub async fn finish(self) {
        let Self { mut events, verdicts } = self;
        Answers(verdicts.clone()).leave();
        drop(verdicts);
        // Answers end, so the platform ends the stream: it has taken them all then.
        let ended = async { while events.next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(2), ended).await;
    }

    /// The events, and what answers them.
    pub fn split(self) -> (Streaming<Event>, Answers) {
        (self.events, Answers(self.verdicts))
    }
}

impl Answers {
    /// The event of this id was dealt with.
    pub async fn ack(&self, id: &str) {
        self.answer(id, true).await;
    }

    /// The event of this id was not dealt with.
    pub async fn nack(&self, id: &str) {
        self.answer(id, false).await;
    }

    /// The consumer leaves its group: what it has not answered was not tried, and goes to others. One that is gone without a word
    /// broke off: what it had may be why, and counts as tried.
    pub fn leave(&self) {
        let goodbye = Verdict {
            id: String::new(),
            success: true,
        };
        let _ = self.0.try_send(goodbye);
    }

    async fn answer(&self, id: &str, success: bool) {
        let id = id.to_owned();
        // Who has left the group has no say: the event goes to others.
        let _ = self.0.send(Verdict { id, success }).await;
    }
}

/// Hands a consumer's answers on until the consumer is gone; then whether it said so. `None` once nobody takes them any more. For
/// implementations.
pub async fn answered<T, E, F: Future<Output = Result<T, E>>>(
    answers: &mut mpsc::Receiver<Verdict>,
    events: &mpsc::Sender<Event>,
    mut hand_on: impl FnMut(Verdict) -> F,
) -> Option<bool> {
    loop {
        let verdict = tokio::select! {
            biased;
            verdict = answers.recv() => verdict,
            () = events.closed() => None,
        };
        // Who has no more to say is gone, as one who takes no more is.
        let Some(verdict) = verdict else {
            return Some(false);
        };
        if verdict.id.is_empty() {
            return Some(true);
        }
        hand_on(verdict).await.ok()?;
    }
}

/// Keeps events; the module says what it promises.
#[async_trait]
pub trait Events: Send + Sync + 'static {
    /// Keeps an event.
    async fn publish(&self, namespace: &str, draft: Draft) -> Result<Published>;

    /// Keeps several, each as if it came alone: what becomes of each, in their order.
    async fn publish_all(&self, namespace: &str, drafts: Vec<Draft>) -> Vec<Result<Published>> {
        let mut outcomes = Vec::with_capacity(drafts.len());
        // Of two with one id the first is kept, so they are not published at once.
        for apart in without_repeats(drafts) {
            let publishes = apart.into_iter().map(|draft| self.publish(namespace, draft));
            let published: Vec<_> = stream::iter(publishes).buffered(AT_ONCE).collect().await;
            outcomes.extend(published);
        }
        outcomes
    }

    /// Joins a group, once it stands.
    async fn consume(&self, namespace: &str, wanted: Consume) -> Result<Consumer>;

    /// Events that are kept, oldest first, some skipped, then at most `limit`.
    async fn read(&self, namespace: &str, topic: &str, limit: usize, offset: usize) -> Result<Vec<Event>>;

    /// The topics of a namespace.
    async fn topics(&self, namespace: &str) -> Result<Vec<Topic>>;

    /// The groups of a topic that are kept.
    async fn groups(&self, namespace: &str, topic: &str) -> Result<Vec<Group>>;

    /// What a group, or any where it is empty, has given up, oldest first.
    async fn dead_letters(
        &self,
        namespace: &str,
        topic: &str,
        group: &str,
        limit: usize,
    ) -> Result<Vec<DeadLetter>>;

    /// Hands a dead letter to its group once more; 404 where there is none.
    async fn redrive(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()>;

    /// Removes a dead letter for good; 404 where there is none.
    async fn discard(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()>;
}

/// What an operator asks of a driver besides, who moves all that is kept. Positions are not moved: each driver gives its own.
#[async_trait]
pub trait Holdings: Events {
    /// All topics, each with its namespace, sorted.
    async fn all_topics(&self) -> Result<Vec<(String, Topic)>>;

    /// Events behind a position, oldest first, at most `limit`; none where there are no more.
    async fn read_after(
        &self,
        namespace: &str,
        topic: &str,
        position: u64,
        limit: usize,
    ) -> Result<Vec<Event>>;

    /// Makes a group that begins somewhere. One that is there stays where it is.
    async fn create_group(&self, namespace: &str, topic: &str, group: &str, start: Start) -> Result<()>;

    /// Dead letters that were handed to their groups once more, are not done with as far as is known, and lie apart: a group that
    /// begins where it is ([`Group::first`]) would not come by them. None where there are no such places.
    async fn handed_out_again(&self, namespace: &str, topic: &str) -> Result<Vec<DeadLetter>> {
        let _ = (namespace, topic);
        Ok(Vec::new())
    }

    /// Keeps what a group has given up elsewhere. The event's position is that of the same event here, and 0 where that is not here any
    /// more.
    async fn keep_dead_letter(&self, namespace: &str, topic: &str, letter: DeadLetter) -> Result<()>;
}

/// Refuses names that not every implementation can keep; `what` says of what: `group`.
///
/// # Errors
///
/// 400, and what is wrong with it.
pub fn check_name(what: &str, name: &str) -> Result<()> {
    let is_wrong = |letter: char| letter.is_control() || letter.is_whitespace();
    if name.len() > MAX_NAME_LENGTH || name.chars().any(is_wrong) {
        let detail = format!("{name:?} is no {what}: use at most {MAX_NAME_LENGTH} bytes without blanks");
        return Err(Error::bad_request("events", detail));
    }
    Ok(())
}

/// Refuses a topic without a name, or with one that not every implementation can keep.
///
/// # Errors
///
/// 400, and what is wrong with it.
pub fn check_topic(topic: &str) -> Result<()> {
    if topic.is_empty() {
        return Err(Error::bad_request("events", "Missing topic"));
    }
    check_name("topic", topic)
}

/// The same in parts, in none of which an id is there twice.
fn without_repeats(drafts: Vec<Draft>) -> Vec<Vec<Draft>> {
    let (mut parts, mut ids) = (vec![Vec::<Draft>::new()], HashSet::new());
    for draft in drafts {
        let is_new = draft.id.is_empty() || ids.insert((draft.topic.clone(), draft.id.clone()));
        match parts.last_mut().filter(|_| is_new) {
            Some(part) => part.push(draft),
            None => {
                ids.clear();
                ids.insert((draft.topic.clone(), draft.id.clone()));
                parts.push(vec![draft]);
            }
        }
    }
    parts
}
