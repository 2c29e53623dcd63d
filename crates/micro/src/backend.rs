//! Whether a system outside Micro can be reached, as its driver finds it and others ask.

use std::sync::Arc;

use tokio::sync::watch;

/// One outside system: its driver tells, the platform's health and status ask. Cheap to clone; clones are one.
///
/// ```
/// let database = micro::Backend::new("database");
/// assert_eq!(database.away(), None);
/// database.lost("connection refused");
/// assert_eq!(database.away().as_deref(), Some("connection refused"));
/// database.reached();
/// assert_eq!(database.away(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Backend {
    name: &'static str,
    away: Arc<watch::Sender<Option<Arc<str>>>>,
}

impl Backend {
    /// A system that is taken to be there until its driver says otherwise. The name is what an operator calls it: `etcd`.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            away: Arc::new(watch::Sender::new(None)),
        }
    }

    /// What an operator calls it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// It answered.
    pub fn reached(&self) {
        self.away.send_if_modified(|away| {
            let is_news = away.is_some();
            if is_news {
                tracing::info!(backend = self.name, "answers again");
            }
            *away = None;
            is_news
        });
    }

    /// It did not answer, and why.
    pub fn lost(&self, why: impl Into<String>) {
        let why = why.into();
        self.away.send_if_modified(|away| {
            let is_news = away.as_deref() != Some(why.as_str());
            if away.is_none() {
                tracing::warn!(backend = self.name, why, "does not answer");
            }
            *away = Some(why.into());
            is_news
        });
    }

    /// Why it cannot be reached; none while it can.
    pub fn away(&self) -> Option<String> {
        self.away.borrow().as_deref().map(str::to_owned)
    }

    /// Waits until it can be reached.
    pub async fn until_reached(&self) {
        // The sender lives as long as this value, so waiting does not fail.
        let _ = self.away.subscribe().wait_for(Option::is_none).await;
    }
}
