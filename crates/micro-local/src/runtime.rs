//! Builds and runs services on this machine: cargo, and child processes.
//!
//! | folder of the server | holds |
//! |---|---|
//! | `build/` | uploaded sources, and the target folder, unless that is elsewhere |
//! | `bin/` | the programs that run, and the folders that commands of services in other languages run in |
//! | `logs/` | what they print |
//! | `runtime/` | a note for each running process, for the server after a crash |
//!
//! What is asked to run is in the store. Each service has a [`supervisor`] of its own, so that none waits for another,
//! except for its turn to build. Servers that share a store share the services out: [`cluster`].

mod build;
mod built;
mod cluster;
mod desired;
mod environment;
mod generation;
mod instance;
mod launch;
mod leftovers;
mod log;
mod ports;
mod process;
mod quota;
mod resources;
mod running;
mod source;
mod status;
mod supervisor;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use micro::blob::Blobs;
use micro::bytes::Bytes;
use micro::registry::Registry;
use micro::runtime::{
    self, Create, Key, LogRecord, LogsQuery, Query, Resource, ResourceState, Service, UPLOADED, Update,
};
use micro::store::Store;
use micro::{Error, Result, Streaming, async_trait};
use tokio::sync::Notify;

use build::Builder;
use cluster::{Cluster, Tasks};
use desired::{Desired, Ledger};
use environment::Environment;
use quota::Quotas;
use running::Running;
use source::Sources;
use supervisor::{Handle, Supervisor};

pub use cluster::{Peers, Sharing};

/// What the runtime needs.
#[derive(Clone)]
pub struct Config {
    /// The server's folder; the runtime makes its own within it.
    pub folder: PathBuf,
    /// Where the target folder is; servers may share one, so that they compile the framework once.
    pub build: PathBuf,
    /// The sources of the framework's crates, each in a folder of its name, with their workspace's `Cargo.toml` and `Cargo.lock`.
    pub framework: PathBuf,
    /// Keeps the sources that are uploaded.
    pub blobs: Arc<dyn Blobs>,
    /// Keeps what is asked to run.
    pub store: Arc<dyn Store>,
    /// Tells which instances have come up.
    pub registry: Arc<dyn Registry>,
    /// Gives services their accounts.
    pub credentials: Arc<dyn Issuer>,
    /// Keeps their secrets.
    pub vault: Arc<dyn Vault>,
    /// The control group of version 2 below which namespaces are limited; the server's own where it is `None`.
    pub cgroup: Option<PathBuf>,
    /// The address that services reach the platform at, `host:port`.
    pub proxy: String,
    /// The same over HTTP, an URL, for languages in which that is the nearer way.
    pub gateway: String,
    /// How the store is shared with other servers; `None` where this is the only one.
    pub sharing: Option<Sharing>,
}

/// Gives services their accounts.
#[async_trait]
pub trait Issuer: Send + Sync + 'static {
    /// Id and secret of the account of a service. Earlier secrets of it may end.
    async fn issue(&self, namespace: &str, name: &str, version: &str) -> Result<(String, String)>;
}

/// Keeps secrets, and settings that are secret.
#[async_trait]
pub trait Vault: Send + Sync + 'static {
    /// The setting of a namespace at a path, as text, decrypted; `None` where there is none.
    async fn setting(&self, namespace: &str, path: &str) -> Result<Option<String>>;

    /// A value as it may be written down. It can be opened for the same service and name only.
    fn seal(&self, key: &Key, name: &str, value: &str) -> Result<String>;

    /// What was sealed.
    fn open(&self, key: &Key, name: &str, sealed: &str) -> Result<String>;
}

/// The secret that a source is fetched with. The service is not given it.
const GIT_CREDENTIALS: &str = "GIT_CREDENTIALS";

/// Tells whether an instance is ready for calls.
#[async_trait]
trait Probe: Send + Sync + 'static {
    async fn is_serving(&self, address: &str) -> bool;
}

/// Asks the instance's health service.
struct Health;

#[async_trait]
impl Probe for Health {
    async fn is_serving(&self, address: &str) -> bool {
        runtime::is_serving(address).await
    }
}

