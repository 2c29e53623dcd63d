//! Servers under measurement are processes of their own: this program again, in a role.

use std::net::SocketAddr;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::{axum_reference, micro_subject, tonic_reference};

/// A server that ends when this is dropped: its input closes.
pub struct Server {
    _child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts this program in a role and waits until it listens.
    pub async fn start(role: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", role]).envs(variables.iter().copied());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("the child has an output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(address) = line.strip_prefix("ready ") {
                let address = address.parse()?;
                // Whatever else it prints is read, or it would wait for us.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Server {
                    _child: child,
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
}

/// Plays the role until the input closes.
pub async fn serve(role: &str) -> Result<()> {
    let role = async {
        match role {
            "tonic" => tonic_reference::serve().await,
            "axum" => axum_reference::serve().await,
            "micro" => micro_subject::serve().await,
            other => bail!("no such role: {other}"),
        }
    };
    let orphaned = async { tokio::io::stdin().read_to_end(&mut Vec::new()).await };
    tokio::select! {
        outcome = role => outcome,
        _ = orphaned => Ok(()),
    }
}

/// Tells the parent where this server listens.
pub fn ready(address: SocketAddr) {
    println!("ready {address}");
}
