//! Events that do as a test tells them.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use micro_rpc::Result;
use tokio::sync::mpsc;

use super::{Consume, Consumer, DeadLetter, Draft, Event, Events, Group, Published, Stored, Topic, Verdict};
use crate::fake::{Invocation, Script, Spy, in_order};
use crate::store::Memory;

/// Answers that a faked consumer may give before one is read.
const QUEUE: usize = 64;

/// An [`Events`] for tests: kept in memory, but for what its spies were told.
pub struct FakeEvents {
    stored: Stored,
    answers: Arc<Mutex<Vec<(String, bool)>>>,
    /// [`Events::publish`]: namespace and draft.
    pub publishes: Spy<(String, Draft), Published>,
    /// [`Events::consume`]: namespace and what is wanted. Of what a script sends, [`FakeEvents::answers`] tells the answers.
    pub consumes: Spy<(String, Consume), Script<Event>>,
    /// [`Events::read`]: namespace, topic, limit and offset.
    pub reads: Spy<(String, String, usize, usize), Vec<Event>>,
}

impl Default for FakeEvents {
    fn default() -> Self {
        Self {
            stored: Stored::new(Arc::new(Memory::new())),
            answers: Arc::default(),
            publishes: Spy::new("Events.Publish"),
            consumes: Spy::new("Events.Consume"),
            reads: Spy::new("Events.Read"),
        }
    }
}

impl FakeEvents {
    /// No events.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was said to the events of scripts: the id, and whether it was dealt with.
    pub fn answers(&self) -> Vec<(String, bool)> {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What was published, in order: what a test mostly wants to know.
    pub fn published(&self) -> Vec<Draft> {
        (0..self.publishes.call_count())
            .map(|n| self.publishes.args_for_call(n).1)
            .collect()
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.publishes.invocations(),
            self.consumes.invocations(),
            self.reads.invocations(),
        ])
    }

    fn play(&self, script: Script<Event>) -> Consumer {
        let (verdicts, mut said) = mpsc::channel::<Verdict>(QUEUE);
        let answers = self.answers.clone();
        // Ends with the consumer, which holds the other side.
        tokio::spawn(async move {
            while let Some(Verdict { id, success }) = said.recv().await {
                answers
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((id, success));
            }
        });
        Consumer::new(script.play(), verdicts)
    }
}

#[async_trait]
impl Events for FakeEvents {
    async fn publish(&self, namespace: &str, draft: Draft) -> Result<Published> {
        let asked = (namespace.to_owned(), draft.clone());
        self.publishes
            .call(asked, self.stored.publish(namespace, draft))
            .await
    }

    async fn consume(&self, namespace: &str, wanted: Consume) -> Result<Consumer> {
        match self.consumes.told((namespace.to_owned(), wanted.clone())).await {
            Some(told) => told.map(|script| self.play(script)),
            None => self.stored.consume(namespace, wanted).await,
        }
    }

    async fn read(&self, namespace: &str, topic: &str, limit: usize, offset: usize) -> Result<Vec<Event>> {
        let asked = (namespace.to_owned(), topic.to_owned(), limit, offset);
        self.reads
            .call(asked, self.stored.read(namespace, topic, limit, offset))
            .await
    }

    async fn topics(&self, namespace: &str) -> Result<Vec<Topic>> {
        self.stored.topics(namespace).await
    }

    async fn groups(&self, namespace: &str, topic: &str) -> Result<Vec<Group>> {
        self.stored.groups(namespace, topic).await
    }

    async fn dead_letters(
        &self,
        namespace: &str,
        topic: &str,
        group: &str,
        limit: usize,
    ) -> Result<Vec<DeadLetter>> {
        self.stored.dead_letters(namespace, topic, group, limit).await
    }

    async fn redrive(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()> {
        self.stored.redrive(namespace, topic, group, position).await
    }

    async fn discard(&self, namespace: &str, topic: &str, group: &str, position: u64) -> Result<()> {
        self.stored.discard(namespace, topic, group, position).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use micro_rpc::Error;

    use super::*;
    use crate::events::conformance;

    #[tokio::test(flavor = "multi_thread")]
    async fn are_events_where_nothing_is_told() {
        conformance::run(&FakeEvents::new()).await;
    }

    #[tokio::test]
    async fn a_script_is_played_and_its_answers_are_kept() {
        let events = FakeEvents::new();
        let event = |id: &str| Event {
            id: id.to_owned(),
            ..Event::default()
        };
        let script = Script::of([event("a"), event("b")]).fails(Error::unavailable("fake", "gone"));
        events.consumes.returns(Ok(script));
        let mut consumer = events.consume("micro", Consume::default()).await.unwrap();
        let first = consumer.next().await.unwrap().unwrap();
        consumer.ack(&first).await;
        let second = consumer.next().await.unwrap().unwrap();
        consumer.nack(&second).await;
        assert!(consumer.next().await.unwrap().is_err());
        while events.answers().len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(
            events.answers(),
            [("a".to_owned(), true), ("b".to_owned(), false)]
        );
        let draft = Draft {
            topic: "user".to_owned(),
            ..Draft::default()
        };
        events.publish("micro", draft).await.unwrap();
        assert_eq!(events.published()[0].topic, "user");
        assert_eq!(events.invocations().len(), 2);
    }
}
