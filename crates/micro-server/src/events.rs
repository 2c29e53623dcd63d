//! The events service: checks who asks, and keeps the topics of namespaces apart.

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use micro::events::{Answers, CALLER, Consume, Draft, Event, Events, Published, Start};
use micro::{Call, Handler, MethodDescriptor, Reply, ServiceDescriptor};
use micro_proto::events as proto;
use micro_proto::events::{
    AckRequest, ConsumeRequest, DeadLettersRequest, DeadLettersResponse, DiscardRequest, DiscardResponse,
    GroupsRequest, GroupsResponse, Outcome, PublishRequest, PublishResponse, ReadRequest, ReadResponse,
    RedriveRequest, RedriveResponse, StoreServer, StreamServer, TopicsRequest, TopicsResponse, WriteRequest,
    WriteResponse,
};
use micro_rpc::futures_util::{StreamExt, stream};
use micro_rpc::server::NOTHING_TO_SAY;
use micro_rpc::{Context, Error, Result, Streaming};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::drain::Draining;
use crate::namespace;

const PUBLISH: &str = "events.Stream.Publish";

/// Where the runtime tells what has changed.
const RUNTIME_TOPIC: &str = "runtime";

/// So many events of one call are published at a time.
const AT_ONCE: usize = 256;

/// The limit of a request that names none.
const LIMIT: u64 = 250;

/// Answers the contract of events from a driver.
pub struct EventsHandler {
    events: Arc<dyn Events>,
    draining: Draining,
}

impl EventsHandler {
    /// Over a driver; consumers end with the drain.
    pub fn new(events: Arc<dyn Events>, draining: Draining) -> Self {
        Self { events, draining }
    }

    /// The contracts that it answers.
    pub fn handlers(self) -> Vec<Arc<dyn Handler>> {
        let shared = Arc::new(self);
        let stream = StreamHandler {
            server: StreamServer::from_arc(shared.clone()),
            handler: shared.clone(),
        };
        vec![Arc::new(stream), Arc::new(StoreServer::from_arc(shared))]
    }

    async fn publish_one(&self, ctx: &Context, namespace: &str, mut draft: Draft) -> Result<Published> {
        let namespace = member(ctx, &draft.topic, namespace, PUBLISH)?;
        // What the platform says of itself, nobody else says.
        if namespace == namespace::PLATFORM && draft.topic == RUNTIME_TOPIC {
            namespace::authorize_admin(ctx, &namespace, PUBLISH)?;
        }
        if !namespace::may_name_caller(ctx) {
            draft
                .metadata
                .retain(|name, _| !name.eq_ignore_ascii_case(CALLER));
        }
        let published = self.events.publish(&namespace, draft).await;
        published.map_err(|error| with_id(error, PUBLISH))
    }

    /// Each as if it came alone, at the same time and in their order.
    async fn publish_each(
        &self,
        ctx: &Context,
        namespace: &str,
        events: Vec<Event>,
    ) -> Result<PublishResponse> {
        let publishes = events.into_iter().map(|event| {
            let draft = Draft {
                topic: event.topic,
                id: event.id,
                metadata: event.metadata,
                payload: event.payload,
                timestamp: event.timestamp,
            };
            self.publish_one(ctx, namespace, draft)
        });
        let outcomes = stream::iter(publishes).buffered(AT_ONCE).map(outcome);
        Ok(PublishResponse {
            outcomes: outcomes.collect().await,
            ..PublishResponse::default()
        })
    }

    /// Joins a group, and sends what falls to the caller. `answers` are those that he sends on the same stream.
    async fn join(
        &self,
        ctx: &Context,
        request: ConsumeRequest,
        answers: Option<Answering>,
    ) -> Result<Streaming<Event>> {
        const ID: &str = "events.Stream.Consume";
        let namespace = member(ctx, &request.topic, &request.namespace, ID)?;
        let confirmed = request.confirm.then(|| Ok(Event::default()));
        let consumed = self.events.consume(&namespace, wanted(request)?).await;
        let (events, judge) = consumed.map_err(|error| with_id(error, ID))?.split();
        let events = match answers {
            Some(answers) => answered(events, answers, judge, self.draining.clone()),
            None => events,
        };
        let all = stream::iter(confirmed).chain(events);
        Ok(self.draining.bound(Streaming::new(all)))
    }
}

/// What a caller sends while it consumes.
struct Answering {
    answers: Streaming<AckRequest>,
    /// Until when the end of the answers says nothing; `None` when it always means that the caller leaves.
    silent_until: Option<Instant>,
}

impl Answering {
    fn new(answers: Streaming<AckRequest>, auto_ack: bool) -> Self {
        Self {
            answers,
            silent_until: auto_ack.then(|| Instant::now() + NOTHING_TO_SAY),
        }
    }

