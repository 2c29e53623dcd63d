//! A NATS server with JetStream.

use std::fmt::Write as _;
use std::process::Command;

use tempfile::TempDir;

use crate::{Process, free_port};

/// A NATS server of its own with JetStream in a temporary folder. It takes messages of 16 MiB, as the platform wants it.
pub struct Nats {
    // Ended before its folder goes.
    process: Process,
    folder: TempDir,
    port: u16,
}

impl Nats {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not start, with what it printed.
    pub fn start() -> Self {
        Self::with_settings("max_payload: 16MB\n")
    }

    /// Starts one with these lines in its configuration file, and nothing but JetStream besides.
    ///
    /// # Panics
    /// When it does not start, with what it printed.
    pub fn with_settings(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut text = format!("listen: \"127.0.0.1:{port}\"\n");
        let store = folder.path().join("jetstream");
        writeln!(
            text,
            "jetstream {{ store_dir: {:?} }}",
            store.display().to_string()
        )
        .unwrap();
        text.push_str(settings);
        let file = folder.path().join("nats.conf");
        std::fs::write(&file, text).unwrap();
        let process = Process::start(folder.path(), port, move || {
            let mut command = Command::new("nats-server");
            command.arg("-c").arg(&file);
            command
        });
        Self {
            process,
            folder,
            port,
        }
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port of the loopback interface that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its folder, in which a test may keep what belongs to it.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The process, to be killed, frozen and started again.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
