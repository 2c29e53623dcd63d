//! What a call knows about itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::AUTHORIZATION;

use crate::names::{EXTENSIONS, NAMESPACE};
use crate::{Account, Metadata, Trace};

/// Caller, namespace, metadata, deadline and trace of a call. Cheap to clone; handed on to the calls made from it.
#[derive(Clone, Debug)]
pub struct Context(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    account: Option<Arc<Account>>,
    metadata: Metadata,
    deadline: Option<Instant>,
    trace: Trace,
}

impl Context {
    /// A context for work that nobody called for: no caller, no deadline, a new trace.
    pub fn background() -> Self {
        Self::new(None, Metadata::default(), None, Trace::start())
    }

    /// The same with these headers, as a gateway makes it of another protocol's.
    #[must_use]
    pub fn with_all_metadata(mut self, metadata: Metadata) -> Self {
        Arc::make_mut(&mut self.0).metadata = metadata;
        self
    }

    pub(crate) fn new(
        account: Option<Arc<Account>>,
        metadata: Metadata,
        deadline: Option<Instant>,
        trace: Trace,
    ) -> Self {
        Self(Arc::new(Inner {
            account,
            metadata,
            deadline,
            trace,
        }))
    }

    /// The verified caller; `None` when anonymous.
    pub fn account(&self) -> Option<&Arc<Account>> {
        self.0.account.as_ref()
    }

    /// The namespace that the call is meant for; empty when none was said.
    pub fn namespace(&self) -> &str {
        self.0.metadata.text(&NAMESPACE).unwrap_or("")
    }

    /// The headers of the call.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The caller's bearer token.
    pub fn token(&self) -> Option<&str> {
        self.0.metadata.text(&AUTHORIZATION)?.strip_prefix("Bearer ")
    }

    /// The moment after which nobody waits for the answer.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// The time left until the deadline; zero when it has passed.
    pub fn remaining(&self) -> Option<Duration> {
        self.0
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Where the call stands in its trace.
    pub fn trace(&self) -> &Trace {
        &self.0.trace
    }

    /// A context for calls in one's own name: deadline and trace stay, the caller and his headers do not.
    #[must_use]
    pub fn on_own_behalf(&self) -> Self {
        Self::new(None, Metadata::default(), self.0.deadline, self.0.trace.clone())
    }

    /// Sets a deadline that far from now; an earlier one stays.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        let deadline = Instant::now() + timeout;
        let inner = Arc::make_mut(&mut self.0);
        inner.deadline = Some(inner.deadline.map_or(deadline, |earlier| earlier.min(deadline)));
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn with_metadata(mut self, name: &str, value: &str) -> Self {
        Arc::make_mut(&mut self.0).metadata.insert(name, value);
        self
    }

    /// Asks for JSON answers with the fields that the original contracts lack. Who does not say that he knows them gets
    /// none: clients of those contracts refuse what they do not know. Protobuf answers always have them.
    #[must_use]
    pub fn with_extensions(self) -> Self {
        self.with_metadata(EXTENSIONS.as_str(), "true")
    }

    /// Sets the namespace that calls are meant for.
    #[must_use]
    pub fn with_namespace(self, namespace: &str) -> Self {
        self.with_metadata("micro-namespace", namespace)
    }

    /// Sets the bearer token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with_metadata("authorization", &format!("Bearer {token}"))
    }

    /// Sets where it stands in a trace: for what was called for by other means than a call.
    #[must_use]
    pub fn with_trace(mut self, trace: Trace) -> Self {
        Arc::make_mut(&mut self.0).trace = trace;
        self
    }

    /// Sets the verified caller. For tests and for who verified a token.
    #[must_use]
    pub fn with_account(mut self, account: Arc<Account>) -> Self {
        Arc::make_mut(&mut self.0).account = Some(account);
        self
    }
}
