//! How many bytes messages that come may have in memory, all together.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use crate::frame::MESSAGE_LIMIT;

/// What is no larger is not counted.
const SMALL: usize = 64 * 1024;
/// More is not given without being asked for, and not less: any message has room when it is alone.
const MOST: usize = 1 << 30;
const LEAST: usize = 2 * MESSAGE_LIMIT;
/// Bytes of a large message that have to come in a second.
const SLOWEST: u64 = 16 * 1024;

/// How many bytes messages that come may have in memory, all together.
///
/// Each is bounded by itself, but ten thousand connections with a large one each would be more than any machine has. A message of at most 64 KiB
/// is not counted: its connection's buffer is as large. A larger one has to come at a pace, so that nobody holds room without using it.
///
/// ```
/// use micro_rpc::MemoryBudget;
///
/// let budget = MemoryBudget::new(1 << 20);
/// let mut held = budget.hold();
/// assert!(held.grow(700_000).is_ok());
/// assert!(budget.hold().grow(700_000).is_err(), "there is no room for both");
/// drop(held);
/// assert!(budget.hold().grow(700_000).is_ok());
/// ```
#[derive(Debug)]
pub struct MemoryBudget(Arc<AtomicUsize>);

/// The part of one message, until it is dropped.
#[derive(Debug)]
pub struct Held {
    left: Arc<AtomicUsize>,
    bytes: usize,
    /// From when on something is counted.
    since: Option<Instant>,
}

struct Counted {
    bytes: Bytes,
    _held: Held,
}

/// There is no room for a message that large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl MemoryBudget {
    /// Of so many bytes.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(limit)))
    }

    /// What is given where nothing else is said: a quarter of the memory that this process may have, at least 64 MiB and at most 1 GiB.
    pub fn usual() -> usize {
        memory().map_or(MOST, |memory| (memory / 4).clamp(LEAST, MOST))
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// The part of a message that nothing has come of yet.
    pub fn hold(&self) -> Held {
        Held {
            left: self.0.clone(),
            bytes: 0,
            since: None,
        }
    }
}

impl Held {
    /// The message has so many bytes now, or had more before.
    ///
    /// # Errors
    ///
    /// Where there is no room for them.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let more = bytes.saturating_sub(SMALL.max(self.bytes));
        if more == 0 {
            return Ok(());
        }
        let more = bytes - self.bytes;
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(more)
            });
        match taken {
            Ok(_) => {
                self.bytes = bytes;
                self.since.get_or_insert_with(Instant::now);
                Ok(())
            }
            Err(_) => Err(Full),
        }
    }

    /// The pace counts from now on: nobody wanted more in the meantime.
    pub fn resume(&mut self) {
        self.since = self.since.map(|_| Instant::now());
    }

    /// Waits for more of the message; `None` where it comes too slowly. While it is small that may take as long as it likes, and then `patience`,
    /// and a second more for each 16 KiB that are there.
    pub async fn more<T>(&self, patience: Duration, next: impl Future<Output = T>) -> Option<T> {
        match self.until(patience) {
            Some(until) => timeout_at(until, next).await.ok(),
            None => Some(next.await),
        }
    }

    /// Until when more has to come, as [`Held::more`] says; `None` while nothing is counted.
    pub fn until(&self, patience: Duration) -> Option<Instant> {
        let earned = Duration::from_secs(self.bytes as u64 / SLOWEST);
        self.since.map(|since| since + patience + earned)
    }

    /// Takes a message off the front of what has come, with its part. Nothing of its memory stays with the rest, which is counted on only
    /// where it is large by itself: otherwise it may be the beginning of a message that takes its time.
    pub fn split(&mut self, come: &mut BytesMut, message: usize) -> (Bytes, Self) {
        let message = split(come, message);
        let rest = Some(come.len()).filter(|rest| *rest > SMALL).unwrap_or(0);
        let rest = rest.min(self.bytes);
        let part = Self {
            left: self.left.clone(),
            bytes: self.bytes - rest,
            since: self.since,
        };
        self.bytes = rest;
        self.since = (rest > 0).then(Instant::now);
        (message, part)
    }

    /// The message, which is counted until nobody has it any more.
    pub fn count(self, bytes: Bytes) -> Bytes {
        match self.bytes {
            0 => bytes,
            _ => Bytes::from_owner(Counted { bytes, _held: self }),
        }
    }
}

/// Takes the first bytes off. A large buffer goes with them: what is split off shares it, and a few bytes would keep all of it.
pub(crate) fn split(come: &mut BytesMut, at: usize) -> Bytes {
    if at <= SMALL {
        return come.split_to(at).freeze();
    }
    let rest = BytesMut::from(&come[at..]);
    let mut first = std::mem::replace(come, rest);
    first.truncate(at);
    first.freeze()
}