/// Runs services as child processes. [`Runtime::shutdown`] ends them; dropping it does too, but nobody waits.
pub struct Runtime {
    shared: Arc<Shared>,
    running: Arc<Running>,
    /// With other servers, what keeps this one in step with them.
    cluster: Option<Arc<Cluster>>,
    tasks: Mutex<Option<Tasks>>,
    /// One new service at a time.
    creating: tokio::sync::Mutex<()>,
    /// One change of namespaces, policies and quotas at a time.
    resources: tokio::sync::Mutex<()>,
}

/// What all supervisors use.
struct Shared {
    folder: PathBuf,
    ledger: Ledger,
    sources: Sources,
    builder: Builder,
    environment: Environment,
    registry: Arc<dyn Registry>,
    issuer: Arc<dyn Issuer>,
    probe: Arc<dyn Probe>,
    vault: Arc<dyn Vault>,
    quotas: Arc<Quotas>,
    listen: Option<String>,
    proxy: String,
    gateway: String,
    /// A supervisor showed something of its service.
    shown: Notify,
}

impl Shared {
    fn log_path(&self, key: &Key) -> PathBuf {
        self.folder
            .join("logs")
            .join(&key.namespace)
            .join(format!("{}-{}.log", key.name, key.version))
    }

    fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    fn notes(&self) -> PathBuf {
        self.folder.join("runtime")
    }
}

impl Runtime {
    /// Ends what an earlier server left behind and starts everything that is to run, without waiting until it does.
    pub async fn open(config: Config) -> Result<Self> {
        Self::open_with(config, Arc::new(Health)).await
    }

    async fn open_with(config: Config, probe: Arc<dyn Probe>) -> Result<Self> {
        let (store, sharing) = (config.store.clone(), config.sharing.clone());
        let shared = Arc::new(Shared::new(config, probe));
        let unprepared = |error| {
            let detail = format!("cannot prepare {}: {error}", shared.folder.display());
            Error::internal("runtime", detail)
        };
        shared.prepare().await.map_err(unprepared)?;
        let cluster = sharing.map(|sharing| Cluster::open(&shared.folder, store, sharing));
        let runtime = Self {
            cluster: cluster.transpose().map_err(unprepared)?,
            shared,
            running: Arc::default(),
            tasks: Mutex::default(),
            creating: tokio::sync::Mutex::default(),
            resources: tokio::sync::Mutex::default(),
        };
        match &runtime.cluster {
            Some(cluster) => {
                let tasks = cluster.start(&runtime.shared, &runtime.running).await;
                *runtime.tasks() = Some(tasks);
            }
            None => runtime.start_all().await?,
        }
        Ok(runtime)
    }

    async fn start_all(&self) -> Result<()> {
        self.shared.limit_all().await?;
        let all = self.shared.ledger.all().await?;
        self.shared.remove_strangers(&all);
        for desired in all {
            let key = desired.key();
            let handle = self.supervise(desired)?;
            self.running.insert(key, handle);
        }
        Ok(())
    }

    /// Ends all services, and keeps in mind that they are to run; other servers take them over, where there are any.
    pub async fn shutdown(&self) {
        let tasks = self.tasks().take();
        if let (Some(cluster), Some(tasks)) = (&self.cluster, tasks) {
            return cluster.shutdown(tasks, &self.running).await;
        }
        let services = self.running.close();
        let stops: tokio::task::JoinSet<()> = services
            .into_values()
            .map(|handle| async move { handle.stop().await })
            .collect();
        stops.join_all().await;
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Option<Tasks>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn supervise(&self, desired: Desired) -> Result<Handle> {
        let key = desired.key();
        Supervisor::start(Arc::clone(&self.shared), desired)
            .map_err(|error| Error::internal("runtime", format!("cannot open the log of {key}: {error}")))
    }

    /// Forgets a service that may run at any server.
    async fn delete_anywhere(&self, cluster: &Cluster, key: &Key) -> Result<()> {
        if !self.shared.ledger.has(key).await? {
            return Err(runtime::not_found());
        }
        self.shared.ledger.remove(key).await?;
        let source = self.shared.sources.set_aside(key).await;
        let ended = cluster.ended(key).await;
        drop(source);
        ended
    }

    fn existing(&self, key: &Key) -> Result<Handle> {
        self.running.get(key).ok_or_else(runtime::not_found)
    }
}

impl Shared {
    fn new(config: Config, probe: Arc<dyn Probe>) -> Self {
        let sources = Sources::new(config.folder.join("build"), config.framework, config.blobs);
        let interface = config.sharing.as_ref().and_then(|sharing| sharing.interface);
        let sources = match config.sharing {
            Some(_) => sources.shared(),
            None => sources,
        };
        let environment = Environment::capture();
        let programs = config.folder.join("bin");
        Self {
            builder: Builder::new(sources.clone(), config.build, programs, environment.clone()),
            ledger: Ledger::new(config.store),
            folder: config.folder,
            sources,
            environment,
            registry: config.registry,
            issuer: config.credentials,
            probe,
            vault: config.vault,
            quotas: Arc::new(Quotas::detect(config.cgroup)),
            proxy: config.proxy,
            // A free port of it; on this machine alone where nothing is said.
            listen: interface.map(|ip| SocketAddr::from((ip, 0)).to_string()),
            gateway: config.gateway,
            shown: Notify::new(),
        }
    }

