//! The user's folder of settings and tokens, and how its files are written.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::errors::{Failure, Result};

/// `$MICRO_HOME`, or `.micro` in the user's home.
pub fn home() -> Result<PathBuf> {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    named("MICRO_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".micro")))
        .ok_or_else(|| Failure::new(1, "No home folder is known").with_hint("set HOME or MICRO_HOME"))
}

/// Writes a file whole or not at all, for its owner only; folders that are missing are made.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    // A file that is a link elsewhere stays a link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    make_parent(&path)?;
    let beside = with_suffix(&path, &format!(".{}.new", std::process::id()));
    let written = write_synced(&beside, bytes).and_then(|()| std::fs::rename(&beside, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(|error| failed("write", &path, &error))
}

/// An exclusive lock beside a file, held until it is dropped. It orders those who read, change and write the file.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the open file")] File);

impl Lock {
    /// Waits for the lock of a file.
    pub fn hold(path: &Path) -> Result<Self> {
        let path = with_suffix(path, ".lock");
        make_parent(&path)?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed("open", &path, &error))?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive)
            .map_err(|error| failed("lock", &path, &error.into()))?;
        Ok(Self(file))
    }
}

/// The failure of an operation on a file, naming it.
pub(crate) fn failed(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(1, format!("Cannot {what} {}: {error}", path.display()))
}

fn make_parent(path: &Path) -> Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| failed("create", folder, &error)),
        None => Ok(()),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
