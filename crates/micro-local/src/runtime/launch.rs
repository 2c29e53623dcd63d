//! What it takes to start a process of a service, and how its registration is found.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use micro::Streaming;
use micro::registry::{Node, Registry, Service as Registered};
use micro::runtime::Key;
use tokio::sync::OnceCell;

use super::leftovers::{NODE_VARIABLE, Note};
use super::log::Log;
use super::process::{Process, Program};
use super::quota::Quotas;
use super::{GIT_CREDENTIALS, Issuer, Probe, Vault, ports};

/// How often one is asked that is registered and does not answer.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// How often the registry is looked at though it has told no change: a program may listen at its port only after it was
/// registered.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Everything that starting a process of a service needs.
pub struct Launch {
    pub key: Key,
    pub command: Vec<String>,
    pub folder: std::path::PathBuf,
    /// What the process inherits.
    pub inherited: Vec<(OsString, OsString)>,
    /// What was asked for; stronger than the platform's own.
    pub chosen: Vec<(String, String)>,
    /// Encrypted values.
    pub sealed: BTreeMap<String, String>,
    /// The settings of the namespace that are values.
    pub settings: BTreeMap<String, String>,
    pub vault: Arc<dyn Vault>,
    pub quotas: Arc<Quotas>,
    /// Whether it is no program of the framework's.
    pub is_own: bool,
    pub proxy: String,
    /// Where it is to listen, if that is said.
    pub listen: Option<String>,
    pub gateway: String,
    pub notes: std::path::PathBuf,
    pub log: Log,
    pub registry: Arc<dyn Registry>,
    pub probe: Arc<dyn Probe>,
    pub issuer: Arc<dyn Issuer>,
    /// One account for all processes of the service, as long as this server lives.
    pub credentials: Arc<OnceCell<(String, String)>>,
}

impl Launch {
    async fn program(&self, node: &str) -> Result<Program, String> {
        let Key {
            namespace,
            name,
            version,
        } = &self.key;
        let issued = self
            .credentials
            .get_or_try_init(|| self.issuer.issue(namespace, name, version))
            .await;
        let (id, secret) =
            issued.map_err(|error| format!("it could not be given an account: {}", error.detail))?;
        let platform = [
            ("MICRO_PROFILE", "service"),
            ("MICRO_SERVICE_NAME", name),
            ("MICRO_SERVICE_VERSION", version),
            ("MICRO_PROXY", &self.proxy),
            ("MICRO_GATEWAY", &self.gateway),
            ("MICRO_AUTH_ID", id),
            ("MICRO_AUTH_SECRET", secret),
        ];
        let fixed = [("MICRO_NAMESPACE", namespace.as_str()), (NODE_VARIABLE, node)];
        let secrets = self.secrets().await?;
        let chosen = self
            .chosen
            .iter()
            .chain(&secrets)
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let listen = self
            .listen
            .as_deref()
            .map(|listen| ("MICRO_SERVICE_ADDRESS", listen));
        let own = platform
            .into_iter()
            .chain(listen)
            .chain(chosen)
            .chain(fixed)
            .map(|(name, value)| (name.into(), value.into()));
        let environment = self.inherited.iter().cloned().chain(own).collect();
        Ok(Program {
            command: self.command.clone(),
            folder: self.folder.clone(),
            environment,
            group: self.quotas.group(&self.key.namespace),
        })
    }

    /// The secrets of the service, as they are now.
    async fn secrets(&self) -> Result<Vec<(String, String)>, String> {
        let mut secrets = Vec::new();
        for (name, path) in self.settings.iter().filter(|(name, _)| *name != GIT_CREDENTIALS) {
            let namespace = &self.key.namespace;
            let read = self.vault.setting(namespace, path).await;
            let value =
                read.map_err(|error| format!("its secret {name} cannot be read: {}", error.detail))?;
            let missing = || {
                format!(
                    "its secret {name} is missing: there is nothing at {path} in the config of namespace {namespace}; \
                     set it with `micro config set --secret {path} VALUE`"
                )
            };
            secrets.push((name.clone(), value.ok_or_else(missing)?));
        }
        for (name, sealed) in self.sealed.iter().filter(|(name, _)| *name != GIT_CREDENTIALS) {
            let opened = self.vault.open(&self.key, name, sealed);
            let value =
                opened.map_err(|error| format!("its secret {name} cannot be read: {}", error.detail))?;
            secrets.push((name.clone(), value));
        }
        Ok(secrets)
    }

