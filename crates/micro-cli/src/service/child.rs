//! The program that a service stands for.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child as Process, Command};

use crate::errors::{Failure, Result};

/// How long the program may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program that ends with us, or none.
pub(super) struct Child(Option<Process>);

impl Child {
    /// Starts the command; an empty one is none.
    pub(super) fn start(command: &[String]) -> Result<Self> {
        let Some((program, arguments)) = command.split_first() else {
            return Ok(Self(None));
        };
        let started = Command::new(program).args(arguments).kill_on_drop(true).spawn();
        let process = started.map_err(|error| Failure::new(1, format!("Cannot start {program}: {error}")))?;
        Ok(Self(Some(process)))
    }

    /// Ready when the program has ended; never without one.
    pub(super) async fn ended(&mut self) -> Result<()> {
        match &mut self.0 {
            Some(process) => judge(process.wait().await?),
            None => std::future::pending().await,
        }
    }

    /// Asks the program to end, and ends it when it does not.
    pub(super) async fn stop(&mut self) {
        let Some(process) = &mut self.0 else { return };
        let id = process
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let Some(id) = id else { return };
        let _ = kill_process(id, Signal::TERM);
        if tokio::time::timeout(PATIENCE, process.wait()).await.is_err() {
            let _ = process.kill().await;
        }
    }
}

/// The program's code is ours.
fn judge(status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    let text = match status.signal() {
        Some(signal) => format!("The program was ended by signal {signal}"),
        None => format!("The program ended with code {}", code.unwrap_or(1)),
    };
    Err(Failure::new(code.unwrap_or(1), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn its_end_is_ours() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut failing = Child::start(&["sh".into(), "-c".into(), "exit 7".into()]).unwrap();
        assert_eq!(failing.ended().await.unwrap_err().code, 7);
        assert!(Child::start(&words("true")).unwrap().ended().await.is_ok());
        let mut long = Child::start(&words("sleep 1000")).unwrap();
        long.stop().await;
        assert!(long.ended().await.unwrap_err().text.contains("signal 15"));
        assert!(Child::start(&words("./not-there")).is_err());
    }
}
