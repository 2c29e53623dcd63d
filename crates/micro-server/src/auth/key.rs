//! The platform's secret of secrets: the first signing key, and what refresh tokens are derived with; and the file that holds it
//! where it is kept in a file.

use std::io;
use std::path::Path;

use micro::auth::jwt::{KeyError, SigningKey};
use ring::hmac;

use super::private_file;

/// What is in the key file, or in its place on the store. It stays as it is when keys rotate, since refresh tokens are to stay good.
pub(super) struct Root {
    /// The first signing key, as PKCS #8.
    pub document: Vec<u8>,
    /// What refresh tokens are derived with.
    pub refresh: hmac::Key,
    /// The id of the first signing key.
    pub id: String,
    /// Whether it was there before, and so may have signed tokens.
    pub was_there: bool,
}

impl Root {
    /// Reads the key file, or makes it when there is none. Blocks.
    pub fn load(path: &Path) -> io::Result<Root> {
        let there = private_file::read_if_any(path)?;
        let was_there = there.is_some();
        let document = match there {
            Some(document) => document,
            None => {
                let document = SigningKey::generate_pkcs8().map_err(io::Error::other)?;
                private_file::create(path, &document)?;
                private_file::read(path)?
            }
        };
        let root = Root::from_pkcs8(document, was_there);
        root.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Both keys come from one secret, so there is one file to protect and to back up.
    pub fn from_pkcs8(document: Vec<u8>, was_there: bool) -> Result<Root, KeyError> {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &document);
        let refresh = hmac::sign(&secret, b"micro refresh tokens");
        Ok(Root {
            id: SigningKey::from_pkcs8(&document)?.public_key().id.clone(),
            document,
            refresh: hmac::Key::new(hmac::HMAC_SHA256, refresh.as_ref()),
            was_there,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_for_the_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("server/auth.key");
        let ids: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Root::load(&path).unwrap().id))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(ids[0].len(), 16);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Root::load(&path).unwrap();
        assert_eq!((again.id, again.was_there), (ids[0].clone(), true));
    }

    #[test]
    fn a_broken_key_file_is_an_error_and_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("auth.key");
        fs::write(&path, b"broken").unwrap();
        assert!(Root::load(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"broken");
    }
}
