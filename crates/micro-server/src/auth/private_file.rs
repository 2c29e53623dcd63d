//! Files with secrets in them: for their owner only, and there in full or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Reads a file, and closes it to others where it is open to them.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the key file could be read by others, closing it");
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    fs::read(path)
}

/// [`read`], where the file need not be there.
pub(super) fn read_if_any(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file; when this returns it is on disk. Who reads meanwhile, or after a crash, finds the old one or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    through_draft(path, bytes, |draft| fs::rename(draft, path))
}

/// Writes a file that is not there yet. When two processes do it at once, the first one's stays: a link, unlike a
/// rename, never replaces.
pub(super) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    through_draft(path, bytes, |draft| match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    })
}

fn through_draft(path: &Path, bytes: &[u8], finish: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = path.with_extension(format!("draft.{}", uuid::Uuid::new_v4().simple()));
    let result = write(&draft, bytes).and_then(|()| finish(&draft));
    // After a rename there is nothing left to remove.
    let _ = fs::remove_file(&draft);
    result?;
    File::open(folder)?.sync_all()
}

fn write(draft: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("server/keys.json");
        assert_eq!(read_if_any(&path).unwrap(), None);
        for text in ["one", "two"] {
            replace(&path, text.as_bytes()).unwrap();
            assert_eq!(read_if_any(&path).unwrap().as_deref(), Some(text.as_bytes()));
        }
        create(&path, b"three").unwrap();
        assert_eq!(read(&path).unwrap(), b"two", "what is there stays");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        read(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
