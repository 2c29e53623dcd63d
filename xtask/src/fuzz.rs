//! `cargo xtask fuzz`: starts the fuzz driver of the tests package, which runs on the stable toolchain.

use std::process::Command;

use anyhow::{Result, bail};

use crate::test;
use crate::workspace::{execute, program};

/// For each target, where nobody waits.
pub const CI_SECONDS: u64 = 60;
/// For each target, where somebody does.
const SHORT_SECONDS: u64 = 3;

/// `[TARGET...] [--seconds N]`: the targets named, or all of them.
pub fn run(args: &[String]) -> Result<()> {
    test::build()?;
    let mut words: Vec<String> = args.to_vec();
    if !args.iter().any(|word| word == "--seconds") {
        words.extend([String::from("--seconds"), default_seconds().to_string()]);
    }
    drive(&words)
}

/// Every target for so many seconds. What is to run must have been built.
pub fn every_target(seconds: u64) -> Result<()> {
    drive(&[String::from("--seconds"), seconds.to_string()])
}

/// A minute under CI, an instant otherwise.
pub fn default_seconds() -> u64 {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
    if ci { CI_SECONDS } else { SHORT_SECONDS }
}

fn drive(args: &[String]) -> Result<()> {
    let driver = program("debug", "fuzz");
    if !driver.is_file() {
        bail!(
            "{} is not there: cargo build --workspace --all-targets makes it",
            driver.display()
        );
    }
    execute(Command::new(driver).args(args))
}
