//! The broker on core NATS, which promises what [`micro::broker`] does and no more: at most once, and nothing is kept.

use async_nats::Subscriber;
use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use micro::Backend;
use micro::broker::{Message, check};
use micro::{Codec, Error, Result, Streaming};
use tokio::sync::mpsc;

use crate::connection::PATIENCE;
use crate::{Connection, names};

/// So many messages wait for a subscriber; what comes then is lost to him.
const WAITING: usize = 1024;

/// Messages over NATS. Who subscribed stays subscribed when the connection breaks, and misses what is published meanwhile.
#[derive(Clone)]
pub struct Broker {
    connection: Connection,
}

impl Broker {
    /// Over a connection.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
        }
    }

    /// Whether NATS answers.
    pub fn backend(&self) -> Backend {
        self.connection.backend()
    }

    fn subject(&self, topic: &str) -> String {
        format!(
            "{}.broker.{}",
            self.connection.config().prefix,
            names::token(topic)
        )
    }

    async fn subscriber(&self, topic: &str, queue: &str) -> Result<Subscriber> {
        let client = self.connection.client();
        let subject = self.subject(topic);
        let subscribed = if queue.is_empty() {
            client.subscribe(subject).await
        } else {
            client.queue_subscribe(subject, names::token(queue)).await
        };
        let subscriber =
            subscribed.map_err(|error| Error::unavailable("broker", format!("NATS: {error}")))?;
        // What anybody publishes from now on comes.
        self.connection.flushed().await?;
        Ok(subscriber)
    }
}

#[async_trait]
impl micro::broker::Broker for Broker {
    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        check(topic, "")?;
        let payload = Codec::Proto.encode(&message)?;
        let length = payload.len();
        self.connection.ready().await?;
        if length > self.connection.client().max_payload() {
            return Err(self.connection.too_large(length));
        }
        let sent = self.connection.client().publish(self.subject(topic), payload);
        match tokio::time::timeout(PATIENCE, sent).await {
            Ok(Ok(())) => self.connection.flushed().await,
            Ok(Err(error)) => Err(Error::unavailable("broker", format!("NATS: {error}"))),
            Err(_) => Err(self.connection.silent()),
        }
    }

    async fn subscribe(&self, topic: &str, queue: &str) -> Result<Streaming<Message>> {
        check(topic, queue)?;
        self.connection.ready().await?;
        let subscribing = tokio::time::timeout(PATIENCE, self.subscriber(topic, queue));
        let subscriber = subscribing.await.map_err(|_| self.connection.silent())??;
        let (messages, waiting) = mpsc::channel(WAITING);
        // Ends with the receiver, which whoever subscribed holds.
        tokio::spawn(hand_on(subscriber, messages, topic.to_owned()));
        Ok(Streaming::new(stream::unfold(
            waiting,
            |mut waiting| async move {
                let message = waiting.recv().await?;
                Some((Ok(message), waiting))
            },
        )))
    }
}

/// Takes what the library has at once: where it piles up there, the library says so for each message.
async fn hand_on(mut subscriber: Subscriber, messages: mpsc::Sender<Message>, topic: String) {
    let mut lost: u64 = 0;
    loop {
        let received = tokio::select! {
            received = subscriber.next() => received,
            () = messages.closed() => None,
        };
        let Some(received) = received else { break };
        match Codec::Proto.decode(&received.payload) {
            Ok(message) => lost += u64::from(messages.try_send(message).is_err()),
            Err(error) => tracing::warn!(%error, topic, "a message that is none of ours was passed over"),
        }
    }
    let _ = subscriber.unsubscribe().await;
    if lost > 0 {
        tracing::info!(topic, lost, "a subscriber was too slow");
    }
}
