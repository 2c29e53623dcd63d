//! `cargo xtask bench`: builds the release binary and the measurements, then runs them.

use std::process::Command;

use anyhow::Result;

use crate::workspace::{cargo, execute, program, root};

/// Passes its arguments on: `[--quick] [--json FILE] [NAME...]`.
pub fn run(args: &[String]) -> Result<()> {
    execute(&mut cargo(&[
        "build",
        "--release",
        "--package",
        "micro-cli",
        "--package",
        "micro-benches",
    ]))?;
    let mut command = Command::new(program("release", "micro-benches"));
    command
        .current_dir(root())
        .env("MICRO_BIN", program("release", "micro"))
        .args(args);
    execute(&mut command)
}
