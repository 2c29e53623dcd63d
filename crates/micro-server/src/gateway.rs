//! The platform over HTTP and JSON.
//!
//! A path names a service and an endpoint; what comes as JSON is handed on as one gRPC frame of JSON, so that the gateway
//! decodes nothing that it does not need. A service may have other routes too (`route`): to a call, whose message is put
//! together as its contract says (`transcode`), or to itself (`hand_on`). In reading order: [`Gateway::serve`] accepts, `connection` sees
//! what one connection speaks, `http1` or `http2` speak it through a `wire` that knows when nothing moves, `request` is the way of one
//! request, and the rest are its steps.
//!
//! Whatever is wrong is answered with the one error shape, also when it is no HTTP. Two things are not: a caller who closes his
//! side before the answer is gone to us, as to most proxies, and what he asked for is stopped; and a connection that said
//! nothing at all within its time is closed without a word.
//!
//! Browsers are served the same way on a listener of their own, where a path names a service's page: a gateway has one of two
//! [`Face`]s, and what the other one makes of a request is in [`crate::web`].

mod accept_encoding;
mod admission;
mod blob;
pub(crate) mod body;
pub(crate) mod caller;
mod client_address;
mod compression;
mod conditional;
mod connection;
mod cors;
pub(crate) mod endpoints;
mod events;
mod face;
mod form;
#[doc(hidden)]
pub mod fuzz;
mod grpc;
mod gzip;
mod hand_on;
mod health;
mod http1;
mod http2;
mod inflate;
mod io;
mod limiter;
mod lines;
mod manner;
mod message;
pub(crate) mod metadata;
mod openapi;
pub(crate) mod path;
mod query;
mod rate;
pub(crate) mod reply;
mod request;
mod request_id;
mod route;
mod settings;
mod stats;
mod stream;
#[cfg(test)]
pub(crate) mod tests;
mod tls;
mod transcode;
mod websocket;
mod wire;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use micro::blob::Blobs;
use micro::registry::{Cache, Registry};
use micro_rpc::bytes::Bytes;
use micro_rpc::{Client, Error, Guard, MemoryBudget, Resolver, Result, ServiceDescriptor};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use admission::Admission;
pub use client_address::TrustedProxies;
use compression::Answers;
use face::Face;
pub use rate::Rate;
pub use settings::Settings;
pub use stats::{Snapshot, Stats};
pub use tls::{Files, Tls};

use crate::api::BlockList;
use crate::namespace::PLATFORM;
use crate::outside::Backends;
use crate::routes::Index;

/// The id of the gateway's own errors.
pub(crate) const ID: &str = "go.micro.api";

/// Gives the public keys, whichever they are at the time.
pub type KeySet = Arc<dyn Fn() -> Bytes + Send + Sync>;

/// What the gateway needs to know.
#[derive(Clone)]
pub struct Config {
    /// Which services there are.
    pub cache: Arc<Cache>,
    /// Lists them.
    pub registry: Arc<dyn Registry>,
    /// The contracts of the platform's own services, by name.
    pub own: Vec<(&'static str, Vec<&'static ServiceDescriptor>)>,
    /// Calls them, each in the namespace of the request. It has no credentials of its own: who calls anonymously stays so.
    pub client: Client,
    /// Public ones are served.
    pub blobs: Arc<dyn Blobs>,
    /// Decides who may.
    pub guard: Arc<dyn Guard>,
    /// Who is refused whatever the rules say.
    pub block_list: Arc<BlockList>,
    /// The public keys that tokens are verified with, as a JSON Web Key Set.
    pub key_set: KeySet,
    /// The outside systems that the platform stands on.
    pub backends: Backends,
    /// The version that `/` tells.
    pub version: String,
    /// Bytes of a request's body; what becomes a message is bounded by [`Limits::message`] too.
    pub body_limit: usize,
    /// Put before service names, with a dot; empty for none.
    pub namespace_prefix: String,
    /// How callers are treated.
    pub settings: Settings,
}

/// Bounds, so that no caller can make the gateway grow or wait without end.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections; more wait to be accepted.
    pub connections: usize,
    /// Requests that are open at once on a connection of HTTP/2; more wait at the caller.
    pub streams: u32,
    /// Bytes of a request's line and headers: less than services take, which get some more.
    pub head: usize,
    /// Bytes of a body.
    pub body: usize,
    /// Bytes of the message that a service gets.
    pub message: usize,
    /// Bytes of all bodies, and messages of streams, of more than 64 KiB that are in memory, in part or whole.
    pub bodies: usize,
    /// How long a head may take to arrive, and how long a connection may be idle.
    pub idle: Duration,
    /// How long a body may take to arrive, however slowly; after that it has to keep a pace.
    pub patience: Duration,
    /// How long a call may take, and a stream until it is opened.
    pub call: Duration,
    /// How long a caller may take nothing of what is written.
    pub stall: Duration,
    /// How long a stream of events may say nothing before it says that it is still there.
    /// A WebSocket asks this often whether the caller is there.
    pub heartbeat: Duration,
    /// How long a WebSocket may bring nothing, not even the answer to that.
    pub pong: Duration,
    /// How often the files of the certificate are looked at.
    pub certificate: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            streams: 256,
            head: 48 * 1024,
            body: 100 << 20,
            message: 32 << 20,
            bodies: MemoryBudget::usual(),
            idle: Duration::from_secs(30),
            patience: Duration::from_secs(30),
            call: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            pong: Duration::from_secs(60),
            certificate: Duration::from_secs(5),
        }
    }
}

/// The HTTP server. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

