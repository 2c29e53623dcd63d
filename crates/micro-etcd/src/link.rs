//! One connection to one member of etcd, and the methods that are called on it.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::{Stream, stream};
use http::uri::PathAndQuery;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::config::{Login, causes};
use crate::requests::{Counters, count};
use crate::wire::etcd::{
    AuthenticateRequest, AuthenticateResponse, LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest,
    LeaseKeepAliveResponse, LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, RangeRequest, RangeResponse,
    TxnRequest, TxnResponse, WatchRequest, WatchResponse,
};

/// Who waits for an answer does not wait longer.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);
/// A page of all keys is long, and nobody waits for it but who follows.
const PATIENCE_FOR_A_PAGE: Duration = Duration::from_secs(10);
/// The largest answer that is read: a page of keys, or what happened within a few revisions.
const LARGEST: usize = 256 << 20;
const QUEUE: usize = 64;

#[derive(Clone)]
pub(crate) struct Link {
    grpc: Grpc<Channel>,
    login: Option<Login>,
    token: Arc<RwLock<Option<MetadataValue<Ascii>>>>,
    counters: Arc<Counters>,
}

impl Link {
    /// Connects and logs in, or says why not.
    pub async fn open(
        member: &Endpoint,
        login: Option<&Login>,
        counters: Arc<Counters>,
    ) -> Result<Self, String> {
        // A name that is looked up slowly is not covered by the endpoint's own limit.
        let channel = timeout(PATIENCE, member.connect())
            .await
            .map_err(|_| "no connection in time".to_owned())?
            .map_err(|error| causes(&error))?;
        let link = Self {
            grpc: Grpc::new(channel).max_decoding_message_size(LARGEST),
            login: login.cloned(),
            token: Arc::default(),
            counters,
        };
        link.log_in().await.map_err(|status| why(&status))?;
        Ok(link)
    }

    async fn log_in(&self) -> Result<(), Status> {
        let Some(login) = &self.login else { return Ok(()) };
        let request = AuthenticateRequest {
            name: login.user.clone(),
            password: login.password.clone(),
        };
        let method = "/etcdserverpb.Auth/Authenticate";
        let answer: AuthenticateResponse = self
            .ask_once(&self.counters.logins, method, request, PATIENCE)
            .await?;
        let token = answer.token.parse();
        let token = token.map_err(|_| Status::internal("etcd's token is no header"))?;
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = Some(token);
        Ok(())
    }

    pub async fn range(&self, request: RangeRequest) -> Result<RangeResponse, Status> {
        let method = "/etcdserverpb.KV/Range";
        self.ask(&self.counters.ranges, method, request, PATIENCE_FOR_A_PAGE)
            .await
    }

    pub async fn txn(&self, request: TxnRequest) -> Result<TxnResponse, Status> {
        self.ask(&self.counters.writes, "/etcdserverpb.KV/Txn", request, PATIENCE)
            .await
    }

    pub async fn grant(&self, ttl: i64) -> Result<LeaseGrantResponse, Status> {
        let request = LeaseGrantRequest { ttl };
        let method = "/etcdserverpb.Lease/LeaseGrant";
        self.ask(&self.counters.leases, method, request, PATIENCE).await
    }

    /// Whether a lease is there still.
    pub async fn is_alive(&self, id: i64) -> Result<bool, Status> {
        let request = LeaseTimeToLiveRequest { id };
        let method = "/etcdserverpb.Lease/LeaseTimeToLive";
        let answer: LeaseTimeToLiveResponse =
            self.ask(&self.counters.leases, method, request, PATIENCE).await?;
        Ok(answer.ttl > 0)
    }

    /// Opens a watch; it ends when the sender is dropped.
    pub async fn watch(
        &self,
        request: WatchRequest,
    ) -> Result<(mpsc::Sender<WatchRequest>, Streaming<WatchResponse>), Status> {
        count(&self.counters.watches);
        self.talk("/etcdserverpb.Watch/Watch", vec![request]).await
    }

