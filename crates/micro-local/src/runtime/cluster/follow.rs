//! Follows the records of all servers, and does what is this one's to do.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use micro::Streaming;
use micro::runtime::Key;
use micro::store::{Error, Event, Result};
use tokio::task::{Id, JoinSet};
use tracing::{info, warn};

use super::super::desired::Desired;
use super::super::running::Running;
use super::super::supervisor::{Handle, Supervisor};
use super::super::{Shared, log, source};
use super::Cluster;
use super::board::Touched;
use super::decide::{Action, decide, is_readable};

/// What failed is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// After a store that did not answer.
const PAUSE: Duration = Duration::from_millis(500);
/// Servers that should rather run a service than this one have so long each to claim it.
const HEAD_START: Duration = Duration::from_millis(200);
const LONGEST_START: Duration = Duration::from_secs(2);
/// Changes that are taken in before anything is done about them.
const MOST_CHANGES: usize = 1024;

pub struct Follower {
    hands: Hands,
    /// At most one for each service.
    actions: JoinSet<()>,
    busy: HashMap<Id, Key>,
    /// Of what changed while it was busy.
    again: HashSet<Key>,
    has_tidied: bool,
}

/// What actions are done with.
#[derive(Clone)]
struct Hands {
    cluster: Arc<Cluster>,
    shared: Arc<Shared>,
    running: Arc<Running>,
}

impl Follower {
    pub fn new(cluster: Arc<Cluster>, shared: Arc<Shared>, running: Arc<Running>) -> Self {
        Self {
            hands: Hands {
                cluster,
                shared,
                running,
            },
            actions: JoinSet::new(),
            busy: HashMap::new(),
            again: HashSet::new(),
            has_tidied: false,
        }
    }

