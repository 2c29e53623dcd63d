//! PostgreSQL, which stands for every database that speaks its protocol.
#![allow(
    clippy::disallowed_methods,
    reason = "it is waited for outside of any runtime, before a test begins"
)]

mod installed;

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use installed::{Owner, USER, binaries, make_database, make_folder, program};

use crate::{Certificates, Process, free_port};

/// Small, since tests run several at once, and as durable as a real one.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=on",
    "synchronous_commit=on",
    "shared_buffers=32MB",
    "max_connections=100",
    "max_wal_size=128MB",
    "autovacuum_naptime=5s",
    "log_min_messages=warning",
    "log_line_prefix=%d ",
    // One sync in place of a thousand before it starts again.
    "recovery_init_sync_method=syncfs",
];

static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

/// A private server with its files.
pub struct Postgres {
    process: Process,
    port: u16,
    // Removed after the process is gone.
    _folder: TempDir,
}

impl Postgres {
    /// Starts one of the test's own, to freeze and kill.
    pub fn start() -> Self {
        let (folder, owner) = make_folder();
        Self::launch(folder, owner, &[])
    }

    /// As [`Postgres::start`]; the database `tls` is reached only with TLS and a certificate of the client's own.
    pub fn with_tls() -> (Self, Certificates) {
        let (folder, owner) = make_folder();
        let certificates = Certificates::make();
        // It reads no key that is another user's.
        let key = folder.path().join("machine.key");
        fs::copy(certificates.key(), &key).unwrap();
        let certificate = folder.path().join("machine.pem");
        fs::copy(certificates.certificate(), &certificate).unwrap();
        let ca = folder.path().join("ca.pem");
        fs::copy(certificates.ca(), &ca).unwrap();
        if let Some(owner) = owner {
            for file in [&key, &certificate, &ca] {
                chown(file, Some(owner.user), Some(owner.group)).unwrap();
            }
        }
        let rules = folder.path().join("rules");
        fs::write(
            &rules,
            "hostssl tls all 127.0.0.1/32 trust clientcert=verify-ca\nhost tls all 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 trust\n",
        )
        .unwrap();
        let settings = [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", certificate.display()),
            format!("ssl_key_file={}", key.display()),
            format!("ssl_ca_file={}", ca.display()),
            format!("hba_file={}", rules.display()),
        ];
        (Self::launch(folder, owner, &settings), certificates)
    }

    fn launch(folder: TempDir, owner: Option<Owner>, settings: &[String]) -> Self {
        let data = folder.path().join("data");
        make_database(folder.path(), &data, owner);
        let (port, place) = (free_port(), folder.path().to_owned());
        let settings: Vec<String> = SETTINGS
            .iter()
            .map(|&setting| setting.to_owned())
            .chain(settings.iter().cloned())
            .collect();
        let process = Process::start(folder.path(), port, move || {
            let mut command = program("postgres", &place, owner);
            command.arg("-D").arg(&data).arg("-p").arg(port.to_string());
            for setting in &settings {
                command.arg("-c").arg(setting);
            }
            command
        });
        let server = Self {
            process,
            port,
            _folder: folder,
        };
        server.wait_until_it_answers();
        server
    }

    /// The one that tests of a process share while any of them runs: each takes a [`Postgres::database`] of its own, and leaves
    /// the server alone.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// The address of the database that is there from the beginning.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Makes a database, and answers its address.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""));
        self.url_of(name)
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements in a database and answers the rows as text, fields with `|` between.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let output = self.ask(database, statements);
        assert!(
            output.status.success(),
            "{statements}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn ask(&self, database: &str, statements: &str) -> std::process::Output {
        let mut command = Command::new(binaries().join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        command.arg("-d").arg(self.url_of(database));
        command.arg("-c").arg(statements);
        command.output().unwrap()
    }

    /// It listens a moment before it answers.
    fn wait_until_it_answers(&self) {
        let start = Instant::now();
        while !self.ask("postgres", "SELECT 1").status.success() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{}",
                self.process.output()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it at once with all its processes, as a machine that loses its power.
    pub fn kill(&mut self) {
        let children = self.children();
        self.process.kill();
        for child in &children {
            let _ = kill_process(*child, Signal::KILL);
        }
        // They hold the shared memory without which it does not start again.
        let start = Instant::now();
        while children.iter().any(|child| parent(*child).is_some()) {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "a process does not end"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts it again with its files.
    pub fn resume(&mut self) {
        self.process.resume();
        self.wait_until_it_answers();
    }

    /// Holds it where it is, with all its processes: connections stay open and say nothing.
    pub fn freeze(&self) {
        // First the one that makes others.
        self.process.freeze();
        self.signal_children(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal_children(Signal::CONT);
        self.process.thaw();
    }

    /// What it printed.
    pub fn output(&self) -> String {
        self.process.output()
    }

    fn signal_children(&self, signal: Signal) {
        for child in self.children() {
            let _ = kill_process(child, signal);
        }
    }

    /// The processes that serve its connections and its files; each has a group of its own.
    fn children(&self) -> Vec<Pid> {
        let Some(server) = self.process.id() else {
            return Vec::new();
        };
        let all = fs::read_dir("/proc").unwrap().flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter_map(Pid::from_raw)
            .filter(|id| parent(*id) == Some(server))
            .collect()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.thaw();
        self.kill();
    }
}

/// The process that made a process; none for one that has ended.
fn parent(id: Pid) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).ok()?;
    // The name, in brackets, may hold anything.
    let mut fields = status.rsplit_once(')')?.1.split_whitespace();
    let is_dead = fields.next()? == "Z";
    let parent = fields.next()?.parse().ok()?;
    (!is_dead).then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_killed_and_frozen_and_goes_on_with_its_files() {
        let mut server = Postgres::start();
        server.database("mine");
        server.sql("mine", "CREATE TABLE t (n INT8); INSERT INTO t VALUES (7)");
        server.kill();
        assert!(server.children().is_empty());
        server.resume();
        assert_eq!(server.sql("mine", "SELECT n FROM t"), "7");
        server.freeze();
        server.thaw();
        assert_eq!(server.sql("mine", "SELECT count(*), max(n) FROM t"), "1|7");
    }
}
