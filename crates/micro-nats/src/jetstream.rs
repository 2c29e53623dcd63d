//! What is asked of JetStream: requests with JSON, of which only what is used here is known.
//!
//! The client library has more of it and expects more of the answers than server 2.9 gives.

mod consumer;
mod message;
mod stream;

use bytes::Bytes;
use micro::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Connection;
use crate::connection::Question;

pub(crate) use consumer::ConsumerConfig;
pub(crate) use message::{Kept, Which};
pub(crate) use stream::{StreamConfig, StreamInfo};

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The servers are there, and nobody listens to the subject.
    Nobody,
    /// There is no answer, or none that can be read: as it is to be told.
    Away(Error),
    /// JetStream will not.
    Refused(Refusal),
}

/// What JetStream says when it will not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    /// As in HTTP.
    pub code: u16,
    /// What it is exactly.
    #[serde(rename = "err_code")]
    pub number: u32,
    pub description: String,
}

/// The last event of a subject is another than was expected.
pub(crate) const WRONG_LAST_SEQUENCE: u32 = 10071;

impl Failure {
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == 404)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Away(error) => error,
            Failure::Nobody => Self::unavailable(
                "events",
                "NATS answers, and JetStream does not: is it switched on in the server's configuration?",
            ),
            Failure::Refused(Refusal {
                number, description, ..
            }) => Self::unavailable("events", format!("JetStream: {description} (error {number})")),
        }
    }
}

/// Nothing where there is none.
pub(crate) fn optional<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.is_not_found() => Ok(None),
        Err(failure) => Err(failure),
    }
}

#[derive(Deserialize)]
struct Outcome {
    error: Option<Refusal>,
}

impl Connection {
    /// Asks JetStream's API.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        subject: String,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        // What is asked is made of texts and numbers: this cannot fail.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let answer = self
            .request(Question::new(format!("$JS.API.{subject}"), body))
            .await?;
        read(&answer.payload)
    }
}

/// An answer, or the refusal in it.
pub(crate) fn read<T: DeserializeOwned>(payload: &Bytes) -> Result<T, Failure> {
    let outcome: Outcome = parse(payload)?;
    match outcome.error {
        Some(refusal) => Err(Failure::Refused(refusal)),
        None => parse(payload),
    }
}

pub(crate) fn parse<T: DeserializeOwned>(payload: &Bytes) -> Result<T, Failure> {
    serde_json::from_slice(payload).map_err(|error| {
        let detail = format!("JetStream's answer cannot be read: {error}");
        Failure::Away(Error::internal("events", detail))
    })
}
