//! Which drivers the platform stands on. The one file that knows the list.

mod platform;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use micro::blob;
use micro::broker::{self, Broker};
use micro::events;
use micro::registry::{self, Registry};
use micro::runtime::{Key, Runtime};
use micro::store::Store;
use micro_local::runtime::Sharing;

use crate::auth::Block;
use crate::config::ConfigHandler;
use crate::outside::Backends;
use crate::runtime::Peers;
use crate::server::{Config, Error};

/// The drivers of a platform, chosen by name at start.
pub struct Profile {
    /// Records on disk, or in a database.
    pub store: Arc<dyn Store>,
    /// Which services run where.
    pub registry: Arc<dyn Registry>,
    /// Large values under names.
    pub blobs: Arc<dyn blob::Holdings>,
    /// Events that are kept.
    pub events: Arc<dyn events::Holdings>,
    /// Messages to whoever listens now.
    pub broker: Arc<dyn Broker>,
    /// The outside systems that the drivers reach; none of the profile `local`.
    pub backends: Backends,
}

/// What a runtime needs besides the other drivers.
pub(crate) struct Needs {
    pub(crate) folder: PathBuf,
    pub(crate) build: PathBuf,
    pub(crate) framework: PathBuf,
    pub(crate) accounts: Block,
    pub(crate) settings: ConfigHandler,
    pub(crate) cgroup: Option<PathBuf>,
    pub(crate) proxy: String,
    pub(crate) gateway: String,
    /// Where other servers reach this one's proxy.
    pub(crate) advertised: String,
    /// The interface on which they reach it, if that is said.
    pub(crate) interface: Option<IpAddr>,
    /// Whether other servers stand on the same store.
    pub(crate) is_shared: bool,
}

/// The driver that runs services, and how it is ended.
#[derive(Clone)]
pub(crate) enum Host {
    /// Child processes of this one.
    Local(Arc<micro_local::Runtime>),
}

/// The names that [`Profile::open`] knows.
const KNOWN: &[&str] = &["local", "platform"];

impl Profile {
    /// Opens the drivers of a profile, with what they keep on this machine below `folder`.
    pub async fn open(config: &Config, folder: &Path) -> Result<Self, Error> {
        match config.profile.as_str() {
            // `server` is what the interfaces of version 3 call the same.
            "" | "local" | "server" => local(folder, config.events_retention).await,
            "platform" => platform::open(&config.outside, config.events_retention).await,
            other => Err(Error::Profile {
                name: other.to_owned(),
                known: KNOWN.join(", "),
            }),
        }
    }

    /// Opens the runtime, which starts what is to run.
    pub(crate) async fn host(&self, needs: Needs) -> micro::Result<Host> {
        let sharing = needs.is_shared.then(|| Sharing {
            address: needs.advertised,
            interface: needs.interface,
            peers: Arc::new(Peers::new(needs.accounts.clone())),
            ttl: Sharing::TTL,
        });
        let config = micro_local::runtime::Config {
            folder: needs.folder,
            build: needs.build,
            framework: needs.framework,
            blobs: self.blobs.clone(),
            store: self.store.clone(),
            registry: self.registry.clone(),
            credentials: Arc::new(Issuer(needs.accounts)),
            vault: Arc::new(Vault(needs.settings)),
            cgroup: needs.cgroup,
            proxy: needs.proxy,
            gateway: needs.gateway,
            sharing,
        };
        Ok(Host::Local(Arc::new(micro_local::Runtime::open(config).await?)))
    }
}

impl Host {
    pub(crate) fn runtime(&self) -> Arc<dyn Runtime> {
        match self {
            Self::Local(runtime) => runtime.clone(),
        }
    }

    /// Ends what would not outlive this process; it is started again with the next.
    pub(crate) async fn shutdown(&self) {
        match self {
            Self::Local(runtime) => runtime.shutdown().await,
        }
    }
}

async fn local(folder: &Path, retention: Option<Duration>) -> Result<Profile, Error> {
    let path = folder.join("store");
    let opened = tokio::task::spawn_blocking(move || micro_local::Store::open(path)).await;
    let store = opened
        .map_err(|stopped| Error::part("store", stopped))?
        .map_err(|source| Error::Store { source })?;
    let store = Arc::new(store);
    let blobs = micro_local::Blobs::open(&folder.join("blobs"), store.clone()).await;
    Ok(Profile {
        blobs: Arc::new(blobs.map_err(|source| Error::part("blob", source))?),
        events: Arc::new(match retention {
            Some(retention) => events::Stored::with_retention(store.clone(), retention),
            None => events::Stored::new(store.clone()),
        }),
        store,
        registry: Arc::new(registry::Memory::new()),
        broker: Arc::new(broker::Memory::default()),
        backends: Backends::default(),
    })
}

/// Gives services the accounts that they run under.
struct Issuer(Block);

#[micro_rpc::async_trait]
impl micro_local::runtime::Issuer for Issuer {
    async fn issue(&self, namespace: &str, name: &str, version: &str) -> micro::Result<(String, String)> {
        self.0.issue_service_account(namespace, name, version).await
    }
}

/// Keeps the secrets of services with the key of the settings.
struct Vault(ConfigHandler);

#[micro_rpc::async_trait]
impl micro_local::runtime::Vault for Vault {
    async fn setting(&self, namespace: &str, path: &str) -> micro::Result<Option<String>> {
        self.0.text(namespace, path).await
    }

    fn seal(&self, key: &Key, name: &str, value: &str) -> micro::Result<String> {
        self.0.seal(&key.namespace, &place(key, name), value)
    }

    fn open(&self, key: &Key, name: &str, sealed: &str) -> micro::Result<String> {
        self.0.open_sealed(&key.namespace, &place(key, name), sealed)
    }
}

/// What a secret is bound to; no setting is called so.
fn place(key: &Key, name: &str) -> String {
    format!("\0runtime\0{}\0{}\0{name}", key.name, key.version)
}
