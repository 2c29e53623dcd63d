//! What a service may ask for.

use std::sync::Arc;

use micro_rpc::Client;

use crate::registry::Registry;

/// The platform as a service sees it: the same whether it runs on a laptop or on a cluster.
#[derive(Clone)]
pub struct Platform {
    /// Calls other services: `UserClient::new(&platform.client)`.
    pub client: Client,
    /// Which services run where.
    pub registry: Arc<dyn Registry>,
    /// The namespace that the service runs in.
    pub namespace: String,
}
