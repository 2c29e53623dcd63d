//! What is asked to run, as the store keeps it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use micro::runtime::definition::Definition;
use micro::runtime::{Address, Create, Key, Resource, UPLOADED, already_exists, not_found};
use micro::store::{Change, ErrorKind, Record, Scan, Scope, Store};
use micro::{Error, Result};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::source;

/// One service: what was asked for, and the program that serves it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    pub namespace: String,
    pub name: String,
    pub version: String,
    pub source: String,
    pub entrypoint: String,
    #[serde(default)]
    pub env: Vec<(String, String)>,
    /// Encrypted; see [`super::Vault`].
    #[serde(default)]
    pub sealed: BTreeMap<String, String>,
    /// Names of variables and the paths of the settings that are their values.
    #[serde(default)]
    pub config_secrets: BTreeMap<String, String>,
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default)]
    pub args: Vec<String>,
    /// What was asked for; `None` leaves it to the definition.
    #[serde(default)]
    pub instances: Option<usize>,
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The last build that answered; none before the first. A folder where it has a command of its own.
    #[serde(default)]
    pub program: Option<PathBuf>,
    /// What the service's definition said when that was built.
    #[serde(default)]
    pub defined: Defined,
    /// The commit that it was built from, where it is known.
    #[serde(default)]
    pub commit: Option<String>,
    /// An update was acknowledged and has neither succeeded nor failed yet.
    #[serde(default)]
    pub is_stale: bool,
    /// Which request this is, where several servers share the store: how the one that runs it knows what it has not carried
    /// out yet. Empty where there is one server.
    #[serde(default)]
    pub request: String,
}

/// What of a service's definition matters once it is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Defined {
    pub command: Vec<String>,
    pub instances: Option<usize>,
    pub env: Vec<(String, String)>,
    pub secrets: BTreeMap<String, String>,
}

impl From<Definition> for Defined {
    fn from(definition: Definition) -> Self {
        Self {
            command: definition.command,
            instances: definition.instances,
            env: definition.env,
            secrets: definition.secrets,
        }
    }
}

/// A program that was built, and what its definition says.
pub struct Built {
    pub program: PathBuf,
    pub defined: Defined,
    /// Of the repository that its source was fetched from.
    pub commit: Option<String>,
}

impl Desired {
    pub fn new(create: Create, sealed: BTreeMap<String, String>) -> Self {
        Self {
            namespace: create.key.namespace,
            name: create.key.name,
            version: create.key.version,
            source: create.source,
            entrypoint: create.entrypoint,
            env: create.env,
            sealed,
            config_secrets: create.config_secrets,
            command: create.command,
            args: create.args,
            instances: create.instances,
            kind: create.kind,
            metadata: create.metadata,
            program: None,
            defined: Defined::default(),
            commit: None,
            is_stale: false,
            request: String::new(),
        }
    }

    /// How many processes.
    pub fn instances(&self) -> usize {
        self.instances.or(self.defined.instances).unwrap_or(1).max(1)
    }

    /// The command of its own that it runs; empty for one that cargo builds.
    pub fn own_command(&self) -> &[String] {
        if self.command.is_empty() {
            &self.defined.command
        } else {
            &self.command
        }
    }

    /// Environment that was asked for; a request is stronger than the definition.
    pub fn variables(&self) -> Vec<(String, String)> {
        self.defined.env.iter().chain(&self.env).cloned().collect()
    }

    /// The settings that its secrets are.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let all = self.defined.secrets.iter().chain(&self.config_secrets);
        all.map(|(name, path)| (name.clone(), path.clone())).collect()
    }

    /// Where its source is fetched from; `None` for an uploaded one.
    pub fn address(&self) -> Result<Option<Address>> {
        if self.source.is_empty() || self.source.starts_with(UPLOADED) {
            return Ok(None);
        }
        Address::parse(&self.source).map(Some)
    }

    /// The service's folder within its source.
    pub fn folder(&self) -> Result<PathBuf> {
        let address = self.address()?;
        let folder = PathBuf::from(address.map(|address| address.folder).unwrap_or_default());
        source::package_folder(&folder, &self.entrypoint)
    }

    pub fn key(&self) -> Key {
        Key::new(&self.namespace, &self.name, &self.version)
    }
}

/// Where what is asked for is kept.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
    scope: Scope,
}

/// How often a change is tried again that somebody else's came in between of.
const TRIES: usize = 8;

