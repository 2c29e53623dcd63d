//! Who calls, where it matters whose calls are many.
//!
//! A connection is not enough: behind a gateway or a proxy all callers share one, and who wants more than his part opens several. A caller is an
//! account, as the guard finds it behind a token: everybody can make tokens up, and nobody is to be many by that.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::inbound::Inbound;
use super::{Server, headers};

/// A caller, by a hash of his account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Caller(u64);

/// How many calls callers have under way, of those that were counted.
#[derive(Debug, Default)]
pub(super) struct Callers(Mutex<HashMap<Caller, usize>>);

/// A call that is counted, until this is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    callers: Arc<Callers>,
    caller: Caller,
}

impl Inbound {
    /// Who calls; `None` where nobody knows.
    pub(super) fn caller(&self, server: &Server) -> Option<Caller> {
        let guard = server.0.guard.as_ref()?;
        let token = headers::token(&self.metadata, server.0.relay.is_none()).ok()??;
        let account = guard.authenticate(&token)?;
        let mut hasher = DefaultHasher::new();
        (&account.issuer, &account.id).hash(&mut hasher);
        Some(Caller(hasher.finish()))
    }
}

impl Callers {
    fn counts(&self) -> MutexGuard<'_, HashMap<Caller, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call; how many of its caller are under way besides.
    pub(super) fn count(self: &Arc<Self>, caller: Caller) -> (usize, Counted) {
        let mut counts = self.counts();
        let count = counts.entry(caller).or_default();
        let beside = *count;
        *count += 1;
        drop(counts);
        let callers = self.clone();
        (beside, Counted { callers, caller })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.callers.counts();
        if let Some(count) = counts.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
impl Caller {
    pub(super) fn test(number: u64) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_until_they_are_over() {
        let callers = Arc::<Callers>::default();
        let [one, other] = [1, 2].map(Caller::test);
        let (beside, first) = callers.count(one);
        assert_eq!(beside, 0);
        let (beside, second) = callers.count(one);
        assert_eq!(beside, 1);
        assert_eq!(callers.count(other).0, 0);
        drop(first);
        assert_eq!(callers.count(one).0, 1);
        drop(second);
        assert!(callers.counts().is_empty());
    }
}
