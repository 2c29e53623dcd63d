//! The Debian packages that building, testing and measuring need, installed when they are missing.

use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::{capture, execute};

/// A program that must be on the PATH, and the packages that bring it.
type Needed = (&'static str, &'static [&'static str]);

const TESTS: &[Needed] = &[
    ("cc", &["gcc", "libc6-dev"]),
    ("chromedriver", &["chromium-driver"]),
    ("chromium", &["chromium"]),
    ("etcd", &["etcd-server"]),
    ("git", &["git"]),
    ("go", &["golang-go"]),
    ("mypy", &["mypy"]),
    ("nats-server", &["nats-server"]),
    ("node", &["nodejs"]),
    ("openssl", &["openssl"]),
    ("psql", &["postgresql"]),
    ("python3", &["python3"]),
    ("strace", &["strace"]),
    ("tsc", &["node-typescript"]),
];
const BENCHES: &[Needed] = &[
    ("cc", &["gcc", "libc6-dev"]),
    ("etcd", &["etcd-server"]),
    ("git", &["git"]),
    ("nats-server", &["nats-server"]),
    ("nginx", &["nginx"]),
    ("psql", &["postgresql"]),
];
/// What Python makes environments of its own with is no program.
const VENV: &str = "python3-venv";

/// Installs what tests need and is missing. With everything there it touches nothing and needs no rights.
pub fn for_tests() -> Result<()> {
    let mut packages = missing(TESTS, on_path);
    if !makes_environments() {
        packages.push(VENV);
    }
    install(&packages)
}

/// Likewise what measurements need.
pub fn for_benches() -> Result<()> {
    install(&missing(BENCHES, on_path))
}

fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    println!("missing: {}", packages.join(" "));
    let by_hand = format!("apt-get update && apt-get install --yes {}", packages.join(" "));
    if !on_path("apt-get") {
        bail!(
            "install {} with this system's package manager, then try again",
            packages.join(" ")
        );
    }
    if capture(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("only root may install packages; run this, then try again: sudo sh -c '{by_hand}'");
    }
    execute(apt().arg("update"))?;
    execute(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages),
    )
}

fn missing(needed: &[Needed], present: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let absent = needed.iter().filter(|(program, _)| !present(program));
    absent
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect()
}

fn makes_environments() -> bool {
    let mut python = Command::new("python3");
    let imported = python.args(["-c", "import ensurepip, venv"]).output();
    imported.is_ok_and(|output| output.status.success())
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_absent_is_installed() {
        assert!(missing(TESTS, |_| true).is_empty());
        assert_eq!(missing(TESTS, |program| program != "git"), ["git"]);
        assert_eq!(missing(BENCHES, |program| program != "cc"), ["gcc", "libc6-dev"]);
        assert_eq!(missing(BENCHES, |program| program != "nginx"), ["nginx"]);
    }
}
