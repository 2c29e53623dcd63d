//! `micro shutdown`: ends the server of this home.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use micro::join::Join;
use rustix::process::{Pid, Signal, kill_process};

use crate::doctor::{holds, is_held};
use crate::errors::{Failure, Result};
use crate::output;
use crate::session::Globals;

/// Longer than a server lets calls finish.
const PATIENCE: Duration = Duration::from_secs(30);
const PACE: Duration = Duration::from_millis(20);

/// End the server of this machine, and with it the services that it runs.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro shutdown")]
pub struct ShutdownArgs {}

/// Asks the server to end and waits until it has.
pub async fn run(globals: &Globals, _args: ShutdownArgs) -> Result<()> {
    let home = &globals.home;
    if !is_held(home) {
        return Err(Failure::new(
            1,
            format!("No micro server uses {}", home.display()),
        ));
    }
    let join = Join::read(home)?.ok_or_else(|| {
        Failure::new(1, "The server has not said yet which process it is").with_hint("try again in a moment")
    })?;
    if cfg!(target_os = "linux") && !is_ours(join.pid, home) {
        let text = format!("Process {} is not the server of {}", join.pid, home.display());
        return Err(Failure::new(1, text).with_hint("it may belong to another user; nothing was ended"));
    }
    let pid = i32::try_from(join.pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| Failure::new(1, format!("{} is no process", join.pid)))?;
    kill_process(pid, Signal::TERM).map_err(std::io::Error::from)?;
    let began = Instant::now();
    while is_held(home) {
        if began.elapsed() > PATIENCE {
            let text = format!(
                "The server, process {}, has not ended within {PATIENCE:?}",
                join.pid
            );
            return Err(Failure::new(1, text).with_hint("what it printed may say why"));
        }
        tokio::time::sleep(PACE).await;
    }
    output::line(&format!("micro server stopped (process {})", join.pid))
}

/// Whether a process holds the lock of this home: a number alone may be anybody's by now.
fn is_ours(pid: u32, home: &Path) -> bool {
    let lock = home.join("server/lock");
    let lock = lock.canonicalize().unwrap_or(lock);
    holds(pid, &lock)
}
