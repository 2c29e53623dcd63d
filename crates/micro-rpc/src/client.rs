//! The way of an outbound call: context, resolve, choose, encode, send, decode.

mod attempt;
mod budget;
mod choose;
mod connection;
mod head;
mod here;
mod lane;
mod lanes;
mod pool;
mod request;
mod standing;
mod stream;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;

use crate::codec::frame_raw;
use crate::{Codec, Context, Credentials, Error, Local, Message, Result, Streaming, async_trait, trace};
use attempt::Tries;
use budget::Budget;
use pool::Pool;

/// How long a connection may be silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Finds the instances of a service.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// The addresses (`host:port`) of a service in a namespace; never empty.
    async fn resolve(&self, namespace: &str, service: &str) -> Result<Arc<[String]>>;
}

/// Calls services. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    resolver: Arc<dyn Resolver>,
    credentials: Option<Arc<dyn Credentials>>,
    namespace: Option<String>,
    timeout: Duration,
    keep_alive: Duration,
    /// After how long a call that may be made twice is.
    hedge: Option<Duration>,
    local: Local,
    pool: Arc<Pool>,
    budget: Arc<Budget>,
}

/// Puts a [`Client`] together.
pub struct Builder {
    resolver: Option<Arc<dyn Resolver>>,
    credentials: Option<Arc<dyn Credentials>>,
    namespace: Option<String>,
    timeout: Duration,
    connections: usize,
    keep_alive: Duration,
    local: Local,
}

impl Client {
    /// A client with nothing set.
    pub fn builder() -> Builder {
        Builder {
            resolver: None,
            credentials: None,
            namespace: None,
            timeout: Duration::from_secs(10),
            connections: 2,
            keep_alive: KEEP_ALIVE,
            local: Local::default(),
        }
    }

    /// A client that sends every call to one address, such as a proxy.
    pub fn to_address(address: &str) -> Self {
        Self::builder().address(address).build()
    }

    /// The same client with connections of its own: `connections` per target.
    #[must_use]
    pub fn with_own_connections(&self, connections: usize) -> Self {
        Self(Arc::new(Inner {
            pool: Arc::new(Pool::new(connections.max(1), self.0.keep_alive)),
            ..self.0.part()
        }))
    }

    /// The same client, for which another finds the instances.
    #[must_use]
    pub fn with_resolver(&self, resolver: Arc<dyn Resolver>) -> Self {
        Self(Arc::new(Inner {
            resolver,
            ..self.0.part()
        }))
    }

    /// The same client, which makes a call a second time, at another instance, where it is not answered within `after`; the first answer
    /// counts. Only calls of methods that may be made twice (`idempotency_level` in their contract), and only one in five.
    ///
    /// It helps where now and then one of several instances takes its time. `after` is best what nearly all calls take no longer than.
    #[must_use]
    pub fn hedged(&self, after: Duration) -> Self {
        Self(Arc::new(Inner {
            hedge: Some(after),
            ..self.0.part()
        }))
    }

    /// The client of one service.
    pub fn service(&self, name: &str) -> ServiceClient {
        ServiceClient {
            client: self.clone(),
            name: name.into(),
        }
    }

    /// Sends one encoded message and returns the encoded answer.
    pub async fn call_raw(
        &self,
        ctx: &Context,
        service: &str,
        endpoint: &str,
        codec: Codec,
        body: Bytes,
    ) -> Result<Bytes> {
        let tries = &mut Tries::default();
        self.0.budget.earn();
        request::unary(&self.0, ctx, service, endpoint, codec, frame_raw(&body)?, tries).await
    }

    /// As [`Client::call_raw`], for a method that may be called twice: what was lost with the connection to an instance is sent again, to another
    /// one where there is one, at most twice and as far as the budget goes. What an instance has answered is the caller's to judge.
    pub async fn call_raw_idempotent(
        &self,
        ctx: &Context,
        service: &str,
        endpoint: &str,
        codec: Codec,
        body: Bytes,
    ) -> Result<Bytes> {
        let (client, frame) = (&*self.0, frame_raw(&body)?);
        let ctx = ctx.clone().with_timeout(client.timeout);
        let mut tries = Tries::default();
        client.budget.earn();
        for _ in 1..ATTEMPTS {
            let ask = request::unary(client, &ctx, service, endpoint, codec, frame.clone(), &mut tries);
            match ask.await {
                Err(_) if tries.again_from_one() && client.budget.spend() => {}
                answered => return answered,
            }
        }
        request::unary(client, &ctx, service, endpoint, codec, frame, &mut tries).await
    }