    /// Starts a process that is told that it is this node.
    pub async fn start(&self, node: &str) -> Result<Process, String> {
        let program = self.program(node).await?;
        let note =
            Note::write(&self.notes, node).map_err(|error| format!("cannot write its note: {error}"))?;
        let started = Process::start(&program, &self.log, note).await;
        let name = program.command.first().map_or("", String::as_str);
        started.map_err(|error| format!("cannot start {name}: {error}"))
    }

    /// Waits until the process is registered and answers; what it is registered as.
    pub async fn answers(&self, of: &Birth) -> Registered {
        let Key { namespace, name, .. } = &self.key;
        loop {
            // Opened before the first look, so that no change falls between the two.
            let changes = self.registry.watch(namespace, name).await;
            let mut changes = changes.unwrap_or_else(|_| Streaming::empty());
            loop {
                let registered = self.registered(of).await;
                let pace = if registered.is_some() {
                    ASK_AGAIN
                } else {
                    LOOK_AGAIN
                };
                if let Some(registered) = registered
                    && let Some(address) = registered.nodes.first().map(|node| node.address.clone())
                    && (self.is_own || self.probe.is_serving(&address).await)
                {
                    return registered;
                }
                if let Ok(None | Some(Err(_))) = tokio::time::timeout(pace, changes.next()).await {
                    break;
                }
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// What the process is registered as, if it is.
    pub async fn registered(&self, of: &Birth) -> Option<Registered> {
        let services = self.nodes().await;
        services.into_iter().find_map(|mut service| {
            service
                .nodes
                .retain(|node| node.id == of.node || (self.is_own && of.is_of(node)));
            (!service.nodes.is_empty()).then_some(service)
        })
    }

    async fn nodes(&self) -> Vec<Registered> {
        let Key { namespace, name, .. } = &self.key;
        self.registry.get(namespace, name).await.unwrap_or_default()
    }

    /// Those that are registered before a process is started are not its: ids and addresses.
    pub async fn before(&self) -> HashSet<(String, String)> {
        if !self.is_own {
            return HashSet::new();
        }
        let services = self.nodes().await;
        services
            .into_iter()
            .flat_map(|service| service.nodes)
            .map(|node| (node.id, node.address))
            .collect()
    }

    /// Takes a registration back, unless another process has taken its place under the same id.
    pub async fn deregister(&self, registered: Option<&Registered>) {
        let Some(registered) = registered else { return };
        let there = self.nodes().await;
        let is_there = |node: &Node| {
            let mut all = there.iter().flat_map(|service| &service.nodes);
            all.any(|other| (&other.id, &other.address) == (&node.id, &node.address))
        };
        let mut registered = registered.clone();
        registered.nodes.retain(is_there);
        if !registered.nodes.is_empty() {
            let _ = self.registry.deregister(&self.key.namespace, registered).await;
        }
    }
}

/// What tells the nodes of a process from others.
pub struct Birth {
    /// The id that it was told.
    pub node: String,
    pub before: HashSet<(String, String)>,
    pub group: i32,
}

impl Birth {
    fn is_of(&self, node: &Node) -> bool {
        let port = node.address.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.or_else(|| u16::try_from(node.port).ok().filter(|port| *port > 0));
        let listens = |port| ports::is_listening(self.group, port).unwrap_or(true);
        let is_new = !self.before.contains(&(node.id.clone(), node.address.clone()));
        is_new && port.is_some_and(listens)
    }
}
