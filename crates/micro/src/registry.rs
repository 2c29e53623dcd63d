//! Which services run where, and what they answer.
//!
//! The promise: a node is gone at the latest when its time to live has passed, a change reaches watchers within a
//! second, and who asks through a [`Cache`] is answered from it while the registry is away.

mod cache;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod fake;
mod memory;
mod remote;
pub mod schema;
mod watchers;

use std::time::Duration;

use async_trait::async_trait;
use micro_rpc::{Error, Result, Streaming};

pub use cache::Cache;
pub use fake::FakeRegistry;
pub use memory::Memory;
pub use micro_proto::registry::{Endpoint, Node, Service, Value};
pub use remote::Remote;
pub use watchers::Watchers;

/// What all full names of services begin with.
const PREFIX: &str = "go.micro.service.";

/// The platform's own services, which answer where the platform does and whose names no other service has.
pub const PARTS: [&str; 12] = [
    "api", "auth", "broker", "config", "debug", "events", "network", "proxy", "registry", "router",
    "runtime", "store",
];

/// The alias of a service: `user` for both `user` and `go.micro.service.user`.
pub fn short_name(name: &str) -> &str {
    name.strip_prefix(PREFIX)
        .filter(|alias| !alias.is_empty())
        .unwrap_or(name)
}

/// Refuses what could never be called: a service without a name or nodes, or a node without an id or address.
///
/// Every implementation of [`Registry::register`] asks here first.
pub fn check(service: &Service) -> Result<()> {
    let wrong = |what: &str| Err(Error::bad_request("registry.Registry.Register", what));
    if service.name.is_empty() {
        return wrong("the service has no name");
    }
    if service.nodes.is_empty() {
        return wrong("the service has no nodes");
    }
    if service
        .nodes
        .iter()
        .any(|node| node.id.is_empty() || node.address.is_empty())
    {
        return wrong("a node of the service has no id or no address");
    }
    Ok(())
}

/// What happened to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A version was registered for the first time.
    Create,
    /// Its nodes or what they answer changed.
    Update,
    /// Its last node is gone.
    Delete,
}

/// A change that a watcher is told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub action: Action,
    /// Where.
    pub namespace: String,
    /// The version as it is now; with `Delete`, as it was.
    pub service: Service,
}

/// Keeps the nodes of services.
///
/// Services that come from it, by whatever way, name their namespace in the metadata `domain`.
#[async_trait]
pub trait Registry: Send + Sync + 'static {
    /// Adds or refreshes the nodes of a service until `ttl` has passed; `None` and zero keep them until they are taken
    /// back. What is said anew of a known node or version replaces what was known. 400 when [`check`] refuses it.
    async fn register(&self, namespace: &str, service: Service, ttl: Option<Duration>) -> Result<()>;

    /// Takes the given nodes back. What is not known is no error.
    async fn deregister(&self, namespace: &str, service: Service) -> Result<()>;

    /// Each version of a service, ordered; none when it is not known.
    async fn get(&self, namespace: &str, name: &str) -> Result<Vec<Service>>;

    /// Each version of each service of a namespace, or of all with `*`, ordered by name and version.
    async fn list(&self, namespace: &str) -> Result<Vec<Service>>;

    /// The changes from now on, of one service or, with an empty name, of all of a namespace, or of all with `*`. A
    /// registration that changes nothing is no change. A watcher that falls behind is ended, so that it lists anew.
    async fn watch(&self, namespace: &str, name: &str) -> Result<Streaming<Event>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_one() {
        assert_eq!(short_name("go.micro.service.user"), "user");
        assert_eq!(short_name("user"), "user");
        assert_eq!(short_name("go.micro.service."), "go.micro.service.");
    }

    #[tokio::test]
    async fn memory_keeps_the_promise() {
        conformance::run(&Memory::new()).await;
    }
}