    /// Opens the stream that keeps leases alive with its first messages.
    pub async fn keep_alive(
        &self,
        ids: &[i64],
    ) -> Result<
        (
            mpsc::Sender<LeaseKeepAliveRequest>,
            Streaming<LeaseKeepAliveResponse>,
        ),
        Status,
    > {
        let requests = ids.iter().map(|id| self.beat(*id)).collect();
        self.talk("/etcdserverpb.Lease/LeaseKeepAlive", requests).await
    }

    /// A message that keeps a lease alive; it counts as sent.
    pub fn beat(&self, id: i64) -> LeaseKeepAliveRequest {
        count(&self.counters.keep_alives);
        LeaseKeepAliveRequest { id }
    }

    async fn ask<Q: Message + Clone + 'static, A: Message + Default + 'static>(
        &self,
        counter: &AtomicU64,
        method: &'static str,
        question: Q,
        patience: Duration,
    ) -> Result<A, Status> {
        let again = self.login.is_some().then(|| question.clone());
        match (self.ask_once(counter, method, question, patience).await, again) {
            // A token that was not used for some minutes is forgotten.
            (Err(status), Some(question)) if is_stale(&status) => {
                self.log_in().await?;
                self.ask_once(counter, method, question, patience).await
            }
            (answer, _) => answer,
        }
    }

    async fn ask_once<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        counter: &AtomicU64,
        method: &'static str,
        question: Q,
        patience: Duration,
    ) -> Result<A, Status> {
        count(counter);
        let mut grpc = self.grpc.clone();
        let request = self.request(question);
        let asked = async move {
            grpc.ready().await.map_err(unready)?;
            let codec = ProstCodec::<Q, A>::default();
            grpc.unary(request, PathAndQuery::from_static(method), codec)
                .await
        };
        let answer = timeout(patience, asked).await.map_err(|_| {
            Status::deadline_exceeded(format!("no answer within {} ms", patience.as_millis()))
        })?;
        answer.map(tonic::Response::into_inner)
    }

    /// Streams in both directions, begun with messages: etcd says nothing before it was asked something.
    async fn talk<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static str,
        first: Vec<Q>,
    ) -> Result<(mpsc::Sender<Q>, Streaming<A>), Status> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let mut request = self.request(begun_with(first, queue));
        // A member that lost its leader is to end the stream instead of being silent.
        request
            .metadata_mut()
            .insert("hasleader", MetadataValue::from_static("true"));
        let mut grpc = self.grpc.clone();
        let asked = async move {
            grpc.ready().await.map_err(unready)?;
            let codec = ProstCodec::<Q, A>::default();
            grpc.streaming(request, PathAndQuery::from_static(method), codec)
                .await
        };
        let answers = timeout(PATIENCE, asked)
            .await
            .map_err(|_| Status::deadline_exceeded("no answer in time"))?;
        Ok((sender, answers?.into_inner()))
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &*token {
            request.metadata_mut().insert("token", token.clone());
        }
        request
    }
}

fn begun_with<Q: Send>(first: Vec<Q>, queue: mpsc::Receiver<Q>) -> impl Stream<Item = Q> + Send {
    stream::unfold((first.into_iter(), queue), |(mut first, mut queue)| async move {
        let next = match first.next() {
            Some(message) => Some(message),
            None => queue.recv().await,
        };
        next.map(|message| (message, (first, queue)))
    })
}

/// Whether it is the token that etcd does not like, and it would take a new one.
fn is_stale(status: &Status) -> bool {
    let is_forgotten = status.code() == tonic::Code::Unauthenticated;
    is_forgotten || status.message().contains("revision of auth store is old")
}

fn unready(error: tonic::transport::Error) -> Status {
    Status::unavailable(causes(&error))
}

/// What a status says to people.
pub(crate) fn why(status: &Status) -> String {
    match std::error::Error::source(status) {
        Some(cause) if status.code() == tonic::Code::Unknown => causes(cause),
        _ if status.message().is_empty() => status.code().description().to_owned(),
        _ => status.message().to_owned(),
    }
}
