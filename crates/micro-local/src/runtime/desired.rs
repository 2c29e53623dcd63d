//! What is asked to run, as the store keeps it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use micro::runtime::{Create, Key};
use micro::store::{Change, ErrorKind, Record, Scan, Scope, Store};
use micro::{Error, Result};
use serde::{Deserialize, Serialize};
use tracing::warn;

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
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default)]
    pub args: Vec<String>,
    pub instances: usize,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The last build that answered; none before the first.
    #[serde(default)]
    pub program: Option<PathBuf>,
    /// An update was acknowledged and has neither succeeded nor failed yet.
    #[serde(default)]
    pub is_stale: bool,
}

impl Desired {
    pub fn new(create: Create) -> Self {
        Self {
            namespace: create.key.namespace,
            name: create.key.name,
            version: create.key.version,
            source: create.source,
            entrypoint: create.entrypoint,
            env: create.env,
            secrets: create.secrets,
            command: create.command,
            args: create.args,
            instances: create.instances.max(1),
            metadata: create.metadata,
            program: None,
            is_stale: false,
        }
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
                ErrorKind::Exists => Error::internal("runtime", "already exists"),
                _ => error.into(),
            })
    }

    pub async fn replace(&self, desired: &Desired) -> Result<()> {
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

fn read(record: &Record) -> Option<Desired> {
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
