//! Builds and runs services from their source.
//!
//! The promise: what was asked to run is running, or [`Runtime::read`] says why not, in words. What was acknowledged
//! survives a crash of the server.
//!
//! A service is running once one of its instances is registered and answers. One with a command of its own, in any
//! language, need only be registered; if it never is, because it only consumes events, say, then it is running once it
//! has stayed up for a while.
//!
//! Errors are the platform's own: `already exists` and `not found` with code 500, as callers know them, 400 for a
//! request that can never work.

mod address;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod definition;
mod memory;
mod remote;
mod resource;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use micro_proto::health::{Health, HealthCheckRequest, HealthClient};
use micro_rpc::{Client, Context, Error, Result, Streaming};

pub use address::Address;
pub use memory::Memory;
pub use micro_proto::runtime::{LogRecord, Namespace, NetworkPolicy, ResourceQuota, Resources, Service};
pub use remote::{Remote, logs_request};
pub use resource::{Resource, ResourceState};

/// The version of a service that was given none.
pub const DEFAULT_VERSION: &str = "latest";

/// So many processes of one service, at most. A number with a digit too many would take the machine down.
pub const MOST_INSTANCES: usize = 100;

/// How the name of an uploaded source begins; every other source is the address of a git repository.
pub const UPLOADED: &str = "source://";
/// The metadata that holds, beside `error`, the same with the colours in which the compiler shows it on a terminal; where the
/// error is the compiler's.
pub const ERROR_COLOURED: &str = "errorColoured";

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
    /// Where its source is: what [`Runtime::upload`] answered, or a git repository, `host/org/repo/folder@ref` or an URL.
    pub source: String,
    /// The service's folder within the source; empty for its root.
    pub entrypoint: String,
    /// More environment for the process. May override what the platform sets, but not the namespace.
    pub env: Vec<(String, String)>,
    /// Like `env`, and never shown. `GIT_CREDENTIALS` is for fetching the source only: `user:password`, or a token.
    pub secrets: BTreeMap<String, String>,
    /// Like `secrets`, of which only the place is known here: the name of the variable, and the path of a setting of the
    /// namespace, which is read anew whenever an instance starts.
    pub config_secrets: BTreeMap<String, String>,
    /// Runs this, in the service's folder, instead of what cargo makes of it or its definition says.
    pub command: Vec<String>,
    /// Arguments of the program.
    pub args: Vec<String>,
    /// How many processes; `None` leaves it to the definition, which has 1 unless it says otherwise.
    pub instances: Option<usize>,
    /// A word that [`Runtime::read`] can ask for.
    pub kind: String,
    /// What [`Runtime::read`] answers besides its own: `owner`, `group`, `source`.
    pub metadata: BTreeMap<String, String>,
    /// Replaces a service that exists.
    pub force: bool,
}

/// What an update changes besides the source itself; what is empty stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Where the source is from now on.
    pub source: String,
    /// The service's folder within the source.
    pub entrypoint: String,
    /// How many processes.
    pub instances: Option<usize>,
    /// Takes the place of notes of the same name.
    pub metadata: BTreeMap<String, String>,
}

/// Which services are read; what is empty matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of this short name.
    pub name: String,
    /// Of this version.
    pub version: String,
    /// Of this type.
    pub kind: String,
}

impl Query {
    /// All versions of a service.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Whether a service is meant.
    pub fn matches(&self, key: &Key, kind: &str) -> bool {
        let fits = |wanted: &str, has: &str| wanted.is_empty() || wanted == has;
        fits(&self.name, &key.name) && fits(&self.version, &key.version) && fits(&self.kind, kind)
    }
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
            config_secrets: BTreeMap::new(),
            command: Vec::new(),
            args: Vec::new(),
            instances: None,
            kind: String::new(),
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
    /// A source in a git repository is fetched anew.
    async fn update(&self, key: &Key, update: Update) -> Result<()>;

    /// Forgets a service, and answers when its processes have ended.
    async fn delete(&self, key: &Key) -> Result<()>;

    /// The services of a namespace, sorted by name and version, and how they are. Never waits.
    async fn read(&self, namespace: &str, query: &Query) -> Result<Vec<Service>>;

    /// What a service printed, and what the runtime had to say about it.
    async fn logs(&self, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>>;

    /// What serves: the program, or a tar of the folder that a service's own command runs in. 404 where nothing was built yet.
    async fn build(&self, key: &Key) -> Result<Streaming<Bytes>>;

    /// Asks for a namespace, a policy or a quota. What cannot be kept here is refused in words, 501.
    async fn add_resource(&self, resource: Resource) -> Result<()>;

    /// Changes one that was asked for.
    async fn update_resource(&self, resource: Resource) -> Result<()>;

    /// Forgets one that was asked for; with a namespace all of its services, policies and quotas, and answers when the
    /// processes have ended.
    async fn delete_resource(&self, resource: Resource) -> Result<()>;

    /// What was asked for in a namespace, or in all of them, sorted by kind and name.
    async fn resources(&self, namespace: Option<&str>) -> Result<Vec<ResourceState>>;
}

/// There is such a thing already; the code and words that callers of Micro know.
pub fn already_exists() -> Error {
    Error::internal("runtime", "already exists")
}

/// There is no such thing; the code and words that callers of Micro know.
pub fn not_found() -> Error {
    Error::internal("runtime", "not found")
}

/// There is no log of a service; plain text of an unknown kind, as callers of Micro know it.
pub fn logs_not_found(name: &str) -> Error {
    const UNKNOWN: u8 = 2;
    Error::plain(UNKNOWN, format!("Logs not found for service {name}"))
}

/// Nothing was built of a service yet.
pub fn build_not_found() -> Error {
    Error::not_found("runtime.Build", "Build not found")
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
