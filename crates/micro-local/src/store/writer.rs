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
use micro::store::{Change, Error, Event, Record, Result, Scope, Watchers};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::warn;

use super::encoding::{
    encode, expiry_key, expiry_of, nanoseconds, record_key, split_expiry_key, split_record_key, version_of,
};
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
    pub fn start(engine: Engine, counters: Arc<Counters>, watchers: Arc<Watchers>) -> Result<Self> {
        let (queue, commits) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || Thread::new(engine, counters, watchers).run(&commits))
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
    last_version: u64,
    next_sweep: Instant,
    watchers: Arc<Watchers>,
}

impl Thread {
    fn new(engine: Engine, counters: Arc<Counters>, watchers: Arc<Watchers>) -> Self {
        Self {
            engine,
            counters,
            watchers,
            last_version: 0,
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
        let engine = self.engine.clone();
        let mut batch = Batch::new(&engine);
        let outcomes: Vec<Result<u64>> = group
            .iter()
            .map(|commit| {
                let version = self.next_version();
                batch.add(commit, version).map(|()| version)
            })
            .collect();
        let before = Instant::now();
        let written = batch.commit();
        if let Ok(true) = written {
            self.last_sync = before.elapsed();
            self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        }
        for (commit, outcome) in group.into_iter().zip(outcomes) {
            let outcome = outcome.and_then(|version| match &written {
                Ok(_) => Ok(version),
                Err(error) => Err(unwritable(error)),
            });
            if let Ok(version) = outcome {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                self.tell(&commit, version);
            }
            // A caller that has gone does not want to know.
            let _ = commit.answer.send(outcome.map(drop));
        }
    }

    /// Later than all before it, also of an earlier run: it is the time, unless the clock was set back within this one.
    fn next_version(&mut self) -> u64 {
        self.last_version = (self.last_version + 1).max(nanoseconds(SystemTime::now()));
        self.last_version
    }

    fn tell(&self, commit: &Commit, version: u64) {
        if self.watchers.is_empty() {
            return;
        }
        for change in &commit.changes {
            let key = change.key().to_owned();
            let record = change.record().map(|record| Record {
                version,
                ..record.clone()
            });
            self.watchers.tell(&commit.scope, &Event { key, record });
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
        let (mut swept, mut expired) = (0, Vec::new());
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
                expired.extend(split_record_key(record_key));
                batch.remove(&self.engine.records, record_key);
            }
            batch.remove(&self.engine.expiry, entry);
        }
        batch.commit()?;
        for (scope, key) in expired {
            self.watchers.tell(&scope, &Event { key, record: None });
        }
        Ok(swept)
    }
}

impl Commit {
    fn size(&self) -> usize {
        let records = self.changes.iter().filter_map(Change::record);
        records.map(|record| record.value.len()).sum()
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
    version: u64,
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

    /// Takes a commit in, whose writes get this version.
    fn add(&mut self, commit: &Commit, version: u64) -> Result<()> {
        self.check(commit, version)?;
        for change in &commit.changes {
            let pending = change.record().map(|record| Pending {
                at: record.expires_at.map_or(0, nanoseconds),
                version,
                value: encode(record, version),
            });
            self.pending
                .insert(record_key(&commit.scope, change.key()), pending);
        }
        Ok(())
    }

    /// Refuses a commit of which one change may not be made, with the earlier ones already counted.
    fn check(&self, commit: &Commit, version: u64) -> Result<()> {
        let is_conditional = |change: &Change| !matches!(change, Change::Put(_) | Change::Delete(_));
        if !commit.changes.iter().any(is_conditional) {
            return Ok(());
        }
        let mut changed: HashMap<&str, Option<u64>> = HashMap::new();
        for change in &commit.changes {
            let there = match changed.get(change.key()) {
                Some(there) => *there,
                None if is_conditional(change) => self.there(&record_key(&commit.scope, change.key()))?,
                None => None,
            };
            change.check(there)?;
            let live = change.record().filter(|record| !record.is_expired(self.now));
            changed.insert(change.key(), live.map(|_| version));
        }
        Ok(())
    }

    /// The version of the record that is there.
    fn there(&self, key: &[u8]) -> Result<Option<u64>> {
        let found = match self.pending.get(key) {
            Some(pending) => pending.as_ref().map(|pending| (pending.at, pending.version)),
            None => self
                .engine
                .records
                .get(key)
                .map_err(failed)?
                .map(|value| (expiry_of(&value), version_of(&value))),
        };
        let live = found.filter(|(at, _)| *at == 0 || *at > nanoseconds(self.now));
        Ok(live.map(|(_, version)| version))
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
                Some(Pending { at, value, .. }) => {
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

/// The engine writes no more after a failure, since what is on the disk is not known then: only opening it again tells.
fn unwritable(error: &fjall::Error) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut is_full = false;
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        is_full |= io.is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull);
        cause = error.source();
    }
    let detail = if is_full {
        "the disk is full, so the store cannot write: make room on it, then restart the server"
    } else {
        "the store cannot write since a write failed, which the server's log tells of: mend that, then restart the server"
    };
    Error::unavailable(detail).caused_by(error.to_string())
}

fn ended() -> Error {
    Error::unavailable("the store has been closed")
}
