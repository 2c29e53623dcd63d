//! Keeps one process of a service running.
//!
//! It starts the process, waits until it answers, and starts it again after an exit: at once at first, then after longer and
//! longer pauses. What becomes of it is reported to the service's supervisor.
//!
//! A service of the framework runs when its node is registered and answers. One with a command of its own runs when a node
//! is registered that is its: by the id that it was told, or by the port that it listens at. If it has stayed up for a
//! while without that, it is taken for one that only consumes, and to be running too; a node that comes later is its.
//!
//! One that others have taken the place of leaves without a caller noticing: its registration is taken back first, and it is
//! asked to end only when everybody who follows the registry knows. Programs of the framework see to that second part
//! themselves, at SIGTERM; SIGINT is how they are asked to end at once.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use micro::registry::Service as Registered;
use rustix::process::Signal;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::launch::{Birth, Launch};
use super::process::{Process, in_words};

/// How long a process may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one with a command of its own must have stayed up to be running though it is not registered.
const QUIET: Duration = Duration::from_secs(5);
/// How long it takes at most until a change of the registry is known to all who follow it.
const KNOWN_EVERYWHERE: Duration = Duration::from_secs(1);
/// How long taking a registration back may take.
const WITHDRAWAL: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// After so long without an exit, earlier ones are forgotten.
const HEALTHY: Duration = Duration::from_secs(60);
/// The signal that the kernel ends a process with that has no memory left.
const KILLED: i32 = 9;
/// Last lines of the log in the message about a start that takes too long.
const LINES_SHOWN: usize = 5;

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
    stop: oneshot::Sender<Ending>,
    task: JoinHandle<()>,
}

/// How a process is to end.
enum Ending {
    Now,
    /// Others serve in its place. Told as soon as it is no longer registered.
    Replaced(oneshot::Sender<()>),
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
        let _ = self.stop.send(Ending::Now);
        let _ = self.task.await;
    }

    /// Ends it without a caller noticing. The first of the two is ready when it is no longer registered, whatever it says;
    /// the second when it has ended.
    pub fn replaced(self) -> (oneshot::Receiver<()>, JoinHandle<()>) {
        let (withdrawn, told) = oneshot::channel();
        let _ = self.stop.send(Ending::Replaced(withdrawn));
        (told, self.task)
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
    async fn run(self, mut stopped: oneshot::Receiver<Ending>) {
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
    async fn live(&self, stopped: &mut oneshot::Receiver<Ending>) -> Option<Life> {
        let node = format!("{}-{}", self.launch.key.name, uuid::Uuid::new_v4());
        let unborn = |reason| {
            Some(Life {
                reason,
                answered: None,
            })
        };
        let before = self.launch.before().await;
        let kills = self.launch.quotas.kills(&self.launch.key.namespace);
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
            status = process.ended() => {
                self.withdraw(self.launch.registered(&birth).await.as_ref()).await;
                return unborn(self.reason(process, status, kills).await);
            }
            _ = &mut *stopped => { process.stop(self.signal()).await; return None }
            answer = tokio::time::timeout(patience, self.launch.answers(&birth)) => match answer {
                Ok(registered) => Some(registered),
                Err(_) if self.launch.is_own => None,
                Err(_) => {
                    let lines = process.last_lines(LINES_SHOWN);
                    self.withdraw(self.launch.registered(&birth).await.as_ref()).await;
                    process.stop(self.signal()).await;
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
                    self.withdraw(registered.as_ref()).await;
                    let reason = self.reason(process, status, kills).await;
                    return Some(Life { reason, answered: Some(since.elapsed()) });
                }
                ending = &mut *stopped => {
                    self.end(process, registered, ending.unwrap_or(Ending::Now)).await;
                    return None;
                }
                late = self.launch.answers(&birth), if registered.is_none() => registered = Some(late),
            }
        }
    }

    async fn end(&self, process: Process, registered: Option<Registered>, ending: Ending) {
        let is_own = self.launch.is_own;
        let is_replaced = matches!(ending, Ending::Replaced(_));
        if is_own || is_replaced {
            self.withdraw(registered.as_ref()).await;
        }
        if let Ending::Replaced(withdrawn) = ending {
            let _ = withdrawn.send(());
            if is_own {
                tokio::time::sleep(KNOWN_EVERYWHERE).await;
            }
        }
        let signal = if is_replaced { Signal::TERM } else { self.signal() };
        process.stop(signal).await;
        if is_own {
            // The framework's programs register no more by then; others may have.
            self.withdraw(registered.as_ref()).await;
        }
    }

    /// What the process is asked to end at once with.
    fn signal(&self) -> Signal {
        match self.launch.is_own {
            true => Signal::TERM,
            false => Signal::INT,
        }
    }

    async fn withdraw(&self, registered: Option<&Registered>) {
        let withdrawn = self.launch.deregister(registered);
        let _ = tokio::time::timeout(WITHDRAWAL, withdrawn).await;
    }

    /// Why a process ended; `kills` were those for want of memory when it began.
    async fn reason(&self, process: Process, status: ExitStatus, kills: u64) -> String {
        let reason = process.post_mortem(status).await;
        let namespace = &self.launch.key.namespace;
        if status.signal() == Some(KILLED) && self.launch.quotas.kills(namespace) > kills {
            return format!("{reason}; the quota of memory of the namespace {namespace} is used up");
        }
        reason
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
