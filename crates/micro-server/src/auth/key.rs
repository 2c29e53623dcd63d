//! The file that holds the platform's signing key.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use micro::auth::jwt::{KeyError, SigningKey};
use ring::hmac;

/// What the platform signs tokens with, and what refresh tokens are derived with.
#[derive(Debug)]
pub(super) struct Keys {
    pub signing: SigningKey,
    pub refresh: hmac::Key,
}

impl Keys {
    /// Reads the key file, or makes it when there is none. Blocks.
    pub fn load(path: &Path) -> io::Result<Keys> {
        let document = match read_private(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path)?;
                read_private(path)?
            }
            other => other?,
        };
        Keys::from_pkcs8(&document).map_err(io::Error::other)
    }

    /// Both keys come from one secret, so there is one file to protect and to back up.
    pub fn from_pkcs8(document: &[u8]) -> Result<Keys, KeyError> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, document);
        let refresh = hmac::sign(&root, b"micro refresh tokens");
        Ok(Keys {
            signing: SigningKey::from_pkcs8(document)?,
            refresh: hmac::Key::new(hmac::HMAC_SHA256, refresh.as_ref()),
        })
    }
}

fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the signing key could be read by others, closing it");
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    fs::read(path)
}

/// Writes a new key so that the file is there in full or not at all. When two processes start at once, the first one's
/// key stays: a link, unlike a rename, never replaces.
fn create(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = path.with_extension(format!("key.{}", uuid::Uuid::new_v4().simple()));
    let result = write_draft(&draft).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    fs::remove_file(&draft)?;
    result?;
    fs::File::open(folder)?.sync_all()
}

fn write_draft(draft: &Path) -> io::Result<()> {
    let document = SigningKey::generate_pkcs8().map_err(io::Error::other)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    file.write_all(&document)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_for_the_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("server/auth.key");
        let ids: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Keys::load(&path).unwrap()))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap().signing.public_key().id.clone())
                .collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(ids[0].len(), 16);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "no draft is left behind"
        );
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Keys::load(&path).unwrap().signing.public_key().id, ids[0]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_broken_key_file_is_an_error_and_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("auth.key");
        fs::write(&path, b"broken").unwrap();
        assert!(Keys::load(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"broken");
    }
}
