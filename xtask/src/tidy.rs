//! `cargo xtask tidy`: the rules of the house, as ARCHITECTURE.md states them. A boundary that no command checks does not exist.
//!
//! Each rule is a function from text to findings, so that a test needs no files.

mod dependencies;
mod history;
mod readme;
mod sources;

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use crate::workspace::{capture, cargo, files, root};

/// As many packages as a service author may be asked to compile for the framework.
const FRAMEWORK_PACKAGES: usize = 100;

/// Checks every rule, prints all that was found, and fails when anything was.
pub fn run() -> Result<()> {
    let files = files()?;
    let mut findings = Vec::new();
    findings.extend(manifests(&files)?);
    for file in &files {
        findings.extend(sources::path(file));
        if let Some(text) = text_of(file) {
            findings.extend(sources::text(file, &text));
            if let Some(note) = sources::length(file, &text) {
                println!("{note}");
            }
        }
    }
    findings.extend(readme::commands(&read("README.md")?, |path| {
        root().join(path).exists()
    }));
    findings.extend(history::unsigned(&history::log()?));
    findings.extend(framework_size()?);
    report(&findings)
}

fn report(findings: &[String]) -> Result<()> {
    for finding in findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} against the rules of the house"),
    }
}

fn manifests(files: &[String]) -> Result<Vec<String>> {
    let workspace = read("Cargo.toml")?;
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.ends_with("/Cargo.toml")) {
        findings.extend(dependencies::check(file, &read(file)?, &workspace)?);
    }
    Ok(findings)
}

/// Counts what `micro` brings along, itself included.
fn framework_size() -> Result<Option<String>> {
    let args = [
        "tree",
        "--package",
        "micro",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = capture(&mut cargo(&args))?;
    // A package that was listed before has a mark behind it.
    let packages: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    let count = packages.len();
    println!("micro brings {count} packages, the bound is {FRAMEWORK_PACKAGES}");
    Ok((count > FRAMEWORK_PACKAGES).then(|| {
        format!("micro brings {count} packages, more than {FRAMEWORK_PACKAGES}: each is compiled by every service author")
    }))
}

fn read(file: &str) -> Result<String> {
    std::fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))
}

/// The file's text; none for what is not text.
fn text_of(file: &str) -> Option<String> {
    std::fs::read_to_string(root().join(file)).ok()
}
