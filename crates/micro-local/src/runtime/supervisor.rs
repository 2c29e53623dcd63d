//! Owns one service: decides what is built, started, replaced and ended, and says how it is.
//!
//! A generation is the instances of one program. Usually there is one. During an update a second one starts beside it; once
//! all of its instances answer it takes the place of the first, which is then drained. If anything goes wrong before, the
//! second one is dropped and the first serves on as if nothing had been asked.

mod handle;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use micro::Result;
use micro::runtime::State;
use tokio::sync::{OnceCell, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tracing::warn;

use super::Shared;
use super::build::{Progress, Reason};
use super::desired::{Built, Desired};
use super::generation::Generation;
use super::instance::{Event, Report};
use super::launch::Launch;
use super::log::Log;
use super::source;
use super::status::{Status, View};
use handle::Command;

pub use handle::Handle;

/// Starts without an answer until a new service is given up.
const TRIES: u32 = 5;
/// While another generation serves, one failed start is enough to know.
const TRIES_OF_UPDATE: u32 = 1;
const QUEUE: usize = 16;

/// A build that goes on, and what it is for.
struct Build {
    wanted: Desired,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<Result<Built, Reason>>,
}

enum BuildEvent {
    Progress(Progress),
    Finished(Result<Built, Reason>),
}

pub struct Supervisor {
    shared: Arc<Shared>,
    /// What is served, or was asked for first.
    desired: Desired,
    /// The last request that was taken up, though it may have failed.
    request: String,
    status: Status,
    view: watch::Sender<View>,
    log: Log,
    commands: mpsc::Receiver<Command>,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    credentials: Arc<OnceCell<(String, String)>>,
    build: Option<Build>,
    current: Option<Generation>,
    /// What will take the place of the current one, and what was asked for it.
    next: Option<(Generation, Desired)>,
    generations: u64,
    /// Why an instance ended last; forgotten when it answers again.
    exit: Option<String>,
    /// Why the last build or update failed; forgotten with the next.
    failure: Option<Reason>,
    draining: JoinSet<()>,
}

impl Supervisor {
    /// Starts what is desired: the program that is there, or else a build.
    pub fn start(shared: Arc<Shared>, desired: Desired) -> std::io::Result<Handle> {
        let log = Log::open(shared.log_path(&desired.key()))?;
        let (commands, queue) = mpsc::channel(QUEUE);
        let (reporter, reports) = mpsc::channel(QUEUE);
        let status = Status::new();
        let (view, watched) = watch::channel(status.view(&desired));
        let handle = Handle::new(commands, watched, log.clone());
        let supervisor = Self {
            shared,
            request: desired.request.clone(),
            desired,
            status,
            view,
            log,
            commands: queue,
            reports,
            reporter,
            credentials: Arc::default(),
            build: None,
            current: None,
            next: None,
            generations: 0,
            exit: None,
            failure: None,
            draining: JoinSet::new(),
        };
        tokio::spawn(supervisor.run());
        Ok(handle)
    }

    async fn run(mut self) {
        self.begin().await;
        loop {
            self.publish();
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Update(change, answer)) => {
                        let accepted = self.update(change).await;
                        self.publish();
                        let _ = answer.send(accepted);
                    }
                    Some(Command::Take(wanted)) => self.take(*wanted).await,
                    Some(Command::Stop(answer)) => {
                        self.end().await;
                        let _ = answer.send(());
                        return;
                    }
                    None => return self.end().await,
                },
                Some(report) = self.reports.recv() => self.heard(report).await,
                event = build_event(&mut self.build) => match event {
                    BuildEvent::Progress(progress) => self.status.build = Some(words(&progress)),
                    BuildEvent::Finished(outcome) => self.built(outcome).await,
                },
                Some(_) = self.draining.join_next() => {}
            }
        }
    }

    async fn begin(&mut self) {
        let needs_source = self.needs_source(&self.desired);
        let is_built = self.desired.program.as_deref().is_some_and(Path::exists);
        if is_built || !needs_source {
            self.current = Some(self.launch(&self.desired.clone(), TRIES));
        }
        if needs_source && (!is_built || self.desired.is_stale) {
            self.start_build(self.desired.clone()).await;
        }
    }

    /// Whether there is anything to build; a command without a source runs as it is.
    fn needs_source(&self, desired: &Desired) -> bool {
        let is_fetched = desired.address().is_ok_and(|address| address.is_some());
        desired.command.is_empty() || is_fetched || self.shared.sources.exists(&desired.key())
    }

    async fn update(&mut self, change: Box<dyn FnOnce(&Desired) -> Desired + Send>) -> Result<()> {
        let wanted = self.beside_what_serves(change(&self.desired));
        self.shared.ledger.replace(&wanted).await?;
        self.carry_out(wanted).await;
        Ok(())
    }

    /// Carries out what is written down already.
    async fn take(&mut self, wanted: Desired) {
        if self.request != wanted.request {
            self.request.clone_from(&wanted.request);
            let wanted = self.beside_what_serves(wanted);
            self.carry_out(wanted).await;
        }
    }

    /// An update, with what is known of the program that it will take the place of.
    fn beside_what_serves(&self, wanted: Desired) -> Desired {
        Desired {
            program: self.desired.program.clone(),
            defined: self.desired.defined.clone(),
            commit: self.desired.commit.clone(),
            is_stale: true,
            ..wanted
        }
    }

    async fn carry_out(&mut self, wanted: Desired) {
        (self.failure, self.exit) = (None, None);
        self.drop_next();
        self.start_build(wanted).await;
    }

    /// Builds what is wanted in place of what is being built; a command needs no build.
    async fn start_build(&mut self, wanted: Desired) {
        self.drop_build();
        if !self.needs_source(&wanted) {
            return self.replace_with(wanted).await;
        }
        let (sender, progress) = watch::channel(Progress::Waiting);
        let (shared, log, desired) = (Arc::clone(&self.shared), self.log.clone(), wanted.clone());
        let task = tokio::spawn(async move {
            let credentials = shared.git_credentials(&desired).await?;
            let built = shared
                .builder
                .build(&desired, credentials.as_deref(), &log, &sender);
            built.await
        });
        self.status.build = None;
        self.build = Some(Build {
            wanted,
            progress,
            task,
        });
    }

    async fn built(&mut self, outcome: Result<Built, Reason>) {
        self.status.build = None;
        let Some(Build { mut wanted, .. }) = self.build.take() else {
            return;
        };
        match outcome {
            Ok(built) => {
                wanted.program = Some(built.program);
                wanted.defined = built.defined;
                wanted.commit = built.commit;
                self.replace_with(wanted).await;
            }
            Err(reason) => self.failed(wanted, reason).await,
        }
    }

    /// Starts what is wanted: beside the current generation if that serves, else in its place.
    async fn replace_with(&mut self, wanted: Desired) {
        if self.current.as_ref().is_some_and(Generation::serves) {
            self.next = Some((self.launch(&wanted, TRIES_OF_UPDATE), wanted));
        } else {
            let old = self.current.take();
            self.drain(
                old,
                self.desired
                    .program
                    .clone()
                    .filter(|program| Some(program) != wanted.program.as_ref()),
            );
            self.exit = None;
            self.settle(wanted).await;
            self.current = Some(self.launch(&self.desired.clone(), TRIES));
        }
    }

    /// An update failed, or the first build did. What serves goes on.
    async fn failed(&mut self, wanted: Desired, reason: Reason) {
        self.failure = Some(reason);
        let serving = if self.current.is_some() {
            self.desired.clone()
        } else {
            wanted
        };
        self.settle(serving).await;
    }

    /// What serves from now on, also after a crash.
    async fn settle(&mut self, mut desired: Desired) {
        desired.is_stale = false;
        desired.request.clone_from(&self.request);
        if let Err(error) = self.shared.ledger.settle(&desired).await {
            warn!(service = %desired.key(), %error, "cannot write down what is running");
        }
        self.desired = desired;
    }

    fn launch(&mut self, desired: &Desired, tries: u32) -> Generation {
        let own = desired.own_command();
        let (command, folder) = if own.is_empty() {
            self.of_cargo(desired)
        } else {
            (own.to_vec(), self.folder_of_own(desired))
        };
        let launch = Launch {
            command: [command, desired.args.clone()].concat(),
            folder,
            inherited: self.shared.environment.service.clone(),
            chosen: desired.variables(),
            sealed: desired.sealed.clone(),
            settings: desired.settings(),
            vault: Arc::clone(&self.shared.vault),
            quotas: Arc::clone(&self.shared.quotas),
            is_own: !own.is_empty(),
            proxy: self.shared.proxy.clone(),
            listen: self.shared.listen.clone(),
            gateway: self.shared.gateway.clone(),
            notes: self.shared.notes(),
            log: self.log.clone(),
            registry: Arc::clone(&self.shared.registry),
            probe: Arc::clone(&self.shared.probe),
            issuer: Arc::clone(&self.shared.issuer),
            credentials: Arc::clone(&self.credentials),
            key: desired.key(),
        };
        self.generations += 1;
        Generation::start(
            self.generations,
            Arc::new(launch),
            desired.instances(),
            tries,
            &self.reporter,
        )
    }

    /// The program that cargo made runs in the service's folder of its source.
    fn of_cargo(&self, desired: &Desired) -> (Vec<String>, PathBuf) {
        let program = desired
            .program
            .iter()
            .map(|program| program.to_string_lossy().into_owned());
        let source = self.shared.sources.folder(&desired.key());
        let package = desired.folder().map(|folder| source.join(folder));
        let package = package.ok().filter(|folder| folder.is_dir());
        (
            program.collect(),
            package.unwrap_or_else(|| self.shared.folder.clone()),
        )
    }

    /// A command of its own runs in the copy of the source that was made for it.
    fn folder_of_own(&self, desired: &Desired) -> PathBuf {
        let copy = desired.program.as_ref().filter(|program| program.is_dir());
        let package = copy.zip(desired.folder().ok());
        package.map_or_else(|| self.shared.folder.clone(), |(copy, folder)| copy.join(folder))
    }

    async fn heard(&mut self, report: Report) {
        let is = |generation: &Generation| generation.id == report.generation;
        if self.next.as_ref().is_some_and(|(generation, _)| is(generation)) {
            self.heard_of_next(report).await;
        } else if let Some(current) = self.current.as_mut().filter(|current| is(current)) {
            current.note(report.instance, &report.event);
            match report.event {
                Event::Starting { .. } => self.status.started = Some(SystemTime::now()),
                Event::Ready { .. } => (self.exit, self.status.retries) = (None, 0),
                Event::Ended { reason } => {
                    self.exit = Some(reason);
                    self.status.retries += 1;
                }
                Event::GaveUp { reason } => self.exit = Some(reason),
            }
        }
    }

    async fn heard_of_next(&mut self, report: Report) {
        let Some((generation, _)) = &mut self.next else {
            return;
        };
        generation.note(report.instance, &report.event);
        let is_ready = generation.is_ready();
        match report.event {
            Event::Ready { .. } if is_ready => self.promote().await,
            Event::Ended { reason } | Event::GaveUp { reason } => {
                let wanted = self.drop_next();
                if let Some(wanted) = wanted {
                    self.failed(
                        wanted,
                        format!("the new version does not start, the old one serves: {reason}").into(),
                    )
                    .await;
                }
            }
            _ => {}
        }
    }

    /// The next generation becomes the current one. When that is told, no caller is sent to the old one any more.
    async fn promote(&mut self) {
        let Some((generation, wanted)) = self.next.take() else {
            return;
        };
        let old = self.current.replace(generation);
        let old_program = self
            .desired
            .program
            .clone()
            .filter(|program| Some(program) != wanted.program.as_ref());
        self.settle(wanted).await;
        if let Some(old) = old {
            let ended = old.replaced().await;
            self.bury(ended, old_program);
        }
        (self.exit, self.status.retries, self.status.started) = (None, 0, Some(SystemTime::now()));
    }

    /// Ends a generation aside, and then removes its program.
    fn drain(&mut self, generation: Option<Generation>, program: Option<PathBuf>) {
        let ended = async move {
            if let Some(generation) = generation {
                generation.stop().await;
            }
        };
        self.bury(ended, program);
    }

    /// Removes a program once its processes have ended.
    fn bury(&mut self, ended: impl Future<Output = ()> + Send + 'static, program: Option<PathBuf>) {
        self.draining.spawn(async move {
            ended.await;
            if let Some(program) = program {
                let _ = tokio::task::spawn_blocking(move || source::remove(&program)).await;
            }
        });
    }

    fn drop_build(&mut self) {
        if let Some(build) = self.build.take() {
            build.task.abort();
        }
    }

    fn drop_next(&mut self) -> Option<Desired> {
        let (generation, wanted) = self.next.take()?;
        let program = wanted
            .program
            .clone()
            .filter(|program| Some(program) != self.desired.program.as_ref());
        self.drain(Some(generation), program);
        Some(wanted)
    }

    async fn end(&mut self) {
        self.drop_build();
        self.drop_next();
        let current = self.current.take();
        let pids = current.as_ref().map(Generation::pids).unwrap_or_default();
        self.status = Status {
            state: State::Stopping,
            pids,
            ..Status::new()
        };
        self.show();
        self.drain(current, None);
        while self.draining.join_next().await.is_some() {}
        self.status = Status {
            state: State::Stopped,
            ..Status::new()
        };
        self.show();
    }

    fn show(&self) {
        let view = View {
            request: self.request.clone(),
            ..self.status.view(&self.desired)
        };
        self.view.send_replace(view);
        self.shared.shown.notify_one();
    }

    /// Tells others how it is, if that has changed.
    fn publish(&mut self) {
        let building = self.build.as_ref().map(|build| match *build.progress.borrow() {
            Progress::Waiting => State::Pending,
            Progress::Building(_) => State::Building,
        });
        let is_serving = self.current.as_ref().is_some_and(Generation::serves);
        let state = match (&self.current, building) {
            (Some(current), _) if is_serving => current.state(),
            (_, Some(building)) => building,
            (Some(current), None) => current.state(),
            (None, None) => State::Error,
        };
        let starting = self.next.as_ref().map(|_| State::Starting);
        let before = (self.status.state, self.status.update, self.status.error.clone());
        self.status.update = starting.or(building).filter(|_| is_serving);
        self.status.state = state;
        let failure = self.failure.clone().filter(|_| self.exit.is_none());
        self.status.coloured = failure.as_ref().and_then(|failure| failure.coloured.clone());
        self.status.error = self.exit.clone().or_else(|| failure.map(|failure| failure.plain));
        self.status.ready = self.current.as_ref().map_or(0, Generation::ready);
        self.status.pids = self.current.as_ref().map(Generation::pids).unwrap_or_default();
        if before != (self.status.state, self.status.update, self.status.error.clone()) {
            self.status.changed = SystemTime::now();
        }
        self.show();
    }
}

async fn build_event(build: &mut Option<Build>) -> BuildEvent {
    let Some(build) = build else {
        return std::future::pending().await;
    };
    tokio::select! {
        Ok(()) = build.progress.changed() => BuildEvent::Progress(build.progress.borrow_and_update().clone()),
        outcome = &mut build.task => {
            BuildEvent::Finished(outcome.unwrap_or_else(|error| Err(format!("the build was interrupted: {error}").into())))
        }
    }
}

fn words(progress: &Progress) -> String {
    match progress {
        Progress::Waiting => "Waiting for another build".to_owned(),
        Progress::Building(text) => text.clone(),
    }
}
