//! The registry of a running platform, and a client that finds services there as the client of a service does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use micro::Client;
use micro::registry::{Cache, Endpoint, Node, Registry, Remote, Service};
use tokio::time::{sleep, timeout};

use crate::blocks;
use crate::micro_subject::Subject;

pub const NAMESPACE: &str = "micro";
/// Longer than any run.
const TTL: Duration = Duration::from_secs(3_600);
const PATIENCE: Duration = Duration::from_secs(60);
/// Registrations under way at once.
const TOGETHER: usize = 32;

/// Registers and resolves.
pub struct Directory {
    registry: Arc<dyn Registry>,
    cache: Arc<Cache>,
    client: Client,
}

impl Directory {
    /// Of the subject's platform.
    pub async fn of(subject: &Subject) -> Result<Self> {
        let platform = blocks::client(subject.server()).await?;
        let registry: Arc<dyn Registry> = Arc::new(Remote::new(&platform));
        let cache = Cache::new(registry.clone());
        let client = Client::builder().resolver(cache.clone()).namespace(NAMESPACE);
        Ok(Self {
            registry,
            cache,
            client: client.build(),
        })
    }

    /// Calls what is registered.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Registers all of them, and waits until the client knows them.
    pub async fn register(&self, services: &[Service]) -> Result<()> {
        for some in services.chunks(TOGETHER) {
            let registered = some
                .iter()
                .map(|service| self.registry.register(NAMESPACE, service.clone(), Some(TTL)));
            micro::futures_util::future::try_join_all(registered).await?;
        }
        if let Some(first) = services.first() {
            // The first look makes the cache follow the namespace.
            self.cache.get(NAMESPACE, &first.name).await?;
        }
        let all_are_known = async {
            while !services.iter().all(|service| self.knows(service)) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, all_are_known)
            .await
            .context("the cache does not hear of all services")
    }

    fn knows(&self, service: &Service) -> bool {
        let known = self.cache.lookup(NAMESPACE, &service.name);
        known.is_some_and(|versions| {
            versions
                .iter()
                .any(|version| version.nodes.len() == service.nodes.len())
        })
    }
}

/// An entry whose instances are at the addresses.
pub fn entry(name: &str, addresses: &[SocketAddr], endpoints: Vec<Endpoint>) -> Service {
    let node = |(number, address): (usize, &SocketAddr)| Node {
        id: format!("{name}-{number}"),
        address: address.to_string(),
        ..Node::default()
    };
    Service {
        name: name.to_owned(),
        version: "latest".to_owned(),
        nodes: addresses.iter().enumerate().map(node).collect(),
        endpoints,
        ..Service::default()
    }
}
