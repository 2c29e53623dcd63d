//! Keeps what is known of a namespace fresh: lists it, then hears of each change.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use micro_rpc::Result;

use super::{Namespace, Namespaces};
use crate::registry::Registry;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Over a network a watch begins a moment after it was asked for: what changed in that moment is in a second list.
const SETTLED: Duration = Duration::from_millis(250);
/// So long without a change, and the namespace is listed again. It finds a watch that died without a word, and whether
/// anybody still needs this.
const QUIET: Duration = Duration::from_secs(30);

/// What a follower writes to, for as long as that is there.
pub(super) struct Leader {
    namespaces: Weak<Namespaces>,
    namespace: Weak<Namespace>,
    name: String,
}

impl Leader {
    pub(super) fn new(namespaces: &Arc<Namespaces>, namespace: &Arc<Namespace>, name: &str) -> Self {
        Self {
            namespaces: Arc::downgrade(namespaces),
            namespace: Arc::downgrade(namespace),
            name: name.to_owned(),
        }
    }

    fn is_needed(&self) -> bool {
        self.namespace.strong_count() > 0
    }

    /// Forgets the namespace when nothing is left in it; who asks for a service of it again has it followed again.
    fn forget_if_empty(&self) {
        let Some(namespaces) = self.namespaces.upgrade() else {
            return;
        };
        let mut namespaces = namespaces.write().unwrap_or_else(PoisonError::into_inner);
        if namespaces
            .get(&self.name)
            .is_some_and(|namespace| namespace.is_empty())
        {
            namespaces.remove(&self.name);
        }
    }
}

/// Follows a namespace until nobody needs it.
pub(super) async fn follow(registry: Arc<dyn Registry>, leader: Leader) {
    let mut pause = FIRST_PAUSE;
    while leader.is_needed() {
        if let Err(error) = follow_once(&*registry, &leader, &mut pause).await {
            tracing::debug!(%error, namespace = leader.name, "the registry is away; answering from memory");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The watch is opened before each list, so that no change falls between the two. A change that the list holds already
/// may be told again: whatever followed it is told again too, so the end is the same.
async fn follow_once(registry: &dyn Registry, leader: &Leader, pause: &mut Duration) -> Result<()> {
    let mut events = registry.watch(&leader.name, "").await?;
    let mut patience = SETTLED;
    if !list(registry, leader).await? {
        return Ok(());
    }
    *pause = FIRST_PAUSE;
    loop {
        match tokio::time::timeout(patience, events.next()).await {
            Ok(Some(event)) => match leader.namespace.upgrade() {
                Some(namespace) => namespace.apply(event?),
                None => return Ok(()),
            },
            Ok(None) => return Ok(()),
            Err(_) => {
                if !list(registry, leader).await? {
                    return Ok(());
                }
                if patience == QUIET {
                    leader.forget_if_empty();
                }
                patience = QUIET;
            }
        }
    }
}

/// `false` when nobody needs it any more.
async fn list(registry: &dyn Registry, leader: &Leader) -> Result<bool> {
    if !leader.is_needed() {
        return Ok(false);
    }
    let listed = registry.list(&leader.name).await?;
    Ok(leader
        .namespace
        .upgrade()
        .inspect(|namespace| namespace.replace(listed))
        .is_some())
}
