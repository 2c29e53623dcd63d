//! What a service does when others publish.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use micro_rpc::{Codec, Context, Error, Message, Result};
use tokio::task::JoinSet;

use crate::events::{Answers, Consume, Event, Events};

/// How long a handler may take before another instance is given the event.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so many attempts an event is a dead letter.
const RETRIES: u32 = 10;
/// Events of one topic that are handled at once.
const AT_ONCE: usize = 16;
/// Between attempts to take a subscription up again.
const PAUSE: Duration = Duration::from_secs(1);

/// Handles the events of a topic. All instances of the service share them.
///
/// An event is done with when this returns well. An error, or a panic, has it sent again after a while, at last as a dead
/// letter; so the same event may come twice, and [`Event::attempt`] tells.
#[async_trait]
pub trait Subscriber: Send + Sync + 'static {
    /// Handles one event.
    async fn receive(&self, ctx: &Context, event: &Event) -> Result<()>;
}

/// The message that an event carries: JSON or protobuf, as its metadata `content-type` says; JSON where it says nothing.
///
/// # Errors
///
/// 400 when the payload is no such message.
pub fn decode<M: Message>(event: &Event) -> Result<M> {
    let said = event
        .metadata
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let is_proto = said.is_some_and(|(_, value)| value.contains("proto"));
    let codec = if is_proto { Codec::Proto } else { Codec::Json };
    codec.decode(&event.payload)
}

/// Takes a topic's events for a service until it is told to stop, then lets those under way finish.
pub(crate) async fn follow(
    events: Arc<dyn Events>,
    namespace: String,
    service: String,
    topic: String,
    subscriber: Arc<dyn Subscriber>,
    stop: impl Future<Output = ()> + Send,
) {
    let wanted = Consume {
        topic: topic.clone(),
        group: service,
        ack_wait: Some(PATIENCE),
        retry_limit: Some(RETRIES),
        ..Consume::default()
    };
    let mut handling = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let joined = tokio::select! {
            () = &mut stop => break,
            joined = events.consume(&namespace, wanted.clone()) => joined,
        };
        match joined {
            Ok(mut consumer) => loop {
                let event = tokio::select! {
                    () = &mut stop => {
                        while handling.join_next().await.is_some() {}
                        return consumer.finish().await;
                    }
                    event = consumer.next() => event,
                };
                let Some(Ok(event)) = event else { break };
                while handling.len() >= AT_ONCE {
                    handling.join_next().await;
                }
                handling.spawn(handle(subscriber.clone(), event, consumer.answers()));
            },
            Err(error) => tracing::warn!(topic, %error, "cannot subscribe, trying again"),
        }
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    while handling.join_next().await.is_some() {}
}

async fn handle(subscriber: Arc<dyn Subscriber>, event: Event, answers: Answers) {
    let ctx = Context::background().with_timeout(PATIENCE);
    let received = AssertUnwindSafe(subscriber.receive(&ctx, &event))
        .catch_unwind()
        .await;
    let received = received.unwrap_or_else(|_| Err(Error::internal("subscriber", "the handler panicked")));
    match received {
        Ok(()) => answers.ack(&event.id).await,
        Err(error) => {
            let Event {
                topic, id, attempt, ..
            } = &event;
            tracing::warn!(topic, id, attempt, %error, "an event was not dealt with");
            answers.nack(id).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::{mpsc, oneshot};

    use super::*;
    use crate::events::{Draft, Group, Stored};
    use crate::store::Memory;

    /// Fails the first time, panics the second, and tells what it saw.
    struct Clumsy(mpsc::Sender<(String, u32)>, Mutex<u32>);

    #[async_trait]
    impl Subscriber for Clumsy {
        async fn receive(&self, _ctx: &Context, event: &Event) -> Result<()> {
            let group: Group = decode(event)?;
            let attempt = {
                let mut attempts = self.1.lock().unwrap();
                *attempts += 1;
                *attempts
            };
            self.0.send((group.name, event.attempt)).await.unwrap();
            match attempt {
                1 => Err(Error::unavailable("test", "not yet")),
                2 => panic!("clumsy"),
                _ => Ok(()),
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn errors_and_panics_have_the_event_sent_again() {
        let events: Arc<dyn Events> = Arc::new(Stored::new(Arc::new(Memory::new())));
        let (seen, mut told) = mpsc::channel(8);
        let (stop, stopped) = oneshot::channel::<()>();
        let subscriber = Arc::new(Clumsy(seen, Mutex::default()));
        let following = tokio::spawn(follow(
            events.clone(),
            "micro".to_owned(),
            "mailer".to_owned(),
            "user".to_owned(),
            subscriber,
            async move { drop(stopped.await) },
        ));
        while events.groups("micro", "user").await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let draft = Draft {
            topic: "user".to_owned(),
            payload: r#"{"name": "Alice"}"#.into(),
            ..Draft::default()
        };
        events.publish("micro", draft).await.unwrap();
        for attempt in 1..=3 {
            assert_eq!(told.recv().await, Some(("Alice".to_owned(), attempt)));
        }
        stop.send(()).unwrap();
        following.await.unwrap();
        loop {
            let groups = events.groups("micro", "user").await.unwrap();
            if groups[0].lag == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
