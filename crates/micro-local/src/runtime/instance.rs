//! Keeps one process of a service running.
//!
//! It starts the process, waits until it answers, and starts it again after an exit: at once at first, then after longer and
//! longer pauses. What becomes of it is reported to the service's supervisor.
//!
//! A service of the framework runs when its node is registered and answers. One with a command of its own runs when a node
//! is registered that is its: by the id that it was told, or by the port that it listens at. If it has stayed up for a
//! while without that, it is taken for one that only consumes, and to be running too; a node that comes later is its.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, Instant};

use micro::registry::{Node, Registry, Service as Registered};
use micro::runtime::Key;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::leftovers::{NODE_VARIABLE, Note};
use super::log::Log;
use super::process::{Process, Program, in_words};
use super::quota::Quotas;
use super::{GIT_CREDENTIALS, Issuer, Probe, Vault, ports};

/// How long a process may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one with a command of its own must have stayed up to be running though it is not registered.
const QUIET: Duration = Duration::from_secs(5);
/// How often one that runs unregistered is looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// After so long without an exit, earlier ones are forgotten.
const HEALTHY: Duration = Duration::from_secs(60);
/// Last lines of the log in the message about a start that takes too long.
const LINES_SHOWN: usize = 5;

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
        let own = platform
            .into_iter()
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

    async fn start(&self, node: &str) -> Result<Process, String> {
        let program = self.program(node).await?;
        let note =
            Note::write(&self.notes, node).map_err(|error| format!("cannot write its note: {error}"))?;
        let started = Process::start(&program, &self.log, note).await;
        let name = program.command.first().map_or("", String::as_str);
        started.map_err(|error| format!("cannot start {name}: {error}"))
    }

    /// Waits until the process is registered and answers; what it is registered as.
    async fn answers(&self, of: &Birth, pace: Duration) -> Registered {
        loop {
            if let Some(registered) = self.registered(of).await
                && let Some(address) = registered.nodes.first().map(|node| node.address.clone())
                && (self.is_own || self.probe.is_serving(&address).await)
            {
                return registered;
            }
            tokio::time::sleep(pace).await;
        }
    }

    async fn registered(&self, of: &Birth) -> Option<Registered> {
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
    async fn before(&self) -> HashSet<(String, String)> {
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
    async fn deregister(&self, registered: Option<&Registered>) {
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
struct Birth {
    /// The id that it was told.
    node: String,
    before: HashSet<(String, String)>,
    group: i32,
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

/// What becomes of an instance.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Starting {
        pid: u32,
    },
    Ready {
        pid: u32,
    },
    /// It ended, and will be started again.
    Ended {
        reason: String,
    },
    /// It ended too often without ever having answered, and will not be started again.
    GaveUp {
        reason: String,
    },
}

/// An event of an instance of a generation.
pub struct Report {
    pub generation: u64,
    pub instance: usize,
    pub event: Event,
}

/// Ends its process when it is told to, or dropped.
pub struct Instance {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Instance {
    /// Starts, and gives up after `tries` exits before the first answer.
    pub fn start(
        launch: Arc<Launch>,
        generation: u64,
        instance: usize,
        tries: u32,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let keeper = Keeper {
            launch,
            generation,
            instance,
            tries,
            reports,
        };
        Self {
            stop,
            task: tokio::spawn(keeper.run(stopped)),
        }
    }

    /// Ends it, and answers when it has ended.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

struct Keeper {
    launch: Arc<Launch>,
    generation: u64,
    instance: usize,
    tries: u32,
    reports: mpsc::Sender<Report>,
}

/// How a life of the process went.
struct Life {
    reason: String,
    /// How long it answered, if it did.
    answered: Option<Duration>,
}

impl Keeper {
    async fn run(self, mut stopped: oneshot::Receiver<()>) {
        let mut pauses = Pauses::default();
        let mut has_answered = false;
        loop {
            let Some(life) = self.live(&mut stopped).await else {
                return;
            };
            has_answered |= life.answered.is_some();
            if life.answered.is_some_and(|time| time >= HEALTHY) {
                pauses = Pauses::default();
            }
            let pause = pauses.next();
            if !has_answered && pauses.count >= self.tries {
                self.launch
                    .log
                    .note(&format!("{}; not started again", life.reason))
                    .await;
                self.report(Event::GaveUp { reason: life.reason }).await;
                let _ = stopped.await;
                return;
            }
            self.launch
                .log
                .note(&format!("{}; starts again in {}", life.reason, in_words(pause)))
                .await;
            self.report(Event::Ended { reason: life.reason }).await;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = &mut stopped => return,
            }
        }
    }

    /// From the start to the end; `None` when it was told to stop.
    async fn live(&self, stopped: &mut oneshot::Receiver<()>) -> Option<Life> {
        let node = format!("{}-{}", self.launch.key.name, uuid::Uuid::new_v4());
        let unborn = |reason| {
            Some(Life {
                reason,
                answered: None,
            })
        };
        let before = self.launch.before().await;
        let mut process = tokio::select! {
            process = self.launch.start(&node) => match process {
                Ok(process) => process,
                Err(reason) => return unborn(reason),
            },
            _ = &mut *stopped => return None,
        };
        let pid = process.id();
        self.report(Event::Starting { pid }).await;
        let birth = Birth {
            node,
            before,
            group: process.group(),
        };

        let patience = if self.launch.is_own { QUIET } else { START_TIMEOUT };
        let mut registered = tokio::select! {
            // An exit is seen before an answer that came just before it.
            biased;
            status = process.ended() => return unborn(process.post_mortem(status).await),
            _ = &mut *stopped => { process.stop().await; return None }
            answer = tokio::time::timeout(patience, self.launch.answers(&birth, ASK_EVERY)) => match answer {
                Ok(registered) => Some(registered),
                Err(_) if self.launch.is_own => None,
                Err(_) => {
                    let lines = process.last_lines(LINES_SHOWN);
                    process.stop().await;
                    return unborn(too_slow(&lines));
                }
            },
        };
        if registered.is_none() {
            let text = format!(
                "it is up for {} and not registered: taken to be running",
                in_words(QUIET)
            );
            self.launch.log.note(&text).await;
        }
        let since = Instant::now();
        self.report(Event::Ready { pid }).await;
        loop {
            tokio::select! {
                status = process.ended() => {
                    // It cannot take its registration back any more, and callers should not have to find out.
                    self.launch.deregister(registered.as_ref()).await;
                    return Some(Life { reason: process.post_mortem(status).await, answered: Some(since.elapsed()) });
                }
                _ = &mut *stopped => {
                    // The framework's programs do that themselves, before they end; others may not, or register again.
                    let registered = registered.filter(|_| self.launch.is_own);
                    self.launch.deregister(registered.as_ref()).await;
                    process.stop().await;
                    self.launch.deregister(registered.as_ref()).await;
                    return None;
                }
                late = self.launch.answers(&birth, LOOK_AGAIN), if registered.is_none() => registered = Some(late),
            }
        }
    }

    async fn report(&self, event: Event) {
        let report = Report {
            generation: self.generation,
            instance: self.instance,
            event,
        };
        // Without a supervisor there is nobody to tell, and the end is near.
        let _ = self.reports.send(report).await;
    }
}

fn too_slow(lines: &str) -> String {
    let seconds = START_TIMEOUT.as_secs();
    let last = if lines.is_empty() {
        "it printed nothing".to_owned()
    } else {
        format!("its last lines:\n{lines}")
    };
    format!("did not register and answer within {seconds} s; {last}")
}

/// Longer and longer pauses between starts.
#[derive(Default)]
struct Pauses {
    count: u32,
}

impl Pauses {
    fn next(&mut self) -> Duration {
        let pause = FIRST_PAUSE
            .saturating_mul(1 << self.count.min(16))
            .min(LONGEST_PAUSE);
        self.count += 1;
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit() {
        let mut pauses = Pauses::default();
        let first: Vec<u128> = (0..10).map(|_| pauses.next().as_millis()).collect();
        assert_eq!(
            first,
            [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]
        );
        pauses.count = u32::MAX - 1;
        assert_eq!(pauses.next(), LONGEST_PAUSE);
    }
}