impl Ledger {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            scope: Scope::platform("runtime"),
        }
    }

    /// Writes a service down that must not be there yet.
    pub async fn add(&self, desired: &Desired) -> Result<()> {
        let change = Change::PutNew(record(desired)?);
        self.store
            .commit(&self.scope, vec![change])
            .await
            .map_err(|error| match error.kind {
                ErrorKind::Exists => already_exists(),
                _ => error.into(),
            })
    }

    /// Writes a service down again; `not found` when it has been removed meanwhile, which it stays.
    pub async fn replace(&self, desired: &Desired) -> Result<()> {
        let there = self.store.read(&self.scope, &record_key(&desired.key())).await;
        let version = there.map_err(|error| missing(error, not_found))?.version;
        let change = Change::PutIf(record(desired)?, version);
        let replaced = self.store.commit(&self.scope, vec![change]).await;
        replaced.map_err(|error| missing(error, not_found))
    }

    /// Writes down what serves, unless something else has been asked for since: that is still to be carried out.
    pub async fn settle(&self, desired: &Desired) -> Result<()> {
        let key = desired.key();
        let is_latest = |there: &Desired| there.request == desired.request;
        let settled = self.change(&key, |there| is_latest(there).then(|| desired.clone()));
        settled.await.map(drop)
    }

    /// Asks for a change of a service, whoever runs it, and answers what is asked for from now on.
    pub async fn request(
        &self,
        key: &Key,
        change: impl Fn(&Desired) -> Desired + Send + Sync,
    ) -> Result<Desired> {
        let request = uuid::Uuid::new_v4().to_string();
        let requested = self.change(key, |there| {
            Some(Desired {
                program: there.program.clone(),
                defined: there.defined.clone(),
                commit: there.commit.clone(),
                is_stale: true,
                request: request.clone(),
                ..change(there)
            })
        });
        requested.await?.ok_or_else(not_found)
    }

    /// Reads, changes and writes, again where somebody else wrote in between. `None` where nothing was to be changed.
    async fn change(
        &self,
        key: &Key,
        change: impl Fn(&Desired) -> Option<Desired> + Send + Sync,
    ) -> Result<Option<Desired>> {
        let id = record_key(key);
        for _ in 0..TRIES {
            let there = self.store.read(&self.scope, &id).await;
            let there = there.map_err(|error| missing(error, not_found))?;
            let desired = read(&there).ok_or_else(|| unreadable(key))?;
            let Some(changed) = change(&desired) else {
                return Ok(None);
            };
            let step = Change::PutIf(record(&changed)?, there.version);
            match self.store.commit(&self.scope, vec![step]).await {
                Ok(()) => return Ok(Some(changed)),
                Err(error) if error.kind == ErrorKind::Conflict => {}
                Err(error) => return Err(error.into()),
            }
        }
        let detail = format!("{key} is being changed by others all the time: try again");
        Err(Error::conflict("runtime", detail))
    }

    /// Whether a service is to run.
    pub async fn has(&self, key: &Key) -> Result<bool> {
        match self.store.read(&self.scope, &record_key(key)).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a service down, whatever was there.
    pub async fn put(&self, desired: &Desired) -> Result<()> {
        Ok(self.store.write(&self.scope, record(desired)?).await?)
    }

    pub async fn remove(&self, key: &Key) -> Result<()> {
        Ok(self.store.delete(&self.scope, &record_key(key)).await?)
    }

    /// Everything that is to run. What cannot be read is left alone and named, rather than keeping the rest from starting.
    pub async fn all(&self) -> Result<Vec<Desired>> {
        let records = self.store.scan(&self.scope, &Scan::prefix("service:")).await?;
        Ok(records.iter().filter_map(read).collect())
    }
}

/// Namespaces, policies and quotas, as the store keeps them.
impl Ledger {
    pub async fn add_resource(&self, resource: &Resource) -> Result<()> {
        let change = Change::PutNew(resource_record(resource)?);
        let added = self.store.commit(&self.scope, vec![change]).await;
        added.map_err(|error| match error.kind {
            ErrorKind::Exists => already_exists(),
            _ => error.into(),
        })
    }

    /// One as it was written down; `not found` when it is not there.
    pub async fn resource(&self, resource: &Resource) -> Result<Resource> {
        let there = self.store.read(&self.scope, &resource.id()).await;
        let record = there.map_err(|error| missing(error, not_found))?;
        read_resource(&record).ok_or_else(not_found)
    }

    /// Writes one down again; `not found` when it is not there.
    pub async fn replace_resource(&self, resource: &Resource) -> Result<()> {
        let there = self.store.read(&self.scope, &resource.id()).await;
        let version = there.map_err(|error| missing(error, not_found))?.version;
        let change = Change::PutIf(resource_record(resource)?, version);
        let replaced = self.store.commit(&self.scope, vec![change]).await;
        replaced.map_err(|error| missing(error, not_found))
    }

    /// Removes resources, all at once.
    pub async fn remove_resources(&self, resources: &[Resource]) -> Result<()> {
        let changes = resources
            .iter()
            .map(|resource| Change::Delete(resource.id()))
            .collect();
        Ok(self.store.commit(&self.scope, changes).await?)
    }

    /// All of them, sorted by kind and name.
    pub async fn resources(&self) -> Result<Vec<Resource>> {
        let mut resources = Vec::new();
        for kind in ["namespace:", "networkpolicy:", "resourcequota:"] {
            let records = self.store.scan(&self.scope, &Scan::prefix(kind)).await?;
            resources.extend(records.iter().filter_map(read_resource));
        }
        Ok(resources)
    }
}

fn missing(error: micro::store::Error, otherwise: fn() -> Error) -> Error {
    match error.kind {
        ErrorKind::NotFound | ErrorKind::Conflict => otherwise(),
        _ => error.into(),
    }
}

fn unreadable(key: &Key) -> Error {
    let detail =
        format!("what is written down of {key} cannot be read by this version: create it anew with --force");
    Error::internal("runtime", detail)
}

fn resource_record(resource: &Resource) -> Result<Record> {
    let value = serde_json::to_vec(&resource.clone().into_message())
        .map_err(|error| Error::internal("runtime", format!("cannot write down a resource: {error}")))?;
    Ok(Record::new(resource.id(), value))
}

fn read_resource(record: &Record) -> Option<Resource> {
    let message = serde_json::from_slice(&record.value)
        .inspect_err(|error| warn!(key = record.key, %error, "cannot read a resource: ignored"));
    Resource::from_message(message.ok()?).ok().flatten()
}

/// What is to run, of its record.
pub fn read(record: &Record) -> Option<Desired> {
    serde_json::from_slice(&record.value)
        .inspect_err(|error| warn!(key = record.key, %error, "cannot read what is to run: not started"))
        .ok()
}

fn record(desired: &Desired) -> Result<Record> {
    let value = serde_json::to_vec(desired)
        .map_err(|error| Error::internal("runtime", format!("cannot write down what is to run: {error}")))?;
    Ok(Record::new(record_key(&desired.key()), value))
}

fn record_key(key: &Key) -> String {
    format!("service:{key}")
}
