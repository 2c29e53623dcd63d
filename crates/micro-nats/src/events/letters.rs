//! What groups have given up.

use std::collections::BTreeMap;

use micro::events::{DeadLetter, Event};
use micro::{Codec, Error, Result};

use super::topic::Topic;
use crate::connection::Question;
use crate::jetstream::{Failure, Kept, Which, optional};
use crate::names;

/// A letter, and where in the stream of its topic it lies.
pub(super) struct Found {
    pub letter: DeadLetter,
    pub sequence: u64,
}

impl Topic {
    fn letter_subject(&self, group: &str, position: u64) -> String {
        self.subject("dead", &format!("{}.{position}", names::token(group)))
    }

    /// Keeps a dead letter; the same once more is kept once.
    pub(super) async fn bury(&self, group: &str, event: &Event, died: i64) -> Result<(), Failure> {
        self.stand_dead().await?;
        let letter = DeadLetter {
            event: Some(event.clone()),
            group: group.to_owned(),
            died,
        };
        let payload = Codec::Proto.encode(&letter).map_err(Failure::Away)?;
        let subject = self.letter_subject(group, event.position);
        self.connection
            .put(Question::new(subject, payload))
            .await
            .map(drop)
    }

    /// The letters of a group, or of all where it is empty, in the order in which they were given up.
    pub(super) async fn letters(&self, group: &str, limit: usize) -> Result<Vec<DeadLetter>> {
        let rest = if group.is_empty() {
            ">".to_owned()
        } else {
            format!("{}.*", names::token(group))
        };
        let subject = self.subject("dead", &rest);
        let mut letters = Vec::new();
        let mut seq = 1;
        while letters.len() < limit {
            let which = Which::Next {
                seq,
                subject: &subject,
            };
            let Some(kept) = optional(self.connection.message(&self.dead, which).await)? else {
                break;
            };
            seq = kept.sequence + 1;
            letters.push(read(&kept)?);
        }
        Ok(letters)
    }

    /// One letter; 404 where there is none.
    pub(super) async fn letter(&self, group: &str, position: u64) -> Result<Found> {
        let subject = self.letter_subject(group, position);
        let which = Which::Last { subject: &subject };
        match optional(self.connection.message(&self.dead, which).await)? {
            Some(kept) => Ok(Found {
                letter: read(&kept)?,
                sequence: kept.sequence,
            }),
            None => {
                let detail = format!("group {group:?} has no dead letter at position {position}");
                Err(Error::not_found("events", detail))
            }
        }
    }

    pub(super) async fn remove_letter(&self, sequence: u64) -> Result<()> {
        match self.connection.delete_message(&self.dead, sequence).await {
            // Somebody else did it.
            Err(Failure::Refused(_)) => Ok(()),
            done => Ok(done?),
        }
    }

    /// How many letters each group has, by the token of its name.
    pub(super) async fn count_letters(&self) -> Result<BTreeMap<String, u64>> {
        let filter = self.subject("dead", ">");
        let stream = optional(self.connection.stream(&self.dead, Some(&filter)).await)?;
        let subjects = stream.and_then(|stream| stream.state.subjects);
        let mut counts = BTreeMap::new();
        for subject in subjects.unwrap_or_default().into_keys() {
            if let Some(group) = subject.split('.').nth(4) {
                *counts.entry(group.to_owned()).or_default() += 1;
            }
        }
        Ok(counts)
    }
}

fn read(kept: &Kept) -> Result<DeadLetter> {
    Codec::Proto
        .decode(&kept.payload)
        .map_err(|_| Error::internal("events", "a dead letter in JetStream cannot be read"))
}