    /// Sends encoded messages and returns the encoded answers as they come.
    pub async fn stream_raw(
        &self,
        ctx: &Context,
        service: &str,
        endpoint: &str,
        codec: Codec,
        requests: Streaming<Bytes>,
    ) -> Result<Streaming<Bytes>> {
        let frames = requests.map(|body| frame_raw(&body));
        stream::stream(&self.0, ctx, service, endpoint, codec, frames).await
    }
}

impl Builder {
    /// Who finds instances.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Sends every call to one address.
    #[must_use]
    pub fn address(self, address: &str) -> Self {
        self.resolver(Arc::new(Fixed([address.to_owned()].into())))
    }

    /// The client's own token, for calls whose context has none.
    #[must_use]
    pub fn credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The namespace of calls whose context names none; `micro` unless set.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// The deadline of unary calls whose context has none; 10 s unless set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Connections per target, opened as they are needed; 2 unless set.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// How long a connection with calls under way may be silent before its instance is asked whether it is still there, and how long that may
    /// take to answer before the calls fail; 15 s unless set.
    #[must_use]
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.keep_alive = time;
        self
    }

    /// Servers of this process, which are called without the network.
    #[must_use]
    pub fn local(mut self, local: &Local) -> Self {
        self.local = local.clone();
        self
    }

    /// The finished client.
    pub fn build(self) -> Client {
        Client(Arc::new(Inner {
            resolver: self.resolver.unwrap_or_else(|| Arc::new(Nowhere)),
            credentials: self.credentials,
            namespace: self.namespace,
            timeout: self.timeout,
            keep_alive: self.keep_alive,
            hedge: None,
            local: self.local,
            pool: Arc::new(Pool::new(self.connections, self.keep_alive)),
            budget: Arc::default(),
        }))
    }
}

impl Inner {
    /// For a client that differs in something.
    fn part(&self) -> Inner {
        Inner {
            resolver: self.resolver.clone(),
            credentials: self.credentials.clone(),
            namespace: self.namespace.clone(),
            timeout: self.timeout,
            keep_alive: self.keep_alive,
            hedge: self.hedge,
            local: self.local.clone(),
            pool: self.pool.clone(),
            budget: self.budget.clone(),
        }
    }
}

struct Fixed(Arc<[String]>);

#[async_trait]
impl Resolver for Fixed {
    async fn resolve(&self, _namespace: &str, _service: &str) -> Result<Arc<[String]>> {
        Ok(self.0.clone())
    }
}

struct Nowhere;

#[async_trait]
impl Resolver for Nowhere {
    async fn resolve(&self, _namespace: &str, service: &str) -> Result<Arc<[String]>> {
        Err(Error::internal(
            "go.micro.client",
            format!("service {service}: route not found"),
        ))
    }
}

/// Calls of a method that may be called twice.
const ATTEMPTS: usize = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Calls the methods of one service. Generated clients stand on it.
#[derive(Clone)]
pub struct ServiceClient {
    client: Client,
    name: Arc<str>,
}

impl ServiceClient {
    /// One message, one answer. `endpoint` is `Handler.Method`.
    pub async fn unary<Q: Message, R: Message>(
        &self,
        ctx: &Context,
        endpoint: &str,
        message: &Q,
    ) -> Result<R> {
        let frame = Codec::Proto.frame(message)?;
        self.client.0.budget.earn();
        let answer = self.ask(ctx, endpoint, frame, &mut Tries::default()).await?;
        Codec::Proto.decode(&answer).map_err(foreign)
    }

