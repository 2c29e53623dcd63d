//! Whether the object storage answers, for all calls at once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use micro::{Backend, Error, Result};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

/// How often it is looked for while it is away, or while calls take long.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long it may say nothing to a question that costs it nothing.
const SILENCE: Duration = Duration::from_secs(2);
/// How often it is asked while nobody uses it: questions may cost money.
const ASK_AGAIN: Duration = Duration::from_secs(60);

pub struct Health {
    pub backend: Backend,
    lost: Notify,
    in_flight: AtomicUsize,
}

impl Health {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            backend: Backend::new("object storage"),
            lost: Notify::new(),
            in_flight: AtomicUsize::new(0),
        })
    }

    /// Makes a call, unless it is away or is found to be meanwhile.
    pub async fn call<T>(&self, call: impl Future<Output = object_store::Result<T>>) -> Result<T> {
        if let Some(why) = self.backend.away() {
            return Err(away(&why));
        }
        let lost = self.lost.notified();
        let _counted = Counted::new(&self.in_flight);
        tokio::select! {
            () = lost => Err(away(&self.backend.away().unwrap_or_default())),
            answer = call => answer.map_err(|error| self.failed(&error)),
        }
    }

    /// What an answer says of the server; the error for the caller.
    pub fn failed(&self, error: &object_store::Error) -> Error {
        match error {
            object_store::Error::NotFound { .. } => micro::blob::gone(),
            error => {
                let why = reason(error);
                self.lose(&why);
                away(&why)
            }
        }
    }

    fn lose(&self, why: &str) {
        self.backend.lost(why);
        self.lost.notify_waiters();
    }

    /// Asks again and again, as often as it is worth it.
    pub async fn watch<F>(&self, ask: impl Fn() -> F)
    where
        F: Future<Output = object_store::Result<()>>,
    {
        let (mut next, mut was_busy) = (Instant::now(), false);
        loop {
            let is_busy = self.in_flight.load(Ordering::Relaxed) > 0;
            let is_due = Instant::now() >= next || self.backend.away().is_some() || (is_busy && was_busy);
            if is_due {
                next = Instant::now() + ASK_AGAIN;
                match timeout(SILENCE, ask()).await {
                    Ok(Ok(())) => self.backend.reached(),
                    Ok(Err(error)) => self.lose(&reason(&error)),
                    Err(_) => self.lose(&format!("no answer within {SILENCE:?}")),
                }
            }
            was_busy = is_busy;
            sleep(LOOK_AGAIN).await;
        }
    }
}

struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The innermost cause: those around it name addresses, which callers need not know.
fn reason(error: &object_store::Error) -> String {
    tracing::debug!(%error, "the object storage failed");
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn away(why: &str) -> Error {
    Error::unavailable("store", format!("the object storage does not answer: {why}"))
}
