//! The platform over HTTP and JSON.
//!
//! A path names a service and an endpoint; what comes as JSON is handed on as it is, so that the gateway decodes nothing
//! that it does not need. What cannot be parsed as HTTP at all is answered by `hyper` itself with an empty 400.

mod body;
mod cors;
mod form;
pub mod fuzz;
mod metadata;
mod path;
mod query;
mod reply;
mod request;
mod stream;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use micro::registry::Cache;
use micro_rpc::{Client, Guard};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 10_000;
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// What the gateway needs to know.
#[derive(Clone)]
pub struct Config {
    /// Which services there are.
    pub cache: Arc<Cache>,
    /// Calls them.
    pub client: Client,
    /// Decides who may.
    pub guard: Arc<dyn Guard>,
    /// The version that `/` tells.
    pub version: String,
    /// Bytes of a request's body.
    pub body_limit: usize,
    /// Put before service names; empty for none.
    pub namespace_prefix: String,
}

/// The HTTP server. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Config>);

impl Gateway {
    /// A gateway, not yet listening.
    pub fn new(config: Config) -> Self {
        Self(Arc::new(config))
    }

    /// Serves until `stop` is ready, then lets the requests under way finish within `drain`.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send, drain: Duration) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let (stopping, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = accept(&listener, &places) => if let Some((stream, place)) = accepted {
                    connections.spawn(connection(self.clone(), stream, stopped.clone(), place));
                },
            }
        }
        drop(listener);
        let _ = stopping.send(true);
        let drained = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(drain, drained).await;
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<reply::Body>, Infallible> {
        let origin = request.headers().get("origin").cloned();
        let mut response = request::answer(&self.0, request).await;
        cors::allow(response.headers_mut(), origin);
        Ok(response)
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            let _ = stream.set_nodelay(true);
            Some((stream, place))
        }
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(Duration::from_millis(20)).await;
            None
        }
    }
}

async fn connection(
    gateway: Gateway,
    stream: TcpStream,
    mut stopped: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let service = service_fn(move |request| gateway.clone().answer(request));
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(256 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    tokio::select! {
        ended = serving.as_mut() => return log(ended),
        _ = stopped.wait_for(|stopped| *stopped) => serving.as_mut().graceful_shutdown(),
    }
    log(serving.await);
}

fn log(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