    /// As [`ServiceClient::unary`], for a method that may be called twice (`idempotency_level` in its contract): what was lost on the
    /// way, or refused with 502, 503 or 504, is tried again at another instance where there is one, at most twice, and within the call's time. Where
    /// the connection broke that is at once, else after a pause. Of all such calls a fifth is tried again at most: where everything
    /// fails, more calls would make it worse.
    pub async fn idempotent<Q: Message, R: Message>(
        &self,
        ctx: &Context,
        endpoint: &str,
        message: &Q,
    ) -> Result<R> {
        let client = &self.client.0;
        let ctx = ctx.clone().with_timeout(client.timeout);
        let frame = Codec::Proto.frame(message)?;
        let (mut tries, mut pause) = (Tries::default(), FIRST_PAUSE);
        client.budget.earn();
        for attempt in 1.. {
            let answered = match client.hedge {
                Some(after) => self.twice(&ctx, endpoint, &frame, &mut tries, after).await,
                None => self.ask(&ctx, endpoint, frame.clone(), &mut tries).await,
            };
            let may_be_again = |error: &Error| matches!(error.code, 502..=504) && attempt < ATTEMPTS;
            match answered {
                Err(error) if may_be_again(&error) && client.budget.spend() => {}
                answered => return Codec::Proto.decode(&answered?).map_err(foreign),
            }
            if !tries.again_from_one() {
                // Callers that failed together are not to come back together.
                tokio::time::sleep(pause.mul_f64(0.5 + trace::fraction())).await;
                pause *= 2;
            }
        }
        unreachable!("the last attempt returns")
    }

    async fn ask(&self, ctx: &Context, endpoint: &str, frame: Bytes, tries: &mut Tries) -> Result<Bytes> {
        let client = &self.client.0;
        request::unary(client, ctx, &self.name, endpoint, Codec::Proto, frame, tries).await
    }

    /// Asks another instance too where one takes longer than `after`.
    async fn twice(
        &self,
        ctx: &Context,
        endpoint: &str,
        frame: &Bytes,
        tries: &mut Tries,
        after: Duration,
    ) -> Result<Bytes> {
        let told = Arc::new(OnceLock::new());
        tries.told = Some(told.clone());
        let mut first = pin!(self.ask(ctx, endpoint, frame.clone(), tries));
        let has_it = loop {
            tokio::select! {
                answered = &mut first => return answered,
                () = tokio::time::sleep(after) => {}
            }
            // Until it is known who has it, it is on its way still.
            if let Some(has_it) = told.get() {
                break has_it;
            }
        };
        if !self.client.0.budget.spend() {
            return first.await;
        }
        let mut others = Tries::without(has_it);
        let mut second = pin!(self.ask(ctx, endpoint, frame.clone(), &mut others));
        tokio::select! {
            answered = &mut first => match answered {
                Err(_) => second.await,
                answered => answered,
            },
            answered = &mut second => match answered {
                Err(_) => first.await,
                answered => answered,
            },
        }
    }

    /// One message, a stream of answers.
    pub async fn server_stream<Q: Message, R: Message>(
        &self,
        ctx: &Context,
        endpoint: &str,
        message: &Q,
    ) -> Result<Streaming<R>> {
        let frames = Streaming::from_iter([Codec::Proto.frame(message)?]);
        self.open(ctx, endpoint, frames).await
    }

    /// A stream of messages, one answer.
    pub async fn client_stream<Q: Message, R: Message>(
        &self,
        ctx: &Context,
        endpoint: &str,
        messages: Streaming<Q>,
    ) -> Result<R> {
        let mut answers = self.bidi::<Q, R>(ctx, endpoint, messages).await?;
        let nothing = || {
            Error::internal(
                "go.micro.client",
                format!("{endpoint} of {} answered nothing", self.name),
            )
        };
        let answer = answers.next().await.ok_or_else(nothing)??;
        match answers.next().await {
            Some(Err(error)) => Err(error),
            _ => Ok(answer),
        }
    }

    /// A stream of messages, a stream of answers.
    pub async fn bidi<Q: Message, R: Message>(
        &self,
        ctx: &Context,
        endpoint: &str,
        messages: Streaming<Q>,
    ) -> Result<Streaming<R>> {
        self.open(
            ctx,
            endpoint,
            messages.map(|message| Codec::Proto.frame(&message)),
        )
        .await
    }

    async fn open<R: Message>(
        &self,
        ctx: &Context,
        endpoint: &str,
        frames: Streaming<Bytes>,
    ) -> Result<Streaming<R>> {
        let answers = stream::stream(&self.client.0, ctx, &self.name, endpoint, Codec::Proto, frames).await?;
        Ok(answers.map(|body| Codec::Proto.decode(&body).map_err(foreign)))
    }
}

fn foreign(error: Error) -> Error {
    Error::internal(
        "go.micro.client",
        format!("the answer is not what the contract says: {}", error.detail),
    )
}
