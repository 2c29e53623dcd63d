//! The one thread that writes.
//!
//! A sync costs the same for one commit as for hundreds, so commits that wait are put into one batch and share one sync.
//! While several callers write, the thread waits a moment for those that it has just answered to come back: that moment
//! is shorter than the sync it saves. A caller alone never waits for others.
//!
//! A batch is applied only once it is on disk, so that no reader sees what a crash could take back.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use fjall::PersistMode;
use micro::store::{Change, Error, Result, Scope};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::warn;

use super::encoding::{encode, expiry_key, expiry_of, nanoseconds, record_key, split_expiry_key};
use super::{Counters, Engine, failed};

/// Commits that may wait, and so the most in one batch.
const QUEUE: usize = 1024;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
const PATIENCE_MIN: Duration = Duration::from_micros(200);
const PATIENCE_MAX: Duration = Duration::from_millis(2);
/// How often expired records are taken away, and how many at once: other commits wait meanwhile.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
const SWEEP_RECORDS: usize = 1000;

pub struct Writer {
    // `None` only while it is dropped.
    queue: Option<SyncSender<Commit>>,
    room: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

struct Commit {
    scope: Scope,
    changes: Vec<Change>,
    answer: oneshot::Sender<Result<()>>,
    _room: OwnedSemaphorePermit,
}

impl Writer {
    pub fn start(engine: Engine, counters: Arc<Counters>) -> Result<Self> {
        let (queue, commits) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || Thread::new(engine, counters).run(&commits))
            .map_err(|error| Error::unavailable("cannot start the store's writer").caused_by(error))?;
        Ok(Self {
            queue: Some(queue),
            room: Arc::new(Semaphore::new(QUEUE)),
            thread: Some(thread),
        })
    }