    /// Hands answers on until the caller is gone; whether he has left in order.
    async fn listen(&mut self, judge: &Answers) -> bool {
        loop {
            match self.answers.next().await {
                Some(Ok(answer)) if answer.success => judge.ack(&answer.id).await,
                Some(Ok(answer)) => judge.nack(&answer.id).await,
                None if self.silent_until.is_some_and(|until| Instant::now() < until) => {
                    return std::future::pending().await;
                }
                Some(Err(_)) => return false,
                None => return true,
            }
        }
    }
}

/// Events, and between them the caller's answers. It ends when the caller closes its side.
fn answered(
    events: Streaming<Event>,
    answering: Answering,
    judge: Answers,
    draining: Draining,
) -> Streaming<Event> {
    let (left, leaving) = oneshot::channel::<()>();
    let told = Told {
        _gone: Gone(judge.clone(), draining),
        events,
    };
    let listening = AbortOnDrop(tokio::spawn(async move {
        let mut answering = answering;
        if answering.listen(&judge).await {
            judge.leave();
        }
        let _ = left.send(());
    }));
    let state = (told, leaving, listening);
    Streaming::new(stream::unfold(
        state,
        |(mut told, mut leaving, listening)| async move {
            tokio::select! {
                _ = &mut leaving => None,
                event = told.events.next() => Some((event?, (told, leaving, listening))),
            }
        },
    ))
}

/// What a consumer is told. The fields are dropped in this order: why it ends is said before it ends.
struct Told {
    _gone: Gone,
    events: Streaming<Event>,
}

/// Lets a consumer leave in order when the platform is the one that ends its stream.
struct Gone(Answers, Draining);

impl Drop for Gone {
    fn drop(&mut self) {
        if self.1.has_begun() {
            self.0.leave();
        }
    }
}

/// A task that ends with what it is for.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the fuzz driver feeds: any request is understood or refused in words; whether it is understood.
#[doc(hidden)]
pub fn fuzz(bytes: &[u8]) -> bool {
    let Ok(request) = micro_rpc::Codec::Proto.decode::<ConsumeRequest>(bytes) else {
        return false;
    };
    match wanted(request) {
        Ok(_) => true,
        Err(error) => {
            assert!(!error.detail.is_empty());
            false
        }
    }
}

fn wanted(request: ConsumeRequest) -> Result<Consume> {
    let wait = u64::try_from(request.ack_wait).unwrap_or(0);
    if !request.auto_ack && wait == 0 {
        let detail = "invalid AckWait passed, should be positive integer";
        return Err(Error::internal("events.Stream.Consume", detail));
    }
    let seconds = u64::try_from(request.offset).unwrap_or(0);
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    let start = match (request.position, time) {
        (0, Some(time)) if seconds > 0 => Start::Time(time),
        (0, _) => Start::Now,
        (position, _) => Start::Position(position),
    };
    Ok(Consume {
        topic: request.topic,
        group: request.group,
        start,
        ack_wait: (!request.auto_ack).then(|| Duration::from_nanos(wait)),
        retry_limit: u32::try_from(request.retry_limit).ok(),
    })
}

/// The namespace whose events a request is about, once the caller may.
fn member(ctx: &Context, topic: &str, named: &str, id: &str) -> Result<String> {
    let issuer = ctx.account().map_or("", |account| &account.issuer);
    let namespace = namespace::named(named, issuer, id)?;
    namespace::authorize(ctx, namespace, id)?;
    if topic.is_empty() {
        return Err(Error::bad_request(id, "Missing topic"));
    }
    Ok(namespace.to_owned())
}

fn admin(ctx: &Context, topic: &str, named: &str, id: &str) -> Result<String> {
    let namespace = member(ctx, topic, named, id)?;
    namespace::authorize_admin(ctx, &namespace, id)?;
    Ok(namespace)
}

fn outcome(published: Result<Published>) -> Outcome {
    match published {
        Ok(Published { id, position }) => Outcome {
            id,
            position,
            error: None,
        },
        Err(error) => Outcome {
            error: Some(micro_proto::errors::Error {
                id: error.id,
                code: error.code,
                detail: error.detail,
                status: error.status,
            }),
            ..Outcome::default()
        },
    }
}

fn with_id(error: Error, id: &str) -> Error {
    Error {
        id: id.to_owned(),
        ..error
    }
}

fn limit(limit: u64) -> usize {
    usize::try_from(if limit == 0 { LIMIT } else { limit }).unwrap_or(usize::MAX)
}

