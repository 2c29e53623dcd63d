//! The events service: checks who asks, and keeps the topics of namespaces apart.

#[cfg(test)]
mod tests;

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

/// So many events a call may publish at most.
const TOGETHER: usize = 1024;

/// Where the runtime tells what has changed.
const RUNTIME_TOPIC: &str = "runtime";

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

    async fn publish_one(&self, ctx: &Context, namespace: &str, draft: Draft) -> Result<Published> {
        let namespace = member(ctx, &draft.topic, namespace, PUBLISH)?;
        let draft = permitted(ctx, &namespace, draft)?;
        let published = self.events.publish(&namespace, draft).await;
        published.map_err(|error| with_id(error, PUBLISH))
    }

    /// Each as if it came alone, in their order.
    async fn publish_each(
        &self,
        ctx: &Context,
        namespace: &str,
        events: Vec<Event>,
    ) -> Result<PublishResponse> {
        if events.len() > TOGETHER {
            let detail = format!(
                "{} events are more than the {TOGETHER} that a call may have",
                events.len()
            );
            return Err(Error::payload_too_large(PUBLISH, detail));
        }
        let namespace = member(ctx, "*", namespace, PUBLISH)?;
        let (mut drafts, mut outcomes) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
        for event in events {
            let draft = Draft {
                topic: event.topic,
                id: event.id,
                metadata: event.metadata,
                payload: event.payload,
                timestamp: event.timestamp,
            };
            match permitted(ctx, &namespace, draft) {
                Ok(draft) => {
                    drafts.push(draft);
                    outcomes.push(None);
                }
                Err(error) => outcomes.push(Some(outcome(Err(error)))),
            }
        }
        let mut published = self.events.publish_all(&namespace, drafts).await.into_iter();
        let outcomes = outcomes
            .into_iter()
            .filter_map(|refused| refused.or_else(|| published.next().map(outcome)));
        Ok(PublishResponse {
            outcomes: outcomes.collect(),
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

/// What a caller may publish, without what only others may say.
fn permitted(ctx: &Context, namespace: &str, mut draft: Draft) -> Result<Draft> {
    if draft.topic.is_empty() {
        return Err(missing_topic(PUBLISH));
    }
    // What the platform says of itself, nobody else says.
    if namespace == namespace::PLATFORM && draft.topic == RUNTIME_TOPIC {
        namespace::authorize_admin(ctx, namespace, PUBLISH)?;
    }
    if !namespace::may_name_caller(ctx) {
        draft
            .metadata
            .retain(|name, _| !name.eq_ignore_ascii_case(CALLER));
    }
    Ok(draft)
}

fn missing_topic(id: &str) -> Error {
    Error::bad_request(id, "Missing topic")
}

/// The namespace whose events a request is about, once the caller may.
fn member(ctx: &Context, topic: &str, named: &str, id: &str) -> Result<String> {
    let issuer = ctx.account().map_or("", |account| &account.issuer);
    let namespace = namespace::named(named, issuer, id)?;
    namespace::authorize(ctx, namespace, id)?;
    if topic.is_empty() {
        return Err(missing_topic(id));
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
                id: PUBLISH.to_owned(),
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
