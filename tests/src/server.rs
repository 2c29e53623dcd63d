//! A server of one's own: a temporary home, free ports, and nothing left behind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Child;

use crate::command::Micro;
use crate::disk::strace;
use crate::http::Http;
use crate::{process, wait};

/// More than a server needs, on a machine that is busy with other tests.
const READY: Duration = Duration::from_secs(60);

/// A running `micro server`, stopped with everything that it started when dropped.
pub struct Server {
    home: TempDir,
    child: Child,
    join: Value,
    /// More of its environment, for a restart too.
    variables: Vec<(String, String)>,
}

impl Server {
    /// Starts one on free ports and waits until it is ready.
    pub async fn start() -> Self {
        let home = tempfile::Builder::new()
            .prefix("micro-test-")
            .tempdir()
            .expect("a temporary home");
        Self::start_in(home, &["server"]).await
    }

    /// The same, with more variables in its environment.
    pub async fn start_with(variables: &[(&str, &str)]) -> Self {
        let home = tempfile::Builder::new()
            .prefix("micro-test-")
            .tempdir()
            .expect("a temporary home");
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let variables: Vec<_> = variables.iter().map(owned).collect();
        let micro = with(on_free_ports(home.path()), &variables);
        let mut server = Self::start_as(home, &micro, &["server"]).await;
        server.variables = variables;
        server
    }

    /// Starts a command that is a server in that home, `micro server` or a `micro run` that stays.
    pub async fn start_in(home: TempDir, words: &[&str]) -> Self {
        let micro = on_free_ports(home.path());
        Self::start_as(home, &micro, words).await
    }

    /// The same, with everything written down that it does to files, in the folder `notes`.
    pub async fn start_recorded(home: TempDir, notes: &Path) -> Self {
        let micro = on_free_ports(home.path()).under("strace", strace::arguments(notes));
        Self::start_as(home, &micro, &["server"]).await
    }

    /// The same, on a disk that is full between the 100th and the 102nd time that a thread has it sync.
    pub async fn start_on_full_disk() -> Self {
        let home = tempfile::Builder::new()
            .prefix("micro-full-")
            .tempdir()
            .expect("a temporary home");
        let micro = on_free_ports(home.path()).under("strace", strace::full_disk("100..102"));
        Self::start_as(home, &micro, &["server"]).await
    }

    async fn start_as(home: TempDir, micro: &Micro, words: &[&str]) -> Self {
        let child = micro.start(words, &log_file(home.path()));
        let mut server = Server {
            home,
            child,
            join: Value::Null,
            variables: Vec::new(),
        };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&mut self) {
        let pid = self.pid();
        let file = self.home().join("server/join.json");
        let log = log_file(self.home());
        let child = &mut self.child;
        self.join = wait::until("the server to be ready", READY, || {
            let ended = child.try_wait().ok().flatten();
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none(), "the server ended with {ended:?}:\n{}", said());
            std::future::ready(read_join(&file, pid).ok_or_else(said))
        })
        .await;
    }

    /// The folder that is its MICRO_HOME.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child
            .id()
            .expect("the server was started and not yet collected")
    }

    /// `host:port` of the proxy.
    pub fn proxy(&self) -> String {
        self.join["proxy"]
            .as_str()
            .expect("join.json names the proxy")
            .to_owned()
    }

    /// `host:port` of the gateway.
    pub fn gateway(&self) -> String {
        self.join["gateway"]
            .as_str()
            .expect("join.json names the gateway")
            .trim_start_matches("http://")
            .to_owned()
    }

    /// `host:port` of the pages.
    pub fn web(&self) -> String {
        self.join["web"]
            .as_str()
            .expect("join.json names the pages")
            .trim_start_matches("http://")
            .to_owned()
    }

    /// What a program on this machine joins with.
    pub fn join(&self) -> &Value {
        &self.join
    }

    /// The binary, with this server as its own.
    pub fn micro(&self) -> Micro {
        Micro::new(self.home())
    }

    /// HTTP requests to the gateway.
    pub fn http(&self) -> Http {
        Http::to(&self.gateway())
    }

    /// What the server has printed so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_file(self.home())).unwrap_or_default()
    }

    /// Ends it as a power cut would; what it started goes on.
    pub async fn kill(&mut self) {
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
    }

    /// Sends a signal and waits for the end; returns the exit code.
    pub async fn stop(&mut self, signal: Signal) -> Option<i32> {
        process::signal(self.pid(), signal);
        let status = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        status
            .expect("the server stops when it is asked to")
            .expect("it can be collected")
            .code()
    }

    /// Starts it once more in the same home, after `kill` or `stop`.
    pub async fn restart(&mut self) {
        let micro = with(on_free_ports(self.home()), &self.variables);
        self.child = micro.start(&["server"], &log_file(self.home()));
        self.wait_until_ready().await;
    }
}

fn with(plain: Micro, variables: &[(String, String)]) -> Micro {
    let add = |micro: Micro, (key, value): &(String, String)| micro.with(key, value);
    variables.iter().fold(plain, add)
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut pids = process::of_folder(self.home());
        pids.extend(self.child.id());
        for pid in pids {
            process::signal(pid, Signal::KILL);
        }
        if std::thread::panicking() {
            eprintln!("--- the server said:\n{}", self.log());
        }
    }
}

/// The binary as a server that disturbs no other.
pub fn on_free_ports(home: &Path) -> Micro {
    Micro::new(home)
        .with("MICRO_API_ADDRESS", "127.0.0.1:0")
        .with("MICRO_PROXY_ADDRESS", "127.0.0.1:0")
}

fn log_file(home: &Path) -> PathBuf {
    home.join("server.log")
}

/// What join.json says, once it is about this process: a killed server leaves its own behind.
fn read_join(file: &Path, pid: u32) -> Option<Value> {
    let join: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    (join["pid"].as_u64() == Some(u64::from(pid))).then_some(join)
}
