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
        self.check(&draft)?;
        let topic = self.standing_topic(namespace, &draft.topic).await?;
        let prepared = Prepared::new(topic, draft)?;
        let answer = self.0.connection.request(prepared.publication()).await;
        prepared.published(answer).await
    }

    pub(super) async fn keep_all(&self, namespace: &str, drafts: Vec<Draft>) -> Vec<Result<Published>> {
        let mut all = Vec::with_capacity(drafts.len());
        // Most are of one topic.
        let mut last: Option<Arc<Topic>> = None;
        for draft in drafts {
            let prepared = async {
                self.check(&draft)?;
                let topic = match last.take_if(|topic| topic.name == draft.topic) {
                    Some(topic) => topic,
                    None => self.standing_topic(namespace, &draft.topic).await?,
                };
                last = Some(topic.clone());
                Prepared::new(topic, draft)
            };
            all.push(prepared.await);
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

    fn check(&self, draft: &Draft) -> Result<()> {
        check_name("id", &draft.id)?;
        let length = draft.payload.len();
        if length > MAX_PAYLOAD {
            let detail = format!("a payload of {length} bytes is larger than the limit of {MAX_PAYLOAD}");
            return Err(Error::payload_too_large("events", detail));
        }
        self.0.durability.permit()
    }
}

/// An event that is only to be kept yet, in a stream that is there.
struct Prepared {
    topic: Arc<Topic>,
    id: String,
    /// Whether somebody else might publish it too.
    is_given: bool,
    payload: Bytes,
}

impl Prepared {
    fn new(topic: Arc<Topic>, draft: Draft) -> Result<Self> {
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
        Ok(Self {
            topic,
            id,
            is_given,
            payload,
        })
    }

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
