//! How many bytes the bodies of requests may have in memory, all together.
//!
//! Each is bounded by itself, but ten thousand connections with a large one each would be more than any machine has. What is small is not
//! counted: its connection's buffer is as large.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use micro_rpc::bytes::Bytes;
use micro_rpc::{Error, Result};

use super::ID;

/// Of each body so much is free.
const SMALL: usize = 64 * 1024;

/// What is left for all of them.
#[derive(Debug)]
pub(crate) struct Bodies(Arc<AtomicUsize>);

/// The part of one body, until it is dropped.
pub(super) struct Held {
    left: Arc<AtomicUsize>,
    bytes: usize,
}

struct Counted {
    bytes: Bytes,
    _held: Held,
}

impl Bodies {
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(limit)))
    }

    /// How much is left.
    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn hold(&self) -> Held {
        Held {
            left: self.0.clone(),
            bytes: 0,
        }
    }
}

impl Held {
    /// A body has so many bytes now; 503 where there is no room.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<()> {
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
            Err(_) => {
                let detail = "there is no room for another large request just now: try again in a moment";
                Err(Error::unavailable(ID, detail))
            }
        }
    }

    /// The body, which is counted until nobody has it any more.
    pub(super) fn count(self, bytes: Bytes) -> Bytes {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_is_counted_until_nobody_has_it() {
        let bodies = Bodies::new(1 << 20);
        let left = || bodies.left();
        let mut held = bodies.hold();
        held.grow(SMALL).unwrap();
        assert_eq!(left(), 1 << 20);
        for bytes in [SMALL + 1, 100_000, 100_000, 700_000] {
            held.grow(bytes).unwrap();
            assert_eq!(left(), (1 << 20) - bytes);
        }
        let mut other = bodies.hold();
        other.grow(SMALL).unwrap();
        assert_eq!(other.grow(700_000).unwrap_err().code, 503);
        assert_eq!(held.grow(2 << 20).unwrap_err().code, 503);
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
}
