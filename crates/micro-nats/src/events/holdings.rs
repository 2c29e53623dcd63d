//! What is kept of all namespaces, for who moves it.

use std::collections::HashMap;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use micro::Result;
use micro::events::{self, DeadLetter, Event, Holdings, Start, check_name};

use super::topic::{Topic, for_group};
use super::{Events, group, unix_seconds};
use crate::connection::Question;
use crate::jetstream::{Failure, Which, optional};
use crate::names;

#[async_trait]
impl Holdings for Events {
    async fn all_topics(&self) -> Result<Vec<(String, events::Topic)>> {
        let filter = Topic::all(&self.0.connection, None);
        let streams = self.0.connection.streams(&filter).await?;
        let mut all: Vec<_> = streams
            .iter()
            .filter(|stream| stream.state.last > 0)
            .filter_map(|stream| {
                let (namespace, name) = stream.description().split_once(' ')?;
                let topic = events::Topic {
                    name: name.to_owned(),
                    last: stream.state.last,
                };
                Some((namespace.to_owned(), topic))
            })
            .collect();
        all.sort_by(|(namespace, topic), (other, other_topic)| {
            (namespace, &topic.name).cmp(&(other, &other_topic.name))
        });
        Ok(all)
    }

    async fn read_after(
        &self,
        namespace: &str,
        topic: &str,
        position: u64,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let topic = self.topic(namespace, topic).await?;
        let Some(stream) = topic.info(None).await? else {
            return Ok(Vec::new());
        };
        let mut from = stream.state.first.max(position.saturating_add(1));
        let mut events = Vec::new();
        while events.len() < limit && from <= stream.state.last {
            let page = topic.page(from, stream.state.last).await?;
            from = Topic::after_page(from);
            events.extend(page);
        }
        events.truncate(limit);
        Ok(events)
    }

    async fn create_group(&self, namespace: &str, topic: &str, group: &str, start: Start) -> Result<()> {
        check_name("group", group)?;
        let topic = self.standing_topic(namespace, topic).await?;
        group::stand(&self.0, topic, group, start).await
    }

    async fn handed_out_again(&self, namespace: &str, topic: &str) -> Result<Vec<DeadLetter>> {
        let topic = self.topic(namespace, topic).await?;
        if topic.info(None).await?.is_none() {
            return Ok(Vec::new());
        }
        // Before the letters: one that is done with in between is moved once too often rather than not at all.
        let consumers = self.0.connection.consumers(&topic.stream).await?;
        let kept = consumers.iter().filter(|consumer| group::is_kept(&consumer.name));
        let groups = kept.map(|consumer| {
            let name = consumer.description().to_owned();
            (names::token(&name), (name, consumer.first()))
        });
        topic.again(&groups.collect()).await
    }

    async fn keep_dead_letter(&self, namespace: &str, topic: &str, letter: DeadLetter) -> Result<()> {
        check_name("group", &letter.group)?;
        let topic = self.standing_topic(namespace, topic).await?;
        let mut event = letter.event.unwrap_or_default();
        if event.position == 0 {
            event.position = topic.free_position(&event.id).await?;
        }
        Ok(topic.bury(&letter.group, &event, letter.died).await?)
    }
}

impl Topic {
    /// What was handed out again to groups, each by the token of its name, and lies where the group is not done.
    async fn again(&self, groups: &HashMap<String, (String, u64)>) -> Result<Vec<DeadLetter>> {
        let subject = self.subject("events", "again.>");
        let mut letters = Vec::new();
        let Some(mut seq) = groups.values().map(|(_, first)| *first).min() else {
            return Ok(letters);
        };
        loop {
            let which = Which::Next {
                seq,
                subject: &subject,
            };
            let Some(kept) = optional(self.connection.message(&self.stream, which).await)? else {
                return Ok(letters);
            };
            seq = kept.sequence + 1;
            let Some((name, first)) = for_group(&kept.subject).and_then(|group| groups.get(group)) else {
                continue;
            };
            if kept.sequence < *first {
                continue;
            }
            letters.push(DeadLetter {
                event: Some(self.read(&kept)?),
                group: name.clone(),
                died: unix_seconds(SystemTime::now()),
            });
        }
    }

    /// A position that no event has: that of a message for a group that is none. The same for the same event.
    async fn free_position(&self, id: &str) -> Result<u64, Failure> {
        // The name of a group has no blanks.
        let nobody = names::token(" ");
        let subject = self.subject("events", &format!("again.{nobody}.{}", names::token(id)));
        let which = Which::Last { subject: &subject };
        if let Some(kept) = optional(self.connection.message(&self.stream, which).await)? {
            return Ok(kept.sequence);
        }
        self.connection.put(Question::new(subject, Bytes::new())).await
    }
}