/// What all the connections of a gateway share.
pub(crate) struct Inner {
    face: Face,
    /// What takes TLS off its connections; `None` where there is none.
    tls: Option<Arc<Tls>>,
    pub(crate) config: Config,
    pub(crate) limits: Limits,
    pub(crate) bodies: Arc<MemoryBudget>,
    /// Calls the platform's own services, which are found in its namespace whatever namespace a request names.
    platform: Client,
    /// What services answer at beyond their endpoints.
    routes: Arc<Index>,
    /// How often who may ask; `None` where that is not limited.
    admission: Option<Arc<Admission>>,
    compression: Arc<Answers>,
    version: Bytes,
    stats: Arc<Stats>,
}

impl Gateway {
    /// A gateway, not yet listening.
    pub fn new(config: Config) -> Self {
        let limits = Limits {
            body: config.body_limit,
            ..Limits::default()
        };
        Self::with_limits(config, limits)
    }

    /// A gateway with bounds of its own; those of the body stand in both and the ones here count.
    pub fn with_limits(config: Config, limits: Limits) -> Self {
        let platform = platform(&config.client, &config.cache);
        let routes = Index::follow(config.registry.clone(), &config.namespace_prefix);
        let admission = Admission::new(&config.settings).map(Arc::new);
        let compression = Arc::new(Answers::new(&config.settings));
        let version = Bytes::from(format!("{{\"version\": {:?}}}", config.version));
        Self(Arc::new(Inner {
            face: Face::Programs,
            tls: None,
            config,
            limits,
            bodies: Arc::new(MemoryBudget::new(limits.bodies)),
            platform,
            routes,
            admission,
            compression,
            version,
            stats: Arc::default(),
        }))
    }

    /// The same gateway over TLS, and over nothing else.
    #[must_use]
    pub fn secured(&self, tls: Tls) -> Self {
        Self(Arc::new(Inner {
            tls: Some(Arc::new(tls)),
            ..self.0.part()
        }))
    }

    /// The same platform for browsers, without TLS: pages instead of JSON, counted apart but for limits, which are for both together.
    pub fn for_browsers(&self) -> Self {
        Self(Arc::new(Inner {
            face: Face::Browsers,
            tls: None,
            stats: Arc::default(),
            ..self.0.part()
        }))
    }

    /// Counters.
    pub fn stats(&self) -> &Stats {
        &self.0.stats
    }

    /// The same gateway for one core: it shares nothing that is locked by every request.
    fn apart(&self) -> Self {
        let mut inner = self.0.part();
        inner.config.client = inner.config.client.with_own_connections(1);
        inner.platform = inner.platform.with_own_connections(1);
        Self(Arc::new(inner))
    }

    /// Serves until `stop` is ready, then lets the requests under way finish within `drain`.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send, drain: Duration) {
        let cores = self.0.face.cores();
        let gateways: Vec<_> = (0..cores.count()).map(|_| self.apart()).collect();
        let places = Arc::new(Semaphore::new(self.0.limits.connections));
        let (stopping, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut following = pin!(async {
            match &self.0.tls {
                Some(tls) => tls.follow(self.0.limits.certificate).await,
                None => std::future::pending().await,
            }
        });
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                // It ends only with the runtime.
                () = &mut following => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = accept(&listener, &places) => if let Some((stream, place)) = accepted {
                    self.0.stats.accepted();
                    let (index, core, on_core) = cores.place();
                    let (gateway, stopped) = (gateways[index].clone(), stopped.clone());
                    connections.spawn_on(async move {
                        let Ok(stream) = TcpStream::from_std(stream) else { return };
                        connection::serve(gateway, stream, stopped).await;
                        drop((place, on_core));
                    }, &core.handle);
                },
            }
        }
        drop(listener);
        let _ = stopping.send(true);
        let drained = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(drain, drained).await;
    }
}

impl Inner {
    /// For a gateway that differs in something.
    fn part(&self) -> Self {
        Self {
            face: self.face,
            tls: self.tls.clone(),
            config: self.config.clone(),
            limits: self.limits,
            bodies: self.bodies.clone(),
            platform: self.platform.clone(),
            routes: self.routes.clone(),
            admission: self.admission.clone(),
            compression: self.compression.clone(),
            version: self.version.clone(),
            stats: self.stats.clone(),
        }
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(std::net::TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            let _ = stream.set_nodelay(true);
            Some((stream.into_std().ok()?, place))
        }
        Err(error) => {
            // Out of descriptors, mostly: waiting a little beats spinning.
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(Duration::from_millis(20)).await;
            None
        }
    }
}

/// What tools ask every gRPC server, which the proxy answers for all services.
const AT_PROXY: [&str; 3] = ["grpc.health.v1", "grpc.reflection.v1", "grpc.reflection.v1alpha"];

/// Finds services in the platform's namespace.
struct Home(Arc<Cache>);

#[micro_rpc::async_trait]
impl Resolver for Home {
    async fn resolve(&self, _namespace: &str, service: &str) -> Result<Arc<[String]>> {
        let service = if AT_PROXY.contains(&service) {
            "proxy"
        } else {
            service
        };
        self.0.resolve(PLATFORM, service).await
    }
}

/// Calls the platform's own services, in whatever namespace the caller is.
pub(crate) fn platform(client: &Client, cache: &Arc<Cache>) -> Client {
    client.with_resolver(Arc::new(Home(cache.clone())))
}

/// A method that a service does not have is, over HTTP, a page that is not there.
pub(crate) fn missing(error: Error) -> Error {
    if error.code == 501 && error.detail.starts_with("unknown service ") {
        return Error::not_found(error.id, error.detail);
    }
    // What a service says that is no error of ours has no code that means anything over HTTP.
    if error.plain.is_some() {
        return Error::internal(error.id, error.detail);
    }
    error
}
