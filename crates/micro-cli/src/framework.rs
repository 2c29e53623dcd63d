//! The framework's sources, which the binary carries.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::errors::{Failure, Result};

mod carried {
    include!(concat!(env!("OUT_DIR"), "/framework.rs"));
}

/// The link in a service's folder through which its manifest finds the framework.
pub(crate) const LINK: &str = ".micro";

/// Lays the sources out below a home, once per version, and tells where. Safe when several do it at once.
pub(crate) fn lay_out(home: &Path) -> Result<PathBuf> {
    let folder = home
        .join("framework")
        .join(format!("{}-{}", env!("CARGO_PKG_VERSION"), carried::HASH));
    if folder.is_dir() {
        return Ok(folder);
    }
    write(&folder).map_err(|error| {
        Failure::new(
            1,
            format!(
                "cannot lay out the framework's sources in {}: {error}",
                folder.display()
            ),
        )
    })?;
    Ok(folder)
}

fn write(folder: &Path) -> io::Result<()> {
    let beside = folder.with_extension(format!("{}.new", std::process::id()));
    let _ = fs::remove_dir_all(&beside);
    for (name, content) in carried::FILES {
        let path = beside.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)?;
    }
    match fs::rename(&beside, folder) {
        // Somebody else was first: what is there is the same.
        Err(_) if folder.is_dir() => fs::remove_dir_all(&beside),
        done => done,
    }
}

/// Makes, or mends, the link of a service whose manifest asks for it.
pub(crate) fn link(service: &Path, framework: &Path) -> Result<()> {
    let manifest = fs::read_to_string(service.join("Cargo.toml")).unwrap_or_default();
    if !manifest.contains(".micro/") {
        return Ok(());
    }
    let link = service.join(LINK);
    if fs::read_link(&link).is_ok_and(|target| target == framework) {
        return Ok(());
    }
    let beside = service.join(format!("{LINK}.{}", std::process::id()));
    let made = symlink(framework, &beside).and_then(|()| fs::rename(&beside, &link));
    made.map_err(|error| {
        Failure::new(
            1,
            format!("cannot link {} to the framework: {error}", link.display()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laid_out_once_and_complete() {
        let home = tempfile::tempdir().unwrap();
        let folder = lay_out(home.path()).unwrap();
        assert_eq!(lay_out(home.path()).unwrap(), folder);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("members = [\"micro\", \"micro-proto\", \"micro-rpc\"]"),
            "{manifest}"
        );
        for file in [
            "Cargo.lock",
            "LICENSE",
            "micro/src/lib.rs",
            "micro-rpc/Cargo.toml",
            "micro-proto/src/auth.rs",
        ] {
            assert!(folder.join(file).is_file(), "{file}");
        }
        assert_eq!(fs::read_dir(home.path().join("framework")).unwrap().count(), 1);
    }
}
