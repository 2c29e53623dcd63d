//! Secrets at rest, sealed with the key of the settings and bound to the namespace and the path where they stand, so that no
//! ciphertext can be moved to where it would be shown to others.

use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use micro::config::document::Leaf;
use micro_rpc::{Error, Result};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use crate::secret::{Sealer, SecretKey};

const VARIABLE: &str = "MICRO_CONFIG_SECRET_KEY";
const FILE: &str = "config_secret_key";
const ID: &str = "config";

pub(super) struct Seal {
    sealer: Sealer,
    /// Tells the key from others, and nothing of it.
    pub fingerprint: String,
}

impl Seal {
    /// With the key that the environment gives, else that of the file, which is made when there is none.
    pub(super) fn open(home: &Path) -> io::Result<Self> {
        let given = given();
        if given.is_some() {
            return Self::with(given.as_deref(), None);
        }
        let file = home.join(FILE);
        if !file.exists() && crate::server::is_established(home) {
            return Err(lost(&file));
        }
        Self::from_text(&read_or_make(&file)?).ok_or_else(|| no_key(file.display()))
    }

    /// With the key that the environment gives, else the one that all servers of the platform have.
    pub(super) fn shared(key: &SecretKey) -> io::Result<Self> {
        Self::with(given().as_deref(), Some(key))
    }

    fn with(given: Option<&str>, key: Option<&SecretKey>) -> io::Result<Self> {
        match (given, key) {
            (None, Some(key)) => Ok(Self::new(key)),
            (given, _) => given.and_then(Self::from_text).ok_or_else(|| no_key(VARIABLE)),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        SecretKey::from_text(text).map(|key| Self::new(&key))
    }

    fn new(key: &SecretKey) -> Self {
        Self {
            sealer: key.sealer(),
            fingerprint: key.fingerprint(),
        }
    }

    pub(super) fn seal_leaf(&self, namespace: &str, path: &str, text: &str) -> Result<Leaf> {
        let sealed = self.sealer.seal(&place(namespace, path), text.as_bytes());
        let sealed =
            sealed.ok_or_else(|| Error::internal(ID, format!("the secret at {path} cannot be encrypted")))?;
        Ok(Leaf {
            value: STANDARD.encode(sealed),
            secret: true,
        })
    }

    pub(super) fn open_leaf(&self, namespace: &str, path: &str, leaf: &Leaf) -> Result<Value> {
        let sealed = STANDARD.decode(&leaf.value).ok();
        let text = sealed.and_then(|sealed| self.sealer.open(&place(namespace, path), &sealed));
        let value = text.and_then(|text| serde_json::from_slice(&text).ok());
        value.ok_or_else(|| {
            Error::internal(
                ID,
                format!("the secret at {path} cannot be decrypted: is the key another one now?"),
            )
        })
    }
}

fn given() -> Option<String> {
    std::env::var(VARIABLE)
        .ok()
        .filter(|text| !text.trim().is_empty())
}

fn no_key(from: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("{from} does not hold a key of 32 bytes in base64"))
}

/// A new key would not open what the lost one has encrypted, and nobody would notice until a secret is needed.
fn lost(file: &Path) -> io::Error {
    let file = file.display();
    io::Error::new(
        io::ErrorKind::NotFound,
        format!(
            "the key {file} that encrypts secret settings is gone: put it back, or set {VARIABLE}; \
             or give those secrets up and make a new one with: head -c 32 /dev/urandom | base64 > {file}"
        ),
    )
}

fn place(namespace: &str, path: &str) -> Vec<u8> {
    [namespace.as_bytes(), b"\0", path.as_bytes()].concat()
}

/// The file appears in full or not at all; of two who make it at once the first one's key stays.
fn read_or_make(file: &Path) -> io::Result<String> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(file)?,
        Ok(text) => {
            if fs::metadata(file)?.permissions().mode() & 0o077 != 0 {
                tracing::warn!(file = %file.display(), "the key for secrets could be read by others, closing it");
                fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
            }
            return Ok(text);
        }
        Err(error) => return Err(error),
    }
    fs::read_to_string(file)
}

fn make(file: &Path) -> io::Result<()> {
    let mut key = [0; 32];
    let failed = |_| io::Error::other("the system gives no random numbers");
    SystemRandom::new().fill(&mut key).map_err(failed)?;
    let draft = file.with_extension(uuid::Uuid::new_v4().simple().to_string());
    let written = write(&draft, &STANDARD.encode(key)).and_then(|()| match fs::hard_link(&draft, file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    fs::remove_file(&draft)?;
    written?;
    file.parent()
        .map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

fn write(draft: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_where_it_was_put_and_nowhere_else() {
        let home = tempfile::tempdir().unwrap();
        let seal = Seal::open(home.path()).unwrap();
        let leaf = seal.seal_leaf("micro", "mail.password", "\"s3cret\"").unwrap();
        assert!(leaf.secret && !leaf.value.contains("s3cret"));
        assert_ne!(
            leaf,
            seal.seal_leaf("micro", "mail.password", "\"s3cret\"").unwrap(),
            "each has its nonce"
        );
        let again = Seal::open(home.path()).unwrap();
        assert_eq!(
            again.open_leaf("micro", "mail.password", &leaf).unwrap(),
            "s3cret"
        );
        assert!(again.open_leaf("acme", "mail.password", &leaf).is_err());
        assert!(again.open_leaf("micro", "mail.host", &leaf).is_err());
        let other = Seal::open(tempfile::tempdir().unwrap().path()).unwrap();
        assert!(other.open_leaf("micro", "mail.password", &leaf).is_err());
        let mode = fs::metadata(home.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(home.path().join(FILE), "broken").unwrap();
        assert!(Seal::open(home.path()).is_err());
    }

    #[test]
    fn servers_that_share_a_key_read_what_the_others_sealed() {
        let key = |byte: u8| STANDARD.encode([byte; 32]);
        let shared = SecretKey::from_text(&key(1)).unwrap();
        let [one, two] = [(); 2].map(|()| Seal::with(None, Some(&shared)).unwrap());
        let leaf = one.seal_leaf("micro", "a", "\"s3cret\"").unwrap();
        assert_eq!(two.open_leaf("micro", "a", &leaf).unwrap(), "s3cret");
        let own = Seal::with(Some(&key(2)), Some(&shared)).unwrap();
        assert!(own.open_leaf("micro", "a", &leaf).is_err(), "its own key wins");
        let same = Seal::with(Some(&key(1)), None).unwrap();
        assert_eq!(same.open_leaf("micro", "a", &leaf).unwrap(), "s3cret");
        assert!(Seal::with(Some("broken"), Some(&shared)).is_err());
    }
}
