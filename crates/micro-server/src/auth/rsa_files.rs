//! The RSA key where the original platform keeps it: `id_rsa` and `id_rsa.pub` in the home, each base64 of PEM. What programs take
//! from there stays where it was, and a key that was put there, by the original platform for one, signs from the next start on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use micro::auth::jwt::{Algorithm, SigningKey};

use super::keyring::Entry;
use super::{der, private_file};

const PRIVATE: &str = "RSA PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// A pair that the operator gives (`MICRO_AUTH_PRIVATE_KEY` and `MICRO_AUTH_PUBLIC_KEY`): base64 of PEM. `Debug` does not show it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RsaPair {
    /// The private half, PKCS #1.
    pub private: Option<String>,
    /// The public half, PKIX. It follows from the private one; where it is given it has to fit.
    pub public: Option<String>,
}

impl fmt::Debug for RsaPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaPair").finish_non_exhaustive()
    }
}

impl RsaPair {
    /// The key, if there is one.
    pub(super) fn read(&self) -> io::Result<Option<SigningKey>> {
        let Some(private) = self.private.as_deref().filter(|text| !text.trim().is_empty()) else {
            if self.public.is_some() {
                tracing::warn!("MICRO_AUTH_PUBLIC_KEY counts only together with MICRO_AUTH_PRIVATE_KEY");
            }
            return Ok(None);
        };
        let document = unwrap(private, PRIVATE).ok_or_else(|| {
            invalid("MICRO_AUTH_PRIVATE_KEY is not base64 of the PEM of an RSA PRIVATE KEY")
        })?;
        let key = SigningKey::from_rsa_der(&document)
            .map_err(|error| invalid(&format!("MICRO_AUTH_PRIVATE_KEY is {error}")))?;
        let own = der::rsa_pkix(&key.public_key().bytes);
        match self.public.as_deref().filter(|text| !text.trim().is_empty()) {
            Some(public) if unwrap(public, PUBLIC).as_ref() != Some(&own) => Err(invalid(
                "MICRO_AUTH_PUBLIC_KEY is not the public half of MICRO_AUTH_PRIVATE_KEY; leave it out, or set both",
            )),
            _ => Ok(Some(key)),
        }
    }
}

/// The files of a home.
#[derive(Clone, Debug)]
pub(super) struct RsaFiles {
    private: PathBuf,
    public: PathBuf,
}

impl RsaFiles {
    pub fn of(home: &Path) -> RsaFiles {
        RsaFiles {
            private: home.join("id_rsa"),
            public: home.join("id_rsa.pub"),
        }
    }

    /// The key, if there is one. Blocks.
    pub fn entry(&self, signs_from: i64) -> io::Result<Option<Entry>> {
        let Some(document) = self.read()? else {
            return Ok(None);
        };
        Entry::own(Algorithm::Rs256, document, signs_from)
            .map(Some)
            .map_err(|error| invalid(&format!("{} is {error}", self.private.display())))
    }

    /// The private half as PKCS #1 in DER.
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let Some(text) = private_file::read_if_any(&self.private)? else {
            return Ok(None);
        };
        let document = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| unwrap(text, PRIVATE));
        let document = document.ok_or_else(|| {
            invalid(&format!(
                "{} is not base64 of the PEM of an RSA PRIVATE KEY; move it away to have a new one made",
                self.private.display()
            ))
        });
        document.map(Some)
    }

    /// Writes both halves, where they are not what they should be. Blocks.
    pub fn write(&self, document: &[u8], public: &[u8]) -> io::Result<()> {
        let halves = [
            (&self.private, der::to_pem(PRIVATE, document)),
            (&self.public, der::to_pem(PUBLIC, &der::rsa_pkix(public))),
        ];
        for (path, pem) in halves {
            let text = BASE64.encode(pem);
            // The public half may well be open to others; only that it is the right one matters here.
            if std::fs::read(path).ok().as_deref() != Some(text.as_bytes()) {
                private_file::replace(path, text.as_bytes())?;
            }
        }
        Ok(())
    }
}

/// The DER in base64 of PEM.
fn unwrap(text: &str, label: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    let pem = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
    der::from_pem(label, &pem)
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::super::rsa;
    use super::*;

    #[test]
    fn what_is_written_is_what_others_write() {
        let home = tempfile::tempdir().unwrap();
        let files = RsaFiles::of(home.path());
        assert_eq!(files.read().unwrap(), None);
        let document = rsa::generate().unwrap();
        let key = SigningKey::from_rsa_der(&document).unwrap();
        files.write(&document, &key.public_key().bytes).unwrap();
        assert_eq!(files.read().unwrap(), Some(document));
        let text = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap();
        let pem = String::from_utf8(BASE64.decode(text("id_rsa.pub")).unwrap()).unwrap();
        assert!(
            pem.starts_with("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"),
            "{pem}"
        );
        let pair = RsaPair {
            private: Some(text("id_rsa")),
            public: Some(text("id_rsa.pub")),
        };
        assert_eq!(pair.read().unwrap().unwrap().public_key(), key.public_key());
        let alone = RsaPair {
            private: None,
            ..pair.clone()
        };
        assert!(alone.read().unwrap().is_none());
        let mixed = RsaPair {
            private: pair.public.clone(),
            ..pair.clone()
        };
        assert!(
            mixed
                .read()
                .unwrap_err()
                .to_string()
                .contains("MICRO_AUTH_PRIVATE_KEY")
        );
        let unfitting = RsaPair {
            public: pair.private.clone(),
            ..pair
        };
        assert!(unfitting.read().unwrap_err().to_string().contains("leave it out"));
        std::fs::write(home.path().join("id_rsa"), "broken").unwrap();
        assert!(files.read().unwrap_err().to_string().contains("id_rsa"));
    }
}
