//! Makes programs of sources, with cargo, or as the service's definition says.
//!
//! All services share one target folder, so that the framework is compiled once, and one build runs at a time, also among
//! servers that share it. The program is copied away before the next build begins: another package of the same name would
//! overwrite it, and a linker that writes in place would change a running one.

mod own;
mod progress;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use micro::runtime::definition::Definition;

use super::desired::{Built, Defined, Desired};
use super::environment::{Environment, Variables};
use super::log::Log;
use super::source::{Sources, Wanted};
use own::Draft;
use progress::{Output, Seen};

pub use progress::Reason;

/// Optimised enough to serve, and still quick to build after an edit.
const PROFILE: &[&str] = &[
    "profile.fast.inherits='release'",
    "profile.fast.opt-level=1",
    "profile.fast.incremental=true",
    "profile.fast.codegen-units=256",
    "profile.fast.debug='none'",
    "profile.fast.lto='off'",
];

const NOTHING_TO_RUN: &str = "there is no Cargo.toml in the service's folder, and nothing says how else to run it: \
    `micro new` makes a service that builds; for one in another language add a line `command ...` to its .mu file, or \
    give --command";

/// How far a build is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Another build is running.
    Waiting,
    /// What the compiler is at, in words.
    Building(String),
}

/// Builds one service after the other.
pub struct Builder {
    sources: Sources,
    folder: PathBuf,
    programs: PathBuf,
    environment: Environment,
    turn: Arc<Semaphore>,
}

