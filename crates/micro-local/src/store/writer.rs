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
use tracing::{error, warn};

use super::Counters;
use super::encoding::{
    encode, expiry_key, expiry_of, nanoseconds, record_key, split_expiry_key, split_record_key, version_of,
};
use super::engine::{Engine, Held, failed};

/// Commits that may wait, and so the most in one batch.
const QUEUE: usize = 1024;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
const PATIENCE_MIN: Duration = Duration::from_micros(200);
const PATIENCE_MAX: Duration = Duration::from_millis(2);
/// How soon a store that cannot write is mended, and how long the pauses become.
const FIRST_MEND: Duration = Duration::from_millis(500);
const LAST_MEND: Duration = Duration::from_secs(10);
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
    pub fn start(engine: Held, counters: Arc<Counters>, watchers: Arc<Watchers>) -> Result<Self> {
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
    engine: Held,
    /// Since a write failed: how long to wait before the engine is opened again, and when that is.
    broken: Option<(Duration, Instant)>,
    counters: Arc<Counters>,
    /// What the last sync took, and how many commits shared it.
    last_sync: Duration,
    last_group: usize,
    last_version: u64,
    next_sweep: Instant,
    watchers: Arc<Watchers>,
}

impl Thread {
    fn new(engine: Held, counters: Arc<Counters>, watchers: Arc<Watchers>) -> Self {
        Self {
            engine,
            broken: None,
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
            let due = self
                .broken
                .map_or(self.next_sweep, |(_, at)| at.min(self.next_sweep));
            match commits.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(first) => {
                    let group = self.gather(first, commits);
                    self.write(group);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.broken.is_some_and(|(_, at)| Instant::now() >= at) {
                self.mend();
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
        let (outcomes, written) = match engine.with(|engine| Ok(self.write_to(engine, &group))) {
            Ok(done) => done,
            Err(closed) => (group.iter().map(|_| Ok(0)).collect(), Err(closed)),
        };
        for (commit, outcome) in group.into_iter().zip(outcomes) {
            let outcome = outcome.and_then(|version| written.clone().map(|()| version));
            if let Ok(version) = outcome {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                self.tell(&commit, version);
            }
            // A caller that has gone does not want to know.
            let _ = commit.answer.send(outcome.map(drop));
        }
    }

    /// The version of each commit, or why it is refused, and whether the others are on disk.
    fn write_to(&mut self, engine: &Engine, group: &[Commit]) -> (Vec<Result<u64>>, Result<()>) {
        let mut batch = Batch::new(engine);
        let add = |commit: &Commit| {
            let version = self.next_version();
            batch.add(commit, version).map(|()| version)
        };
        let outcomes = group.iter().map(add).collect();
        let before = Instant::now();
        let written = match batch.commit() {
            Ok(true) => {
                self.last_sync = before.elapsed();
                self.counters.syncs.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) => {
                self.fail(&error);
                Err(unwritable(&error))
            }
        };
        (outcomes, written)
    }

    fn fail(&mut self, error: &fjall::Error) {
        if self.broken.is_none() {
            error!(%error, "the store cannot write");
            self.broken = Some((FIRST_MEND, Instant::now() + FIRST_MEND));
        }
    }

    /// Opens the engine again, or tries later.
    fn mend(&mut self) {
        let Some((pause, _)) = self.broken else { return };
        match self.engine.reopen() {
            Ok(()) => {
                warn!("the store can write again");
                self.broken = None;
            }
            Err(error) => {
                warn!(%error, "the store cannot write yet");
                let pause = (pause * 2).min(LAST_MEND);
                self.broken = Some((pause, Instant::now() + pause));
            }
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
        let engine = self.engine.clone();
        let swept = engine.with(|engine| self.take_expired(engine).map_err(failed));
        let is_behind = matches!(swept, Ok(SWEEP_RECORDS));
        self.next_sweep = Instant::now() + if is_behind { SWEEP_EVERY / 100 } else { SWEEP_EVERY };
        if let Err(error) = swept {
            warn!(%error, "cannot take expired records away");
        }
    }

    /// Takes away what is due, oldest first. Nobody waits for it, so it needs no sync.
    fn take_expired(&self, engine: &Engine) -> Result<usize, fjall::Error> {
        let now = nanoseconds(SystemTime::now());
        let mut batch = engine.database.batch();
        let (mut swept, mut expired) = (0, Vec::new());
        for entry in engine.expiry.range(..now.to_be_bytes()).take(SWEEP_RECORDS) {
            let entry = entry.key()?;
            swept += 1;
            if let Some((at, record_key)) = split_expiry_key(&entry)
                && engine
                    .records
                    .get(record_key)?
                    .is_some_and(|value| expiry_of(&value) == at)
            {
                expired.extend(split_record_key(record_key));
                batch.remove(&engine.records, record_key);
            }
            batch.remove(&engine.expiry, entry);
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

/// What the caller is told, whose commit may be on disk or not.
fn unwritable(error: &fjall::Error) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut is_full = false;
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        is_full |= io.is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull);
        cause = error.source();
    }
    let detail = if is_full {
        "the disk is full, so the store cannot write: make room on it, and it goes on by itself"
    } else {
        "the store cannot write since a write failed, which the server's log tells of; it tries to go on by itself"
    };
    Error::unavailable(detail).caused_by(error.to_string())
}

fn ended() -> Error {
    Error::unavailable("the store has been closed")
}
