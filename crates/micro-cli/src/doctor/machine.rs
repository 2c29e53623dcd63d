//! What the machine has: the tools that build services, room on the disk, and the time.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{Access, access, statvfs};
use tokio::process::Command;

use super::{Finding, home};
use crate::session::Globals;

/// A tool that takes longer to say its version hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// Less room than this, and a build or the store's next write may fail.
const FAIL_BELOW: u64 = 256 * MEGABYTE;
/// A first build of the framework takes about this much.
const WARN_BELOW: u64 = 2048 * MEGABYTE;
const MEGABYTE: u64 = 1024 * 1024;
/// This version was made after that moment (2026-01-01), so no clock that is right shows an earlier one.
const MADE: u64 = 1_767_225_600;

pub(super) async fn look(globals: &Globals) -> Vec<Finding> {
    let build = std::env::var_os("MICRO_BUILD_DIR").filter(|folder| !folder.is_empty());
    let build = build.map_or_else(|| globals.home.join("server/build"), PathBuf::from);
    let (cargo, rustc, linker, git) = tokio::join!(
        tool("cargo", "--version"),
        tool("rustc", "--version"),
        tool("cc", "--version"),
        tool("git", "--version")
    );
    let mut findings = vec![
        needed("cargo", cargo),
        compiler(rustc),
        linking(linker),
        match git {
            Some(version) => Finding::ok("git", version),
            None => Finding::warn(
                "git",
                "is not found",
                "install it to run services from repositories",
            ),
        },
        build_folder(&build),
    ];
    findings.extend(room("disk of the home", &globals.home));
    findings.extend(room("disk of builds", &build));
    findings.push(clock(SystemTime::now()));
    findings
}

/// The first line of what a tool says about itself.
async fn tool(name: &str, flag: &str) -> Option<String> {
    let asked = Command::new(name)
        .arg(flag)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.lines().next().unwrap_or_default().trim().to_owned();
    output.status.success().then_some(first)
}

fn needed(name: &str, version: Option<String>) -> Finding {
    match version {
        Some(version) => Finding::ok(name, version),
        None => Finding::fail(
            name,
            "is not found, so that no service can be built",
            "install Rust from https://rustup.rs, and open a new terminal",
        ),
    }
}

fn compiler(version: Option<String>) -> Finding {
    let least = env!("CARGO_PKG_RUST_VERSION");
    let Some(found) = version else {
        return needed("rustc", None);
    };
    match found.split_whitespace().nth(1).map(numbers) {
        Some(own) if !own.is_empty() && own < numbers(least) => Finding::fail(
            "rustc",
            format!("{found} is older than {least}, which services are built with"),
            "rustup update stable",
        ),
        _ => Finding::ok("rustc", found),
    }
}

/// `1.95.0-nightly` as 1, 95, 0.
fn numbers(version: &str) -> Vec<u32> {
    let plain = version.split('-').next().unwrap_or_default();
    plain.split('.').filter_map(|part| part.parse().ok()).collect()
}

fn linking(linker: Option<String>) -> Finding {
    match linker {
        Some(version) => Finding::ok("linker", version),
        None => Finding::fail(
            "linker",
            "cc is not found, and programs are linked with it",
            "install a C compiler, for example: apt-get install gcc",
        ),
    }
}

fn build_folder(build: &Path) -> Finding {
    const CHECK: &str = "build folder";
    let there = home::existing(build);
    match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::ok(CHECK, format!("{} can be written to", build.display())),
        Err(error) => Finding::fail(
            CHECK,
            format!("{} cannot be written to: {error}", there.display()),
            "give yourself the right, or set MICRO_BUILD_DIR to another folder",
        ),
    }
}

fn room(check: &str, path: &Path) -> Option<Finding> {
    let there = home::existing(path);
    let disk = statvfs(there).ok()?;
    Some(judge(check, there, disk.f_bavail.saturating_mul(disk.f_frsize)))
}

fn judge(check: &str, path: &Path, free: u64) -> Finding {
    let found = format!("{} MiB free at {}", free / MEGABYTE, path.display());
    if free < FAIL_BELOW {
        Finding::fail(
            check,
            found,
            "make room: the store needs some to go on, and a build much more",
        )
    } else if free < WARN_BELOW {
        Finding::warn(
            check,
            found,
            "a first build takes about 2 GiB; make room before `micro run`",
        )
    } else {
        Finding::ok(check, found)
    }
}

fn clock(now: SystemTime) -> Finding {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match seconds < MADE {
        true => Finding::fail(
            "clock",
            format!("shows {seconds} s since 1970, which is before this version was made"),
            "set the clock: tokens are refused where it is wrong",
        ),
        false => Finding::ok("clock", "shows a time that can be right"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Health::{self, Fail, Ok, Warn};
    use super::*;

    #[test]
    fn what_is_too_little_is_said() {
        for (megabytes, expected) in [(1, Fail), (300, Warn), (4000, Ok)] {
            assert_eq!(
                judge("disk", Path::new("/"), megabytes * MEGABYTE).status,
                expected
            );
        }
        assert!(room("disk", Path::new("/not/there/at/all")).is_some());
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let status = |version: &str| -> Health { compiler(Some(version.to_owned())).status };
        assert_eq!(status("rustc 1.9.0 (x 2016)"), Fail);
        assert_eq!(status("rustc 1.200.0-nightly (x)"), Ok);
        assert_eq!(status("something else"), Ok);
        assert_eq!(compiler(None).status, Fail);
    }

    #[test]
    fn a_clock_that_must_be_wrong_is_found() {
        assert_eq!(clock(UNIX_EPOCH).status, Fail);
        assert_eq!(clock(SystemTime::now()).status, Ok);
    }

    #[tokio::test]
    async fn a_tool_that_is_not_there_is_none() {
        assert_eq!(tool("there-is-no-such-tool", "--version").await, None);
    }
}
