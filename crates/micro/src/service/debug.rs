//! What every service tells about itself.

use std::time::{SystemTime, UNIX_EPOCH};

use micro_proto::debug::{
    Debug, HealthRequest, HealthResponse, LogRequest, LogResponse, Span, SpanType, StatsRequest,
    StatsResponse, TraceRequest, TraceResponse,
};
use micro_rpc::{Context, Result, Server};
use tokio::sync::OnceCell;

/// Answers the `Debug` contract from a server's counters.
#[derive(Default)]
pub struct DebugHandler {
    server: OnceCell<Server>,
}

impl DebugHandler {
    /// Says which server to tell about, once that is built.
    pub fn watch(&self, server: Server) {
        let _ = self.server.set(server);
    }
}

#[micro_rpc::async_trait]
impl Debug for DebugHandler {
    // What a service prints is kept by the runtime: `micro logs`.
    async fn log(&self, _ctx: &Context, _request: LogRequest) -> Result<LogResponse> {
        Ok(LogResponse::default())
    }

    async fn health(&self, _ctx: &Context, _request: HealthRequest) -> Result<HealthResponse> {
        Ok(HealthResponse {
            status: "ok".to_owned(),
            ..HealthResponse::default()
        })
    }

    async fn stats(&self, _ctx: &Context, _request: StatsRequest) -> Result<StatsResponse> {
        let Some(server) = self.server.get() else {
            return Ok(StatsResponse::default());
        };
        let counted = server.stats().snapshot();
        let now = SystemTime::now();
        let (memory, threads) = process();
        Ok(StatsResponse {
            timestamp: unix(now),
            started: unix(counted.started),
            uptime: now.duration_since(counted.started).unwrap_or_default().as_secs(),
            memory,
            threads,
            gc: 0,
            requests: counted.requests,
            errors: counted.errors,
        })
    }

    async fn trace(&self, _ctx: &Context, request: TraceRequest) -> Result<TraceResponse> {
        let spans = self
            .server
            .get()
            .map(|server| server.stats().spans())
            .unwrap_or_default();
        let spans = spans
            .into_iter()
            .map(translate)
            .filter(|span| request.id.is_empty() || span.trace == request.id);
        Ok(TraceResponse {
            spans: spans.collect(),
        })
    }
}

fn translate(span: micro_rpc::Span) -> Span {
    let (handler, method) = span.endpoint;
    Span {
        trace: span.trace.id.to_string(),
        id: span.trace.span.to_string(),
        parent: span
            .trace
            .parent
            .map(|parent| parent.to_string())
            .unwrap_or_default(),
        name: format!("{}.{handler}.{method}", span.service),
        started: span.started,
        duration: span.duration,
        metadata: span
            .error
            .map(|error| ("error".to_owned(), error.to_string()))
            .into_iter()
            .collect(),
        r#type: SpanType::Inbound.into(),
    }
}

fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

// Resident bytes and threads as Linux tells them; zero elsewhere.
fn process() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let number = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or("");
        line.split_whitespace()
            .next()
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
    };
    (number("VmRSS:") * 1024, number("Threads:"))
}
