//! Finds the processes of a server that was killed.
//!
//! A note is written before a process is started, with a node id that only this process is given in its environment, and
//! once more with its id and time of birth before it counts as running. So at every moment either there is no process,
//! or a note leads to it; and a note never leads to another process that has got the same id since.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tracing::info;

/// The variable that tells a process which node it is.
pub const NODE_VARIABLE: &str = "MICRO_SERVICE_NODE";

/// How long leftovers may take to end by themselves.
const GRACE: Duration = Duration::from_secs(5);

/// What is written down about a process; erased when it is dropped, which is when the process has ended.
pub struct Note {
    path: PathBuf,
    content: Content,
}

#[derive(Serialize, Deserialize)]
struct Content {
    node: String,
    /// `None` until it is known: the server ended right then.
    process: Option<Identity>,
}

/// A process id, and what tells its bearer from later ones.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Identity {
    pid: i32,
    born: String,
}

impl Note {
    /// Notes that a process of this node id is about to be started.
    pub fn write(folder: &Path, node: &str) -> io::Result<Self> {
        let note = Self {
            path: folder.join(format!("{node}.json")),
            content: Content {
                node: node.to_owned(),
                process: None,
            },
        };
        note.save()?;
        Ok(note)
    }

    /// Notes which process it is.
    pub fn found(&mut self, pid: Pid) -> io::Result<()> {
        self.content.process = identity(pid.as_raw_nonzero().get());
        self.save()
    }

    fn save(&self) -> io::Result<()> {
        let draft = self.path.with_extension("draft");
        std::fs::write(&draft, serde_json::to_vec(&self.content)?)?;
        std::fs::rename(draft, &self.path)
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Ends every process that the notes in a folder lead to, and removes the notes.
pub async fn end_all(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let notes: Vec<PathBuf> = std::fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let processes: Vec<Identity> = notes.iter().flat_map(|path| processes_of(path)).collect();
    for process in &processes {
        info!(
            pid = process.pid,
            "ending a process that the last server left behind"
        );
        signal(process, Signal::TERM);
    }
    let deadline = Instant::now() + GRACE;
    while processes.iter().any(is_alive) && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for process in &processes {
        signal(process, Signal::KILL);
    }
    while processes.iter().any(is_alive) && Instant::now() < deadline + GRACE {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    notes
        .iter()
        .try_for_each(|note| match std::fs::remove_file(note) {
            // A process that ended just now has taken its note along.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        })
}

fn processes_of(note: &Path) -> Vec<Identity> {
    let content = std::fs::read(note)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Content>(&bytes).ok());
    match content {
        Some(Content {
            process: Some(process),
            ..
        }) => vec![process],
        Some(Content { process: None, node }) => with_node(&node),
        None => Vec::new(),
    }
}

/// The processes that were told that they are this node.
fn with_node(node: &str) -> Vec<Identity> {
    let wanted = format!("{NODE_VARIABLE}={node}");
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let is_node = |pid: &i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    };
    let pids = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(is_node).filter_map(identity).collect()
}

/// To its whole group, if it is still the same process.
fn signal(process: &Identity, signal: Signal) {
    if let Some(pid) = Pid::from_raw(process.pid).filter(|_| is_alive(process)) {
        let _ = kill_process_group(pid, signal);
    }
}

fn is_alive(process: &Identity) -> bool {
    identity(process.pid).as_ref() == Some(process)
}

/// `None` for a process that has ended, or where there is no `/proc`.
fn identity(pid: i32) -> Option<Identity> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name is in brackets and may hold anything; the fields after it are counted from the third.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let ticks = fields.nth(18)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    (state != "Z" && state != "X").then(|| Identity {
        pid,
        born: format!("{}/{ticks}", boot.trim()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    /// Sleeps longer than any test, in a group of its own.
    fn sleeper(node: &str) -> (Child, Pid) {
        let child = Command::new("sleep")
            .arg("600")
            .env(NODE_VARIABLE, node)
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        (child, pid)
    }

    #[tokio::test]
    async fn only_those_that_are_noted_are_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (mut known, known_pid) = sleeper("greeter-1");
        let mut first = Note::write(folder.path(), "greeter-1").unwrap();
        first.found(known_pid).unwrap();
        let (mut started, _) = sleeper("greeter-2");
        let _second = Note::write(folder.path(), "greeter-2").unwrap();
        let (mut stranger, stranger_pid) = sleeper("other");
        let mut note = Note::write(folder.path(), "greeter-3").unwrap();
        note.content.process = Some(Identity {
            pid: stranger_pid.as_raw_nonzero().get(),
            born: "another boot/1".to_owned(),
        });
        note.save().unwrap();
        std::fs::write(folder.path().join("torn.draft"), "{").unwrap();

        end_all(folder.path()).await.unwrap();
        assert!(known.wait().unwrap().code().is_none(), "ended by a signal");
        assert!(started.wait().unwrap().code().is_none());
        assert!(
            stranger.try_wait().unwrap().is_none(),
            "another process with the same id lives"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        stranger.kill().unwrap();
        stranger.wait().unwrap();
    }
}
