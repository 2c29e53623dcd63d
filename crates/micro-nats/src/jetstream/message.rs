//! Messages of a stream, read one by one.

use async_nats::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use micro::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Failure, Refusal};
use crate::Connection;
use crate::connection::Question;

/// Which message.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Which<'a> {
    At {
        seq: u64,
    },
    /// The first from a sequence on whose subject fits.
    Next {
        seq: u64,
        #[serde(rename = "next_by_subj")]
        subject: &'a str,
    },
    Last {
        #[serde(rename = "last_by_subj")]
        subject: &'a str,
    },
}

/// A message that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub sequence: u64,
    pub subject: String,
    pub payload: Bytes,
}

#[derive(Deserialize)]
struct Answer {
    message: Told,
}

#[derive(Deserialize)]
struct Told {
    subject: String,
    seq: u64,
    #[serde(default)]
    data: String,
}

impl Connection {
    /// A message as the leader of the stream has it.
    pub(crate) async fn message(&self, stream: &str, which: Which<'_>) -> Result<Kept, Failure> {
        let answer: Answer = self.ask(format!("STREAM.MSG.GET.{stream}"), &which).await?;
        let payload = STANDARD
            .decode(answer.message.data)
            .map_err(|error| Failure::Away(Error::internal("events", format!("JetStream: {error}"))))?;
        Ok(Kept {
            sequence: answer.message.seq,
            subject: answer.message.subject,
            payload: payload.into(),
        })
    }

    /// A message as any replica has it, with less ado: one may be a moment behind.
    pub(crate) async fn message_directly(&self, stream: &str, which: Which<'_>) -> Result<Kept, Failure> {
        let body = serde_json::to_vec(&which).unwrap_or_default();
        let answer = self
            .request(Question::new(format!("$JS.API.DIRECT.GET.{stream}"), body))
            .await?;
        if let Some(status) = answer.status {
            return Err(Failure::Refused(Refusal {
                code: if status == StatusCode::NOT_FOUND {
                    404
                } else {
                    status.as_u16()
                },
                number: 0,
                description: answer.description.unwrap_or_default(),
            }));
        }
        let header = |name: &str| {
            let headers = answer.headers.as_ref()?;
            headers.get(name).map(|value| value.as_str().to_owned())
        };
        Ok(Kept {
            sequence: header("Nats-Sequence")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            subject: header("Nats-Subject").unwrap_or_default(),
            payload: answer.payload,
        })
    }

    /// Removes a message.
    pub(crate) async fn delete_message(&self, stream: &str, sequence: u64) -> Result<(), Failure> {
        let asked = json!({ "seq": sequence, "no_erase": true });
        let _: Value = self.ask(format!("STREAM.MSG.DELETE.{stream}"), &asked).await?;
        Ok(())
    }
}
