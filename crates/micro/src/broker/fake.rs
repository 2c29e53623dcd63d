//! A broker that does as a test tells it.

use async_trait::async_trait;
use micro_rpc::{Result, Streaming};

use super::{Broker, Memory, Message};
use crate::fake::{Invocation, Script, Spy, in_order};

/// A [`Broker`] for tests: [`Memory`], but for what its spies were told.
pub struct FakeBroker {
    memory: Memory,
    /// [`Broker::publish`]: topic and message.
    pub publishes: Spy<(String, Message), ()>,
    /// [`Broker::subscribe`]: topic and queue.
    pub subscribes: Spy<(String, String), Script<Message>>,
}

impl Default for FakeBroker {
    fn default() -> Self {
        Self {
            memory: Memory::default(),
            publishes: Spy::new("Broker.Publish"),
            subscribes: Spy::new("Broker.Subscribe"),
        }
    }
}

impl FakeBroker {
    /// A broker without subscribers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.publishes.invocations(), self.subscribes.invocations()])
    }
}

#[async_trait]
impl Broker for FakeBroker {
    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        let asked = (topic.to_owned(), message.clone());
        self.publishes
            .call(asked, self.memory.publish(topic, message))
            .await
    }

    async fn subscribe(&self, topic: &str, queue: &str) -> Result<Streaming<Message>> {
        match self.subscribes.told((topic.to_owned(), queue.to_owned())).await {
            Some(told) => told.map(Script::play),
            None => self.memory.subscribe(topic, queue).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use micro_rpc::Error;

    use super::*;
    use crate::broker::conformance;

    #[tokio::test(flavor = "multi_thread")]
    async fn is_a_broker_where_nothing_is_told() {
        conformance::run(&FakeBroker::new()).await;
    }

    #[tokio::test]
    async fn a_stream_breaks_where_told() {
        let broker = FakeBroker::new();
        let fault = Error::unavailable("fake", "cable cut");
        broker
            .subscribes
            .returns(Ok(Script::of([Message::default()]).fails(fault)));
        let mut messages = broker.subscribe("news", "").await.unwrap();
        assert!(messages.next().await.unwrap().is_ok());
        assert_eq!(
            messages.next().await.unwrap().map_err(|error| error.code),
            Err(503)
        );
        broker.publish("news", Message::default()).await.unwrap();
        assert_eq!(broker.publishes.args_for_call(0).0, "news");
        assert_eq!(broker.invocations().len(), 2);
    }
}
