//! What is asked, and who waits for the answers.
//!
//! Answers come to one inbox, where a task hands them out: of many questions that are asked together the asker is woken once, when
//! the last is answered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::client::PublishErrorKind;
use async_nats::header::HeaderName;
use async_nats::{Client, HeaderMap, Message, StatusCode, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use micro::Error;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{ARRIVED, PATIENCE};
use crate::jetstream::Failure;

/// So many are asked together at most.
pub(super) const TOGETHER: usize = 256;

/// What is sent to a subject, to be answered once.
pub(crate) struct Question {
    pub subject: Subject,
    pub headers: Option<HeaderMap>,
    pub payload: Bytes,
}

impl Question {
    pub(crate) fn new(subject: impl Into<Subject>, payload: impl Into<Bytes>) -> Self {
        Self {
            subject: subject.into(),
            headers: None,
            payload: payload.into(),
        }
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.get_or_insert_default().insert(name, value);
        self
    }
}

/// What came back, or why nothing did.
pub(crate) type Answer = Result<Message, Failure>;

/// The questions that are under way.
pub(super) struct Questions {
    client: Client,
    inbox: String,
    rounds: Arc<Rounds>,
    next: AtomicU64,
    /// What comes in while so much waits to be handed out, the library drops.
    room: Semaphore,
    handing_out: JoinHandle<()>,
}

#[derive(Default)]
struct Rounds(Mutex<HashMap<u64, Round>>);

/// Questions that were asked together.
struct Round {
    answers: Vec<Option<Answer>>,
    missing: usize,
    /// Dropped when none is missing.
    open: Option<oneshot::Sender<()>>,
}

impl Questions {
    pub(super) async fn open(client: Client) -> Result<Self, async_nats::SubscribeError> {
        let inbox = client.new_inbox();
        let answers = client.subscribe(format!("{inbox}.>")).await?;
        let rounds = Arc::<Rounds>::default();
        Ok(Self {
            handing_out: tokio::spawn(hand_out(answers, inbox.len() + 1, rounds.clone())),
            client,
            inbox,
            rounds,
            next: AtomicU64::new(0),
            room: Semaphore::new(ARRIVED),
        })
    }

    /// Asks at most [`TOGETHER`], and waits for the answers as long as one may take. `None` is for what was not answered.
    pub(super) async fn ask(&self, questions: Vec<Question>) -> Vec<Option<Answer>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (open, closed) = oneshot::channel();
        let missing = questions.len();
        let round = Round {
            answers: questions.iter().map(|_| None).collect(),
            missing,
            open: Some(open),
        };
        self.rounds.lock().insert(number, round);
        let asked = Asked {
            rounds: &self.rounds,
            number,
        };
        // The time is for all of it: what is written to a server that hangs may have to wait too.
        let asking = async {
            let room = self.room.acquire_many(u32::try_from(missing).unwrap_or(u32::MAX));
            let _room = room.await;
            for (index, question) in questions.into_iter().enumerate() {
                if let Err(failure) = self.send(number, index, question).await {
                    self.rounds.answer(number, index, Err(failure));
                }
            }
            let _ = closed.await;
        };
        let _ = timeout(PATIENCE, asking).await;
        asked.answers()
    }

    async fn send(&self, round: u64, index: usize, question: Question) -> Result<(), Failure> {
        let Question {
            subject,
            headers,
            payload,
        } = question;
        let (client, length) = (&self.client, payload.len());
        let reply = format!("{}.{round}.{index}", self.inbox);
        let sent = match headers {
            None => client.publish_with_reply(subject, reply, payload).await,
            Some(headers) => {
                client
                    .publish_with_reply_and_headers(subject, reply, headers, payload)
                    .await
            }
        };
        sent.map_err(|error| {
            Failure::Away(match error.kind() {
                PublishErrorKind::MaxPayloadExceeded => too_large(client, length),
                _ => Error::unavailable("nats", format!("NATS: {error}")),
            })
        })
    }
}

impl Drop for Questions {
    fn drop(&mut self) {
        self.handing_out.abort();
    }
}

/// A round that is asked. It is forgotten with this, also when the asker breaks off.
struct Asked<'a> {
    rounds: &'a Rounds,
    number: u64,
}

impl Asked<'_> {
    fn answers(&self) -> Vec<Option<Answer>> {
        let round = self.rounds.lock().remove(&self.number);
        round.map(|round| round.answers).unwrap_or_default()
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.rounds.lock().remove(&self.number);
    }
}

impl Rounds {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Round>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who has given up waiting is not there any more.
    fn answer(&self, number: u64, index: usize, answer: Answer) {
        let mut rounds = self.lock();
        let Some(round) = rounds.get_mut(&number) else {
            return;
        };
        if let Some(place) = round.answers.get_mut(index).filter(|place| place.is_none()) {
            *place = Some(answer);
            round.missing -= 1;
            if round.missing == 0 {
                round.open = None;
            }
        }
    }
}

async fn hand_out(mut answers: Subscriber, prefix: usize, rounds: Arc<Rounds>) {
    while let Some(message) = answers.next().await {
        let Some((round, index)) = message.subject.get(prefix..).and_then(numbers) else {
            continue;
        };
        let answer = match message.status {
            Some(StatusCode::NO_RESPONDERS) => Err(Failure::Nobody),
            _ => Ok(message),
        };
        rounds.answer(round, index, answer);
    }
}

fn numbers(rest: &str) -> Option<(u64, usize)> {
    let (round, index) = rest.split_once('.')?;
    Some((round.parse().ok()?, index.parse().ok()?))
}

/// What is said of a message that the servers would not take.
pub(super) fn too_large(client: &Client, length: usize) -> Error {
    let limit = client.max_payload();
    let detail = format!(
        "a message of {length} bytes is larger than the NATS server takes, which is {limit}: set max_payload to 16MB in its configuration"
    );
    Error::payload_too_large("nats", detail)
}
