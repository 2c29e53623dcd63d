//! What a domain costs: the time until it serves, its memory, and a login beside the password hash that it has to make.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use argon2::{Algorithm, Argon2, Params, Version};
use micro_rpc::{Client, Context};
use micro_tests::command::root;
use micro_tests::{Server, process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::sleep;
use user_proto::{CreateRequest, LoginRequest, User as _, UserClient};

use crate::Plan;
use crate::load::median;
use crate::platform::{IDLE, program, resident};
use crate::report::Figure;

const PASSWORD: &str = "correct horse";
/// Starts, and log-ins, of which the median is told.
const STARTS: usize = 15;
const LOGINS: usize = 100;
/// What `services/user/service/password.rs` has.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// The service `user` with the one that it sends mails with.
pub async fn measure(_: Plan) -> Result<Vec<Figure>> {
    let server = Server::start().await;
    let micro = server.micro();
    for name in ["email", "user"] {
        let source = root().join("services").join(name);
        micro.ok(&["run", &source.to_string_lossy()]).await;
    }
    sleep(IDLE).await;
    let pid = program(server.home(), "user")?;
    let memory = resident(pid)?;
    let program = std::fs::read_link(format!("/proc/{pid}/exe"))?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(serving_in(&program, server.home()).await?);
    }
    let (login, hash) = login(&server).await?;
    Ok(vec![
        Figure::alone("user_start", median(starts), "ms"),
        Figure::alone("user_memory", memory, "MB"),
        Figure::compared("user_login", login, hash, "ms"),
    ])
}

/// From the start of a process to its word that it serves.
async fn serving_in(program: &Path, home: &Path) -> Result<f64> {
    let start = Instant::now();
    let mut child = Command::new(program)
        .env("MICRO_HOME", home)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stderr.take().context("piped")?).lines();
    let serving = async {
        while let Some(line) = lines.next_line().await? {
            if line.contains("serving") {
                return Ok(());
            }
        }
        bail!("it ended without a word of serving")
    };
    tokio::time::timeout(Duration::from_secs(10), serving).await??;
    let took = start.elapsed().as_secs_f64() * 1e3;
    // In order, so that the registry forgets it.
    process::signal(child.id().context("it runs")?, rustix::process::Signal::INT);
    child.wait().await?;
    Ok(took)
}

/// A login and its hash alone, by turns; the medians, in milliseconds.
async fn login(server: &Server) -> Result<(f64, f64)> {
    let token = server.micro().ok(&["user", "token"]).await;
    let client = Client::builder()
        .address(&server.proxy())
        .namespace("micro")
        .build();
    let users = UserClient::new(&client);
    let ctx = Context::background()
        .with_token(token.trim())
        .with_namespace("micro");
    let account = CreateRequest {
        username: "ada".to_owned(),
        password: PASSWORD.to_owned(),
        ..CreateRequest::default()
    };
    users.create(&ctx, account).await?;
    let (mut logins, mut hashes) = (Vec::new(), Vec::new());
    for _ in 0..LOGINS {
        let request = LoginRequest {
            username: "ada".to_owned(),
            password: PASSWORD.to_owned(),
            ..LoginRequest::default()
        };
        let start = Instant::now();
        users.login(&ctx, request).await?;
        logins.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        hash()?;
        hashes.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok((median(logins), median(hashes)))
}

fn hash() -> Result<()> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut out = [0; 32];
    let hashed = argon2.hash_password_into(PASSWORD.as_bytes(), b"0123456789abcdef", &mut out);
    hashed.map_err(|error| anyhow::anyhow!("{error}"))?;
    std::hint::black_box(out);
    Ok(())
}
