//! A NATS server with JetStream, or three that are one.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::{Process, free_port};

/// What the platform wants of a server.
const ROOMY: &str = "max_payload: 16MB\n";

/// A NATS server of its own with JetStream in a temporary folder. It takes messages of 16 MiB, as the platform wants it.
pub struct Nats {
    // Ended before its folder goes.
    process: Process,
    _folder: TempDir,
    port: u16,
}

impl Nats {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not start, with what it printed.
    pub fn start() -> Self {
        Self::with_settings(ROOMY)
    }

    /// Starts one with these lines in its configuration file, and nothing but JetStream besides.
    ///
    /// # Panics
    /// When it does not start, with what it printed.
    pub fn with_settings(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        Self {
            process: start(folder.path(), port, settings),
            _folder: folder,
            port,
        }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// The process, to be killed, frozen and started again.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// Three NATS servers that keep streams together.
pub struct NatsCluster {
    members: Vec<Nats>,
}

impl NatsCluster {
    /// Starts them. It takes them a few seconds to find each other.
    ///
    /// # Panics
    /// When one does not start, with what it printed.
    pub fn start() -> Self {
        let routes: Vec<_> = (0..3).map(|_| free_port()).collect();
        let all: Vec<_> = routes.iter().map(|port| url(*port)).collect();
        let member = |(number, route): (usize, &u16)| {
            Nats::with_settings(&format!(
                "{ROOMY}server_name: n{number}\ncluster {{ name: c, listen: \"127.0.0.1:{route}\", routes: {all:?} }}\n"
            ))
        };
        Self {
            members: routes.iter().enumerate().map(member).collect(),
        }
    }

    /// Where clients find them.
    pub fn urls(&self) -> Vec<String> {
        self.members.iter().map(Nats::url).collect()
    }

    /// One of the three.
    pub fn process(&mut self, member: usize) -> &mut Process {
        self.members[member].process()
    }
}

fn url(port: u16) -> String {
    format!("nats://127.0.0.1:{port}")
}

fn start(folder: &Path, port: u16, settings: &str) -> Process {
    let store = folder.join("jetstream");
    let mut text = format!("listen: \"127.0.0.1:{port}\"\n");
    writeln!(
        text,
        "jetstream {{ store_dir: {:?} }}",
        store.display().to_string()
    )
    .unwrap();
    text.push_str(settings);
    let file = folder.join("nats.conf");
    std::fs::write(&file, text).unwrap();
    Process::start(folder, port, move || {
        let mut command = Command::new("nats-server");
        command.arg("-c").arg(&file);
        command
    })
}
