//! What time it is, so that a test can say so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where a service looks what time it is: `platform.clock.now()`.
///
/// ```
/// use std::time::Duration;
/// use micro::{Clock, Platform};
///
/// let clock = Clock::manual();
/// let platform = Platform { clock: clock.clone(), ..Platform::in_memory("acme") };
/// let before = platform.clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(platform.clock.now(), before + Duration::from_secs(60));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Manual>>);

#[derive(Debug)]
struct Manual {
    start: SystemTime,
    /// Nanoseconds.
    since: AtomicU64,
}

impl Clock {
    /// The machine's.
    pub fn system() -> Self {
        Self(None)
    }

    /// One that begins now and stands still until it is advanced; its clones with it.
    pub fn manual() -> Self {
        Self(Some(Arc::new(Manual {
            start: SystemTime::now(),
            since: AtomicU64::new(0),
        })))
    }

    /// What time it is.
    pub fn now(&self) -> SystemTime {
        match &self.0 {
            None => SystemTime::now(),
            Some(manual) => manual.start + Duration::from_nanos(manual.since.load(Ordering::Relaxed)),
        }
    }

    /// The same in Unix seconds.
    pub fn unix(&self) -> i64 {
        let since = self.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    /// Lets that much time pass; the machine's clock lets itself not be told.
    pub fn advance(&self, time: Duration) {
        if let Some(manual) = &self.0 {
            let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            manual.since.fetch_add(time, Ordering::Relaxed);
        }
    }
}
