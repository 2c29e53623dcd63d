//! The memory that hashes are made in, kept for the next one while log-ins follow each other.
//!
//! To be given 19 MiB by the system costs a tenth of the hash that is made in them. A service that nobody logs in to gives
//! them back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::Block;
use tokio::runtime::Handle;

/// So long after the last hash the memory is given back.
const KEPT: Duration = Duration::from_secs(5);

/// What is kept, shared by all clones.
#[derive(Clone, Default)]
pub struct Scratch(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    blocks: Vec<Blocks>,
    /// How often something was lent: whether there was anything since.
    lent: u64,
    is_watched: bool,
}

/// Memory of one hash.
#[derive(Default)]
pub struct Blocks(Vec<Block>);

impl Blocks {
    /// So many of them; what they hold is of no meaning.
    pub fn of(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0.resize(count, Block::default());
        }
        &mut self.0[..count]
    }
}

impl Scratch {
    /// Does something with memory that nobody else has meanwhile. To be called within the runtime.
    pub fn lend<T>(&self, work: impl FnOnce(&mut Blocks) -> T) -> T {
        let mut blocks = self.shelf().blocks.pop().unwrap_or_default();
        let result = work(&mut blocks);
        let mut shelf = self.shelf();
        shelf.blocks.push(blocks);
        shelf.lent += 1;
        if !std::mem::replace(&mut shelf.is_watched, true) {
            Handle::current().spawn(self.clone().give_back());
        }
        result
    }

    async fn give_back(self) {
        let mut seen = None;
        loop {
            tokio::time::sleep(KEPT).await;
            match self.sweep(seen) {
                None => return,
                lent => seen = lent,
            }
        }
    }

    /// Gives all back where nothing was lent since `seen`; otherwise tells how often something was lent until now.
    fn sweep(&self, seen: Option<u64>) -> Option<u64> {
        let mut shelf = self.shelf();
        if seen != Some(shelf.lent) {
            return Some(shelf.lent);
        }
        shelf.blocks.clear();
        shelf.is_watched = false;
        None
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_is_lent_again_and_given_back_when_nobody_needs_it() {
        let scratch = Scratch::default();
        let kept = || scratch.shelf().blocks.len();
        let lent = |count| scratch.lend(|blocks| blocks.of(count).len());
        assert_eq!((lent(3), lent(2), kept()), (3, 2, 1));
        // Two at once have memory of their own.
        scratch.lend(|_| lent(1));
        assert_eq!(kept(), 2);
        let seen = scratch.sweep(None);
        lent(1);
        let again = scratch.sweep(seen);
        assert!(again.is_some() && again != seen);
        assert_eq!(kept(), 2);
        assert_eq!((scratch.sweep(again), kept()), (None, 0));
        lent(1);
        assert!(scratch.shelf().is_watched);
    }
}
