//! Files that belong to one user and are changed by several commands at once.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Makes a folder, and those above it, for its owner only.
pub fn private_folder(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The text of a file; empty when there is none.
pub fn read(path: &Path) -> Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        result => result,
    }
}

/// Puts a text in the place of a file's, whole or not at all, readable by its owner only.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    // A file that is a link to another place, as in people's collections of settings, stays one.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&path, &format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.set_permissions(PermissionsExt::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    std::fs::rename(&beside, &path)
}

/// Keeps other commands from changing a file for as long as it lives. The lock is on a file of its own: the one it guards
/// is replaced by each change, and a lock on it would guard what nobody reads any more.
#[must_use]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for whoever changes the file now. They read and write a small file, so that is soon.
    pub fn of(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside(path, "lock"))?;
        file.lock()?;
        Ok(Self { _file: file })
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replaced_is_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/config.json");
        assert_eq!(read(&path).unwrap(), "");
        let _lock = Lock::of(&path).unwrap();
        replace(&path, "one").unwrap();
        replace(&path, "two").unwrap();
        assert_eq!(read(&path).unwrap(), "two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 2, "the file and its lock");
    }
}
