//! How many bytes messages that come may have in memory, all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// Of each message so much is free.
const SMALL: usize = 64 * 1024;
/// More is not given without being asked for.
const MOST: usize = 1 << 30;

/// How many bytes messages that come may have in memory, all together.
///
/// Each is bounded by itself, but ten thousand connections with a large one each would be more than any machine has. What is small, at most
/// 64 KiB, is not counted: its connection's buffer is as large.
///
/// ```
/// use micro_rpc::Budget;
///
/// let budget = Budget::new(1 << 20);
/// let mut held = budget.hold();
/// assert!(held.grow(700_000).is_ok());
/// assert!(budget.hold().grow(700_000).is_err(), "there is no room for both");
/// drop(held);
/// assert!(budget.hold().grow(700_000).is_ok());
/// ```
#[derive(Debug)]
pub struct Budget(Arc<AtomicUsize>);

/// The part of one message, until it is dropped.
#[derive(Debug)]
pub struct Held {
    left: Arc<AtomicUsize>,
    bytes: usize,
}

struct Counted {
    bytes: Bytes,
    _held: Held,
}

/// There is no room for a message that large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Budget {
    /// Of so many bytes.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(limit)))
    }

    /// What is given where nothing else is said: a quarter of the memory that this process may have, at most 1 GiB.
    pub fn usual() -> usize {
        memory().map_or(MOST, |memory| (memory / 4).min(MOST))
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
                Ok(())
            }
            Err(_) => Err(Full),
        }
    }

    /// The part of the first so many bytes, which leave it.
    #[must_use = "they are counted for as long as it is kept"]
    pub fn part(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self {
            left: self.left.clone(),
            bytes,
        }
    }

    /// The message, which is counted until nobody has it any more.
    pub fn count(self, bytes: Bytes) -> Bytes {
        match self.bytes {
            0 => bytes,
            _ => Bytes::from_owner(Counted { bytes, _held: self }),
        }
    }
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
    let read = |file: String| std::fs::read_to_string(file).ok();
    let group = read("/proc/self/cgroup".to_owned());
    let group = group.iter().flat_map(|text| text.lines());
    let own = group.filter_map(|line| line.strip_prefix("0::"));
    // A container sees its own as the root.
    let limits = own.chain([""]).filter_map(|group| {
        let limit = read(format!("/sys/fs/cgroup{group}/memory.max"))?;
        limit.trim().parse().ok()
    });
    let machine = read("/proc/meminfo".to_owned());
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
        let budget = Budget::new(1 << 20);
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
        let budget = Budget::new(1 << 20);
        let mut held = budget.hold();
        held.grow(300_000).unwrap();
        let first = held.part(200_000);
        held.grow(150_000).unwrap();
        assert_eq!(budget.left(), (1 << 20) - 350_000);
        drop(first);
        assert_eq!(budget.left(), (1 << 20) - 150_000);
        drop(held.part(1 << 20));
        assert_eq!(budget.left(), 1 << 20);
    }

    #[test]
    fn no_more_is_given_than_there_is() {
        assert_eq!(total("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16 << 20));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        let usual = Budget::usual();
        assert!((1 << 20..=MOST).contains(&usual), "{usual}");
    }
}
