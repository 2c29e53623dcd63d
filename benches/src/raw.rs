//! An outside system without the platform: an example program of its driver crate, the one place that knows the client library.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Such a program at work. It ends when this is dropped.
pub struct Raw {
    _child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Raw {
    /// Starts the program that cargo has built beside this one.
    pub fn start(example: &str, url: &str) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("examples").join(example);
        ensure!(
            program.is_file(),
            "{} is not there: cargo xtask bench builds it",
            program.display()
        );
        let mut child = Command::new(program)
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("the child has an input")?;
        let output = child.stdout.take().context("the child has an output")?;
        Ok(Self {
            _child: child,
            orders,
            answers: BufReader::new(output).lines(),
        })
    }

    /// How often a second it does that for so long.
    pub async fn rate(&mut self, what: &str, duration: Duration) -> Result<f64> {
        let order = format!("{what} {}\n", duration.as_millis());
        self.orders.write_all(order.as_bytes()).await?;
        let answer = self.answers.next_line().await?;
        Ok(answer.context("the program has ended")?.parse()?)
    }
}
