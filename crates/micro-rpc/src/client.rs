//! The way of an outbound call: context, resolve, choose, encode, send, decode.

mod attempt;
mod connection;
mod head;
mod pool;
mod request;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::codec::frame_raw;
use crate::{Codec, Context, Credentials, Error, Message, Result, Streaming, async_trait, trace};
use pool::Pool;

/// Finds the instances of a service.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// The addresses (`host:port`) of a service in a namespace; never empty.
    async fn resolve(&self, namespace: &str, service: &str) -> Result<Vec<String>>;
}

/// Calls services. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    resolver: Arc<dyn Resolver>,
    credentials: Option<Arc<dyn Credentials>>,
    namespace: Option<String>,
    timeout: Duration,
    pool: Pool,
}

/// Puts a [`Client`] together.
pub struct Builder {
    resolver: Option<Arc<dyn Resolver>>,
    credentials: Option<Arc<dyn Credentials>>,
    namespace: Option<String>,
    timeout: Duration,
    connections: usize,
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
        }
    }

    /// A client that sends every call to one address, such as a proxy.
    pub fn to_address(address: &str) -> Self {
        Self::builder().address(address).build()
    }

    /// The same client with connections of its own: `connections` per target.
    #[must_use]
    pub fn with_own_connections(&self, connections: usize) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            resolver: inner.resolver.clone(),
            credentials: inner.credentials.clone(),
            namespace: inner.namespace.clone(),
            timeout: inner.timeout,
            pool: Pool::new(connections.max(1)),
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
        request::unary(&self.0, ctx, service, endpoint, codec, frame_raw(&body)?).await
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
        self.resolver(Arc::new(Fixed(address.to_owned())))
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

    /// The finished client.
    pub fn build(self) -> Client {
        Client(Arc::new(Inner {
            resolver: self.resolver.unwrap_or_else(|| Arc::new(Nowhere)),
            credentials: self.credentials,
            namespace: self.namespace,
            timeout: self.timeout,
            pool: Pool::new(self.connections),
        }))
    }
}

struct Fixed(String);

#[async_trait]
impl Resolver for Fixed {
    async fn resolve(&self, _namespace: &str, _service: &str) -> Result<Vec<String>> {
        Ok(vec![self.0.clone()])
    }
}

struct Nowhere;

#[async_trait]
impl Resolver for Nowhere {
    async fn resolve(&self, _namespace: &str, service: &str) -> Result<Vec<String>> {
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
        let answer = request::unary(&self.client.0, ctx, &self.name, endpoint, Codec::Proto, frame).await?;
        Codec::Proto.decode(&answer).map_err(foreign)
    }

    /// As [`ServiceClient::unary`], for a method that may be called twice (`idempotency_level` in its contract): what was lost on the
    /// way, or refused with 502, 503 or 504, is tried again after a pause, at most twice, and within the call's time.
    pub async fn idempotent<Q: Message, R: Message>(
        &self,
        ctx: &Context,
        endpoint: &str,
        message: &Q,
    ) -> Result<R> {
        let ctx = ctx.clone().with_timeout(self.client.0.timeout);
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.unary(&ctx, endpoint, message).await {
                Err(error) if matches!(error.code, 502..=504) => {}
                answered => return answered,
            }
            // Callers that failed together are not to come back together.
            tokio::time::sleep(pause.mul_f64(0.5 + trace::fraction())).await;
            pause *= 2;
        }
        self.unary(&ctx, endpoint, message).await
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
