//! A registry that does as a test tells it.

use std::time::Duration;

use async_trait::async_trait;
use micro_rpc::{Result, Streaming};

use super::{Event, Memory, Registry, Service};
use crate::fake::{Invocation, Script, Spy, in_order};

/// A [`Registry`] for tests: [`Memory`], but for what its spies were told.
pub struct FakeRegistry {
    memory: Memory,
    /// [`Registry::register`]: namespace and service.
    pub registers: Spy<(String, Service), ()>,
    /// [`Registry::deregister`]: namespace and service.
    pub deregisters: Spy<(String, Service), ()>,
    /// [`Registry::get`]: namespace and name.
    pub gets: Spy<(String, String), Vec<Service>>,
    /// [`Registry::list`]: the namespace.
    pub lists: Spy<String, Vec<Service>>,
    /// [`Registry::watch`]: namespace and name.
    pub watches: Spy<(String, String), Script<Event>>,
}

impl Default for FakeRegistry {
    fn default() -> Self {
        Self {
            memory: Memory::new(),
            registers: Spy::new("Registry.Register"),
            deregisters: Spy::new("Registry.Deregister"),
            gets: Spy::new("Registry.Get"),
            lists: Spy::new("Registry.List"),
            watches: Spy::new("Registry.Watch"),
        }
    }
}

impl FakeRegistry {
    /// A registry of no services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.registers.invocations(),
            self.deregisters.invocations(),
            self.gets.invocations(),
            self.lists.invocations(),
            self.watches.invocations(),
        ])
    }
}

#[async_trait]
impl Registry for FakeRegistry {
    async fn register(&self, namespace: &str, service: Service, ttl: Option<Duration>) -> Result<()> {
        let asked = (namespace.to_owned(), service.clone());
        self.registers
            .call(asked, self.memory.register(namespace, service, ttl))
            .await
    }

    async fn deregister(&self, namespace: &str, service: Service) -> Result<()> {
        let asked = (namespace.to_owned(), service.clone());
        self.deregisters
            .call(asked, self.memory.deregister(namespace, service))
            .await
    }

    async fn get(&self, namespace: &str, name: &str) -> Result<Vec<Service>> {
        let asked = (namespace.to_owned(), name.to_owned());
        self.gets.call(asked, self.memory.get(namespace, name)).await
    }

    async fn list(&self, namespace: &str) -> Result<Vec<Service>> {
        self.lists
            .call(namespace.to_owned(), self.memory.list(namespace))
            .await
    }

    async fn watch(&self, namespace: &str, name: &str) -> Result<Streaming<Event>> {
        match self.watches.told((namespace.to_owned(), name.to_owned())).await {
            Some(told) => told.map(Script::play),
            None => self.memory.watch(namespace, name).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use micro_rpc::Error;

    use super::*;
    use crate::registry::conformance;

    #[tokio::test]
    async fn is_a_registry_where_nothing_is_told() {
        conformance::run(&FakeRegistry::new()).await;
    }

    #[tokio::test]
    async fn answers_as_told() {
        let registry = FakeRegistry::new();
        registry.lists.returns(Err(Error::unavailable("fake", "away")));
        assert!(registry.list("micro").await.is_err());
        assert_eq!(registry.get("micro", "user").await.unwrap(), []);
        assert_eq!(registry.gets.args_for_call(0).1, "user");
        assert_eq!(registry.invocations().len(), 2);
    }
}
