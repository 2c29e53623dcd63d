//! One running process and all that it starts.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::leftovers::Note;
use super::log::Log;
use super::source;

/// How long a process may take to end by itself: the framework's, which takes calls for another second where it was replaced,
/// lets those under way finish within ten.
const GRACE: Duration = Duration::from_secs(15);
/// How long its last words may take through the pipe. Longer only if somebody else still holds the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);
const TAIL_LINES: usize = 20;
/// What a Rust program exits with that panicked.
const PANICKED: i32 = 101;

/// What to start.
pub struct Program {
    pub command: Vec<String>,
    pub folder: PathBuf,
    pub environment: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    /// The control group that it enters before it becomes the program.
    pub group: Option<PathBuf>,
}

/// Enters a group, given as the first argument, and becomes the program that follows.
const ENTER: &str = "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"";

/// A process in a group of its own, whose output goes to a log. Dropped, it is killed with its group.
pub struct Process {
    child: Child,
    group: Pid,
    started: Instant,
    tail: Arc<Mutex<Tail>>,
    output: JoinHandle<()>,
    /// What a server after this one would find it by. Gone with the process.
    _note: Note,
    has_ended: bool,
}

impl Process {
    /// Starts a program. When this answers, the note says how to find it.
    pub async fn start(program: &Program, log: &Log, mut note: Note) -> std::io::Result<Self> {
        let (child, pipe) = spawn(program).await?;
        let id = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let group = id.ok_or_else(|| std::io::Error::other("the process has no id"))?;
        let tail: Arc<Mutex<Tail>> = Arc::default();
        let output = tokio::spawn(copy_output(pipe, log.clone(), Arc::clone(&tail)));
        let started = Instant::now();
        let found = note.found(group);
        let process = Self {
            child,
            group,
            started,
            tail,
            output,
            _note: note,
            has_ended: false,
        };
        // Only now may it be lost: dropped here, it is killed.
        found?;
        Ok(process)
    }

    /// The group of the process and of all that it starts.
    pub fn group(&self) -> i32 {
        self.group.as_raw_nonzero().get()
    }

    pub fn id(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits until it has ended by itself. Cancel-safe.
    pub async fn ended(&mut self) -> ExitStatus {
        self.child
            .wait()
            .await
            .unwrap_or_else(|_| ExitStatus::from_raw(0))
    }

    /// Why it ended, in words. Ends whatever it has left running.
    pub async fn post_mortem(mut self, status: ExitStatus) -> String {
        let lived = self.started.elapsed();
        self.bury().await;
        let cause = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exited with code {code}"),
            (None, Some(signal)) => format!("killed by signal {signal}"),
            (None, None) => "ended".to_owned(),
        };
        match self.last_words(status) {
            Some(line) => format!("{cause} after {}: {line}", in_words(lived)),
            None => format!("{cause} after {}", in_words(lived)),
        }
    }

    /// Asks it to end, and ends it if it does not.
    pub async fn stop(mut self, signal: Signal) {
        let _ = kill_process_group(self.group, signal);
        let gone = async {
            self.child.wait().await.ok();
            // What it has started may take its time too: a shell ends before the program that it runs.
            while test_kill_process_group(self.group).is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = tokio::time::timeout(GRACE, gone).await;
        self.bury().await;
    }

    /// The last lines of its output.
    pub fn last_lines(&self, count: usize) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = tail
            .lines
            .iter()
            .skip(tail.lines.len().saturating_sub(count))
            .map(String::as_str)
            .collect();
        lines.join("\n")
    }

    /// What tells why it ended: what a Rust program panicked with, else the last line.
    fn last_words(&self, status: ExitStatus) -> Option<String> {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let panic = tail.panic.clone().filter(|_| status.code() == Some(PANICKED));
        let last = || tail.lines.iter().rfind(|line| !line.starts_with("note: "));
        panic.or_else(|| last().cloned())
    }

    async fn bury(&mut self) {
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.child.wait().await;
        if tokio::time::timeout(LAST_WORDS, &mut self.output).await.is_err() {
            self.output.abort();
        }
        self.has_ended = true;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.has_ended {
            let _ = kill_process_group(self.group, Signal::KILL);
            self.output.abort();
        }
    }
}

/// Starts it with one pipe for both outputs, so that their lines stay in order.
async fn spawn(program: &Program) -> std::io::Result<(Child, pipe::Receiver)> {
    /// A program that was just copied can seem to be written to still, while another thread starts a process.
    const BUSY_TRIES: usize = 20;
    let (name, args) = program
        .command
        .split_first()
        .ok_or_else(|| std::io::Error::other("there is no command"))?;
    let name = source::program_in(&program.folder, name);
    let mut tries = 0;
    loop {
        let (reader, writer) = std::io::pipe()?;
        let mut command = match &program.group {
            None => Command::new(&name),
            Some(group) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", ENTER]).arg(group).arg(&name);
                shell
            }
        };
        command
            .args(args)
            .current_dir(&program.folder)
            .env_clear()
            .envs(program.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true);
        match command.spawn() {
            Ok(child) => return Ok((child, pipe::Receiver::from_owned_fd(reader.into())?)),
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn copy_output(pipe: pipe::Receiver, log: Log, tail: Arc<Mutex<Tail>>) {
    let remember = |line: &str| {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.add(line);
    };
    log.add_from(pipe, remember).await;
}

/// The end of a process's output.
#[derive(Default)]
struct Tail {
    lines: VecDeque<String>,
    /// What it panicked with last: a backtrace may push it out.
    panic: Option<String>,
    is_panic_next: bool,
}

impl Tail {
    fn add(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let line: String = line.chars().take(500).collect();
        if std::mem::take(&mut self.is_panic_next) {
            self.panic = Some(line.clone());
        }
        self.is_panic_next = line.starts_with("thread '") && line.contains(" panicked at ");
        self.lines.push_back(line);
        if self.lines.len() > TAIL_LINES {
            self.lines.pop_front();
        }
    }
}

/// `0.2 s`, `3 min`, `5 h`
pub fn in_words(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 60..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_kept_before_its_backtrace() {
        let mut tail = Tail::default();
        tail.add("thread 'main' (7) panicked at main.rs:2:5:");
        tail.add("no licence");
        tail.add("stack backtrace:");
        for frame in 0..TAIL_LINES {
            tail.add(&format!("  {frame}: greeter::main"));
        }
        assert_eq!(tail.panic.as_deref(), Some("no licence"));
        assert_eq!(tail.lines.len(), TAIL_LINES);
    }
}
