//! The way of an inbound call: accept, authenticate, authorise, deadline, decode, handler, encode.

mod answer;
mod call;
mod caller;
mod connection;
mod fair;
pub(crate) mod headers;
mod here;
mod inbound;
mod lane;
mod limit;
mod limits;
mod pace;
mod respond;
mod routes;
mod stats;
#[cfg(test)]
mod tests;
mod turn;
mod waiting;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

pub use call::{Call, NOTHING_TO_SAY, Reply};
pub use limits::Limits;
pub use stats::{Snapshot, Stats};

use crate::{
    Context, Guard, MemoryBudget, MethodDescriptor, Result, ServiceDescriptor, Streaming, async_trait,
};
use routes::Routes;

/// Answers the calls to one RPC service of a contract. Generated code implements it.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The contract.
    fn descriptor(&self) -> &'static ServiceDescriptor;

    /// Answers one call.
    async fn call(&self, ctx: &Context, method: &'static MethodDescriptor, call: Call) -> Result<Reply>;
}

/// Takes the calls to services that are not mounted here, as a proxy does.
#[async_trait]
pub trait Relay: Send + Sync + 'static {
    /// Relays encoded messages both ways. `path` is that of the call, `/helloworld.Helloworld/Call`.
    async fn relay(
        &self,
        ctx: &Context,
        path: &str,
        content_type: &str,
        requests: Streaming<Bytes>,
    ) -> Result<Streaming<Bytes>>;
}

/// What answers on a listener. Built once, then served on any number of listeners.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    routes: Routes,
    guard: Option<Arc<dyn Guard>>,
    namespace: Option<Arc<str>>,
    relay: Option<Arc<dyn Relay>>,
    limits: Limits,
    stats: Stats,
    lateness: turn::Lateness,
    /// What times are measured from.
    origin: Instant,
    connections: Arc<Semaphore>,
    messages: MemoryBudget,
}

/// Puts a [`Server`] together.
pub struct Builder {
    name: String,
    routes: Routes,
    guard: Option<Arc<dyn Guard>>,
    namespace: Option<String>,
    relay: Option<Arc<dyn Relay>>,
    limits: Limits,
}

impl Server {
    /// A server for the service of that name, which is also the id of its errors.
    pub fn builder(name: &str) -> Builder {
        Builder {
            name: name.to_owned(),
            routes: Routes::default(),
            guard: None,
            namespace: None,
            relay: None,
            limits: Limits::default(),
        }
    }

    /// Counters and recent spans.
    pub fn stats(&self) -> &Stats {
        &self.0.stats
    }

    /// The contracts that are mounted, with the service name that each is mounted under.
    pub fn mounted(&self) -> Vec<(String, &'static ServiceDescriptor)> {
        self.0.routes.mounted()
    }

    /// Serves until `stop` is ready, then takes no new calls and lets the running ones finish within `drain`.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()> + Send, drain: Duration) {
        let (stopping, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.accept(&listener) => if let Some((stream, permit)) = accepted {
                    connections.spawn(self.clone().connection(stream, permit, stopped.clone()));
                },
            }
        }
        let _ = stopping.send(true);
        // Who is connected already, but was not accepted yet, is told to go elsewhere like the others.
        for (stream, permit) in self.accept_rest(listener) {
            connections.spawn(self.clone().connection(stream, permit, stopped.clone()));
        }
        let drained = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(drain, drained).await;
    }

    async fn connection(
        self,
        stream: TcpStream,
        permit: OwnedSemaphorePermit,
        stopped: watch::Receiver<bool>,
    ) {
        connection::serve(self, stream, stopped).await;
        drop(permit);
    }

    /// Those that the system has accepted for us, without waiting for more. The listener is closed.
    fn accept_rest(&self, listener: TcpListener) -> Vec<(TcpStream, OwnedSemaphorePermit)> {
        let mut rest = Vec::new();
        // Asked directly: tokio may not have heard yet that there are some.
        let Ok(listener) = listener.into_std() else {
            return rest;
        };
        while let Ok(permit) = self.0.connections.clone().try_acquire_owned()
            && let Ok((stream, _)) = listener.accept()
            && stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = TcpStream::from_std(stream)
        {
            let _ = stream.set_nodelay(true);
            rest.push((stream, permit));
        }
        rest
    }

    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let permit = self.0.connections.clone().acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                Some((stream, permit))
            }
            Err(error) => {
                // Out of descriptors, mostly: waiting a little beats spinning.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
                None
            }
        }
    }
}

impl Builder {
    /// Mounts a handler under its full name, `registry.Registry`.
    #[must_use]
    pub fn handle(mut self, handler: Arc<dyn Handler>) -> Self {
        let package = handler.descriptor().package;
        self.routes.mount(package, handler);
        self
    }

    /// Mounts a handler under the name of another service, as `Debug` is under `proxy.Debug`.
    #[must_use]
    pub fn handle_as(mut self, service: &str, handler: Arc<dyn Handler>) -> Self {
        self.routes.mount(service, handler);
        self
    }

    /// Who decides about calls; without one every call is let in, anonymously.
    #[must_use]
    pub fn guard(mut self, guard: Arc<dyn Guard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// The namespace whose rules decide. Without one each call's own: its header, else its account's, else `micro`.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Who takes the calls to services that are not mounted.
    #[must_use]
    pub fn relay(mut self, relay: Arc<dyn Relay>) -> Self {
        self.relay = Some(relay);
        self
    }

    /// Replaces the default limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The finished server.
    pub fn build(self) -> Server {
        let name: Arc<str> = self.name.into();
        Server(Arc::new(Inner {
            stats: Stats::new(name.clone()),
            lateness: turn::Lateness::default(),
            origin: Instant::now(),
            name,
            routes: self.routes,
            guard: self.guard,
            namespace: self.namespace.map(Into::into),
            relay: self.relay,
            connections: Arc::new(Semaphore::new(self.limits.connections)),
            messages: MemoryBudget::new(self.limits.messages),
            limits: self.limits,
        }))
    }
}
