//! What the package of PostgreSQL has brought: its programs, and a user to run them as.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;
use tempfile::TempDir;

/// The server's only user, who needs no password: it listens on the loopback interface alone.
pub const USER: &str = "micro";

/// Who the server runs as.
#[derive(Clone, Copy)]
pub struct Owner {
    pub user: u32,
    pub group: u32,
}

/// It refuses to run as the machine's administrator, so there it is the user that its package made.
fn owner() -> Option<Owner> {
    if !geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let user = fields
        .filter(|fields| fields.len() > 3)
        .find(|fields| fields[0] == "postgres");
    let user = user.expect("the package of PostgreSQL makes a user postgres; `cargo xtask test` installs it");
    Some(Owner {
        user: user[2].parse().unwrap(),
        group: user[3].parse().unwrap(),
    })
}

/// A folder for a server, which only its owner can use.
pub fn make_folder() -> (TempDir, Option<Owner>) {
    let (folder, owner) = (tempfile::tempdir().unwrap(), owner());
    if let Some(owner) = owner {
        chown(folder.path(), Some(owner.user), Some(owner.group)).unwrap();
    }
    (folder, owner)
}

/// Where the newest version's programs are.
pub fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .map(|entry| entry.path())
        .max_by_key(|path| version(path));
    newest
        .expect("PostgreSQL is not installed; `cargo xtask test` installs it")
        .join("bin")
}

pub fn program(name: &str, folder: &Path, owner: Option<Owner>) -> Command {
    let mut command = Command::new(binaries().join(name));
    command.current_dir(folder).env_clear().env("LC_ALL", "C.UTF-8");
    if let Some(owner) = owner {
        command.uid(owner.user).gid(owner.group);
    }
    command
}

pub fn make_database(folder: &Path, data: &Path, owner: Option<Owner>) {
    let mut command = program("initdb", folder, owner);
    command.args(["--no-sync", "--auth=trust", "--encoding=UTF8"]);
    command.arg("--username").arg(USER).arg("-D").arg(data);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
