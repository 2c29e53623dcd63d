//! What a service does when others publish.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use micro_rpc::{Codec, Context, Error, Message, Result};
use tokio::task::JoinSet;

use crate::broker::{Broker, Message as Heard};
use crate::carried;
use crate::events::{Answers, Consume, Event, Events};

/// How long a handler may take before another instance is given the event.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often an event is sent again, unless the subscriber says otherwise.
const RETRIES: u32 = 10;
/// Events of one topic that are handled at once.
const AT_ONCE: usize = 16;
/// Between attempts to take a subscription up again.
const PAUSE: Duration = Duration::from_secs(1);

/// Handles the messages of a topic, each read as `M`: `service.subscribe("user", Mailer)` for events, which all instances of the
/// service share and which come until they are dealt with; `service.listen("presence", Mailer)` for messages of the broker, which
/// come at most once.
///
/// An event is done with when this returns well. An error, a panic, or a payload that is no `M`, has it sent again after a while, at
/// last as a dead letter; so the same event may come twice: its id tells, and [`Event::attempt`] how often it has come.
///
/// The context goes on with the trace of the call that published the message, and has its caller.
///
/// ```
/// use micro::events::Event;
/// use micro::{Context, Result, Subscriber, async_trait};
/// # use micro_proto::events::Group as Signup; // a message of the contract
///
/// struct Mailer;
///
/// #[async_trait]
/// impl Subscriber<Signup> for Mailer {
///     async fn receive(&self, ctx: &Context, signup: Signup, event: &Event) -> Result<()> {
///         println!("{} ({}, attempt {}), by {:?}", signup.name, event.id, event.attempt, ctx.account());
///         Ok(())
///     }
/// }
///
/// let service = micro::Service::new("mailer").subscribe("user", Mailer);
/// # let _ = service;
/// ```
#[async_trait]
pub trait Subscriber<M: Message>: Send + Sync + 'static {
    /// Handles one message.
    async fn receive(&self, ctx: &Context, message: M, event: &Event) -> Result<()>;

    /// How often an event is sent again before it is a dead letter: 10 times unless said, which takes two minutes. The pause
    /// doubles from a tenth of a second to a minute, so each time more is a minute more. The last time is that in which
    /// [`Event::attempt`] is larger.
    fn retries(&self) -> u32 {
        RETRIES
    }
}

/// Handles what arrives on a topic as it came, whatever it is: [`Service::subscribe_raw`](crate::Service::subscribe_raw). Otherwise
/// as [`Subscriber`].
#[async_trait]
pub trait RawSubscriber: Send + Sync + 'static {
    /// Handles one event.
    async fn receive(&self, ctx: &Context, event: &Event) -> Result<()>;

    /// As [`Subscriber::retries`].
    fn retries(&self) -> u32 {
        RETRIES
    }
}

/// Reads a message for who takes no other.
pub(super) struct Typed<M, S>(pub S, pub PhantomData<fn(M)>);

#[async_trait]
impl<M: Message, S: Subscriber<M>> RawSubscriber for Typed<M, S> {
    async fn receive(&self, ctx: &Context, event: &Event) -> Result<()> {
        self.0.receive(ctx, decode(event)?, event).await
    }

    fn retries(&self) -> u32 {
        self.0.retries()
    }
}

/// The message that an event carries: JSON or protobuf, as its metadata `content-type` says; JSON where it says nothing.
///
/// # Errors
///
/// 400 when the payload is no such message.
pub fn decode<M: Message>(event: &Event) -> Result<M> {
    let said = carried::text(&event.metadata, "content-type");
    let is_proto = said.is_some_and(|value| value.contains("proto"));
    let codec = if is_proto { Codec::Proto } else { Codec::Json };
    codec.decode(&event.payload)
}

