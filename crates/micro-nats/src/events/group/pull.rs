//! Asking JetStream for events: never for more than there is room for.

use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use futures_util::FutureExt;
use serde_json::json;
use tokio::time::Instant;

use super::place::Place;
use crate::connection::PATIENCE;

/// How long JetStream may keep a request. One that was lost is made again a moment later.
const EXPIRES: Duration = Duration::from_secs(3);
const OVERDUE: Duration = Duration::from_secs(4);
/// After something went wrong.
const PAUSE: Duration = Duration::from_millis(300);
/// No request is made for a little more, unless there is none.
const WORTH_IT: usize = 32;
/// What is asked for at a time by all requests: the client library keeps more.
const MOST: usize = 1024;

/// What a group has asked for.
pub(super) struct Pull {
    subscriber: Option<Subscriber>,
    inbox: String,
    is_closing: bool,
    asked: usize,
    /// By when all that was asked for has come or will not.
    until: Instant,
    pause_until: Option<Instant>,
}

/// What a message without an event says.
pub(super) enum Status {
    Nothing,
    /// There is no such consumer.
    Gone,
}

impl Pull {
    pub fn new() -> Self {
        Self {
            subscriber: None,
            inbox: String::new(),
            is_closing: false,
            asked: 0,
            until: Instant::now(),
            pause_until: None,
        }
    }

    pub fn is_closed(&self) -> bool {
        self.subscriber.is_none()
    }

    /// Begins to listen, unless it does.
    pub async fn open(&mut self, place: &Place) {
        if self.subscriber.is_some() || self.is_pausing() {
            return;
        }
        let client = place.topic.connection.client();
        self.inbox = client.new_inbox();
        match tokio::time::timeout(PATIENCE, client.subscribe(self.inbox.clone())).await {
            Ok(Ok(subscriber)) => self.subscriber = Some(subscriber),
            _ => self.pause(),
        }
        self.asked = 0;
    }

    /// Asks for nothing more. What is on its way still comes, and [`Pull::ended`] is to be called after it.
    pub async fn close(&mut self) {
        if let Some(subscriber) = self.subscriber.as_mut().filter(|_| !self.is_closing) {
            self.is_closing = true;
            let _ = tokio::time::timeout(PATIENCE, subscriber.drain()).await;
        }
    }

    /// What comes next; nothing ever while it is closed.
    pub async fn next(&mut self) -> Option<Message> {
        match &mut self.subscriber {
            Some(subscriber) => futures_util::StreamExt::next(subscriber).await,
            None => std::future::pending().await,
        }
    }

    /// It has ended.
    pub async fn ended(&mut self, place: &Place) {
        place.clear().await;
        self.subscriber = None;
        self.is_closing = false;
        self.asked = 0;
    }

    /// The servers are others than before: they know nothing of what was asked.
    pub fn forget(&mut self) {
        self.asked = 0;
        self.pause_until = None;
    }

    pub fn arrived(&mut self) {
        self.asked = self.asked.saturating_sub(1);
    }

    /// Asks for as much as there is room for.
    pub fn ask(&mut self, place: &Place, room: usize) {
        let now = Instant::now();
        if self.until <= now {
            self.asked = 0;
        }
        let batch = room.min(MOST).saturating_sub(self.asked);
        let is_worth_it = batch >= WORTH_IT || (batch > 0 && self.asked == 0);
        let can = self.subscriber.is_some() && !self.is_closing && !self.is_pausing();
        if !is_worth_it || !can || !place.topic.connection.is_up() {
            return;
        }
        let expires = u64::try_from(EXPIRES.as_nanos()).unwrap_or(u64::MAX);
        let body = json!({ "batch": batch, "expires": expires }).to_string();
        let client = place.topic.connection.client();
        let sent = client.publish_with_reply(place.next_subject(), self.inbox.clone(), body.into());
        // It waits where very much is to be written, and can be made a moment later.
        match sent.now_or_never() {
            Some(Ok(())) => {
                self.asked += batch;
                self.until = now + OVERDUE;
            }
            _ => self.pause(),
        }
    }

    /// What a message says that has no event.
    pub fn status(&mut self, status: StatusCode, message: &Message) -> Status {
        match status.as_u16() {
            // A sign of life.
            100 => return Status::Nothing,
            // It has expired.
            404 | 408 => {
                let headers = message.headers.as_ref();
                let left = headers
                    .and_then(|headers| headers.get("Nats-Pending-Messages"))
                    .and_then(|left| left.as_str().parse().ok());
                self.asked = self.asked.saturating_sub(left.unwrap_or(self.asked));
                return Status::Nothing;
            }
            _ => {}
        }
        self.asked = 0;
        self.pause();
        let description = message.description.as_deref().unwrap_or_default();
        if status == StatusCode::NO_RESPONDERS || description.eq_ignore_ascii_case("consumer deleted") {
            Status::Gone
        } else {
            Status::Nothing
        }
    }

    fn pause(&mut self) {
        self.pause_until = Some(Instant::now() + PAUSE);
    }

    fn is_pausing(&mut self) -> bool {
        self.pause_until = self.pause_until.filter(|until| *until > Instant::now());
        self.pause_until.is_some()
    }

    /// When something is to be done.
    pub fn next_due(&self) -> Option<Instant> {
        let overdue = (self.asked > 0).then_some(self.until);
        [overdue, self.pause_until].into_iter().flatten().min()
    }
}
