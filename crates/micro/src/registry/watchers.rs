//! Those who are told of each change of a registry.

use micro_rpc::{Sender, Streaming};

use super::{Action, Event, Service};

/// So many changes may wait for a watcher: more than happen at once when a server with many nodes is lost.
pub(super) const BEHIND: usize = 1024;

/// Those who watch. One who is too slow is ended, so that he lists anew, and holds nobody up.
#[derive(Default)]
pub struct Watchers(Vec<Watcher>);

struct Watcher {
    namespace: String,
    name: String,
    sender: Sender<Event>,
}

impl Watchers {
    /// One more, of a service or, with an empty name, of all of a namespace, or of all with `*`.
    pub fn add(&mut self, namespace: &str, name: &str) -> Streaming<Event> {
        let (sender, events) = Streaming::channel(BEHIND);
        // Where nothing happens nobody is told, so that those who left are found here.
        self.0.retain(|watcher| !watcher.sender.is_closed());
        self.0.push(Watcher {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            sender,
        });
        events
    }

    /// Tells those whom it concerns; who has no room left is dropped, which ends its stream.
    pub fn tell(&mut self, action: Action, namespace: &str, service: &Service) {
        self.0.retain(|watcher| {
            let meant = (watcher.namespace == "*" || watcher.namespace == namespace)
                && (watcher.name.is_empty() || watcher.name == service.name);
            let event = || Event {
                action,
                namespace: namespace.to_owned(),
                service: service.clone(),
            };
            !watcher.sender.is_closed() && (!meant || watcher.sender.try_send(event()).is_ok())
        });
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