    async fn prepare(&self) -> std::io::Result<()> {
        let mut folders = std::fs::DirBuilder::new();
        folders.recursive(true).mode(0o700);
        for folder in ["build", "bin", "logs", "runtime"] {
            folders.create(self.folder.join(folder))?;
        }
        leftovers::end_all(&self.notes()).await?;
        self.sources.prepare()
    }

    /// What a service's source is fetched with, if anything.
    async fn git_credentials(&self, desired: &Desired) -> Result<Option<String>, String> {
        let unread = |error: Error| format!("its secret {GIT_CREDENTIALS} cannot be read: {}", error.detail);
        if let Some(path) = desired.settings().get(GIT_CREDENTIALS) {
            return self.vault.setting(&desired.namespace, path).await.map_err(unread);
        }
        let sealed = desired.sealed.get(GIT_CREDENTIALS);
        let opened = sealed.map(|sealed| self.vault.open(&desired.key(), GIT_CREDENTIALS, sealed));
        opened.transpose().map_err(unread)
    }

    /// Removes programs that nothing runs: a crash left them.
    fn remove_strangers(&self, all: &[Desired]) {
        let known: HashSet<&Path> = all
            .iter()
            .filter_map(|desired| desired.program.as_deref())
            .collect();
        let namespaces = std::fs::read_dir(self.programs()).into_iter().flatten().flatten();
        let programs = namespaces.flat_map(|namespace| {
            std::fs::read_dir(namespace.path())
                .into_iter()
                .flatten()
                .flatten()
        });
        for program in programs
            .map(|program| program.path())
            .filter(|program| !known.contains(program.as_path()))
        {
            let _ = source::remove(&program);
        }
    }
}

#[async_trait]
impl runtime::Runtime for Runtime {
    async fn upload(&self, key: &Key, tar: Streaming<Bytes>) -> Result<String> {
        key.check()?;
        self.shared.sources.upload(key, tar).await?;
        Ok(format!("{UPLOADED}{}:{}", key.name, key.version))
    }

    async fn create(&self, create: Create) -> Result<()> {
        create.key.check()?;
        let is_forced = create.force;
        let secrets = create.secrets.iter();
        let sealed = secrets.map(|(name, value)| {
            let sealed = self.shared.vault.seal(&create.key, name, value)?;
            Ok((name.clone(), sealed))
        });
        let sealed = sealed.collect::<Result<_>>()?;
        let desired = Desired::new(create, sealed);
        let key = desired.key();
        desired.folder()?;
        let is_fetched = desired.address()?.is_some();
        let has_source = is_fetched || self.shared.sources.find(&key).await?;
        if desired.command.is_empty() && !has_source {
            let detail = format!(
                "there is no source of {}:{}: upload it first",
                key.name, key.version
            );
            return Err(Error::bad_request("runtime", detail));
        }
        if let Some(cluster) = &self.cluster {
            return cluster.create(&self.shared.ledger, desired, is_forced).await;
        }
        match self.running.get(&key).filter(|_| is_forced) {
            Some(handle) => handle.update(move |_| desired).await,
            None => {
                let _one_at_a_time = self.creating.lock().await;
                match self.shared.ledger.add(&desired).await {
                    // Who asked for it went away before it was started.
                    Err(error) if error == runtime::already_exists() && self.running.get(&key).is_none() => {
                        self.shared.ledger.put(&desired).await?;
                    }
                    added => added?,
                }
                // One that is still being ended has left the ledger already; the new one waits for it.
                if let Some(old) = self.running.get(&key) {
                    old.stop().await;
                    self.running.forget(&key, &old);
                }
                let handle = self.supervise(desired)?;
                self.running.insert(key, handle);
                Ok(())
            }
        }
    }

