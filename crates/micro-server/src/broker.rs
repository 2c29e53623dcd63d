//! The broker service: checks who asks, and keeps the topics of tenants apart.

use std::sync::Arc;

use micro::broker::{Broker, Message};
use micro::events::CALLER;
use micro_proto::broker as proto;
use micro_proto::broker::{Empty, PublishRequest, SubscribeRequest};
use micro_rpc::futures_util::{StreamExt, stream};
use micro_rpc::{Context, Error, Result, Streaming};

use crate::drain::Draining;
use crate::namespace;

/// What proves who the publisher is, or belongs to his connection, is not for subscribers.
const NOT_HANDED_ON: [&str; 7] = [
    CALLER,
    "authorization",
    "cookie",
    "proxy-authorization",
    "micro-span-id",
    "user-agent",
    "host",
];

/// Answers the broker's contract from a driver.
pub struct BrokerHandler {
    broker: Arc<dyn Broker>,
    draining: Draining,
}

impl BrokerHandler {
    /// Over a driver; subscriptions end with the drain.
    pub fn new(broker: Arc<dyn Broker>, draining: Draining) -> Self {
        Self { broker, draining }
    }
}

/// The driver's topic: each tenant has its own, whatever it calls them. An issuer holds no slash, so no topic of one is a
/// topic of another.
pub(crate) fn topic(issuer: &str, name: &str) -> String {
    format!("{issuer}/{name}")
}

fn asked_topic(ctx: &Context, name: &str, id: &str) -> Result<String> {
    let account = ctx
        .account()
        .ok_or_else(|| Error::unauthorized(id, "access denied to namespace"))?;
    if name.is_empty() {
        return Err(Error::bad_request(id, "Missing topic"));
    }
    Ok(topic(&account.issuer, name))
}

fn with_id(error: Error, id: &str) -> Error {
    Error {
        id: id.to_owned(),
        ..error
    }
}

/// The metadata of the call travels with the message where the message says nothing else. Whose call it was, only services say.
fn with_metadata(mut message: Message, ctx: &Context) -> Message {
    if !namespace::may_name_caller(ctx) {
        message
            .header
            .retain(|name, _| !name.eq_ignore_ascii_case(CALLER));
    }
    let trace = ctx.trace().id.text();
    let trace = std::iter::once(("micro-trace-id", &*trace));
    for (name, value) in ctx.metadata().iter().chain(trace) {
        let is_known = message.header.keys().any(|key| key.eq_ignore_ascii_case(name));
        if !is_known && !NOT_HANDED_ON.contains(&name) {
            message.header.insert(titled(name), value.to_owned());
        }
    }
    message
}

/// `micro-trace-id` as `Micro-Trace-Id`, which is how subscribers look for it.
fn titled(name: &str) -> String {
    let mut is_first = true;
    let letter = |letter: char| {
        let titled = if is_first {
            letter.to_ascii_uppercase()
        } else {
            letter
        };
        is_first = matches!(letter, '-' | ':');
        titled
    };
    name.chars().map(letter).collect()
}

#[micro_rpc::async_trait]
impl proto::Broker for BrokerHandler {
    async fn publish(&self, ctx: &Context, request: PublishRequest) -> Result<Empty> {
        const ID: &str = "broker.Broker.Publish";
        let topic = asked_topic(ctx, &request.topic, ID)?;
        let message = request
            .message
            .ok_or_else(|| Error::bad_request(ID, "Missing message"))?;
        let published = self.broker.publish(&topic, with_metadata(message, ctx)).await;
        published.map_err(|error| with_id(error, ID))?;
        Ok(Empty::default())
    }

    async fn subscribe(&self, ctx: &Context, request: SubscribeRequest) -> Result<Streaming<Message>> {
        const ID: &str = "broker.Broker.Subscribe";
        let topic = asked_topic(ctx, &request.topic, ID)?;
        let subscribed = self.broker.subscribe(&topic, &request.queue).await;
        let messages = subscribed.map_err(|error| with_id(error, ID))?;
        let confirmed = request.confirm.then(|| Ok(Message::default()));
        let all = stream::iter(confirmed).chain(messages);
        Ok(self.draining.bound(Streaming::new(all)))
    }
}

#[cfg(test)]
mod tests {
    use micro::Handler;
    use micro::broker::{Memory, Remote, conformance};
    use micro_proto::broker::{Broker as _, BrokerClient, BrokerServer};
    use micro_rpc::Codec;
    use micro_rpc::bytes::Bytes;
    use micro_rpc::server::NOTHING_TO_SAY;

    use super::*;
    use crate::drain::Drain;
    use crate::peer;

