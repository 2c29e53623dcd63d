//! What a service may ask for.

use std::sync::Arc;

use micro_rpc::{Client, Error, Resolver, Result};

use crate::auth::proto::fakes::{FakeAccounts, FakeAuth, FakeRules};
use crate::auth::proto::{Accounts, Auth, Rules};
use crate::blob::Blobs;
use crate::broker::Broker;
use crate::config::{Config, Live};
use crate::events::Events;
use crate::registry::Registry;
use crate::runtime::Runtime;
use crate::store::model::{Entity, Model};
use crate::store::{Scope, Store, Table};
use crate::{Clock, blob, broker, config, events, registry, runtime, store};

/// The platform as a service sees it: the same whether it runs on a laptop or on a cluster.
#[derive(Clone)]
pub struct Platform {
    /// Calls other services: `UserClient::new(&platform.client)`.
    pub client: Client,
    /// Which services run where.
    pub registry: Arc<dyn Registry>,
    /// Records, kept for good; [`Platform::table`] is what a service works with.
    pub store: Arc<dyn Store>,
    /// Large values under names.
    pub blobs: Arc<dyn Blobs>,
    /// Messages to whoever listens now.
    pub broker: Arc<dyn Broker>,
    /// Events that are kept, and reach every group of consumers at least once.
    pub events: Arc<dyn Events>,
    /// Settings that change while services run; [`Platform::setting`] follows one of them.
    pub config: Arc<dyn Config>,
    /// Tokens and new accounts, in the service's own name and of its own namespace unless a request says otherwise. A test puts
    /// [`FakeAuth`](crate::auth::proto::fakes::FakeAuth) in its place; likewise for the next two.
    pub auth: Arc<dyn Auth>,
    /// The accounts of the namespace.
    pub accounts: Arc<dyn Accounts>,
    /// The access rules of the namespace.
    pub rules: Arc<dyn Rules>,
    /// Builds and runs services.
    pub runtime: Arc<dyn Runtime>,
    /// What time it is; a test puts [`Clock::manual`] in its place.
    pub clock: Clock,
    /// The namespace that the service runs in.
    pub namespace: String,
}

impl Platform {
    /// A platform that is not there, for tests: its blocks are kept in memory and end with it, and there are no other
    /// services to call. Put fakes in the place of those that a test is about.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use micro::Platform;
    /// use micro::events::FakeEvents;
    ///
    /// let events = Arc::new(FakeEvents::new());
    /// let platform = Platform {
    ///     events: events.clone(),
    ///     ..Platform::in_memory("acme")
    /// };
    /// # let _ = platform;
    /// ```
    pub fn in_memory(namespace: &str) -> Self {
        let store = Arc::new(store::Memory::new());
        let registry: Arc<dyn Registry> = Arc::new(registry::Memory::new());
        Self {
            client: Client::builder()
                .resolver(Arc::new(Nowhere))
                .namespace(namespace)
                .build(),
            registry,
            events: Arc::new(events::Stored::new(store.clone())),
            store,
            blobs: Arc::new(blob::Memory::default()),
            broker: Arc::new(broker::Memory::default()),
            config: Arc::new(config::Memory::default()),
            runtime: Arc::new(runtime::Memory::default()),
            auth: Arc::new(FakeAuth::new()),
            accounts: Arc::new(FakeAccounts::new()),
            rules: Arc::new(FakeRules::new()),
            clock: Clock::system(),
            namespace: namespace.to_owned(),
        }
    }

    /// A table of the namespace that the service runs in; by custom it has the service's name.
    ///
    /// ```no_run
    /// # use micro::store::Record;
    /// # async fn f(platform: micro::Platform) -> micro::Result<()> {
    /// let users = platform.table("user");
    /// users.write(Record::new("1", "Alice")).await?;
    /// # Ok(()) }
    /// ```
    pub fn table(&self, name: &str) -> Table {
        Table::new(self.store.clone(), Scope::new(&self.namespace, name))
    }

    /// Typed records with indexes in a table of the namespace that the service runs in.
    ///
    /// ```no_run
    /// # use micro::store::model::Entity;
    /// # async fn f<Account: Entity>(platform: micro::Platform) -> micro::Result<()> {
    /// let accounts = platform.model::<Account>("user");
    /// let alice = accounts.find("email", "alice@example.org").await?;
    /// # Ok(()) }
    /// ```
    pub fn model<T: Entity>(&self, table: &str) -> Model<T> {
        Model::new(self.table(table))
    }

    /// A setting of the namespace that the service runs in, which follows its changes; by custom the path begins with the
    /// service's name.
    ///
    /// # Errors
    ///
    /// Those of the first read.
    pub async fn setting(&self, path: &str) -> Result<Live> {
        Live::start(self.config.clone(), &self.namespace, path).await
    }
}

/// Knows no service.
struct Nowhere;

#[micro_rpc::async_trait]
impl Resolver for Nowhere {
    async fn resolve(&self, _namespace: &str, service: &str) -> Result<Arc<[String]>> {
        Err(Error::internal(
            "go.micro.client",
            format!("service {service}: route not found"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Record;

    #[tokio::test]
    async fn in_memory_it_keeps_what_it_is_given_and_calls_nobody() {
        let platform = Platform::in_memory("acme");
        platform
            .table("user")
            .write(Record::new("1", "Alice"))
            .await
            .unwrap();
        assert_eq!(platform.table("user").read("1").await.unwrap().value, "Alice");
        assert_eq!(platform.store.databases().await.unwrap().len(), 1);
        let broker = micro_proto::broker::BrokerClient::new(&platform.client);
        let ctx = micro_rpc::Context::background();
        let nobody = micro_proto::broker::Broker::publish(&broker, &ctx, Default::default()).await;
        assert_eq!(nobody.unwrap_err().detail, "service broker: route not found");
    }
}