    async fn update(&self, key: &Key, update: Update) -> Result<()> {
        let handle = match &self.cluster {
            Some(_) if !self.shared.ledger.has(key).await? => return Err(runtime::not_found()),
            Some(_) => None,
            None => Some(self.existing(key)?),
        };
        source::package_folder(Path::new(""), &update.entrypoint)?;
        if !update.source.is_empty() && !update.source.starts_with(UPLOADED) {
            runtime::Address::parse(&update.source)?;
        }
        match (&self.cluster, handle) {
            (Some(cluster), _) => {
                let change = move |before: &Desired| changed(before, update.clone());
                cluster.update(&self.shared.ledger, key, change).await
            }
            (None, Some(handle)) => handle.update(move |before| changed(before, update)).await,
            (None, None) => Err(runtime::not_found()),
        }
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        if let Some(cluster) = &self.cluster {
            return self.delete_anywhere(cluster, key).await;
        }
        let handle = self.existing(key)?;
        self.shared.ledger.remove(key).await?;
        // The source goes now, so that one uploaded from here on belongs to the next service of this name.
        let source = self.shared.sources.set_aside(key).await;
        handle.stop().await;
        drop(source);
        if let Some(program) = handle.program() {
            let _ = tokio::task::spawn_blocking(move || source::remove(&program)).await;
        }
        if self.running.forget(key, &handle) {
            log::remove(&self.shared.log_path(key));
        }
        Ok(())
    }

    async fn read(&self, namespace: &str, query: &Query) -> Result<Vec<Service>> {
        if let Some(cluster) = &self.cluster {
            return cluster.read(&self.running, namespace, query);
        }
        let wanted = self.running.all().into_iter();
        let wanted =
            wanted.filter(|(key, handle)| key.namespace == namespace && query.matches(key, &handle.kind()));
        Ok(wanted.map(|(_, handle)| handle.service()).collect())
    }

    async fn logs(&self, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>> {
        if let Some(cluster) = &self.cluster {
            return cluster.logs(&self.running, key, query).await;
        }
        let missing = || runtime::logs_not_found(&key.name);
        Ok(self.running.get(key).ok_or_else(missing)?.log().read(query))
    }

    async fn build(&self, key: &Key) -> Result<Streaming<Bytes>> {
        if let Some(cluster) = &self.cluster {
            return cluster.build(&self.running, key).await;
        }
        let program = self.running.get(key).and_then(|handle| handle.program());
        built::read(program.ok_or_else(runtime::build_not_found)?).await
    }

    async fn add_resource(&self, resource: Resource) -> Result<()> {
        self.add(resource).await
    }

    async fn update_resource(&self, resource: Resource) -> Result<()> {
        self.replace(resource).await
    }

    async fn delete_resource(&self, resource: Resource) -> Result<()> {
        self.remove(resource).await
    }

    async fn resources(&self, namespace: Option<&str>) -> Result<Vec<ResourceState>> {
        self.list(namespace).await
    }
}

fn changed(before: &Desired, update: Update) -> Desired {
    let or_before = |new: String, before: &String| if new.is_empty() { before.clone() } else { new };
    let mut desired = Desired {
        source: or_before(update.source, &before.source),
        entrypoint: or_before(update.entrypoint, &before.entrypoint),
        instances: update.instances.or(before.instances),
        ..before.clone()
    };
    desired.metadata.extend(update.metadata);
    desired
}

#[cfg(test)]
mod tests;
