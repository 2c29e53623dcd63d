//! Servers under measurement are processes of their own: this program again, in a role.

use std::ffi::OsStr;
use std::io::BufRead as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use crate::{axum_reference, hyper_reference, micro_subject, overload, tonic_reference};

/// Asks a server for the number of its allocations, and begins the answer.
const ALLOCATIONS: &str = "allocations";

/// A server that ends when this is dropped: its input closes.
pub struct Server {
    child: Child,
    input: ChildStdin,
    counts: mpsc::Receiver<String>,
    address: SocketAddr,
}

impl Server {
    /// Starts this program in a role and waits until it listens.
    pub async fn start(role: &str, variables: &[(&str, &str)]) -> Result<Self> {
        Self::start_program(&std::env::current_exe()?, role, variables).await
    }

    /// The same, and what it allocates is counted. That makes it slow.
    pub async fn start_counted(role: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("counted");
        Self::start_program(&program, role, variables).await
    }

    async fn start_program(program: &Path, role: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(program);
        let name = program.file_name().unwrap_or(OsStr::new("the server"));
        command.args(["serve", role]).envs(variables.iter().copied());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}; cargo xtask bench builds it", name.display()))?;
        let input = child.stdin.take().context("the child has an input")?;
        let output = child.stdout.take().context("the child has an output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(address) = line.strip_prefix("ready ") {
                let address = address.parse()?;
                let (told, counts) = mpsc::channel(1);
                // Whatever else it prints is read, or it would wait for us.
                tokio::spawn(async move {
                    while let Ok(Some(line)) = lines.next_line().await {
                        if let Some(count) = line.strip_prefix(ALLOCATIONS) {
                            let _ = told.send(count.trim().to_owned()).await;
                        }
                    }
                });
                return Ok(Server {
                    child,
                    input,
                    counts,
                    address,
                });
            }
        }
        bail!("the {role} server ended before it was ready")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// How often it has allocated until now, if that is counted.
    pub async fn allocations(&mut self) -> Result<u64> {
        self.input
            .write_all(format!("{ALLOCATIONS}\n").as_bytes())
            .await?;
        let count = self.counts.recv().await.context("the server has ended")?;
        count.parse().context("its allocations are not counted")
    }

    /// Lets it write down what it has seen, and waits until it has.
    pub async fn end(mut self) -> Result<()> {
        drop(self.input);
        self.child.wait().await?;
        Ok(())
    }
}

/// Plays the role until the input closes. `allocations` tells how many there were, where they are counted.
pub fn serve(role: &str, allocations: fn() -> Option<u64>) -> Result<()> {
    let role = role.to_owned();
    // Some bring a runtime of their own. Its threads end with the process.
    std::thread::spawn(move || {
        if let Err(error) = play(&role) {
            eprintln!("error: {role}: {error:#}");
            std::process::exit(1);
        }
    });
    for line in std::io::stdin().lock().lines() {
        if line? == ALLOCATIONS {
            let count = allocations().map_or_else(String::new, |count| count.to_string());
            println!("{ALLOCATIONS} {count}");
        }
    }
    Ok(())
}

fn play(role: &str) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new;
    match role {
        "tonic" => runtime()?.block_on(tonic_reference::serve()),
        "axum" => runtime()?.block_on(axum_reference::serve()),
        "hyper" => runtime()?.block_on(hyper_reference::serve()),
        "micro" => micro_subject::serve(),
        "worker" => runtime()?.block_on(overload::serve()),
        other => bail!("no such role: {other}"),
    }
}

/// Tells the parent where this server listens.
pub fn ready(address: SocketAddr) {
    println!("ready {address}");
}
