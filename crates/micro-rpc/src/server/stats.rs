//! What a server counts and remembers of its calls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::{Error, Span, Trace};

const KEPT: usize = 256;

/// Counters since the start, and the last 256 inbound spans.
#[derive(Debug)]
pub struct Stats {
    service: Arc<str>,
    started: SystemTime,
    requests: AtomicU64,
    errors: AtomicU64,
    spans: Mutex<VecDeque<Span>>,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    /// When the server was built.
    pub started: SystemTime,
    /// Calls answered, well or not.
    pub requests: u64,
    /// Calls answered with an error.
    pub errors: u64,
}

impl Stats {
    pub(super) fn new(service: Arc<str>) -> Self {
        Self {
            service,
            started: SystemTime::now(),
            requests: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            spans: Mutex::new(VecDeque::with_capacity(KEPT)),
        }
    }

    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            started: self.started,
            requests: self.requests.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
        }
    }

    /// The spans that are kept, oldest first.
    pub fn spans(&self) -> Vec<Span> {
        self.spans
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    pub(super) fn record(
        &self,
        trace: Trace,
        endpoint: (&'static str, &'static str),
        began: Instant,
        error: Option<&Error>,
    ) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if error.is_some() {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        // Asking about a service is not part of what it does.
        if is_about_itself(endpoint.0) {
            return;
        }
        let duration = began.elapsed();
        let ended = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let span = Span {
            trace,
            service: self.service.clone(),
            endpoint,
            started: nanoseconds(ended.saturating_sub(duration)),
            duration: nanoseconds(duration),
            error: error.map(|error| error.detail.as_str().into()),
        };
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        if spans.len() == KEPT {
            spans.pop_front();
        }
        spans.push_back(span);
    }
}

/// Whether a contract is what a service tells about itself.
pub(super) fn is_about_itself(handler: &str) -> bool {
    matches!(handler, "Debug" | "Health" | "ServerReflection")
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
