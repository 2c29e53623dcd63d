//! The events service as its callers see it.

use micro::events::{Remote, Stored, conformance};
use micro::store::Memory;
use micro_proto::events::{Stream as _, StreamClient};
use micro_rpc::Codec;
use micro_rpc::bytes::Bytes;

use super::*;
use crate::drain::Drain;
use crate::peer;

fn handlers(drain: &Drain) -> Vec<Arc<dyn Handler>> {
    let events = Arc::new(Stored::new(Arc::new(Memory::new())));
    EventsHandler::new(events, drain.signal()).handlers()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_network_the_promise_is_the_same() {
    let drain = Drain::new();
    let client = peer::client_of(handlers(&drain), "micro user admin").await;
    conformance::run(&Remote::new(&client)).await;
}

/// A consumer of the group `g` that may close its side while it goes on reading.
async fn consumer(client: &micro_rpc::Client) -> (micro_rpc::Sender<Bytes>, Streaming<Event>) {
    let request = ConsumeRequest {
        topic: "topic".to_owned(),
        group: "g".to_owned(),
        auto_ack: true,
        confirm: true,
        ..ConsumeRequest::default()
    };
    let (says, said) = Streaming::channel(1);
    says.send(Codec::Proto.encode(&request).unwrap()).await.unwrap();
    let ctx = Context::background();
    let answers = client
        .stream_raw(&ctx, "events", "Stream.Consume", Codec::Proto, said)
        .await
        .unwrap();
    let mut events = answers.map(|body| Codec::Proto.decode(&body));
    events.next().await.unwrap().unwrap();
    (says, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_closes_his_side_at_once_stays_and_who_does_later_leaves() {
    let drain = Drain::new();
    let client = peer::client_of(handlers(&drain), "acme user dev").await;
    let (says, mut stays) = consumer(&client).await;
    drop(says);
    let (says, mut leaves) = consumer(&client).await;
    tokio::time::sleep(NOTHING_TO_SAY).await;
    drop(says);
    assert!(leaves.next().await.is_none());
    let publisher = StreamClient::new(&client);
    for _ in 0..4 {
        let request = PublishRequest {
            topic: "topic".to_owned(),
            ..PublishRequest::default()
        };
        let sent = publisher.publish(&Context::background(), request).await.unwrap();
        assert_eq!(stays.next().await.unwrap().unwrap().id, sent.id);
    }
}

#[tokio::test]
async fn only_services_say_whose_call_it_was() {
    let drain = Drain::new();
    let stored = Arc::new(Stored::new(Arc::new(Memory::new())));
    let handlers = EventsHandler::new(stored.clone(), drain.signal()).handlers();
    for publisher in ["acme user admin", "acme service service"] {
        let remote = Remote::new(&peer::client_of(handlers.clone(), publisher).await);
        let draft = Draft {
            topic: "user".to_owned(),
            metadata: [("Micro-Caller".to_owned(), "{}".to_owned())].into(),
            ..Draft::default()
        };
        remote.publish("acme", draft).await.unwrap();
    }
    let kept = stored.read("acme", "user", 10, 0).await.unwrap();
    let has_caller: Vec<_> = kept.iter().map(|event| !event.metadata.is_empty()).collect();
    assert_eq!(has_caller, [false, true]);
}

fn draft(topic: &str, payload: &str) -> Draft {
    Draft {
        topic: topic.to_owned(),
        payload: payload.to_owned().into(),
        ..Draft::default()
    }
}

#[tokio::test]
async fn of_several_events_each_has_its_own_outcome() {
    let drain = Drain::new();
    let client = StreamClient::new(&peer::client_of(handlers(&drain), "micro user dev").await);
    let ctx = Context::background();
    let event = |topic: &str, id: &str| Event {
        topic: topic.to_owned(),
        id: id.to_owned(),
        ..Event::default()
    };
    let request = PublishRequest {
        events: vec![
            event("topic", "1"),
            event("", "2"),
            event(RUNTIME_TOPIC, "3"),
            event("topic", "4"),
            event("topic", "1"),
        ],
        ..PublishRequest::default()
    };
    let answer = client.publish(&ctx, request.clone()).await.unwrap();
    let outcomes: Vec<_> = answer
        .outcomes
        .into_iter()
        .map(|outcome| (outcome.position, outcome.error.map_or(0, |error| error.code)))
        .collect();
    assert_eq!(outcomes, [(1, 0), (0, 400), (0, 401), (2, 0), (1, 0)]);
    let both = PublishRequest {
        topic: "topic".to_owned(),
        ..request
    };
    assert_eq!(client.publish(&ctx, both).await.unwrap_err().code, 400);
    // What is told of each event is bounded.
    let many = PublishRequest {
        events: vec![event("", ""); TOGETHER + 1],
        ..PublishRequest::default()
    };
    assert_eq!(client.publish(&ctx, many).await.unwrap_err().code, 413);
}

/// A platform from before there were several events in a request.
struct Old(Arc<EventsHandler>);

#[micro_rpc::async_trait]
impl Handler for Old {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &proto::STREAM_SERVICE
    }

    async fn call(&self, ctx: &Context, _: &'static MethodDescriptor, mut call: Call) -> Result<Reply> {
        let request: PublishRequest = call.request().await?;
        let known = PublishRequest {
            events: Vec::new(),
            ..request
        };
        call.reply(&proto::Stream::publish(&*self.0, ctx, known).await?)
    }
}

#[tokio::test]
async fn what_is_published_at_the_same_time_is_kept_once_each() {
    for is_old in [false, true] {
        let drain = Drain::new();
        let stored = Arc::new(Stored::new(Arc::new(Memory::new())));
        let handler = Arc::new(EventsHandler::new(stored.clone(), drain.signal()));
        let handler: Arc<dyn Handler> = match is_old {
            true => Arc::new(Old(handler)),
            false => Arc::new(StreamServer::from_arc(handler)),
        };
        let remote = Remote::new(&peer::client(handler, "micro user dev").await);
        let drafts = (0..300).map(|number| {
            let topic = ["one", "other", ""][number % 3];
            remote.publish("micro", draft(topic, &number.to_string()))
        });
        let published = micro_rpc::futures_util::future::join_all(drafts).await;
        for (topic, rest) in [("one", 0), ("other", 1)] {
            let kept = stored.read("micro", topic, 1000, 0).await.unwrap();
            assert_eq!(kept.len(), 100);
            for event in kept {
                let number: usize = std::str::from_utf8(&event.payload).unwrap().parse().unwrap();
                assert_eq!(number % 3, rest);
                let told = published[number].as_ref().unwrap();
                assert_eq!(
                    (told.id.as_str(), told.position),
                    (event.id.as_str(), event.position)
                );
            }
        }
        let refused = published.iter().skip(2).step_by(3);
        assert!(
            refused
                .clone()
                .all(|refused| refused.as_ref().unwrap_err().code == 400)
        );
    }
}

#[tokio::test]
async fn the_words_of_the_contract() {
    let drain = Drain::new();
    let client = StreamClient::new(&peer::client_of(handlers(&drain), "acme user dev").await);
    let ctx = Context::background();
    let told = |error: Error| (error.code, error.detail);
    let nowhere = client
        .publish(&ctx, PublishRequest::default())
        .await
        .map_err(told);
    assert_eq!(nowhere, Err((400, "Missing topic".to_owned())));
    let elsewhere = PublishRequest {
        topic: "topic".to_owned(),
        namespace: "micro".to_owned(),
        ..PublishRequest::default()
    };
    let elsewhere = client.publish(&ctx, elsewhere).await.map_err(told);
    assert_eq!(elsewhere, Err((403, "access denied to namespace".to_owned())));
    let impatient = ConsumeRequest {
        topic: "topic".to_owned(),
        offset: i64::MIN,
        ..ConsumeRequest::default()
    };
    let mut events = client.consume(&ctx, impatient).await.unwrap();
    let impatient = events.next().await.unwrap().map_err(told);
    let expected = "invalid AckWait passed, should be positive integer".to_owned();
    assert_eq!(impatient, Err((500, expected)));
}
