//! What the platform costs while nothing happens: time until it is ready, memory of the server and of a service.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use micro_tests::command::root;
use micro_tests::http::Http;
use micro_tests::server::on_free_ports;
use micro_tests::{Server, process};
use tokio::time::sleep;

use crate::Plan;
use crate::load::median;
use crate::report::Figure;

/// Idle is when nothing was asked for so long.
pub const IDLE: Duration = Duration::from_secs(5);
const MEGABYTE: f64 = 1e6;

/// All three.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let mut times = Vec::new();
    for _ in 0..plan.rounds {
        times.push(ready_in().await?);
    }
    let server = Server::start().await;
    sleep(IDLE).await;
    let server_memory = resident(server.pid())?;
    let source = root().join("services/helloworld");
    server.micro().ok(&["run", &source.to_string_lossy()]).await;
    sleep(IDLE).await;
    let service_memory = resident(program(server.home(), "helloworld")?)?;
    Ok(vec![
        Figure::alone("server_ready", median(times), "ms"),
        Figure::alone("server_memory", server_memory, "MB"),
        Figure::alone("service_memory", service_memory, "MB"),
    ])
}

/// From the start of the process until the gateway answers, in a fresh home.
async fn ready_in() -> Result<f64> {
    let home = tempfile::tempdir()?;
    let start = Instant::now();
    let mut child = on_free_ports(home.path()).start(&["server"], &home.path().join("server.log"));
    let gateway = loop {
        if let Some(gateway) = join_address(home.path()) {
            break gateway;
        }
        sleep(Duration::from_millis(1)).await;
    };
    Http::to(&gateway).get("/").await;
    let took = start.elapsed().as_secs_f64() * 1e3;
    child.kill().await?;
    Ok(took)
}

fn join_address(home: &Path) -> Option<String> {
    let join: serde_json::Value =
        serde_json::from_slice(&std::fs::read(home.join("server/join.json")).ok()?).ok()?;
    Some(join["gateway"].as_str()?.trim_start_matches("http://").to_owned())
}

/// The process below the home whose program has the name.
pub fn program(home: &Path, name: &str) -> Result<u32> {
    let named = |pid: &u32| {
        std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.to_string_lossy().contains(name))
    };
    process::of_folder(home)
        .into_iter()
        .find(named)
        .with_context(|| format!("no process of {name}"))
}

/// Of a process, in megabytes.
pub fn resident(pid: u32) -> Result<f64> {
    let bytes = process::resident(pid).context("the process is there")?;
    Ok(bytes as f64 / MEGABYTE)
}
