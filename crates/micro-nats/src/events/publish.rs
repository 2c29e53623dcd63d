//! Keeping events, one or many together.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use micro::events::{Draft, Event, MAX_PAYLOAD, Published, check_name};
use micro::{Codec, Error, Result};

use super::topic::Topic;
use super::{Events, unix_seconds};
use crate::connection::{Answer, Question};

impl Events {
    pub(super) async fn keep(&self, namespace: &str, draft: Draft) -> Result<Published> {
        let prepared = self.prepare(namespace, draft).await?;
        let answer = self.0.connection.request(prepared.publication()).await;
        prepared.published(answer).await
    }

    pub(super) async fn keep_all(&self, namespace: &str, drafts: Vec<Draft>) -> Vec<Result<Published>> {
        let mut all = Vec::with_capacity(drafts.len());
        for draft in drafts {
            all.push(self.prepare(namespace, draft).await);
        }
        let publications = all.iter().flatten().map(Prepared::publication).collect();
        let mut answers = self.0.connection.request_all(publications).await.into_iter();
        let mut outcomes = Vec::with_capacity(all.len());
        for prepared in all {
            outcomes.push(match prepared {
                // Each publication has an answer.
                Ok(prepared) => match answers.next() {
                    Some(answer) => prepared.published(answer).await,
                    None => Err(self.0.connection.silent()),
                },
                Err(error) => Err(error),
            });
        }
        outcomes
    }

    /// An event as it is to be kept, in a stream that is there.
    async fn prepare(&self, namespace: &str, draft: Draft) -> Result<Prepared> {
        check_name("id", &draft.id)?;
        let length = draft.payload.len();
        if length > MAX_PAYLOAD {
            let detail = format!("a payload of {length} bytes is larger than the limit of {MAX_PAYLOAD}");
            return Err(Error::payload_too_large("events", detail));
        }
        self.0.durability.permit()?;
        let topic = self.standing_topic(namespace, &draft.topic).await?;
        let is_given = !draft.id.is_empty();
        let id = if is_given {
            draft.id
        } else {
            micro::Id::random().to_string()
        };
        let payload = Codec::Proto.encode(&Event {
            id: id.clone(),
            metadata: draft.metadata,
            payload: draft.payload,
            timestamp: match draft.timestamp {
                0 => unix_seconds(SystemTime::now()),
                given => given,
            },
            ..Event::default()
        })?;
        Ok(Prepared {
            topic,
            id,
            is_given,
            payload,
        })
    }
}

/// An event that is only to be kept yet.
struct Prepared {
    topic: Arc<Topic>,
    id: String,
    /// Whether somebody else might publish it too.
    is_given: bool,
    payload: Bytes,
}

impl Prepared {
    fn given_id(&self) -> &str {
        if self.is_given { &self.id } else { "" }
    }

    fn publication(&self) -> Question {
        self.topic.publication(self.given_id(), self.payload.clone())
    }

    async fn published(self, answer: Answer) -> Result<Published> {
        let payload = self.payload.clone();
        let position = self.topic.position(self.given_id(), payload, answer).await?;
        Ok(Published {
            id: self.id,
            position,
        })
    }
}
