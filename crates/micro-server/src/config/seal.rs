//! Secrets at rest: AES-256-GCM with a random nonce for each, bound to the namespace and the path where it stands, so that no
//! ciphertext can be moved to where it would be shown to others.

use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use micro::config::document::Leaf;
use micro_rpc::{Error, Result};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

const VARIABLE: &str = "MICRO_CONFIG_SECRET_KEY";
const FILE: &str = "config_secret_key";
const ID: &str = "config";

pub(super) struct Seal {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Seal {
    /// With the key that the environment gives, else that of the file, which is made when there is none.
    pub(super) fn open(home: &Path) -> io::Result<Self> {
        let (text, from) = match std::env::var(VARIABLE) {
            Ok(text) if !text.trim().is_empty() => (text, VARIABLE.to_owned()),
            _ => {
                let file = home.join(FILE);
                if !file.exists() && crate::server::is_established(home) {
                    return Err(lost(&file));
                }
                (read_or_make(&file)?, file.display().to_string())
            }
        };
        Self::from_text(&text)
            .ok_or_else(|| io::Error::other(format!("{from} does not hold a key of 32 bytes in base64")))
    }

    fn from_text(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).ok()?;
        Some(Self {
            key: LessSafeKey::new(key),
            random: SystemRandom::new(),
        })
    }

    pub(super) fn seal_leaf(&self, namespace: &str, path: &str, text: &str) -> Result<Leaf> {
        let failed = |_| Error::internal(ID, format!("the secret at {path} cannot be encrypted"));
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(failed)?;
        let mut sealed = text.as_bytes().to_vec();
        let bound = Aad::from(place(namespace, path));
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut sealed)
            .map_err(failed)?;
        Ok(Leaf {
            value: STANDARD.encode([&nonce[..], &sealed].concat()),
            secret: true,
        })
    }

    pub(super) fn open_leaf(&self, namespace: &str, path: &str, leaf: &Leaf) -> Result<Value> {
        let failed = || {
            Error::internal(
                ID,
                format!("the secret at {path} cannot be decrypted: is the key another one now?"),
            )
        };
        let mut bytes = STANDARD.decode(&leaf.value).map_err(|_| failed())?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let bound = Aad::from(place(namespace, path));
        let text = self
            .key
            .open_in_place(nonce, bound, sealed)
            .map_err(|_| failed())?;
        serde_json::from_slice(text).map_err(|_| failed())
    }
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
}
