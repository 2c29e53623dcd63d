//! The services that this server runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use micro::runtime::Key;

use super::supervisor::Handle;

/// Handles of the supervisors, by what they run.
#[derive(Default)]
pub struct Running(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    handles: BTreeMap<Key, Handle>,
    is_closed: bool,
}

impl Running {
    pub fn get(&self, key: &Key) -> Option<Handle> {
        self.kept().handles.get(key).cloned()
    }

    /// All of them, in the order of their keys.
    pub fn all(&self) -> Vec<(Key, Handle)> {
        let kept = self.kept();
        let pairs = kept.handles.iter();
        pairs.map(|(key, handle)| (key.clone(), handle.clone())).collect()
    }

    pub fn insert(&self, key: Key, handle: Handle) {
        self.kept().handles.insert(key, handle);
    }

    /// Starts one and keeps it, unless it is there already or all are being ended.
    pub fn start<E>(&self, key: Key, start: impl FnOnce() -> Result<Handle, E>) -> Result<(), E> {
        let mut kept = self.kept();
        if !kept.is_closed && !kept.handles.contains_key(&key) {
            kept.handles.insert(key, start()?);
        }
        Ok(())
    }

    /// Drops a handle that has not been replaced since, and says whether it did.
    pub fn forget(&self, key: &Key, handle: &Handle) -> bool {
        let mut kept = self.kept();
        let current = kept.handles.get(key);
        let is_current = current.is_some_and(|current| current.is_same(handle));
        is_current && kept.handles.remove(key).is_some()
    }

    /// Hands all of them over; [`Running::start`] starts no more.
    pub fn close(&self) -> BTreeMap<Key, Handle> {
        let mut kept = self.kept();
        kept.is_closed = true;
        std::mem::take(&mut kept.handles)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A handle is inserted or removed in one step, so a poisoned lock still guards a whole map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
