//! What a service may ask for.

use std::sync::Arc;

use micro_rpc::{Client, Result};

use crate::blob::Blobs;
use crate::broker::Broker;
use crate::config::{Config, Live};
use crate::events::Events;
use crate::registry::Registry;
use crate::store::model::{Entity, Model};
use crate::store::{Scope, Store, Table};

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
    /// The namespace that the service runs in.
    pub namespace: String,
}

impl Platform {
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
