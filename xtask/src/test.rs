//! `cargo xtask test`: every check and every test, cheapest first, so that a slip is seen early.

use anyhow::{Context, Result, bail};

use crate::step::step;
use crate::workspace::{cargo, execute};
use crate::{fuzz, r#gen, packages, tidy};

/// One selection for building and testing: another would choose other features and build the tree twice.
pub const SELECTION: &[&str] = &["--workspace", "--all-targets"];

/// Runs all steps and stops at the first that fails.
pub fn run(args: &[String]) -> Result<()> {
    let seconds = fuzz_seconds(args)?;
    step("packages", packages::install_missing)?;
    step("format", || execute(&mut cargo(&["fmt", "--all", "--check"])))?;
    step("tidy", tidy::run)?;
    step("generated code", || r#gen::run(true))?;
    step("lints", lints)?;
    step("build", build)?;
    step("tests", || {
        execute(&mut cargo(&["test", "--workspace", "--no-fail-fast"]))
    })?;
    step("fuzz", || fuzz::every_target(seconds))?;
    println!("\nall green");
    Ok(())
}

/// Builds everything that the tests start, the binary `micro` among it.
pub fn build() -> Result<()> {
    execute(cargo(&["build"]).args(SELECTION))
}

fn lints() -> Result<()> {
    execute(
        cargo(&["clippy"])
            .args(SELECTION)
            .args(["--", "--deny", "warnings"]),
    )
}

fn fuzz_seconds(args: &[String]) -> Result<u64> {
    match args {
        [] => Ok(fuzz::default_seconds()),
        [flag, seconds] if flag == "--fuzz-seconds" => seconds
            .parse()
            .with_context(|| format!("not a number: {seconds}")),
        _ => bail!("expected nothing or --fuzz-seconds N, found: {}", args.join(" ")),
    }
}
