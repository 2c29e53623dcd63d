//! What the local server leaves for those who join it by hand.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use micro_rpc::{Error, Result};
use serde::{Deserialize, Serialize};

/// The addresses of a running local server, and an account for services that are started by hand. Only the server's
/// own user can read the file.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Join {
    /// The server's process.
    pub pid: u32,
    /// `host:port` of the proxy.
    pub proxy: String,
    /// The URL of the gateway.
    pub gateway: String,
    /// The URL of the pages; empty where the server shows none.
    pub web: String,
    /// The id of the account to join with.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl Join {
    /// Where a home keeps the file.
    pub fn path(home: &Path) -> PathBuf {
        home.join("server").join("join.json")
    }

    /// Reads the file of a home; `None` when no server has left one.
    pub fn read(home: &Path) -> Result<Option<Self>> {
        let path = Self::path(home);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path, &error.to_string())),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| failed("read", &path, &error.to_string()))
    }

    /// Writes the file of a home, whole or not at all.
    pub fn write(&self, home: &Path) -> Result<()> {
        let path = Self::path(home);
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| failed("write", &path, &error.to_string()))?;
        write_owner_only(&path, &text).map_err(|error| failed("write", &path, &error.to_string()))
    }

    /// Removes the file of a home, if there is one.
    pub fn remove(home: &Path) {
        let _ = std::fs::remove_file(Self::path(home));
    }
}

impl std::fmt::Debug for Join {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Join")
            .field("pid", &self.pid)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

fn write_owner_only(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

fn failed(what: &str, path: &Path, cause: &str) -> Error {
    Error::internal(
        "go.micro.server",
        format!("cannot {what} {}: {cause}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn join() -> Join {
        Join {
            pid: 7,
            proxy: "127.0.0.1:8081".to_owned(),
            gateway: "http://127.0.0.1:8080".to_owned(),
            web: "http://127.0.0.1:8082".to_owned(),
            id: "join".to_owned(),
            secret: "hidden-value".to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_read_by_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(Join::read(home.path()).unwrap(), None);
        join().write(home.path()).unwrap();
        assert_eq!(Join::read(home.path()).unwrap(), Some(join()));
        let mode = std::fs::metadata(Join::path(home.path()))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        Join { pid: 8, ..join() }.write(home.path()).unwrap();
        assert_eq!(Join::read(home.path()).unwrap().unwrap().pid, 8);
        let left = std::fs::read_dir(home.path().join("server")).unwrap().count();
        assert_eq!(left, 1, "nothing is left beside it");
        Join::remove(home.path());
        assert_eq!(Join::read(home.path()).unwrap(), None);
    }

    #[test]
    fn a_broken_file_is_said_and_the_secret_is_not() {
        let home = tempfile::tempdir().unwrap();
        join().write(home.path()).unwrap();
        std::fs::write(Join::path(home.path()), "{").unwrap();
        let error = Join::read(home.path()).unwrap_err();
        assert!(error.detail.contains("join.json"), "{error}");
        assert!(!format!("{:?}", join()).contains("hidden"));
    }
}
