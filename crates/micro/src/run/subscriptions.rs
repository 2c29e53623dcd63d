//! What a service does besides answering.

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::{Joined, begun};
use crate::Service;
use crate::service::{follow, listen};

/// It handles what others publish until `left` says that it leaves, and publishes what
/// it has posted until `ended` says that nothing is posted any more.
pub(super) fn subscriptions(
    service: &mut Service,
    joined: &Joined,
    left: &watch::Receiver<bool>,
    ended: &watch::Receiver<bool>,
) -> (JoinSet<()>, JoinHandle<()>) {
    let mut subscriptions = JoinSet::new();
    let (platform, namespace, name) = (&joined.platform, &joined.namespace, &service.name);
    let (joining, mut all_joined) = mpsc::channel::<()>(1);
    for (topic, subscriber) in std::mem::take(&mut service.subscribers) {
        subscriptions.spawn(follow(
            platform.events.clone(),
            namespace.clone(),
            name.clone(),
            topic,
            subscriber,
            joining.clone(),
            begun(left.clone()),
        ));
    }
    drop(joining);
    for (topic, subscriber) in std::mem::take(&mut service.listeners) {
        subscriptions.spawn(listen(
            platform.broker.clone(),
            namespace.clone(),
            name.clone(),
            topic,
            subscriber,
            begun(left.clone()),
        ));
    }
    let outboxes = std::mem::take(&mut service.outboxes).into_iter();
    let relays: Vec<_> = outboxes
        .map(|outbox| outbox.relay(begun(ended.clone())))
        .collect();
    let relaying = tokio::spawn(async move {
        // A group begins with what is published once it stands: the service must not miss what it tells itself.
        let _ = all_joined.recv().await;
        relays.into_iter().collect::<JoinSet<_>>().join_all().await;
    });
    (subscriptions, relaying)
}
