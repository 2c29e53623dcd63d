//! How a service is found by others.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use micro_rpc::Error;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Service;
use crate::registry::{self, Registry};
use crate::settings::Settings;

const TTL: Duration = Duration::from_secs(90);
const REGISTER_AGAIN: Duration = Duration::from_secs(30);

/// The service as it is registered.
pub(super) fn entry(service: &Service, settings: &Settings, address: String) -> registry::Service {
    let id = settings
        .node
        .clone()
        .unwrap_or_else(|| format!("{}-{}", service.name, micro_rpc::Id::random()));
    let facts = [
        ("server", "grpc"),
        ("transport", "grpc"),
        ("protocol", "grpc"),
        ("registry", "service"),
    ];
    let pid = ("pid".to_owned(), std::process::id().to_string());
    let metadata = facts
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .chain([pid])
        .collect();
    registry::Service {
        name: service.name.clone(),
        version: service.version.clone(),
        metadata: service.metadata.clone(),
        endpoints: service.endpoints(),
        nodes: vec![registry::Node {
            id,
            address,
            port: 0,
            metadata,
        }],
        options: None,
    }
}

/// Where others reach this service: the interface that leads to the platform, when it listens on all.
pub(super) fn advertised(bound: SocketAddr, proxy: &str) -> String {
    if !bound.ip().is_unspecified() {
        return bound.to_string();
    }
    let towards = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect(proxy)?;
        socket.local_addr()
    });
    let ip = towards.map_or(IpAddr::from([127, 0, 0, 1]), |address| address.ip());
    SocketAddr::new(ip, bound.port()).to_string()
}

/// Keeps the service registered for as long as it lives.
pub(super) struct Registration(JoinHandle<()>);

impl Registration {
    /// And a word if the registry refuses the service for what it is, when it has just come: it would never be found as it
    /// is, and who started it is there to read why. One that has been registered goes on trying: callers have it already.
    pub fn start(
        registry: Arc<dyn Registry>,
        namespace: String,
        entry: registry::Service,
    ) -> (Self, oneshot::Receiver<Error>) {
        let (refuse, refused) = oneshot::channel();
        let keep = tokio::spawn(async move {
            let mut pause = Duration::from_millis(100);
            let mut was_registered = false;
            loop {
                match registry.register(&namespace, entry.clone(), Some(TTL)).await {
                    Ok(()) => {
                        was_registered = true;
                        pause = Duration::from_millis(100);
                        until_due(&*registry, &namespace, &entry.name).await;
                    }
                    Err(error) if !was_registered && matches!(error.code, 400 | 409) => {
                        let _ = refuse.send(error);
                        return;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot register; trying again");
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(Duration::from_secs(5));
                    }
                }
            }
        });
        (Self(keep), refused)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A registry that went away may have forgotten us: its watch ends with it, and then it is told at once.
async fn until_due(registry: &dyn Registry, namespace: &str, name: &str) {
    let gone = async {
        if let Ok(mut watch) = registry.watch(namespace, name).await {
            while let Some(Ok(_)) = watch.next().await {}
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let _ = tokio::time::timeout(REGISTER_AGAIN, gone).await;
}
