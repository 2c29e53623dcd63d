//! What the proxy tells about itself.

use std::sync::{OnceLock, Weak};

use micro::service::debug::DebugHandler;
use micro_proto::debug::{
    Debug, HealthRequest, HealthResponse, LogRequest, LogResponse, StatsRequest, StatsResponse, TraceRequest,
    TraceResponse,
};
use micro_rpc::{Context, Result, Server};

use crate::outside::Backends;

/// Answers `Debug` from the counters of the server that it is mounted in. It does not own that server: each would keep
/// the other, and the store with them, after the platform has stopped.
#[derive(Default)]
pub struct OwnDebug {
    server: OnceLock<Weak<Server>>,
    backends: Backends,
}

impl OwnDebug {
    /// Of a platform that stands on these systems.
    pub fn new(backends: Backends) -> Self {
        Self {
            backends,
            ..Self::default()
        }
    }

    /// Says which server to tell about, once that is built.
    pub fn watch(&self, server: Weak<Server>) {
        // It is said once.
        let _ = self.server.set(server);
    }

    fn handler(&self) -> DebugHandler {
        let handler = DebugHandler::default();
        if let Some(server) = self.server.get().and_then(Weak::upgrade) {
            handler.watch(Server::clone(&server));
        }
        handler
    }
}

#[micro_rpc::async_trait]
impl Debug for OwnDebug {
    async fn log(&self, ctx: &Context, request: LogRequest) -> Result<LogResponse> {
        self.handler().log(ctx, request).await
    }

    async fn health(&self, ctx: &Context, request: HealthRequest) -> Result<HealthResponse> {
        let mut health = self.handler().health(ctx, request).await?;
        if !self.backends.away().is_empty() {
            health.status = "degraded".to_owned();
        }
        let states = self.backends.states().into_iter();
        health.backends = states.map(|(name, state)| (name.to_owned(), state)).collect();
        Ok(health)
    }

    async fn stats(&self, ctx: &Context, request: StatsRequest) -> Result<StatsResponse> {
        self.handler().stats(ctx, request).await
    }

    async fn trace(&self, ctx: &Context, request: TraceRequest) -> Result<TraceResponse> {
        self.handler().trace(ctx, request).await
    }
}