impl Drop for Held {
    fn drop(&mut self) {
        self.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What the machine has, or the control group if that is less (cgroup v2).
fn memory() -> Option<usize> {
    let group = std::fs::read_to_string("/proc/self/cgroup").ok();
    let own = group.iter().flat_map(|text| text.lines());
    let own = own.filter_map(|line| line.strip_prefix("0::/")).next();
    // Those above it bound it, too. A container sees its own as the root.
    let groups = Path::new(own.unwrap_or_default()).ancestors();
    let limits = groups.filter_map(|group| {
        let file = Path::new("/sys/fs/cgroup").join(group).join("memory.max");
        std::fs::read_to_string(file).ok()?.trim().parse().ok()
    });
    let machine = std::fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.as_deref().and_then(total);
    limits.chain(machine).min()
}

/// Bytes, of a text such as `MemTotal:  16384 kB` and more.
fn total(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_is_counted_until_nobody_has_it() {
        let budget = MemoryBudget::new(1 << 20);
        let left = || budget.left();
        let mut held = budget.hold();
        held.grow(SMALL).unwrap();
        assert_eq!(left(), 1 << 20);
        for bytes in [SMALL + 1, 100_000, 100_000, 700_000] {
            held.grow(bytes).unwrap();
            assert_eq!(left(), (1 << 20) - bytes);
        }
        let mut other = budget.hold();
        other.grow(SMALL).unwrap();
        assert_eq!(other.grow(700_000), Err(Full));
        assert_eq!(held.grow(2 << 20), Err(Full));
        let body = held.count(Bytes::from(vec![0; 700_000]));
        let part = body.slice(5..10);
        drop(body);
        assert_eq!(left(), (1 << 20) - 700_000);
        drop(part);
        assert_eq!(left(), 1 << 20);
        other.grow(700_000).unwrap();
        drop(other);
        assert_eq!(left(), 1 << 20);
    }

    #[test]
    fn what_leaves_is_counted_with_what_it_leaves_with() {
        let budget = MemoryBudget::new(1 << 20);
        let mut held = budget.hold();
        held.grow(300_000).unwrap();
        let mut come = BytesMut::from(&[7; 300_000][..]);
        let (message, first) = held.split(&mut come, 200_000);
        assert_eq!((message.len(), come.len()), (200_000, 100_000));
        assert!(come.capacity() < 200_000, "the rest has memory of its own");
        held.grow(150_000).unwrap();
        assert_eq!(budget.left(), (1 << 20) - 350_000);
        drop(first);
        assert_eq!(budget.left(), (1 << 20) - 150_000);
        drop(held.split(&mut come, 100_000));
        drop(held);
        assert_eq!(budget.left(), 1 << 20);
    }

    #[test]
    fn what_is_small_may_take_its_time_behind_what_was_large() {
        let budget = MemoryBudget::new(1 << 20);
        let mut held = budget.hold();
        held.grow(200_005).unwrap();
        let mut come = BytesMut::from(&[7; 200_000][..]);
        let (message, part) = held.split(&mut come, 199_990);
        assert_eq!((message.len(), come.len()), (199_990, 10));
        assert_eq!(held.until(Duration::ZERO), None);
        assert_eq!(budget.left(), (1 << 20) - 200_005);
        drop(part);
        assert_eq!(budget.left(), 1 << 20);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_large_has_to_come_at_a_pace() {
        let (budget, patience) = (MemoryBudget::new(1 << 20), Duration::from_secs(10));
        let mut held = budget.hold();
        let long = || tokio::time::sleep(Duration::from_secs(1_000));
        held.grow(SMALL).unwrap();
        assert!(held.more(patience, long()).await.is_some());
        held.grow(SMALL + 1).unwrap();
        let began = Instant::now();
        let slow = || tokio::time::sleep(Duration::from_secs(13));
        assert!(held.more(patience, slow()).await.is_some(), "4 s are earned");
        assert!(held.more(patience, long()).await.is_none());
        assert_eq!(began.elapsed(), Duration::from_secs(14));
        held.grow(10 * SMALL).unwrap();
        assert!(held.more(patience, slow()).await.is_some());
        long().await;
        assert!(held.more(patience, slow()).await.is_none());
        held.resume();
        assert!(held.more(patience, slow()).await.is_some());
    }

    #[test]
    fn no_more_is_given_than_there_is() {
        assert_eq!(total("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16 << 20));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        let usual = MemoryBudget::usual();
        assert!((LEAST..=MOST).contains(&usual), "{usual}");
    }
}
