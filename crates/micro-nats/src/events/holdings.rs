//! What is kept of all namespaces, for who moves it.

use async_trait::async_trait;
use bytes::Bytes;
use micro::Result;
use micro::events::{self, DeadLetter, Event, Holdings, Start, check_name};

use super::topic::Topic;
use super::{Events, group};
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
