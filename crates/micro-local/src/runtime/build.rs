//! Makes programs of sources, with cargo.
//!
//! All services share one target folder, so that the framework is compiled once, and one build runs at a time, also among
//! servers that share it. The program is copied away before the next build begins: another package of the same name would
//! overwrite it, and a linker that writes in place would change a running one.

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

use super::desired::Desired;
use super::environment::Environment;
use super::log::Log;
use super::source::{self, Sources};
use progress::{Output, Seen};

/// Optimised enough to serve, and still quick to build after an edit.
const PROFILE: &[&str] = &[
    "profile.fast.inherits='release'",
    "profile.fast.opt-level=1",
    "profile.fast.incremental=true",
    "profile.fast.codegen-units=256",
    "profile.fast.debug='none'",
    "profile.fast.lto='off'",
];

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

    /// Builds what was uploaded last and answers the program, or what the compiler had to say, in words for people.
    /// Dropped half-way, it ends the compiler.
    pub async fn build(
        &self,
        desired: &Desired,
        log: &Log,
        progress: &watch::Sender<Progress>,
    ) -> Result<PathBuf, String> {
        let turn = Arc::clone(&self.turn)
            .acquire_owned()
            .await
            .map_err(|error| error.to_string())?;
        let _lock = self
            .lock()
            .await
            .map_err(|error| format!("cannot lock the build folder: {error}"))?;
        progress.send_replace(Progress::Building("Preparing".to_owned()));
        let (package, _turn) = self.prepare(desired, turn).await?;
        let program = self.run_cargo(&package, desired, log, progress).await?;
        self.keep(desired, &program).await
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

    /// Brings the source into place. Its turn goes along, since this goes on even when the build is dropped.
    async fn prepare(
        &self,
        desired: &Desired,
        turn: OwnedSemaphorePermit,
    ) -> Result<(PathBuf, OwnedSemaphorePermit), String> {
        let (sources, key) = (self.sources.clone(), desired.key());
        let source = sources.folder(&key);
        let package = source::package_folder(&source, &desired.entrypoint).map_err(|error| error.detail)?;
        let work = tokio::task::spawn_blocking(move || {
            sources
                .take_over(&key)
                .map_err(|error| format!("cannot bring the source into place: {error}"))?;
            if !package.join("Cargo.toml").is_file() {
                return Err(
                    "there is no Cargo.toml in the service's folder: `micro new` makes one that builds"
                        .to_owned(),
                );
            }
            sources
                .lock(&package, &source)
                .map_err(|error| format!("cannot write Cargo.lock: {error}"))?;
            Ok((package, turn))
        });
        work.await.map_err(|error| error.to_string())?
    }

    async fn run_cargo(
        &self,
        package: &Path,
        desired: &Desired,
        log: &Log,
        progress: &watch::Sender<Progress>,
    ) -> Result<PathBuf, String> {
        let mut cargo = self.spawn(package)?;
        let (stdout, stderr) = (cargo.0.stdout.take(), cargo.0.stderr.take());
        let (artifacts, output) = tokio::join!(read_artifacts(stdout), read_output(stderr, log, progress));
        let status = cargo
            .0
            .wait()
            .await
            .map_err(|error| format!("lost track of cargo: {error}"))?;
        if !status.success() {
            let message = output.error().unwrap_or_else(|| ended(status));
            log.note("the build failed").await;
            return Err(message);
        }
        choose(&artifacts, package, &desired.name)
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
            .env("CARGO_TERM_COLOR", "never")
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
        let id = uuid::Uuid::new_v4().simple().to_string();
        let folder = self.programs.join(&desired.namespace);
        let kept = folder.join(format!("{}-{}-{}", desired.name, desired.version, &id[..8]));
        let copied = async {
            tokio::fs::create_dir_all(&folder).await?;
            tokio::fs::copy(program, &kept).await
        };
        copied
            .await
            .map_err(|error| format!("cannot keep the program: {error}"))?;
        Ok(kept)
    }
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