impl Builder {
    /// Builds in `folder` and keeps the programs in `programs`.
    pub fn new(sources: Sources, folder: PathBuf, programs: PathBuf, environment: Environment) -> Self {
        Self {
            sources,
            folder,
            programs,
            environment,
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Builds what was uploaded last, or what is fetched now, and answers the program, or what went wrong, in words for
    /// people. Dropped half-way, it ends what it has started.
    pub async fn build(
        &self,
        desired: &Desired,
        credentials: Option<&str>,
        log: &Log,
        progress: &watch::Sender<Progress>,
    ) -> Result<Built, Reason> {
        let commit = self.fetch(desired, credentials, log, progress).await?;
        let turn = Arc::clone(&self.turn)
            .acquire_owned()
            .await
            .map_err(|error| error.to_string())?;
        let lock = self
            .lock()
            .await
            .map_err(|error| format!("cannot lock the build folder: {error}"))?;
        progress.send_replace(Progress::Building("Preparing".to_owned()));
        let (prepared, turn) = self.prepare(desired, turn).await?;
        let Prepared {
            package,
            definition,
            draft,
        } = prepared;
        let environment = self.environment_of(desired, &definition);
        let at = |text| {
            progress.send_replace(Progress::Building(text));
        };
        let program = match draft {
            Some(draft) => {
                // Only cargo's folder is shared; how long others need is up to them.
                drop((turn, lock));
                let folder = draft.path().join(&package);
                own::run(&definition.build, &folder, &environment, log, at).await?;
                draft.keep()
            }
            None => {
                own::run(&definition.build, &package, &environment, log, at).await?;
                let program = self.run_cargo(&package, desired, log, progress).await?;
                self.keep(desired, &program).await?
            }
        };
        Ok(Built {
            program,
            defined: Defined::from(definition),
            commit,
        })
    }

    /// Fetches a source that is in a git repository; one that was uploaded is brought into place, should it be gone.
    async fn fetch(
        &self,
        desired: &Desired,
        credentials: Option<&str>,
        log: &Log,
        progress: &watch::Sender<Progress>,
    ) -> Result<Option<String>, String> {
        let Some(address) = desired.address().map_err(|error| error.detail)? else {
            let found = self.sources.find(&desired.key()).await;
            return found.map(|_| None).map_err(|error| error.detail);
        };
        progress.send_replace(Progress::Building(format!("Fetching {}", address.repository)));
        let reference = match address.reference.as_str() {
            "" => &desired.version,
            named => named,
        };
        let wanted = Wanted {
            address: &address,
            reference,
            credentials,
            environment: &self.environment.build,
        };
        let fetched = self.sources.fetch(&desired.key(), &wanted).await;
        match &fetched {
            Ok(commit) => {
                let text = format!("fetched {} at {reference}: commit {commit}", address.repository);
                log.note(&text).await;
            }
            Err(reason) => log.note(reason).await,
        }
        fetched.map(Some)
    }

    /// What the steps of a build are told: what was asked for, but no secrets.
    fn environment_of(&self, desired: &Desired, definition: &Definition) -> Variables {
        let defined = definition.env.iter().chain(&desired.env);
        let defined = defined.map(|(name, value)| (name.into(), value.into()));
        self.environment.build.iter().cloned().chain(defined).collect()
    }

    /// Keeps other servers from building in the same folder. It is asked for again and again, since a thread that waits
    /// for it could not be called back.
    async fn lock(&self) -> std::io::Result<File> {
        tokio::fs::create_dir_all(&self.folder).await?;
        let file = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("lock"))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Brings the source into place, and a copy of it for a service with a command of its own. Its turn goes along, since
    /// this goes on even when the build is dropped.
    async fn prepare(
        &self,
        desired: &Desired,
        turn: OwnedSemaphorePermit,
    ) -> Result<(Prepared, OwnedSemaphorePermit), String> {
        let (sources, desired) = (self.sources.clone(), desired.clone());
        let copy = self.place(&desired);
        let work = tokio::task::spawn_blocking(move || {
            let key = desired.key();
            sources
                .take_over(&key)
                .map_err(|error| format!("cannot bring the source into place: {error}"))?;
            prepare(&sources, &desired, copy).map(|prepared| (prepared, turn))
        });
        work.await.map_err(|error| error.to_string())?
    }

    /// Where the next program of a service is kept.
    fn place(&self, desired: &Desired) -> PathBuf {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let folder = self.programs.join(&desired.namespace);
        folder.join(format!("{}-{}-{}", desired.name, desired.version, &id[..8]))
    }

    async fn run_cargo(
        &self,
        package: &Path,
        desired: &Desired,
        log: &Log,
        progress: &watch::Sender<Progress>,
    ) -> Result<PathBuf, Reason> {
        let mut cargo = self.spawn(package)?;
        let (stdout, stderr) = (cargo.0.stdout.take(), cargo.0.stderr.take());
        let (artifacts, output) = tokio::join!(read_artifacts(stdout), read_output(stderr, log, progress));
        let status = cargo
            .0
            .wait()
            .await
            .map_err(|error| format!("lost track of cargo: {error}"))?;
        if !status.success() {
            let message = output.error().unwrap_or_else(|| ended(status).into());
            log.note("the build failed").await;
            return Err(message);
        }
        Ok(choose(&artifacts, package, &desired.name)?)
    }

    fn spawn(&self, package: &Path) -> Result<Cargo, String> {
        let mut command = Command::new(&self.environment.cargo);
        command
            .args([
                "build",
                "--bins",
                "--profile",
                "fast",
                "--message-format",
                "json-render-diagnostics",
            ])
            .args(PROFILE.iter().flat_map(|setting| ["--config", setting]))
            .current_dir(package)
            .env_clear()
            .envs(self.environment.build.iter().cloned())
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("CARGO_TERM_COLOR", "always")
            .env("CARGO_TERM_HYPERLINKS", "false")
            .env("CARGO_TERM_PROGRESS_WHEN", "always")
            .env("CARGO_TERM_PROGRESS_WIDTH", "120")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command.spawn().map(Cargo).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                "cargo was not found: install Rust from https://rustup.rs, start the server again, and repeat"
                    .to_owned()
            }
            _ => format!("cannot start cargo: {error}"),
        })
    }

    /// Copies a program to where no later build touches it.
    async fn keep(&self, desired: &Desired, program: &Path) -> Result<PathBuf, String> {
        let kept = self.place(desired);
        let copied = async {
            if let Some(folder) = kept.parent() {
                tokio::fs::create_dir_all(folder).await?;
            }
            tokio::fs::copy(program, &kept).await
        };
        copied
            .await
            .map_err(|error| format!("cannot keep the program: {error}"))?;
        Ok(kept)
    }
}

