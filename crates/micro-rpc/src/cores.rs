//! A runtime per core.
//!
//! On tokio's shared runtime the tasks of one connection wander between threads: each step of a call then wakes another core,
//! and cores meet at the connection's lock. What serves many small requests gives each connection a core for life.
//! The price is that whoever blocks stalls his core, so only code that never blocks runs here.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Threads with a runtime each. They end, with all that runs on them, when this is dropped.
pub struct Cores(Vec<Core>);

/// One of them.
pub struct Core {
    /// Spawns onto it.
    pub handle: Handle,
    /// Held by what was placed here.
    places: Arc<()>,
    /// Ends the thread; the runtime that was there before has none of ours.
    _running: Option<oneshot::Sender<()>>,
}

/// What is held by those who were placed on a core, so that the next goes where there are fewest.
pub struct Place(#[allow(dead_code, reason = "it is counted, not used")] Arc<()>);

impl Cores {
    /// One for each core that this process may use, named `name` and a number.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread or what a runtime needs.
    pub fn start(name: &str) -> io::Result<Self> {
        let number = thread::available_parallelism().map_or(1, NonZero::get);
        (0..number)
            .map(|index| Core::start(format!("{name}-{index}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The runtime that this is called on, as the only one.
    pub fn current() -> Self {
        Self(vec![Core {
            handle: Handle::current(),
            places: Arc::default(),
            _running: None,
        }])
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The one with the fewest places taken, by number, and a place on it.
    pub fn place(&self) -> (usize, &Core, Place) {
        let taken = |core: &Core| Arc::strong_count(&core.places);
        let (index, core) = self
            .0
            .iter()
            .enumerate()
            .min_by_key(|(_, core)| taken(core))
            .expect("there is a core");
        (index, core, Place(core.places.clone()))
    }
}

impl Core {
    fn start(name: String) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, ended) = oneshot::channel::<()>();
        thread::Builder::new().name(name).spawn(move || {
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self {
            handle,
            places: Arc::default(),
            _running: Some(running),
        })
    }
}