    fn handler(drain: &Drain) -> Arc<dyn Handler> {
        let broker = Arc::new(Memory::default());
        Arc::new(BrokerServer::new(BrokerHandler::new(broker, drain.signal())))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn over_the_network_the_promise_is_the_same() {
        let drain = Drain::new();
        conformance::run(&Remote::new(
            &peer::client(handler(&drain), "acme user dev").await,
        ))
        .await;
    }

    #[tokio::test]
    async fn tenants_do_not_hear_each_other_and_tokens_stay_with_the_publisher() {
        let drain = Drain::new();
        let handler = handler(&drain);
        let acme = Remote::new(&peer::client(handler.clone(), "acme user dev").await);
        let other = Remote::new(&peer::client(handler.clone(), "other user dev").await);
        let mut heard = acme.subscribe("topic", "").await.unwrap();
        other.publish("topic", Message::default()).await.unwrap();
        acme.publish("topic", Message::default()).await.unwrap();
        let header = heard.next().await.unwrap().unwrap().header;
        assert!(header.contains_key("Micro-Trace-Id"), "{header:?}");
        assert!(
            !header.values().any(|value| value.contains("acme user")),
            "{header:?}"
        );
        drop(acme);

        let nobody = BrokerClient::new(&peer::client(handler.clone(), "").await);
        let refused = nobody
            .publish(&Context::background(), PublishRequest::default())
            .await
            .unwrap_err();
        assert_eq!(
            (refused.code, &*refused.detail),
            (401, "access denied to namespace")
        );
        let acme = BrokerClient::new(&peer::client(handler, "acme user dev").await);
        let topic = PublishRequest {
            topic: "topic".to_owned(),
            message: None,
        };
        let told = |error: Error| (error.code, error.detail);
        let missing = acme.publish(&Context::background(), topic).await.map_err(told);
        assert_eq!(missing, Err((400, "Missing message".to_owned())));
        let mut messages = acme
            .subscribe(&Context::background(), SubscribeRequest::default())
            .await
            .unwrap();
        let missing = messages.next().await.unwrap().map_err(told);
        assert_eq!(missing, Err((400, "Missing topic".to_owned())));
    }

    #[tokio::test]
    async fn only_services_say_whose_call_it_was() {
        let drain = Drain::new();
        let handler = handler(&drain);
        let user = Remote::new(&peer::client(handler.clone(), "acme user admin").await);
        let service = Remote::new(&peer::client(handler, "acme service service").await);
        let mut heard = user.subscribe("topic", "").await.unwrap();
        for publisher in [&user, &service] {
            let message = Message {
                header: [("Micro-Caller".to_owned(), "{}".to_owned())].into(),
                ..Message::default()
            };
            publisher.publish("topic", message).await.unwrap();
        }
        let mut has_caller = async || {
            let header = heard.next().await.unwrap().unwrap().header;
            header.contains_key("Micro-Caller")
        };
        assert!(!has_caller().await);
        assert!(has_caller().await);
    }

    /// A subscriber of the queue `q` that may close its side while it goes on reading.
    async fn subscriber(client: &micro_rpc::Client) -> (micro_rpc::Sender<Bytes>, Streaming<Message>) {
        let request = SubscribeRequest {
            topic: "topic".to_owned(),
            queue: "q".to_owned(),
            confirm: true,
        };
        let (says, said) = Streaming::channel(1);
        says.send(Codec::Proto.encode(&request).unwrap()).await.unwrap();
        let ctx = Context::background();
        let messages = client
            .stream_raw(&ctx, "broker", "Broker.Subscribe", Codec::Proto, said)
            .await
            .unwrap();
        let mut messages = messages.map(|body| Codec::Proto.decode(&body));
        messages.next().await.unwrap().unwrap();
        (says, messages)
    }

    /// Programs of the original framework unsubscribe so.
    #[tokio::test(flavor = "multi_thread")]
    async fn who_closes_his_side_leaves_the_queue() {
        let drain = Drain::new();
        let client = peer::client(handler(&drain), "acme user dev").await;
        let (says, mut stays) = subscriber(&client).await;
        drop(says);
        let (says, mut leaves) = subscriber(&client).await;
        tokio::time::sleep(NOTHING_TO_SAY).await;
        drop(says);
        assert!(leaves.next().await.is_none());
        let publisher = Remote::new(&client);
        for number in 0..4 {
            let message = Message {
                body: number.to_string().into(),
                ..Message::default()
            };
            publisher.publish("topic", message).await.unwrap();
            assert_eq!(stays.next().await.unwrap().unwrap().body, number.to_string());
        }
    }
}
