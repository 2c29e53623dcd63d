//! `cargo xtask bench`: installs what is missing, builds the release binary and the measurements, then runs them.

use std::process::Command;

use anyhow::Result;

use crate::packages;
use crate::workspace::{cargo, execute, program, root};

/// The product, the measurements, and what measures outside systems alone: only the drivers know these.
const BUILT: &[&str] = &[
    "--package=micro-cli",
    "--bin=micro",
    "--package=micro-benches",
    "--bin=micro-benches",
    "--bin=counted",
    "--package=micro-cockroach",
    "--example=raw_sql",
    "--package=micro-nats",
    "--example=raw_jetstream",
];

/// Passes its arguments on: `[--quick] [--json FILE] [NAME...]`.
pub fn run(args: &[String]) -> Result<()> {
    packages::for_benches()?;
    execute(cargo(&["build", "--release"]).args(BUILT))?;
    let mut command = Command::new(program("release", "micro-benches"));
    command
        .current_dir(root())
        .env("MICRO_BIN", program("release", "micro"))
        .args(args);
    execute(&mut command)
}
