//! Keeps one process of a service running.
//!
//! It starts the process, waits until it answers, and starts it again after an exit: at once at first, then after longer and
//! longer pauses. What becomes of it is reported to the service's supervisor.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, Instant};

use micro::registry::{Registry, Service as Registered};
use micro::runtime::Key;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::leftovers::{NODE_VARIABLE, Note};
use super::log::Log;
use super::process::{Process, Program, in_words};
use super::{Issuer, Probe};

/// How long a process may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(30);
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
    pub proxy: String,
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
            ("MICRO_AUTH_ID", id),
            ("MICRO_AUTH_SECRET", secret),
        ];
        let fixed = [("MICRO_NAMESPACE", namespace.as_str()), (NODE_VARIABLE, node)];
        let chosen = self
            .chosen
            .iter()
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
        })
    }

    async fn start(&self, node: &str) -> Result<Process, String> {
        let program = self.program(node).await?;
        let note =
            Note::write(&self.notes, node).map_err(|error| format!("cannot write its note: {error}"))?;
        let started = Process::start(&program, &self.log, note).await;
        let name = program.command.first().map_or("", String::as_str);
        started.map_err(|error| format!("cannot start {name}: {error}"))
    }

    /// Waits until the node is registered and answers; what it is registered as.
    async fn answers(&self, node: &str) -> Registered {
        loop {
            if let Some(registered) = self.registered(node).await
                && let Some(address) = registered.nodes.first().map(|node| node.address.clone())
                && self.probe.is_serving(&address).await
            {
                return registered;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    async fn registered(&self, node: &str) -> Option<Registered> {
        let services = self
            .registry
            .get(&self.key.namespace, &self.key.name)
            .await
            .unwrap_or_default();
        services.into_iter().find_map(|mut service| {
            service.nodes.retain(|registered| registered.id == node);
            (!service.nodes.is_empty()).then_some(service)
        })
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
        let mut process = tokio::select! {
            process = self.launch.start(&node) => match process {
                Ok(process) => process,
                Err(reason) => return unborn(reason),
            },
            _ = &mut *stopped => return None,
        };
        let pid = process.id();
        self.report(Event::Starting { pid }).await;

        let registered = tokio::select! {
            // An exit is seen before an answer that came just before it.
            biased;
            status = process.ended() => return unborn(process.post_mortem(status).await),
            _ = &mut *stopped => { process.stop().await; return None }
            answer = tokio::time::timeout(START_TIMEOUT, self.launch.answers(&node)) => match answer {
                Ok(registered) => registered,
                Err(_) => {
                    let lines = process.last_lines(LINES_SHOWN);
                    process.stop().await;
                    return unborn(too_slow(&lines));
                }
            },
        };
        let since = Instant::now();
        self.report(Event::Ready { pid }).await;
        tokio::select! {
            status = process.ended() => {
                // It cannot take its registration back any more, and callers should not have to find out.
                let _ = self.launch.registry.deregister(&self.launch.key.namespace, registered).await;
                Some(Life { reason: process.post_mortem(status).await, answered: Some(since.elapsed()) })
            }
            _ = &mut *stopped => { process.stop().await; None }
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
