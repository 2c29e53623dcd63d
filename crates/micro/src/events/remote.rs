//! Events as services and the command line reach them: over RPC.

mod publishes;

use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use futures_util::stream;
use micro_proto::events as proto;
use micro_proto::events::{AckRequest, ConsumeRequest, Stream as _, StreamClient};
use micro_proto::events::{Store as _, StoreClient};
use micro_rpc::{Client, Codec, Context, Error, Result, Streaming};
use tokio::sync::mpsc;

use super::{Consume, Consumer, DeadLetter, Draft, Event, Events, Group, Published, Start, Topic, Verdict};
use crate::together::{BYTES, TOGETHER, Together};
use publishes::{Publish, Publishes};

const VERDICTS: usize = 64;

/// Asks the platform's events service. Clones share what they publish: where much is under way at once, several events travel as one
/// call.
#[derive(Clone)]
pub struct Remote {
    client: Client,
    stream: StreamClient,
    publishes: Together<Publishes>,
    store: StoreClient,
}

impl Remote {
    /// Over a client that leads to the platform with an account.
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            publishes: Together::new(Publishes::new(client)),
            stream: StreamClient::new(client),
            store: StoreClient::new(client),
        }
    }
}

fn context() -> Context {
    Context::background().with_namespace("micro")
}

fn request(namespace: &str, wanted: &Consume) -> ConsumeRequest {
    let nanoseconds = |wait: Duration| i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX);
    let (offset, position) = match wanted.start {
        Start::Now => (0, 0),
        Start::Position(position) => (0, position.max(1)),
        Start::Time(time) => {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            (i64::try_from(since.as_secs()).unwrap_or(i64::MAX).max(1), 0)
        }
    };
    ConsumeRequest {
        group: wanted.group.clone(),
        topic: wanted.topic.clone(),
        offset,
        auto_ack: wanted.ack_wait.is_none(),
        ack_wait: wanted.ack_wait.map_or(0, nanoseconds),
        retry_limit: wanted.retry_limit.map_or(-1, i64::from),
        position,
        namespace: namespace.to_owned(),
        confirm: true,
    }
}

#[async_trait]
impl Events for Remote {
    async fn publish(&self, namespace: &str, draft: Draft) -> Result<Published> {
        let namespace = namespace.to_owned();
        self.publishes.call(Publish { namespace, draft }).await
    }

    /// In calls of their own, one after the other: the order is theirs.
    async fn publish_all(&self, namespace: &str, drafts: Vec<Draft>) -> Vec<Result<Published>> {
        let (mut outcomes, mut waiting) = (Vec::with_capacity(drafts.len()), drafts.into_iter().peekable());
        while waiting.peek().is_some() {
            let mut bytes = 0;
            let mut several = Vec::new();
            while several.len() < TOGETHER
                && let Some(draft) =
                    waiting.next_if(|draft| several.is_empty() || bytes + draft.payload.len() <= BYTES)
            {
                bytes += draft.payload.len();
                several.push(publishes::event(draft));
            }
            outcomes.extend(
                self.publishes
                    .calls()
                    .publish_all(namespace.to_owned(), several)
                    .await,
            );
        }
        outcomes
    }

    async fn consume(&self, namespace: &str, wanted: Consume) -> Result<Consumer> {
        // The first message is another than those after it, which no generated client can say.
        let first = Codec::Proto.encode(&request(namespace, &wanted))?;
        let (verdicts, answers) = mpsc::channel::<Verdict>(VERDICTS);
        let answers = stream::unfold(answers, |mut answers| async move {
            // Who is dropped without a word breaks off: the call is reset, and this ends with it.
            let Some(Verdict { id, success }) = answers.recv().await else {
                return std::future::pending().await;
            };
            // Over the wire, who leaves closes his side.
            if id.is_empty() {
                return None;
            }
            Some((Codec::Proto.encode(&AckRequest { id, success }), answers))
        });
        let requests = futures_util::StreamExt::chain(stream::iter([Ok(first)]), answers);
        let answers = self
            .client
            .stream_raw(
                &context(),
                "events",
                "Stream.Consume",
                Codec::Proto,
                Streaming::new(requests),
            )
            .await?;
        let mut events = answers.map(|body| Codec::Proto.decode::<Event>(&body));
        match events.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error),
            None => {
                return Err(Error::unavailable(
                    "go.micro.client",
                    "the stream ended before it began",
                ));
            }
        }
        Ok(Consumer::new(events, verdicts))
    }

    async fn read(&self, namespace: &str, topic: &str, limit: usize, offset: usize) -> Result<Vec<Event>> {
        let request = proto::ReadRequest {
            topic: topic.to_owned(),
            limit: limit as u64,
            offset: offset as u64,
            namespace: namespace.to_owned(),
        };
        Ok(self.store.read(&context(), request).await?.events)
    }

    async fn topics(&self, namespace: &str) -> Result<Vec<Topic>> {
        let request = proto::TopicsRequest {
            namespace: namespace.to_owned(),
        };
        Ok(self.stream.topics(&context(), request).await?.topics)
    }

    async fn groups(&self, namespace: &str, topic: &str) -> Result<Vec<Group>> {
        let request = proto::GroupsRequest {
            topic: topic.to_owned(),
            namespace: namespace.to_owned(),
        };
        Ok(self.stream.groups(&context(), request).await?.groups)
    }

    async fn dead_letters(
        &self,
        namespace: &str,
        topic: &str,
        group: &str,
        limit: usize,
    ) -> Result<Vec<DeadLetter>> {
        let request = proto::DeadLettersRequest {
            topic: topic.to_owned(),
            group: group.to_owned(),
            limit: limit as u64,
            namespace: namespace.to_owned(),
        };
        Ok(self.stream.dead_letters(&context(), request).await?.letters)
    }

    async fn redrive(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()> {
        let request = proto::RedriveRequest {
            topic: topic.to_owned(),
            group: group.to_owned(),
            position,
            namespace: namespace.to_owned(),
        };
        self.stream.redrive(&context(), request).await.map(drop)
    }

    async fn discard(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()> {
        let request = proto::DiscardRequest {
            topic: topic.to_owned(),
            group: group.to_owned(),
            position,
            namespace: namespace.to_owned(),
        };
        self.stream.discard(&context(), request).await.map(drop)
    }
}
