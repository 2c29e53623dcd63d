//! The broker as services and the command line reach it: over RPC.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream;
use micro_proto::broker::{Broker as _, BrokerClient, PublishRequest, SubscribeRequest};
use micro_rpc::{Client, Context, Error, Result, Streaming};

use super::{Broker, Message, check};

/// Between attempts to subscribe again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Asks the platform's broker service. A subscription that breaks is taken up again; what was published meanwhile is
/// missed.
#[derive(Clone)]
pub struct Remote {
    client: BrokerClient,
}

impl Remote {
    /// Over a client that leads to the platform with an account.
    pub fn new(client: &Client) -> Self {
        Self {
            client: BrokerClient::new(client),
        }
    }

    /// Like [`Broker::subscribe`], but a subscription that breaks ends: for who finds the platform anew himself.
    ///
    /// # Errors
    ///
    /// As [`Broker::subscribe`].
    pub async fn subscribe_once(&self, topic: &str, queue: &str) -> Result<Streaming<Message>> {
        self.open(&request(topic, queue)?).await
    }

    /// Ready once no message is missed.
    async fn open(&self, request: &SubscribeRequest) -> Result<Streaming<Message>> {
        let mut messages = self.client.subscribe(&context(), request.clone()).await?;
        match messages.next().await {
            Some(confirmed) => confirmed.map(|_| messages),
            None => Err(Error::unavailable(
                "go.micro.client",
                "the subscription ended before it began",
            )),
        }
    }

    async fn reopen(&self, request: &SubscribeRequest) -> Result<Streaming<Message>> {
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            match self.open(request).await {
                Err(error) if error.code >= 500 || error.code == 408 => {
                    tracing::debug!(%error, topic = request.topic, "cannot subscribe again yet");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                opened => return opened,
            }
        }
    }
}

fn context() -> Context {
    Context::background().with_namespace("micro")
}

fn request(topic: &str, queue: &str) -> Result<SubscribeRequest> {
    check(topic, queue)?;
    Ok(SubscribeRequest {
        topic: topic.to_owned(),
        queue: queue.to_owned(),
        confirm: true,
    })
}

#[async_trait]
impl Broker for Remote {
    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        check(topic, "")?;
        let request = PublishRequest {
            topic: topic.to_owned(),
            message: Some(message),
        };
        self.client.publish(&context(), request).await.map(drop)
    }

    async fn subscribe(&self, topic: &str, queue: &str) -> Result<Streaming<Message>> {
        let request = request(topic, queue)?;
        let messages = self.open(&request).await?;
        let state = Some((self.clone(), request, messages));
        Ok(Streaming::new(stream::unfold(state, |state| async move {
            let (remote, request, mut messages) = state?;
            loop {
                if let Some(Ok(message)) = messages.next().await {
                    return Some((Ok(message), Some((remote, request, messages))));
                }
                match remote.reopen(&request).await {
                    Ok(reopened) => messages = reopened,
                    Err(error) => return Some((Err(error), None)),
                }
            }
        })))
    }
}