    pub async fn commit(&self, scope: Scope, changes: Vec<Change>) -> Result<()> {
        let room = Arc::clone(&self.room)
            .acquire_owned()
            .await
            .map_err(|_| ended())?;
        let (answer, answered) = oneshot::channel();
        let commit = Commit {
            scope,
            changes,
            answer,
            _room: room,
        };
        // The queue has a place for each permit, so this never blocks.
        self.queue
            .as_ref()
            .ok_or_else(ended)?
            .send(commit)
            .map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

impl Drop for Writer {
    /// Waits for the last batch, so that the folder is free when the store is gone.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Thread {
    engine: Engine,
    counters: Arc<Counters>,
    /// What the last sync took, and how many commits shared it.
    last_sync: Duration,
    last_group: usize,
    next_sweep: Instant,
}

impl Thread {
    fn new(engine: Engine, counters: Arc<Counters>) -> Self {
        Self {
            engine,
            counters,
            last_sync: Duration::ZERO,
            last_group: 1,
            next_sweep: Instant::now(),
        }
    }

    fn run(mut self, commits: &Receiver<Commit>) {
        loop {
            match commits.recv_timeout(self.next_sweep.saturating_duration_since(Instant::now())) {
                Ok(first) => {
                    let group = self.gather(first, commits);
                    self.write(group);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= self.next_sweep {
                self.sweep();
            }
        }
    }

    /// The commits that wait, and those that are about to come.
    fn gather(&self, first: Commit, commits: &Receiver<Commit>) -> Vec<Commit> {
        let patience = (self.last_sync / 2).clamp(PATIENCE_MIN, PATIENCE_MAX);
        let deadline = Instant::now() + patience;
        let mut bytes = first.size();
        let mut group = vec![first];
        while group.len() < QUEUE && bytes < BATCH_BYTES {
            let next = match commits.try_recv() {
                Err(TryRecvError::Empty) if group.len() < self.last_group => commits
                    .recv_timeout(deadline.saturating_duration_since(Instant::now()))
                    .ok(),
                next => next.ok(),
            };
            let Some(next) = next else { break };
            bytes += next.size();
            group.push(next);
        }
        group
    }

    /// One batch, one sync, then the answers.
    fn write(&mut self, group: Vec<Commit>) {
        self.last_group = group.len();
        let mut batch = Batch::new(&self.engine);
        let outcomes: Vec<Result<()>> = group.iter().map(|commit| batch.add(commit)).collect();
        let before = Instant::now();
        let written = batch.commit();
        if let Ok(true) = written {
            self.last_sync = before.elapsed();
            self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        }
        for (commit, outcome) in group.into_iter().zip(outcomes) {
            let outcome = outcome.and_then(|()| match &written {
                Ok(_) => Ok(()),
                Err(error) => Err(Error::unavailable("the store cannot write").caused_by(error.to_string())),
            });
            if outcome.is_ok() {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
            }
            // A caller that has gone does not want to know.
            let _ = commit.answer.send(outcome);
        }
    }

    fn sweep(&mut self) {
        let swept = self.take_expired();
        let is_behind = matches!(swept, Ok(SWEEP_RECORDS));
        self.next_sweep = Instant::now() + if is_behind { SWEEP_EVERY / 100 } else { SWEEP_EVERY };
        if let Err(error) = swept {
            warn!(%error, "cannot take expired records away");
        }
    }

    /// Takes away what is due, oldest first. Nobody waits for it, so it needs no sync.
    fn take_expired(&self) -> Result<usize, fjall::Error> {
        let now = nanoseconds(SystemTime::now());
        let mut batch = self.engine.database.batch();
        let mut swept = 0;
        for entry in self.engine.expiry.range(..now.to_be_bytes()).take(SWEEP_RECORDS) {
            let entry = entry.key()?;
            swept += 1;
            if let Some((at, record_key)) = split_expiry_key(&entry)
                && self
                    .engine
                    .records
                    .get(record_key)?
                    .is_some_and(|value| expiry_of(&value) == at)
            {
                batch.remove(&self.engine.records, record_key);
            }
            batch.remove(&self.engine.expiry, entry);
        }
        batch.commit()?;
        Ok(swept)
    }
}

impl Commit {
    fn size(&self) -> usize {
        let values = self.changes.iter().map(|change| match change {
            Change::Put(record) | Change::PutNew(record) => record.value.len(),
            Change::Delete(_) => 0,
        });
        values.sum()
    }
}

/// Commits that will be on disk together. Each is checked against the store as the ones before it will leave it. The
/// engine gives a whole batch one sequence number, so only the last change of a key goes into it.
struct Batch<'a> {
    engine: &'a Engine,
    /// What becomes of each key; `None` for removed ones.
    pending: HashMap<Vec<u8>, Option<Pending>>,
    now: SystemTime,
}

struct Pending {
    /// When it expires; 0 is never.
    at: u64,
    value: Vec<u8>,
}

impl<'a> Batch<'a> {
    fn new(engine: &'a Engine) -> Self {
        Self {
            engine,
            pending: HashMap::new(),
            now: SystemTime::now(),
        }
    }

    fn add(&mut self, commit: &Commit) -> Result<()> {
        self.check(commit)?;
        for change in &commit.changes {
            let pending = match change {
                Change::Put(record) | Change::PutNew(record) => Some(Pending {
                    at: record.expires_at.map_or(0, nanoseconds),
                    value: encode(record),
                }),
                Change::Delete(_) => None,
            };
            self.pending
                .insert(record_key(&commit.scope, change.key()), pending);
        }
        Ok(())
    }

    /// Refuses a `PutNew` of a key that exists, with the earlier changes of the same commit already counted.
    fn check(&self, commit: &Commit) -> Result<()> {
        if !commit
            .changes
            .iter()
            .any(|change| matches!(change, Change::PutNew(_)))
        {
            return Ok(());
        }
        let mut changed: HashMap<&str, bool> = HashMap::new();
        for change in &commit.changes {
            let exists = match (change, changed.get(change.key())) {
                (Change::PutNew(_), Some(exists)) => *exists,
                (Change::PutNew(record), None) => self.exists(&record_key(&commit.scope, &record.key))?,
                _ => false,
            };
            if exists {
                return Err(Error::exists(change.key()));
            }
            changed.insert(
                change.key(),
                match change {
                    Change::Put(record) | Change::PutNew(record) => !record.is_expired(self.now),
                    Change::Delete(_) => false,
                },
            );
        }
        Ok(())
    }

    fn exists(&self, key: &[u8]) -> Result<bool> {
        let expiry = match self.pending.get(key) {
            Some(pending) => pending.as_ref().map(|pending| pending.at),
            None => self
                .engine
                .records
                .get(key)
                .map_err(failed)?
                .map(|value| expiry_of(&value)),
        };
        Ok(expiry.is_some_and(|at| at == 0 || at > nanoseconds(self.now)))
    }

    /// Whether there was anything to write.
    fn commit(self) -> Result<bool, fjall::Error> {
        let has_changes = !self.pending.is_empty();
        let mut batch = self
            .engine
            .database
            .batch()
            .durability(Some(PersistMode::SyncAll));
        for (key, pending) in self.pending {
            match pending {
                Some(Pending { at, value }) => {
                    if at > 0 {
                        batch.insert(&self.engine.expiry, expiry_key(at, &key), "");
                    }
                    batch.insert(&self.engine.records, key, value);
                }
                None => batch.remove(&self.engine.records, key),
            }
        }
        batch.commit()?;
        Ok(has_changes)
    }
}

fn ended() -> Error {
    Error::unavailable("the store has been closed")
}
