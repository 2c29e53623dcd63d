//! What is published, each event as a call of its own or several of a topic as one.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::join_all;
use micro_proto::events as proto;
use micro_proto::events::{Stream as _, StreamClient};
use micro_rpc::{Error, Result};

use super::context;
use crate::events::{Draft, Event, Published};
use crate::together::{Calls, Waiting};

/// One event.
pub(super) struct Publish {
    pub(super) namespace: String,
    pub(super) draft: Draft,
}

/// Publishes.
pub(super) struct Publishes {
    stream: StreamClient,
}

/// The events of a topic, and who waits until they are kept.
type Asked = (Vec<Draft>, Vec<Waiting<Published>>);

impl Publishes {
    pub(super) fn new(stream: StreamClient) -> Self {
        Self { stream }
    }

    async fn publish(&self, namespace: &str, draft: Draft) -> Result<Published> {
        let request = proto::PublishRequest {
            topic: draft.topic,
            metadata: draft.metadata,
            payload: draft.payload,
            timestamp: draft.timestamp,
            id: draft.id,
            namespace: namespace.to_owned(),
            events: Vec::new(),
        };
        let answer = self.stream.publish(&context(), request).await?;
        Ok(Published {
            id: answer.id,
            position: answer.position,
        })
    }

    async fn answer(&self, namespace: &str, (drafts, waiting): Asked) {
        let outcomes = self.publish_all(namespace, drafts).await;
        for (waits, outcome) in waiting.into_iter().zip(outcomes) {
            waits.answer(outcome);
        }
    }

    /// As one call, in their order.
    pub(super) async fn publish_all(&self, namespace: &str, drafts: Vec<Draft>) -> Vec<Result<Published>> {
        let request = proto::PublishRequest {
            namespace: namespace.to_owned(),
            events: drafts.iter().cloned().map(event).collect(),
            ..proto::PublishRequest::default()
        };
        match self.stream.publish(&context(), request).await {
            Ok(answer) => {
                let mut outcomes = answer.outcomes.into_iter();
                let told = drafts
                    .iter()
                    .map(|_| outcomes.next().map_or_else(unsaid, published));
                told.collect()
            }
            // A platform from before there were several events misses the topic, and has published nothing.
            Err(Error { code: 400, .. }) => {
                let mut outcomes = Vec::with_capacity(drafts.len());
                for draft in drafts {
                    outcomes.push(self.publish(namespace, draft).await);
                }
                outcomes
            }
            Err(error) => drafts.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

fn unsaid() -> Result<Published> {
    let detail = "the answer tells of fewer events";
    Err(Error::internal("go.micro.client", detail))
}

fn event(draft: Draft) -> Event {
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

    async fn alone(&self, publish: Publish) -> Result<Published> {
        self.publish(&publish.namespace, publish.draft).await
    }

    /// Those of one topic, which are kept in one place: none waits for a topic that is not its own.
    async fn together(&self, several: Vec<(Publish, Waiting<Published>)>) {
        let mut topics: BTreeMap<(String, String), Asked> = BTreeMap::new();
        for (Publish { namespace, draft }, waits) in several {
            let (drafts, waiting) = topics.entry((namespace, draft.topic.clone())).or_default();
            drafts.push(draft);
            waiting.push(waits);
        }
        let calls = topics.iter_mut().map(|((namespace, _), asked)| {
            let asked = std::mem::take(asked);
            self.answer(namespace, asked)
        });
        join_all(calls).await;
    }
}