    /// Follows until it is dropped, which ends what it is at.
    pub async fn run(mut self) {
        loop {
            let Err(error) = self.follow().await;
            warn!(%error, "cannot follow what is to run; what runs goes on");
            let trouble = error.to_string();
            let board = &self.hands.cluster.board;
            board.send_modify(|board| board.trouble = Some(trouble));
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn follow(&mut self) -> Result<std::convert::Infallible> {
        let (mut changes, all) = self.hands.cluster.claims.follow().await?;
        let board = &self.hands.cluster.board;
        board.send_modify(|board| board.replace(all));
        self.tidy().await;
        self.decide_all();
        let mut again = tokio::time::interval_at(tokio::time::Instant::now() + AGAIN, AGAIN);
        loop {
            tokio::select! {
                change = changes.next() => {
                    let events = several(change, &mut changes)?;
                    self.heard(events).await;
                }
                Some(done) = self.actions.join_next_with_id() => {
                    let id = done.map_or_else(|error| error.id(), |(id, ())| id);
                    if let Some(key) = self.busy.remove(&id).filter(|key| self.again.remove(key)) {
                        self.decide(&key);
                    }
                }
                _ = again.tick() => self.decide_all(),
            }
        }
    }

    /// Once, before anything is started: programs that nothing runs, and limits.
    async fn tidy(&mut self) {
        let shared = &self.hands.shared;
        if let Err(error) = shared.limit_all().await {
            warn!(%error, "cannot read which quotas there are");
        }
        if !std::mem::replace(&mut self.has_tidied, true) {
            let all: Vec<Desired> = self
                .hands
                .cluster
                .board
                .borrow()
                .services
                .values()
                .cloned()
                .collect();
            shared.remove_strangers(&all);
        }
    }

    async fn heard(&mut self, events: Vec<Event>) {
        let mut touched = Vec::new();
        self.hands.cluster.board.send_modify(|board| {
            touched.extend(events.into_iter().map(|event| board.apply(event)));
        });
        for touched in touched {
            match touched {
                Touched::Service(key) => {
                    // Others are told how it is as soon as it is this server's.
                    self.hands.shared.shown.notify_one();
                    self.decide(&key);
                }
                Touched::Gone(key) => {
                    self.hands.clean(&key);
                    self.decide(&key);
                }
                Touched::Post(key) => self.hands.heard_of(&key),
                Touched::Server(server) => {
                    if server == self.hands.cluster.claims.me {
                        self.hands.cluster.missed.notify_one();
                    }
                    self.decide_all();
                }
                Touched::Quota(namespace) => self.hands.limit(&namespace).await,
                Touched::Nothing => {}
            }
        }
    }

    fn decide_all(&mut self) {
        let mut keys: HashSet<Key> = self.hands.running.all().into_iter().map(|(key, _)| key).collect();
        {
            let board = self.hands.cluster.board.borrow();
            keys.extend(board.services.keys().chain(board.claims.keys()).cloned());
        }
        keys.iter().for_each(|key| self.decide(key));
    }

    fn decide(&mut self, key: &Key) {
        if self.busy.values().any(|busy| busy == key) {
            self.again.insert(key.clone());
            return;
        }
        if let Some(action) = self.hands.next(key) {
            let (hands, of) = (self.hands.clone(), key.clone());
            let task = self.actions.spawn(async move { hands.act(&of, action).await });
            self.busy.insert(task.id(), key.clone());
        }
    }
}

/// A change and those that wait behind it.
fn several(first: Option<micro::Result<Event>>, changes: &mut Streaming<Event>) -> Result<Vec<Event>> {
    let ended = || Error::unavailable("the watch of the store ended");
    let mut events = Vec::new();
    let mut next = Some(first);
    while let Some(change) = next {
        events.push(
            change
                .ok_or_else(ended)?
                .map_err(|error| ended().caused_by(error))?,
        );
        if events.len() >= MOST_CHANGES {
            break;
        }
        next = changes.next().now_or_never();
    }
    Ok(events)
}

impl Hands {
    fn next(&self, key: &Key) -> Option<Action> {
        let here = self.running.get(key).map(|handle| handle.view().request);
        decide(&self.cluster.board.borrow(), key, here.as_deref(), is_readable)
    }

    async fn act(&self, key: &Key, action: Action) {
        let done = match action {
            Action::Claim { .. } => self.claim(key).await,
            Action::Release { seen } => self.cluster.claims.remove(key, seen).await,
            Action::Start => return self.start(key).await,
            Action::Take => return self.take(key).await,
            Action::Leave => return self.leave(key).await,
            Action::Forget => self.forget(key).await,
        };
        if let Err(error) = done.or_else(settled) {
            warn!(service = %key, %error, "cannot write down who runs it; trying again");
        }
    }

    async fn claim(&self, key: &Key) -> Result<()> {
        let rank = self.cluster.board.borrow().rank(key);
        let head_start = HEAD_START.saturating_mul(u32::try_from(rank).unwrap_or(u32::MAX));
        tokio::time::sleep(head_start.min(LONGEST_START)).await;
        match self.next(key) {
            Some(Action::Claim { seen }) => self.cluster.claims.take(key, seen).await,
            _ => Ok(()),
        }
    }

    async fn start(&self, key: &Key) {
        let Some(desired) = self.wanted(key).await else {
            return;
        };
        let of_others = |program: &Path| !program.starts_with(self.shared.programs());
        let desired = Desired {
            program: desired.program.filter(|program| !of_others(program)),
            ..desired
        };
        let shared = Arc::clone(&self.shared);
        let started = self
            .running
            .start(key.clone(), || Supervisor::start(shared, desired));
        match started {
            Ok(()) => info!(service = %key, "runs here"),
            Err(error) => warn!(service = %key, %error, "cannot open its log; trying again"),
        }
    }

    async fn take(&self, key: &Key) {
        if let (Some(handle), Some(desired)) = (self.running.get(key), self.wanted(key).await) {
            handle.take(desired).await;
        }
    }

    /// What is to run here. A command may need the source that another server was given.
    async fn wanted(&self, key: &Key) -> Option<Desired> {
        let wanted = || {
            let board = self.cluster.board.borrow();
            let desired = board.services.get(key).filter(|_| board.is_mine(key));
            desired.cloned()
        };
        let desired = wanted()?;
        if !desired.command.is_empty() && desired.address().is_ok_and(|address| address.is_none()) {
            let found = self.shared.sources.find(key).await;
            found
                .inspect_err(|error| warn!(service = %key, %error, "cannot find its source; trying again"))
                .ok()?;
        }
        wanted()
    }

    async fn leave(&self, key: &Key) {
        if let Some(handle) = self.running.get(key) {
            info!(service = %key, "runs at another server now: ending it here");
            self.end(key, &handle).await;
        }
    }

    async fn forget(&self, key: &Key) -> Result<()> {
        if let Some(handle) = self.running.get(key) {
            let source = self.shared.sources.set_folders_aside(key);
            self.end(key, &handle).await;
            drop(source);
            log::remove(&self.shared.log_path(key));
        }
        self.cluster.claims.release(key).await
    }

    async fn end(&self, key: &Key, handle: &Handle) {
        handle.stop().await;
        if let Some(program) = handle.program() {
            let _ = tokio::task::spawn_blocking(move || source::remove(&program)).await;
        }
        self.running.forget(key, handle);
    }

    /// Removes what this server has of a service that ran elsewhere and is to run no more.
    fn clean(&self, key: &Key) {
        if self.running.get(key).is_none() {
            let aside = self.shared.sources.set_folders_aside(key);
            log::remove(&self.shared.log_path(key));
            tokio::task::spawn_blocking(move || drop(aside));
        }
    }

    /// Somebody said how a service is. If it is ours, they were wrong.
    fn heard_of(&self, key: &Key) {
        let is_wrong = {
            let board = self.cluster.board.borrow();
            board.is_mine(key) && board.post(key).is_none()
        };
        if is_wrong {
            self.shared.shown.notify_one();
        }
    }

    async fn limit(&self, namespace: &str) {
        if let Err(error) = self.shared.limit(namespace, &self.running).await {
            warn!(namespace, %error, "a quota is not kept");
        }
    }
}

/// Another server was quicker, which is no failure.
fn settled(error: Error) -> Result<()> {
    use micro::store::ErrorKind::{Conflict, Exists, NotFound};
    match error.kind {
        Conflict | Exists | NotFound => Ok(()),
        _ => Err(error),
    }
}
