//! The key that all servers of a platform are given, and what is sealed with it.
//!
//! Servers that share a store share secrets through it as well: the signing keys and the secret settings. Whoever reads the store
//! is not to read those, so they lie there sealed, and the key comes by another way: `MICRO_SECRET_KEY`, out of the environment only.

use std::fmt;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

const LENGTH: usize = 32;

/// A key of 32 bytes. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; LENGTH]);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").finish_non_exhaustive()
    }
}

impl SecretKey {
    /// The variable that gives it.
    pub const VARIABLE: &str = "MICRO_SECRET_KEY";

    /// The key that is written so: base64 of 32 bytes.
    pub fn from_text(text: &str) -> Option<SecretKey> {
        let bytes = BASE64.decode(text.trim()).ok()?;
        Some(SecretKey(bytes.try_into().ok()?))
    }

    /// What the variable holds, where a platform cannot do without.
    ///
    /// # Errors
    ///
    /// When it holds none, and how one is made.
    pub fn required(value: Option<&str>) -> io::Result<SecretKey> {
        let variable = SecretKey::VARIABLE;
        let how = "make one with: openssl rand -base64 32, and give the same to every server of the platform";
        match value.filter(|text| !text.trim().is_empty()) {
            Some(text) => SecretKey::from_text(text).ok_or_else(|| {
                let detail = format!("{variable} does not hold a key of 32 bytes in base64; {how}");
                io::Error::new(io::ErrorKind::InvalidInput, detail)
            }),
            None => {
                let detail = format!(
                    "{variable} is not set: servers that share a store seal their signing keys and secret settings with it; {how}"
                );
                Err(io::Error::new(io::ErrorKind::NotFound, detail))
            }
        }
    }

    /// What seals with the key itself.
    pub(crate) fn sealer(&self) -> Sealer {
        let key = UnboundKey::new(&AES_256_GCM, &self.0).expect("the key is as long as the cipher's");
        Sealer {
            key: LessSafeKey::new(key),
            random: SystemRandom::new(),
        }
    }

    /// Tells it from other keys, and nothing of it.
    pub(crate) fn fingerprint(&self) -> String {
        BASE64.encode(&self.derived("fingerprint").0[..12])
    }

    /// A key that follows from this one, for one purpose alone.
    pub(crate) fn derived(&self, purpose: &str) -> SecretKey {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, purpose.as_bytes());
        let bytes = tag.as_ref().try_into();
        SecretKey(bytes.expect("SHA-256 gives 32 bytes"))
    }
}

/// AES-256-GCM with a random nonce for each text. What is sealed is bound to a place, so that it cannot be moved to where it would be
/// taken for something else.
pub(crate) struct Sealer {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Sealer {
    /// `None` when the system gives no random numbers.
    pub(crate) fn seal(&self, place: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = text.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(unique, Aad::from(place), &mut sealed)
            .ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// `None` unless it was sealed with this key, for this place.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = sealed.to_vec();
        let length = self
            .key
            .open_in_place(nonce, Aad::from(place), &mut text)
            .ok()?
            .len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_opens_what_it_sealed_and_only_in_its_place() {
        let key = SecretKey([7; LENGTH]);
        let sealed = key.sealer().seal(b"here", b"text").unwrap();
        assert_eq!(key.sealer().open(b"here", &sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(key.sealer().open(b"there", &sealed), None);
        for other in [SecretKey([8; LENGTH]), key.derived("keys")] {
            assert_eq!(other.sealer().open(b"here", &sealed), None);
        }
        assert_eq!(key.derived("keys"), key.derived("keys"));
        assert_eq!(key.sealer().open(b"here", &sealed[..5]), None);
        assert_eq!(format!("{key:?}"), "SecretKey { .. }");
    }

    #[test]
    fn who_has_no_key_is_told_how_to_make_one() {
        let good = BASE64.encode([7; LENGTH]);
        assert_eq!(SecretKey::required(Some(&good)).unwrap(), SecretKey([7; LENGTH]));
        for wrong in [None, Some(""), Some(" "), Some("short"), Some("AAAA")] {
            let error = SecretKey::required(wrong).unwrap_err().to_string();
            assert!(error.contains("MICRO_SECRET_KEY"), "{error}");
            assert!(error.contains("openssl rand -base64 32"), "{error}");
        }
    }
}
