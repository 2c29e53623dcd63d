//! The instances that are called, and the connections to each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::connection::Connection;
use super::lanes::Lanes;
use super::standing::{Outcome, Standing};
use crate::{Result, trace};

/// A second connection to a target pays once this many calls are under way on the first.
pub(super) const BUSY: usize = 16;

/// Instances come and go at new addresses: once there are so many, those without a connection are forgotten now and then.
const MANY: usize = 64;

/// So long the first neighbour stays the same.
const STAYS: Duration = Duration::from_secs(10);

pub(super) struct Pool {
    per_target: usize,
    alive: Duration,
    targets: RwLock<Targets>,
    /// Where among many instances this client begins, from 0 to 1.
    begin: f64,
    /// How many instances it has moved on from there.
    moved: AtomicUsize,
    opened: Instant,
}

#[derive(Default)]
struct Targets {
    by_address: HashMap<String, Arc<Target>>,
    /// How many there may be before it is looked which are still needed.
    look_at: usize,
}

/// One instance.
pub(super) struct Target {
    pub(super) address: String,
    pub(super) standing: Standing,
    pub(super) lanes: Lanes,
    pub(super) per_target: usize,
    pub(super) alive: Duration,
    open: RwLock<Vec<Arc<Connection>>>,
    opening: Mutex<()>,
}

/// A call at an instance, from its beginning to its end.
pub(super) struct Turn {
    pub(super) target: Arc<Target>,
    began: Instant,
    is_probe: bool,
    is_unary: bool,
    /// Whether how long it takes says something, still.
    is_measured: bool,
}

impl Pool {
    /// With so many connections to each instance, which are asked whether they are [alive](Connection::open).
    pub(super) fn new(per_target: usize, alive: Duration) -> Self {
        Self {
            per_target,
            alive,
            targets: RwLock::default(),
            begin: trace::fraction(),
            moved: AtomicUsize::new(0),
            opened: Instant::now(),
        }
    }

    /// The first of its neighbours, of so many instances. It moves little when a few come or go, and on to the next now and then: nobody stays
    /// with slow ones, and none is never called.
    pub(super) fn begin(&self, count: usize) -> usize {
        let stays = self.opened.elapsed().as_secs() / STAYS.as_secs();
        let moved = usize::try_from(stays)
            .unwrap_or(0)
            .wrapping_add(self.moved.load(Ordering::Relaxed));
        trace::share(self.begin, count).wrapping_add(moved) % count.max(1)
    }

    /// The neighbours have too much to do: others are called.
    pub(super) fn move_on(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn target(&self, address: &str) -> Arc<Target> {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = targets.by_address.get(address) {
            return target.clone();
        }
        drop(targets);
        let mut targets = self.targets.write().unwrap_or_else(PoisonError::into_inner);
        if targets.by_address.len() >= targets.look_at.max(MANY) {
            targets
                .by_address
                .retain(|_, target| target.is_connected() || target.standing.is_unreachable());
            // So that a client of very many does not look again and again.
            targets.look_at = 2 * targets.by_address.len();
        }
        let new = || {
            Arc::new(Target {
                address: address.to_owned(),
                standing: Standing::default(),
                lanes: Lanes::default(),
                per_target: self.per_target,
                alive: self.alive,
                open: RwLock::default(),
                opening: Mutex::default(),
            })
        };
        targets
            .by_address
            .entry(address.to_owned())
            .or_insert_with(new)
            .clone()
    }
}

impl Target {
    fn read<T>(&self, look: impl FnOnce(&[Arc<Connection>]) -> T) -> T {
        look(&self.open.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_connected(&self) -> bool {
        self.lanes.is_open() || self.read(|open| open.iter().any(|connection| connection.is_live()))
    }

    /// A live connection.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>> {
        if let Some(connection) = self.choose(BUSY) {
            return Ok(connection);
        }
        let Ok(_opening) = self.opening.try_lock() else {
            // Somebody opens one: a busy one serves meanwhile, without any we wait for it.
            if let Some(connection) = self.choose(usize::MAX) {
                return Ok(connection);
            }
            drop(self.opening.lock().await);
            return match self.choose(usize::MAX) {
                Some(connection) => Ok(connection),
                None => Box::pin(self.open()).await,
            };
        };
        match self.choose(BUSY) {
            Some(connection) => Ok(connection),
            None => Box::pin(self.open()).await,
        }
    }

    /// Finds out whether it can be reached again, while nobody waits for it.
    pub(super) fn connect(self: Arc<Self>) {
        tokio::spawn(async move {
            match self.connection().await {
                Ok(_) => self.standing.reached(),
                Err(_) => self.standing.saw(Outcome::Unreachable, true),
            }
        });
    }

    fn choose(&self, bound: usize) -> Option<Arc<Connection>> {
        self.read(|open| {
            let live = || open.iter().filter(|connection| connection.is_live());
            let full = live().count() >= self.per_target;
            // Of equals the first: a warm one answers sooner than one whose tasks sleep.
            live()
                .min_by_key(|connection| connection.load())
                .filter(|connection| full || connection.load() < bound)
                .cloned()
        })
    }

    /// No more calls on its connections of HTTP/2.
    pub(super) fn retire(&self) {
        self.read(|open| open.iter().for_each(|connection| connection.retire()));
    }

    async fn open(&self) -> Result<Arc<Connection>> {
        let connection = Arc::new(Connection::open(&self.address, self.alive).await?);
        self.lanes.forget();
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| connection.is_live());
        open.push(connection.clone());
        Ok(connection)
    }
}

impl Turn {
    pub(super) fn begin(target: Arc<Target>, is_probe: bool, is_unary: bool) -> Self {
        target.standing.begin(is_unary);
        Self {
            target,
            began: Instant::now(),
            is_probe,
            is_unary,
            is_measured: is_unary,
        }
    }

    /// Says how it went; after it, how long it took is known.
    pub(super) fn tell(&mut self, outcome: Outcome) {
        if std::mem::take(&mut self.is_measured) && outcome == Outcome::Answered {
            self.target.standing.took(self.began.elapsed());
        }
        self.target.standing.saw(outcome, self.is_probe);
    }

    /// It was refused: there is too much to do.
    pub(super) fn refused(self) -> Arc<Target> {
        self.target.standing.refused();
        if self.is_probe {
            self.target.standing.saw(Outcome::Failing, true);
        }
        self.pass()
    }

    /// It was not dealt with here, which says nothing of how long it takes.
    pub(super) fn pass(mut self) -> Arc<Target> {
        self.is_measured = false;
        self.target.clone()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_measured {
            self.target.standing.gave_up(self.began.elapsed());
        }
        self.target.standing.end(self.is_unary);
    }
}
