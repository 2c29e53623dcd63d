//! Lists the platform's own services beside those that it runs.

use std::sync::Arc;
use std::time::Duration;

use micro::registry::{Registry, Service};
use micro_rpc::Result;
use tokio::task::JoinHandle;

use crate::namespace::PLATFORM;

const TTL: Duration = Duration::from_secs(90);
const AGAIN: Duration = Duration::from_secs(30);
/// How long a registry may take to forget us.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps services registered for as long as they are served.
pub(super) struct Announcement {
    registry: Arc<dyn Registry>,
    services: Vec<Service>,
    task: JoinHandle<()>,
}

impl Announcement {
    /// Registers them; when this returns they are found.
    pub(super) async fn start(registry: Arc<dyn Registry>, services: Vec<Service>) -> Result<Self> {
        register(&*registry, &services).await?;
        let task = tokio::spawn(again(registry.clone(), services.clone()));
        Ok(Self {
            registry,
            services,
            task,
        })
    }

    /// Takes them back. A registry that is away forgets them by itself.
    pub(super) async fn end(self) {
        self.task.abort();
        let gone = async {
            for service in &self.services {
                let _ = self.registry.deregister(PLATFORM, service.clone()).await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, gone).await;
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn register(registry: &dyn Registry, services: &[Service]) -> Result<()> {
    for service in services {
        registry.register(PLATFORM, service.clone(), Some(TTL)).await?;
    }
    Ok(())
}

async fn again(registry: Arc<dyn Registry>, services: Vec<Service>) {
    loop {
        tokio::time::sleep(AGAIN).await;
        if let Err(error) = register(&*registry, &services).await {
            tracing::warn!(%error, "cannot register the platform's services; trying again");
        }
    }
}