/// Takes a topic's events for a service until it is told to stop, then lets those under way finish. Once the service has joined
/// its group, which begins with what is published then, `joining` is dropped.
pub(crate) async fn follow(
    events: Arc<dyn Events>,
    namespace: String,
    service: String,
    topic: String,
    subscriber: Arc<dyn RawSubscriber>,
    joining: impl Send,
    stop: impl Future<Output = ()> + Send,
) {
    let mut joining = Some(joining);
    let wanted = Consume {
        topic: topic.clone(),
        group: service,
        ack_wait: Some(PATIENCE),
        retry_limit: Some(subscriber.retries()),
        ..Consume::default()
    };
    let mut handling = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let joined = tokio::select! {
            () = &mut stop => break,
            joined = events.consume(&namespace, wanted.clone()) => joined,
        };
        if joined.is_ok() {
            drop(joining.take());
        }
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
                let ctx = carried::context(&event.metadata, &namespace);
                handling.spawn(handle(ctx, subscriber.clone(), event, consumer.answers()));
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

async fn handle(ctx: Context, subscriber: Arc<dyn RawSubscriber>, event: Event, answers: Answers) {
    match receive(ctx, &*subscriber, &event).await {
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

async fn receive(ctx: Context, subscriber: &dyn RawSubscriber, event: &Event) -> Result<()> {
    let ctx = ctx.with_timeout(PATIENCE);
    let received = AssertUnwindSafe(subscriber.receive(&ctx, event))
        .catch_unwind()
        .await;
    received.unwrap_or_else(|_| Err(Error::internal("subscriber", "the handler panicked")))
}

/// Takes a topic's messages from the broker until it is told to stop, then lets those under way finish. The instances of a
/// service share them; one that fails is lost.
pub(crate) async fn listen(
    broker: Arc<dyn Broker>,
    namespace: String,
    service: String,
    topic: String,
    subscriber: Arc<dyn RawSubscriber>,
    stop: impl Future<Output = ()> + Send,
) {
    let mut handling = JoinSet::new();
    tokio::pin!(stop);
    let hearing = async {
        loop {
            match broker.subscribe(&topic, &service).await {
                Ok(mut messages) => {
                    while let Some(Ok(message)) = messages.next().await {
                        while handling.len() >= AT_ONCE {
                            handling.join_next().await;
                        }
                        handling.spawn(hear(
                            subscriber.clone(),
                            namespace.clone(),
                            topic.clone(),
                            message,
                        ));
                    }
                }
                Err(error) => tracing::warn!(topic, %error, "cannot listen, trying again"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = &mut stop => {}
        () = hearing => {}
    }
    while handling.join_next().await.is_some() {}
}

async fn hear(subscriber: Arc<dyn RawSubscriber>, namespace: String, topic: String, message: Heard) {
    let ctx = carried::context(&message.header, &namespace);
    let event = Event {
        id: carried::text(&message.header, "micro-id")
            .unwrap_or_default()
            .to_owned(),
        topic,
        metadata: message.header,
        payload: message.body,
        attempt: 1,
        ..Event::default()
    };
    if let Err(error) = receive(ctx, &*subscriber, &event).await {
        tracing::warn!(topic = event.topic, %error, "a message was not dealt with, and is lost");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use micro_rpc::Account;
    use tokio::sync::{mpsc, oneshot};

    use super::*;
    use crate::broker;
    use crate::events::{Draft, Group, Stored};
    use crate::store::Memory;

    /// Fails the first time, panics the second, and tells what it saw.
    struct Clumsy(mpsc::Sender<(String, u32)>, Mutex<u32>);

    #[async_trait]
    impl Subscriber<Group> for Clumsy {
        async fn receive(&self, ctx: &Context, group: Group, event: &Event) -> Result<()> {
            assert_eq!(ctx.account().unwrap().id, "ada");
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

    fn caller() -> Context {
        let id = "ada".to_owned();
        Context::background().with_account(Arc::new(Account {
            id,
            ..Account::default()
        }))
    }

    fn draft() -> Draft {
        let group = Group {
            name: "Alice".to_owned(),
            ..Group::default()
        };
        Draft::new(&caller(), "user", &group)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_listener_has_what_the_broker_hands_out_and_survives_itself() {
        let broker: Arc<dyn Broker> = Arc::new(broker::Memory::default());
        let (seen, mut told) = mpsc::channel(8);
        let (stop, stopped) = oneshot::channel::<()>();
        let subscriber = Arc::new(Typed(Clumsy(seen, Mutex::default()), PhantomData));
        let listening = tokio::spawn(listen(
            broker.clone(),
            "micro".to_owned(),
            "mailer".to_owned(),
            "user".to_owned(),
            subscriber,
            async move { drop(stopped.await) },
        ));
        let Draft {
            metadata, payload, ..
        } = draft();
        let mut heard = 0;
        // One that is published before the listener is there is lost.
        while heard < 4 {
            let message = Heard {
                header: metadata.clone(),
                body: payload.clone(),
            };
            broker.publish("user", message).await.unwrap();
            let next = tokio::time::timeout(Duration::from_millis(20), told.recv()).await;
            if let Ok(next) = next {
                assert_eq!(next, Some(("Alice".to_owned(), 1)));
                heard += 1;
            }
        }
        stop.send(()).unwrap();
        listening.await.unwrap();
    }

    /// Can do nothing, and wants it once more.
    struct Unable;

    #[async_trait]
    impl Subscriber<Group> for Unable {
        async fn receive(&self, _: &Context, _: Group, _: &Event) -> Result<()> {
            Err(Error::unavailable("test", "never"))
        }

        fn retries(&self) -> u32 {
            1
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_subscriber_says_how_often_it_tries() {
        let events: Arc<dyn Events> = Arc::new(Stored::new(Arc::new(Memory::new())));
        let (stop, stopped) = oneshot::channel::<()>();
        let (joining, has_joined) = oneshot::channel::<()>();
        let following = tokio::spawn(follow(
            events.clone(),
            "micro".to_owned(),
            "mailer".to_owned(),
            "user".to_owned(),
            Arc::new(Typed(Unable, PhantomData)),
            joining,
            async move { drop(stopped.await) },
        ));
        assert!(has_joined.await.is_err());
        events.publish("micro", draft()).await.unwrap();
        let dead = async || events.dead_letters("micro", "user", "mailer", 1).await.unwrap();
        while dead().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(dead().await[0].event.as_ref().map(|event| event.attempt), Some(2));
        stop.send(()).unwrap();
        following.await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn errors_and_panics_have_the_event_sent_again() {
        let events: Arc<dyn Events> = Arc::new(Stored::new(Arc::new(Memory::new())));
        let (seen, mut told) = mpsc::channel(8);
        let (stop, stopped) = oneshot::channel::<()>();
        let (joining, has_joined) = oneshot::channel::<()>();
        let subscriber = Arc::new(Typed(Clumsy(seen, Mutex::default()), PhantomData));
        let following = tokio::spawn(follow(
            events.clone(),
            "micro".to_owned(),
            "mailer".to_owned(),
            "user".to_owned(),
            subscriber,
            joining,
            async move { drop(stopped.await) },
        ));
        assert!(has_joined.await.is_err(), "nothing is sent, it is dropped");
        events.publish("micro", draft()).await.unwrap();
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
