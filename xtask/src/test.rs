//! `cargo xtask test`: every check and every test, cheapest first, so that a slip is seen early.

use anyhow::{Context, Result, bail};

use crate::step::step;
use crate::workspace::{cargo, execute};
use crate::{fuzz, r#gen, packages, tidy};

/// One selection for building and testing: another would choose other features and build the tree twice.
pub const SELECTION: &[&str] = &["--workspace", "--all-targets"];

/// Runs all steps and stops at the first that fails.
pub fn run(args: &[String]) -> Result<()> {
    if args == ["platform"] {
        return platform();
    }
    let seconds = fuzz_seconds(args)?;
    step("packages", packages::for_tests)?;
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

/// What stands on etcd, NATS, PostgreSQL and object storage, and nothing else.
fn platform() -> Result<()> {
    step("packages", packages::for_tests)?;
    step("build", build)?;
    step("drivers", || {
        let drivers = ["micro-etcd", "micro-nats", "micro-cockroach", "micro-s3"];
        let selected = drivers.iter().flat_map(|driver| ["--package", driver]);
        execute(cargo(&["test"]).args(selected))
    })?;
    step("platform", || {
        execute(&mut cargo(&[
            "test",
            "--package",
            "micro-tests",
            "--test",
            "it",
            "platform::",
        ]))
    })?;
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
        _ => bail!(
            "expected nothing, platform or --fuzz-seconds N, found: {}",
            args.join(" ")
        ),
    }
}