/// A source in its place.
struct Prepared {
    /// The service's folder; within the draft, if there is one.
    package: PathBuf,
    definition: Definition,
    /// The copy that a command of its own will run in.
    draft: Option<Draft>,
}

/// Looks at what there is to build. Blocks.
fn prepare(sources: &Sources, desired: &Desired, copy: PathBuf) -> Result<Prepared, String> {
    let source = sources.folder(&desired.key());
    let within = desired.folder().map_err(|error| error.detail)?;
    let package = source.join(&within);
    if !package.is_dir() {
        return Err(match within.as_os_str().is_empty() {
            true => NOTHING_TO_RUN.to_owned(),
            false => format!("there is no folder {} in the source", within.display()),
        });
    }
    let found = Definition::find(&package, Some(&desired.name))?;
    let definition = found.map(|(_, definition)| definition).unwrap_or_default();
    if !desired.command.is_empty() || !definition.command.is_empty() {
        let draft = Draft::copy(&source, copy).map_err(|error| format!("cannot copy the source: {error}"))?;
        return Ok(Prepared {
            package: within,
            definition,
            draft: Some(draft),
        });
    }
    if !package.join("Cargo.toml").is_file() {
        return Err(NOTHING_TO_RUN.to_owned());
    }
    sources
        .lock(&package, &source)
        .map_err(|error| format!("cannot write Cargo.lock: {error}"))?;
    Ok(Prepared {
        package,
        definition,
        draft: None,
    })
}

/// A running cargo, that ends with all it has started when it is dropped.
struct Cargo(Child);

impl Drop for Cargo {
    fn drop(&mut self) {
        let pid = self
            .0
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(group) = pid {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What cargo tells of each thing it has built, as far as it matters here.
#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

async fn read_artifacts(stdout: Option<impl AsyncRead + Unpin>) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    let Some(stdout) = stdout else { return artifacts };
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let artifact = serde_json::from_str::<Artifact>(&line).ok();
        artifacts.extend(artifact.filter(|artifact| artifact.executable.is_some()));
    }
    artifacts
}

async fn read_output(
    stderr: Option<impl AsyncRead + Unpin>,
    log: &Log,
    progress: &watch::Sender<Progress>,
) -> Output {
    let mut output = Output::default();
    let Some(mut stderr) = stderr else { return output };
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = stderr.read(&mut buffer).await.unwrap_or(0);
        let seen = if read == 0 {
            output.rest()
        } else {
            output.feed(&buffer[..read])
        };
        let mut lines = Vec::new();
        for seen in seen {
            match seen {
                Seen::Progress(text) => {
                    progress.send_replace(Progress::Building(text));
                }
                Seen::Message(line) => lines.push(line),
            }
        }
        if !lines.is_empty() {
            log.add(lines).await;
        }
        if read == 0 {
            return output;
        }
    }
}

/// The program of the package in a folder; among several, the one that is called like the service or like the package's folder.
fn choose(artifacts: &[Artifact], package: &Path, service: &str) -> Result<PathBuf, String> {
    let manifest = package.join("Cargo.toml");
    let manifest = manifest.canonicalize().unwrap_or(manifest);
    let mut own = artifacts.iter().filter(|artifact| {
        artifact.manifest_path == manifest
            || artifact
                .manifest_path
                .canonicalize()
                .is_ok_and(|path| path == manifest)
    });
    let own: Vec<&Artifact> = own.by_ref().collect();
    let named = own.iter().find(|artifact| {
        artifact.target.name == service || artifact.target.name.strip_suffix("-service") == Some(service)
    });
    let chosen = match (named, own.as_slice()) {
        (Some(named), _) => named,
        (None, [only]) => *only,
        (None, []) => return Err("the package has no program: add a main.rs".to_owned()),
        (None, several) => {
            let names: Vec<&str> = several
                .iter()
                .map(|artifact| artifact.target.name.as_str())
                .collect();
            return Err(format!(
                "the package has several programs ({}): call one of them {service}",
                names.join(", ")
            ));
        }
    };
    chosen
        .executable
        .clone()
        .ok_or_else(|| "cargo did not say where the program is".to_owned())
}

fn ended(status: ExitStatus) -> String {
    format!("cargo ended with {status} and said nothing")
}

#[cfg(test)]
mod tests;
