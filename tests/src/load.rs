//! Calls at a steady rate, whatever becomes of those before.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

/// Calls that go on until they are stopped. Dropped, it stops too, and nobody waits.
pub struct Load {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    tally: Arc<Mutex<Tally>>,
}

/// What became of calls.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many were answered as they should.
    pub answered: usize,
    /// Why the others were not.
    pub failures: Vec<String>,
}

impl Load {
    /// Begins a call every so often. One that is not answered well says why.
    pub fn start<F>(per_second: u32, call: impl Fn() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let (stop, mut stopped) = watch::channel(false);
        let tally: Arc<Mutex<Tally>> = Arc::default();
        let counted = tally.clone();
        let task = tokio::spawn(async move {
            let mut due = tokio::time::interval(Duration::from_secs(1) / per_second);
            due.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut calls = JoinSet::new();
            loop {
                tokio::select! {
                    _ = stopped.changed() => break,
                    _ = due.tick() => { calls.spawn(call()); }
                    Some(done) = calls.join_next() => note(&counted, done.map_err(|error| error.to_string())),
                }
            }
            while let Some(done) = calls.join_next().await {
                note(&counted, done.map_err(|error| error.to_string()));
            }
        });
        Self { stop, task, tally }
    }

    /// What became of the calls so far.
    pub fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins no more, and waits for those under way.
    pub async fn stop(self) -> Tally {
        self.stop.send_replace(true);
        let _ = self.task.await;
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.clone()
    }
}

fn note(tally: &Mutex<Tally>, done: Result<Result<(), String>, String>) {
    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    match done.and_then(|answered| answered) {
        Ok(()) => tally.answered += 1,
        Err(why) => tally.failures.push(why),
    }
}
