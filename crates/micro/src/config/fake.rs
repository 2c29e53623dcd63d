//! Settings that do as a test tells them.

use async_trait::async_trait;
use micro_rpc::{Result, Streaming};
use serde_json::Value;

use super::{Config, Memory, Secrets};
use crate::fake::{Invocation, Script, Spy, in_order};

/// A [`Config`] for tests: [`Memory`], but for what its spies were told.
pub struct FakeConfig {
    memory: Memory,
    /// [`Config::get`]: namespace and path.
    pub gets: Spy<(String, String), Value>,
    /// [`Config::set`]: namespace, path, value, and whether it is secret.
    pub sets: Spy<(String, String, Value, bool), ()>,
    /// [`Config::delete`]: namespace and path.
    pub deletes: Spy<(String, String), ()>,
    /// [`Config::watch`]: namespace and path.
    pub watches: Spy<(String, String), Script<Value>>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            memory: Memory::default(),
            gets: Spy::new("Config.Get"),
            sets: Spy::new("Config.Set"),
            deletes: Spy::new("Config.Delete"),
            watches: Spy::new("Config.Watch"),
        }
    }
}

impl FakeConfig {
    /// No settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.gets.invocations(),
            self.sets.invocations(),
            self.deletes.invocations(),
            self.watches.invocations(),
        ])
    }
}

#[async_trait]
impl Config for FakeConfig {
    async fn get(&self, namespace: &str, path: &str, secrets: Secrets) -> Result<Value> {
        let asked = (namespace.to_owned(), path.to_owned());
        self.gets
            .call(asked, self.memory.get(namespace, path, secrets))
            .await
    }

    async fn set(&self, namespace: &str, path: &str, value: Value, secret: bool) -> Result<()> {
        let asked = (namespace.to_owned(), path.to_owned(), value.clone(), secret);
        self.sets
            .call(asked, self.memory.set(namespace, path, value, secret))
            .await
    }

    async fn delete(&self, namespace: &str, path: &str) -> Result<()> {
        let asked = (namespace.to_owned(), path.to_owned());
        self.deletes
            .call(asked, self.memory.delete(namespace, path))
            .await
    }

    async fn watch(&self, namespace: &str, path: &str, secrets: Secrets) -> Result<Streaming<Value>> {
        match self.watches.told((namespace.to_owned(), path.to_owned())).await {
            Some(told) => told.map(Script::play),
            None => self.memory.watch(namespace, path, secrets).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use micro_rpc::Error;

    use super::*;
    use crate::config::conformance;

    #[tokio::test]
    async fn is_a_config_where_nothing_is_told() {
        conformance::run(&FakeConfig::new()).await;
    }

    #[tokio::test]
    async fn answers_as_told() {
        let config = FakeConfig::new();
        config
            .gets
            .returns_on_call(0, Err(Error::unavailable("fake", "away")));
        config.set("micro", "user.limit", 3.into(), false).await.unwrap();
        assert!(config.get("micro", "user.limit", Secrets::Masked).await.is_err());
        assert_eq!(
            config.get("micro", "user.limit", Secrets::Masked).await.unwrap(),
            3
        );
        assert_eq!(config.gets.call_count(), 2);
        assert_eq!(config.sets.args_for_call(0).1, "user.limit");
        assert_eq!(config.invocations()[0].endpoint, "Config.Set");
    }
}
