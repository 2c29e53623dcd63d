//! The commits that wait, scope by scope.
//!
//! While a transaction of a scope is under way, its other commits wait and then share the next one. A commit alone never waits for others.

use std::collections::HashMap;
use std::sync::Arc;

use micro::store::{Change, Error, Result, Scope};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::{Id, JoinSet};
use tokio::time::timeout;

use super::commit;
use super::watch::Hub;
use crate::pool::Pool;
use crate::task::Task;

/// So many commits may wait in all.
const QUEUE: usize = 1024;
/// One transaction has at most so many commits, and so many bytes unless a single one has more: CockroachDB refuses messages
/// of more than 16 MiB.
const GROUP: usize = 256;
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// What one transaction does for one caller.
pub enum Work {
    Commit(Vec<Change>),
    /// Removes those of these keys whose time has passed.
    Expire(Vec<String>),
}

pub struct Writer {
    queue: mpsc::Sender<(Scope, Waiting)>,
    room: Arc<Semaphore>,
    pool: Arc<Pool>,
    _task: Task,
}

struct Waiting {
    work: Work,
    answer: oneshot::Sender<Result<()>>,
    _room: OwnedSemaphorePermit,
}

impl Writer {
    pub fn start(pool: Arc<Pool>, hub: Arc<Hub>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let lanes = Lanes {
            pool: pool.clone(),
            hub,
            waiting: HashMap::new(),
            scopes: HashMap::new(),
            running: JoinSet::new(),
        };
        Self {
            queue,
            room: Arc::new(Semaphore::new(QUEUE)),
            pool,
            _task: Task::spawn(lanes.run(waiting)),
        }
    }

    /// Answers when it is done or refused.
    pub async fn write(&self, scope: &Scope, work: Work) -> Result<()> {
        self.pool.check()?;
        let room = timeout(self.pool.statement_timeout, self.room.clone().acquire_owned()).await;
        let room = match room {
            Ok(room) => room.map_err(|_| ended())?,
            Err(_) => {
                return Err(Error::unavailable(
                    "too many commits wait for the database: try again later",
                ));
            }
        };
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            work,
            answer,
            _room: room,
        };
        // There is a place for each permit.
        self.queue
            .send((scope.clone(), waiting))
            .await
            .map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

/// The scopes that have a transaction under way, with what waits for its end.
struct Lanes {
    pool: Arc<Pool>,
    hub: Arc<Hub>,
    waiting: HashMap<Scope, Vec<Waiting>>,
    scopes: HashMap<Id, Scope>,
    running: JoinSet<()>,
}

impl Lanes {
    async fn run(mut self, mut queue: mpsc::Receiver<(Scope, Waiting)>) {
        loop {
            tokio::select! {
                next = queue.recv() => match next {
                    Some((scope, waiting)) => self.take(scope, waiting),
                    None => return,
                },
                Some(done) = self.running.join_next_with_id() => {
                    // One that panicked has answered nobody: its callers are told that the store has ended.
                    let id = done.map_or_else(|error| error.id(), |(id, ())| id);
                    self.next(id);
                }
            }
        }
    }

    fn take(&mut self, scope: Scope, waiting: Waiting) {
        match self.waiting.get_mut(&scope) {
            Some(others) => others.push(waiting),
            None => {
                self.waiting.insert(scope.clone(), Vec::new());
                self.start(scope, vec![waiting]);
            }
        }
    }

    /// The transaction of a task is over.
    fn next(&mut self, task: Id) {
        let Some(scope) = self.scopes.remove(&task) else {
            return;
        };
        let Some(waiting) = self.waiting.get_mut(&scope) else {
            return;
        };
        if waiting.is_empty() {
            self.waiting.remove(&scope);
            return;
        }
        let mut bytes = 0;
        let fits = waiting.iter().take(GROUP).take_while(|waiting| {
            let is_first = bytes == 0;
            bytes += waiting.work.size();
            is_first || bytes <= GROUP_BYTES
        });
        let count = fits.count();
        let group = waiting.drain(..count).collect();
        self.start(scope, group);
    }

    fn start(&mut self, scope: Scope, group: Vec<Waiting>) {
        let (pool, hub, name) = (self.pool.clone(), self.hub.clone(), scope.clone());
        let task = self.running.spawn(async move {
            let works: Vec<&Work> = group.iter().map(|waiting| &waiting.work).collect();
            let results = commit::write(&pool, &hub, &name, &works).await;
            for (waiting, result) in group.into_iter().zip(results) {
                // A caller that has gone does not want to know.
                let _ = waiting.answer.send(result);
            }
        });
        self.scopes.insert(task.id(), scope);
    }
}

impl Work {
    fn size(&self) -> usize {
        match self {
            Self::Commit(changes) => changes.iter().map(weight).sum(),
            Self::Expire(keys) => keys.iter().map(String::len).sum(),
        }
    }
}

/// At least the key, which no change is without.
fn weight(change: &Change) -> usize {
    change.key().len() + change.record().map_or(0, |record| record.value.len())
}

fn ended() -> Error {
    Error::unavailable("the store has been closed")
}
