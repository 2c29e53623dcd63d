//! Generated files on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::generate::GeneratedFile;

/// Brings `dir` up to date and returns the paths of the files that differed; with `check` it only
/// tells. A file that is right already is not touched, so that cargo does not build it anew; a
/// file that is replaced is replaced as a whole or not at all.
///
/// # Errors
///
/// When a file cannot be read or written.
pub fn write(files: &[GeneratedFile], dir: &Path, check: bool) -> Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for file in files {
        let path = dir.join(&file.path);
        let differs = differs(&path, &file.content).map_err(|source| failed(&path, source))?;
        if differs && !check {
            replace(&path, &file.content).map_err(|source| failed(&path, source))?;
        }
        changed.extend(differs.then_some(path));
    }
    Ok(changed)
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}

fn differs(path: &Path, content: &str) -> io::Result<bool> {
    match fs::read(path) {
        Ok(bytes) => Ok(bytes != content.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

fn replace(path: &Path, content: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let result = fs::write(&draft, content).and_then(|()| fs::rename(&draft, path));
    if result.is_err() {
        let _ = fs::remove_file(&draft); // the first error is the one to tell
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = |path: &str, content: &str| GeneratedFile {
            path: path.into(),
            content: content.to_owned(),
        };
        let files = [file("a.rs", "a"), file("a/b.rs", "b")];
        assert_eq!(write(&files, dir.path(), true).unwrap().len(), 2);
        assert!(!dir.path().join("a.rs").exists());
        assert_eq!(write(&files, dir.path(), false).unwrap().len(), 2);
        assert_eq!(fs::read_to_string(dir.path().join("a/b.rs")).unwrap(), "b");
        assert!(write(&files, dir.path(), false).unwrap().is_empty());
        fs::write(dir.path().join("a.rs"), "edited").unwrap();
        assert_eq!(
            write(&files, dir.path(), true).unwrap(),
            [dir.path().join("a.rs")]
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
