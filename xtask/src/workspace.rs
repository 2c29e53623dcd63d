//! Where things are, and what git knows of.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The root of the clone.
pub fn root() -> PathBuf {
    // Cargo sets the variable for `cargo run`, so that a moved clone still finds itself.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("xtask"), PathBuf::from);
    manifest
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// The program that cargo has built, in the profile's folder.
pub fn program(profile: &str, name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir));
    target.join(profile).join(name)
}

/// Cargo, started in the root.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(args);
    // What `cargo run` told this process about xtask is not true for what it starts.
    for (key, _) in std::env::vars_os() {
        if key
            .to_str()
            .is_some_and(|key| key.starts_with("CARGO_PKG_") || key == "CARGO_MANIFEST_DIR")
        {
            command.env_remove(key);
        }
    }
    command
}

/// Runs a command to its end, its output on our screen.
pub fn execute(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", spell(command)))?;
    ensure!(status.success(), "{} ended with {status}", spell(command));
    Ok(())
}

/// Runs a command to its end and returns what it printed.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", spell(command)))?;
    ensure!(
        output.status.success(),
        "{} ended with {}: {}",
        spell(command),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Git, started in the root.
pub fn git(args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(root()).args(args);
    command
}

/// The project's files: those in git, and those that would be at the next `git add`.
pub fn files() -> Result<Vec<String>> {
    let listing = capture(&mut git(&[
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let mut files: Vec<String> = listing
        .lines()
        .map(String::from)
        .filter(|file| root().join(file).is_file())
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

fn spell(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
