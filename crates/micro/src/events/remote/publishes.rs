//! What is published, each event as a call of its own or several of a topic as one.

use async_trait::async_trait;
use futures_util::future::join_all;
use micro_proto::events as proto;
use micro_rpc::{Client, Error, Result, ServiceClient};

use super::context;
use crate::events::{Draft, Event, Published};
use crate::together::{Calls, Waiting};

const PUBLISH: &str = "Stream.Publish";

/// One event.
pub(super) struct Publish {
    pub(super) namespace: String,
    pub(super) draft: Draft,
}

/// Publishes.
pub(super) struct Publishes {
    events: ServiceClient,
}

/// Events of one topic, and who waits until they are kept.
struct Asked {
    namespace: String,
    events: Vec<Event>,
    waiting: Vec<Waiting<Published>>,
}

impl Publishes {
    pub(super) fn new(client: &Client) -> Self {
        Self {
            events: client.service("events"),
        }
    }

    async fn publish(&self, namespace: String, event: Event) -> Result<Published> {
        let request = proto::PublishRequest {
            topic: event.topic,
            metadata: event.metadata,
            payload: event.payload,
            timestamp: event.timestamp,
            id: event.id,
            namespace,
            events: Vec::new(),
        };
        let answer: proto::PublishResponse = self.events.unary(&context(), PUBLISH, &request).await?;
        Ok(Published {
            id: answer.id,
            position: answer.position,
        })
    }

    async fn answer(&self, asked: Asked) {
        let outcomes = self.publish_all(asked.namespace, asked.events).await;
        for (waits, outcome) in asked.waiting.into_iter().zip(outcomes) {
            waits.answer(outcome);
        }
    }

    /// As one call, in their order.
    pub(super) async fn publish_all(&self, namespace: String, events: Vec<Event>) -> Vec<Result<Published>> {
        let request = proto::PublishRequest {
            namespace,
            events,
            ..proto::PublishRequest::default()
        };
        let answer: Result<proto::PublishResponse> = self.events.unary(&context(), PUBLISH, &request).await;
        let count = request.events.len();
        match answer {
            Ok(answer) => {
                let mut outcomes = answer.outcomes.into_iter();
                let told = (0..count).map(|_| outcomes.next().map_or_else(unsaid, published));
                told.collect()
            }
            // A platform from before there were several events misses the topic, and has published nothing.
            Err(Error { code: 400, .. }) => {
                let mut outcomes = Vec::with_capacity(count);
                for event in request.events {
                    outcomes.push(self.publish(request.namespace.clone(), event).await);
                }
                outcomes
            }
            Err(error) => vec![Err(error); count],
        }
    }
}

fn unsaid() -> Result<Published> {
    let detail = "the answer tells of fewer events";
    Err(Error::internal("go.micro.client", detail))
}

pub(super) fn event(draft: Draft) -> Event {
    Event {
        id: draft.id,
        topic: draft.topic,
        metadata: draft.metadata,
        payload: draft.payload,
        timestamp: draft.timestamp,
        ..Event::default()
    }
}

fn published(outcome: proto::Outcome) -> Result<Published> {
    match outcome.error {
        None => Ok(Published {
            id: outcome.id,
            position: outcome.position,
        }),
        Some(error) => Err(Error {
            status: error.status,
            ..Error::new(error.id, error.code, error.detail)
        }),
    }
}

#[async_trait]
impl Calls for Publishes {
    type Asked = Publish;
    type Answer = Published;

    fn weight(publish: &Publish) -> usize {
        let metadata = publish.draft.metadata.iter();
        let metadata: usize = metadata.map(|(name, value)| name.len() + value.len()).sum();
        publish.draft.payload.len() + metadata
    }

    async fn alone(&self, Publish { namespace, draft }: Publish) -> Result<Published> {
        self.publish(namespace, event(draft)).await
    }

    /// Those of one topic, which are kept in one place: none waits for a topic that is not its own.
    async fn together(&self, several: Vec<(Publish, Waiting<Published>)>) {
        let mut topics: Vec<Asked> = Vec::new();
        let count = several.len();
        for (Publish { namespace, draft }, waits) in several {
            let is_its = |asked: &Asked| asked.namespace == namespace && asked.events[0].topic == draft.topic;
            let at = topics.iter().position(is_its).unwrap_or_else(|| {
                topics.push(Asked {
                    namespace,
                    events: Vec::with_capacity(count),
                    waiting: Vec::with_capacity(count),
                });
                topics.len() - 1
            });
            topics[at].events.push(event(draft));
            topics[at].waiting.push(waits);
        }
        join_all(topics.into_iter().map(|asked| self.answer(asked))).await;
    }
}