#[micro_rpc::async_trait]
impl proto::Stream for EventsHandler {
    async fn publish(&self, ctx: &Context, request: PublishRequest) -> Result<PublishResponse> {
        let draft = Draft {
            topic: request.topic,
            id: request.id,
            metadata: request.metadata,
            payload: request.payload,
            timestamp: request.timestamp,
        };
        if !request.events.is_empty() {
            if draft != Draft::default() {
                let detail =
                    "several events are published alone: without topic, payload and the like beside them";
                return Err(Error::bad_request(PUBLISH, detail));
            }
            return self.publish_each(ctx, &request.namespace, request.events).await;
        }
        let Published { id, position } = self.publish_one(ctx, &request.namespace, draft).await?;
        Ok(PublishResponse {
            id,
            position,
            outcomes: Vec::new(),
        })
    }

    /// Without a way back for answers: for callers in this process. Over the network it is [`StreamHandler`].
    async fn consume(&self, ctx: &Context, request: ConsumeRequest) -> Result<Streaming<Event>> {
        self.join(ctx, request, None).await
    }

    async fn topics(&self, ctx: &Context, request: TopicsRequest) -> Result<TopicsResponse> {
        const ID: &str = "events.Stream.Topics";
        let namespace = member(ctx, "*", &request.namespace, ID)?;
        let topics = self.events.topics(&namespace).await;
        Ok(TopicsResponse {
            topics: topics.map_err(|error| with_id(error, ID))?,
        })
    }

    async fn groups(&self, ctx: &Context, request: GroupsRequest) -> Result<GroupsResponse> {
        const ID: &str = "events.Stream.Groups";
        let namespace = member(ctx, &request.topic, &request.namespace, ID)?;
        let groups = self.events.groups(&namespace, &request.topic).await;
        Ok(GroupsResponse {
            groups: groups.map_err(|error| with_id(error, ID))?,
        })
    }

    async fn dead_letters(&self, ctx: &Context, request: DeadLettersRequest) -> Result<DeadLettersResponse> {
        const ID: &str = "events.Stream.DeadLetters";
        let namespace = member(ctx, &request.topic, &request.namespace, ID)?;
        let DeadLettersRequest { topic, group, .. } = &request;
        let letters = self
            .events
            .dead_letters(&namespace, topic, group, limit(request.limit))
            .await;
        Ok(DeadLettersResponse {
            letters: letters.map_err(|error| with_id(error, ID))?,
        })
    }

    async fn redrive(&self, ctx: &Context, request: RedriveRequest) -> Result<RedriveResponse> {
        const ID: &str = "events.Stream.Redrive";
        let namespace = admin(ctx, &request.topic, &request.namespace, ID)?;
        let RedriveRequest { topic, group, .. } = &request;
        let redriven = self
            .events
            .redrive(&namespace, topic, group, request.position)
            .await;
        redriven.map_err(|error| with_id(error, ID))?;
        Ok(RedriveResponse::default())
    }

    async fn discard(&self, ctx: &Context, request: DiscardRequest) -> Result<DiscardResponse> {
        const ID: &str = "events.Stream.Discard";
        let namespace = admin(ctx, &request.topic, &request.namespace, ID)?;
        let DiscardRequest { topic, group, .. } = &request;
        let discarded = self
            .events
            .discard(&namespace, topic, group, request.position)
            .await;
        discarded.map_err(|error| with_id(error, ID))?;
        Ok(DiscardResponse::default())
    }
}

#[micro_rpc::async_trait]
impl proto::Store for EventsHandler {
    async fn read(&self, ctx: &Context, request: ReadRequest) -> Result<ReadResponse> {
        const ID: &str = "events.Store.Read";
        let namespace = member(ctx, &request.topic, &request.namespace, ID)?;
        let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
        let events = self
            .events
            .read(&namespace, &request.topic, limit(request.limit), offset)
            .await;
        Ok(ReadResponse {
            events: events.map_err(|error| with_id(error, ID))?,
        })
    }

    async fn write(&self, _ctx: &Context, _request: WriteRequest) -> Result<WriteResponse> {
        let detail = "Writing to the store directly is not supported";
        Err(Error::not_implemented("events.Store.Write", detail))
    }
}

/// The generated server, but for `Consume`: by the contract that is a server stream, and in practice its callers send
/// answers on the same stream, which are other messages than the first.
struct StreamHandler {
    server: StreamServer,
    handler: Arc<EventsHandler>,
}

#[micro_rpc::async_trait]
impl Handler for StreamHandler {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        self.server.descriptor()
    }

    async fn call(&self, ctx: &Context, method: &'static MethodDescriptor, mut call: Call) -> Result<Reply> {
        if method.name != "Consume" {
            return self.server.call(ctx, method, call).await;
        }
        let request: ConsumeRequest = call.request().await?;
        let answering = Answering::new(call.requests::<AckRequest>(), request.auto_ack);
        let events = self.handler.join(ctx, request, Some(answering)).await?;
        call.reply_stream(events)
    }
}

#[cfg(test)]
mod tests {
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
}
