//! Builds and runs services from their source.
//!
//! The promise: what was asked to run is running, or [`Runtime::read`] says why not, in words. What was acknowledged
//! survives a crash of the server.
//!
//! Errors are the platform's own: `already exists` and `not found` with code 500, as callers know them, 400 for a
//! request that can never work.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use micro_proto::health::{Health, HealthCheckRequest, HealthClient};
use micro_rpc::{Client, Context, Error, Result, Streaming};

pub use micro_proto::runtime::{LogRecord, Service};

/// The version of a service that was given none.
pub const DEFAULT_VERSION: &str = "latest";

/// Which service, of which version, in which namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The tenant.
    pub namespace: String,
    /// The service's short name.
    pub name: String,
    /// `latest` unless asked otherwise.
    pub version: String,
}

impl Key {
    /// A key; an empty version is [`DEFAULT_VERSION`].
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, version: impl Into<String>) -> Self {
        let version = Some(version.into()).filter(|version: &String| !version.is_empty());
        let version = version.unwrap_or_else(|| DEFAULT_VERSION.to_owned());
        Self {
            namespace: namespace.into(),
            name: name.into(),
            version,
        }
    }

    /// Refuses what cannot be a file's name: parts are letters, digits, `-`, `_` and `.`, and begin with no dot.
    pub fn check(&self) -> Result<()> {
        for (what, part) in [
            ("namespace", &self.namespace),
            ("name", &self.name),
            ("version", &self.version),
        ] {
            let fits = (1..=128).contains(&part.len())
                && !part.starts_with('.')
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            if !fits {
                let detail = format!(
                    "the service's {what} {part:?} must be letters, digits, '-', '_' and '.', and begin with no dot"
                );
                return Err(Error::bad_request("runtime", detail));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.namespace, self.name, self.version)
    }
}

/// What is to run.
#[derive(Clone, PartialEq, Eq)]
pub struct Create {
    /// Which service.
    pub key: Key,
    /// Where its source is: what [`Runtime::upload`] answered.
    pub source: String,
    /// The service's folder within the source; empty for its root.
    pub entrypoint: String,
    /// More environment for the process. May override what the platform sets, but not the namespace.
    pub env: Vec<(String, String)>,
    /// Like `env`, and never shown.
    pub secrets: BTreeMap<String, String>,
    /// Runs this instead of building the source.
    pub command: Vec<String>,
    /// Arguments of the program.
    pub args: Vec<String>,
    /// How many processes; 0 is taken as 1.
    pub instances: usize,
    /// What [`Runtime::read`] answers besides its own: `owner`, `group`, `source`.
    pub metadata: BTreeMap<String, String>,
    /// Replaces a service that exists.
    pub force: bool,
}

impl Create {
    /// One process of a service that was uploaded, with nothing special about it.
    pub fn new(key: Key) -> Self {
        Self {
            source: format!("source://{}:{}", key.name, key.version),
            key,
            entrypoint: String::new(),
            env: Vec::new(),
            secrets: BTreeMap::new(),
            command: Vec::new(),
            args: Vec::new(),
            instances: 1,
            metadata: BTreeMap::new(),
            force: false,
        }
    }
}

impl fmt::Debug for Create {
    /// Without the values of environment and secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<&String> = self.env.iter().map(|(name, _)| name).collect();
        f.debug_struct("Create")
            .field("key", &self.key)
            .field("source", &self.source)
            .field("entrypoint", &self.entrypoint)
            .field("env", &env)
            .field("command", &self.command)
            .field("args", &self.args)
            .field("instances", &self.instances)
            .field("metadata", &self.metadata)
            .field("force", &self.force)
            .finish_non_exhaustive()
    }
}

/// Which lines of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogsQuery {
    /// Goes on with new lines until the reader leaves.
    pub follow: bool,
    /// So many lines from the end; 0 for all that is kept.
    pub count: usize,
    /// Nothing older.
    pub since: Option<SystemTime>,
}

/// The states that [`Service::status`] and the word in its metadata `status` tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum State {
    /// Waits: for its turn to build, or for the next try after an exit.
    Pending = 1,
    /// Compiles.
    Building = 2,
    /// Its process runs and does not answer yet.
    Starting = 3,
    /// It answers.
    Running = 4,
    /// It is being ended.
    Stopping = 5,
    /// It was ended.
    Stopped = 6,
    /// It does not run and will not by itself; the metadata `error` says why.
    Error = 7,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Building => "building",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Error => "error",
        }
    }
}

/// What builds and runs services.
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// Keeps the source of a service, an uncompressed tar, and answers its name: `source://<name>:<version>`.
    /// Nothing is built or restarted yet. When the stream fails, the source of before stays.
    async fn upload(&self, key: &Key, tar: Streaming<Bytes>) -> Result<String>;

    /// Asks for a service to be run; answers as soon as that is acknowledged, long before it runs.
    async fn create(&self, create: Create) -> Result<()>;

    /// Builds what was uploaded anew and replaces the running instances once the new ones answer; until then, and if
    /// that fails, the old ones serve. Answers at once. While it goes on, the metadata `update` of the service says how
    /// far it is; afterwards it is absent, and `error` says what went wrong, if anything did.
    ///
    /// An empty entrypoint and `None` keep what was asked before.
    async fn update(&self, key: &Key, entrypoint: &str, instances: Option<usize>) -> Result<()>;

    /// Forgets a service, and answers when its processes have ended.
    async fn delete(&self, key: &Key) -> Result<()>;

    /// The services of a namespace, sorted by name and version, and how they are. Never waits.
    async fn read(&self, namespace: &str, name: Option<&str>, version: Option<&str>) -> Result<Vec<Service>>;

    /// What a service printed, and what the runtime had to say about it.
    async fn logs(&self, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>>;
}

/// How long [`is_serving`] waits for an answer.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the service at an address (`host:port`) whether it is ready for calls. One that answers, but has no health
/// service, is taken to be.
pub async fn is_serving(address: &str) -> bool {
    const SERVING: i32 = 1;
    let client = HealthClient::new(&Client::to_address(address));
    let ctx = Context::background().with_timeout(HEALTH_TIMEOUT);
    match client.check(&ctx, HealthCheckRequest::default()).await {
        Ok(response) => response.status == SERVING,
        Err(error) => error.code == 501,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_file_names() {
        let fits = |name: &str, version: &str| Key::new("micro", name, version).check().is_ok();
        for (name, version) in [("greeter", ""), ("my-service_2", "v1.2.3"), ("A", "latest")] {
            assert!(fits(name, version), "{name}@{version}");
        }
        for (name, version) in [
            ("", ""),
            ("..", ""),
            ("a/b", ""),
            ("a", "../x"),
            ("a b", ""),
            (".git", ""),
            ("ä", ""),
        ] {
            assert!(!fits(name, version), "{name}@{version}");
        }
        assert!(!fits(&"a".repeat(129), ""));
        assert_eq!(
            Key::new("micro", "greeter", "").to_string(),
            "micro:greeter:latest"
        );
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut create = Create::new(Key::new("micro", "greeter", ""));
        create.env.push(("NAME".to_owned(), "hidden-value".to_owned()));
        create
            .secrets
            .insert("PASSWORD".to_owned(), "hidden-value".to_owned());
        let printed = format!("{create:?}");
        assert!(
            printed.contains("NAME") && !printed.contains("hidden"),
            "{printed}"
        );
    }
}
