//! Services with a command of their own, in any language.
//!
//! Each build gets a copy of the source, is made in it, and runs in it. So what serves is not disturbed by the next
//! build, an update that fails leaves the old one whole, and the next server starts the same.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use super::super::log::Log;
use super::super::source;

/// Last lines of its output in the message about a build that failed.
const LINES_SHOWN: usize = 20;
const LINE_CHARS: usize = 400;

/// A folder that is gone when it is dropped, unless it was kept.
pub struct Draft(Option<PathBuf>);

impl Draft {
    /// Copies a source. Blocks.
    pub fn copy(source: &Path, to: PathBuf) -> std::io::Result<Self> {
        let draft = Self(Some(to.clone()));
        source::copy(source, &to)?;
        Ok(draft)
    }

    pub fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    pub fn keep(mut self) -> PathBuf {
        self.0.take().unwrap_or_default()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            let _ = source::remove(folder);
        }
    }
}

/// Runs the steps of a build one after the other, until one fails.
pub async fn run(
    steps: &[Vec<String>],
    folder: &Path,
    environment: &[(std::ffi::OsString, std::ffi::OsString)],
    log: &Log,
    mut at: impl FnMut(String),
) -> Result<(), String> {
    for step in steps {
        let words = step.join(" ");
        at(format!("Running {words}"));
        log.note(&format!("build: {words}")).await;
        if let Err(reason) = run_step(step, folder, environment, log).await {
            log.note("the build failed").await;
            return Err(format!("the build failed: `{words}` {reason}"));
        }
    }
    Ok(())
}

async fn run_step(
    step: &[String],
    folder: &Path,
    environment: &[(std::ffi::OsString, std::ffi::OsString)],
    log: &Log,
) -> Result<(), String> {
    let (name, arguments) = step.split_first().ok_or("is empty")?;
    let failed = |error: std::io::Error| format!("cannot be started: {error}");
    let (reader, writer) = std::io::pipe().map_err(failed)?;
    let mut command = Command::new(source::program_in(folder, name));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true);
    let mut step = Step::new(command.spawn().map_err(failed)?);
    // The command holds the writing end too: the pipe would never end.
    drop(command);
    let output = pipe::Receiver::from_owned_fd(reader.into()).map_err(failed)?;
    let mut last: std::collections::VecDeque<String> = std::collections::VecDeque::new();
    let seen = |line: &str| {
        last.push_back(line.chars().take(LINE_CHARS).collect());
        if last.len() > LINES_SHOWN {
            last.pop_front();
        }
    };
    // What it left running in the background may hold the pipe open for ever, so its own end counts.
    let status = {
        let copied = log.add_from(output, seen);
        tokio::pin!(copied);
        let mut is_copied = false;
        let status = tokio::select! {
            status = step.child.wait() => status,
            () = &mut copied => { is_copied = true; step.child.wait().await }
        };
        if !is_copied {
            step.end_group();
            copied.await;
        }
        status.map_err(|error| error.to_string())?
    };
    if status.success() {
        return Ok(());
    }
    let how = match status.code() {
        Some(code) => format!("exited with code {code}"),
        None => format!("ended with {status}"),
    };
    let lines: Vec<String> = last.into_iter().collect();
    Err(match lines.is_empty() {
        true => format!("{how} and printed nothing"),
        false => format!("{how}:\n{}", lines.join("\n")),
    })
}

/// A running step, that ends with all it has started when it is dropped.
struct Step {
    child: Child,
    group: Option<Pid>,
}

impl Step {
    fn new(child: Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            child,
            group: id.and_then(Pid::from_raw),
        }
    }

    fn end_group(&self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.end_group();
    }
}
