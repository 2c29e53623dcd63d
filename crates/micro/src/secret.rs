//! Secrets that a service hands out: what nobody can guess, and what may be kept of it.
//!
//! What people choose themselves, passwords, needs a hash that is slow on purpose: that is not here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of a [`token`]: more than can be tried.
const TOKEN: usize = 32;
const SALT: usize = 16;

/// A secret for machines: 43 letters, digits, `-` and `_`, which need no escape in a link.
pub fn token() -> String {
    let mut bytes = [0; TOKEN];
    fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A secret for people, of these letters, each as likely as the others: `letters(b"0123456789", 6)`.
///
/// # Panics
///
/// Where there is no letter to choose from, or more than 256.
pub fn letters(alphabet: &[u8], length: usize) -> String {
    assert!(
        (1..=256).contains(&alphabet.len()),
        "1 to 256 letters to choose from"
    );
    // The bytes beyond the last whole turn through the alphabet would favour its beginning.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        fill(&mut bytes);
        let chosen = bytes
            .iter()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < fair);
        let missing = length - text.len();
        text.extend(
            chosen
                .take(missing)
                .map(|byte| char::from(alphabet[byte % alphabet.len()])),
        );
    }
    text
}

/// What may be kept of a [`token`], to find it by: SHA-256.
pub fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

/// What may be kept of a secret that is too short to be found by its hash, and is good for a few tries in a short time only:
/// a different text each time, in which the secret is not seen.
///
/// ```
/// use micro::secret;
///
/// let sealed = secret::seal("123456");
/// assert!(secret::opens(&sealed, "123456"));
/// assert!(!secret::opens(&sealed, "123457"));
/// ```
pub fn seal(secret: &str) -> String {
    let mut salt = [0; SALT];
    fill(&mut salt);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salt), secret.as_bytes());
    let encode = |bytes| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}", encode(&salt[..]), encode(tag.as_ref()))
}

/// Whether it is the secret that was sealed. It takes as long for a wrong one as for a right one.
pub fn opens(sealed: &str, secret: &str) -> bool {
    let Some((salt, tag)) = sealed.split_once('.') else {
        return false;
    };
    let (Ok(salt), Ok(tag)) = (URL_SAFE_NO_PAD.decode(salt), URL_SAFE_NO_PAD.decode(tag)) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salt);
    hmac::verify(&key, secret.as_bytes(), &tag).is_ok()
}

fn fill(bytes: &mut [u8]) {
    // Linux has given random bytes without fail since it was started; going on with others would be worse.
    SystemRandom::new()
        .fill(bytes)
        .expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_all_used_about_as_often() {
        let text = letters(b"abcdefg", 70_000);
        assert_eq!(text.len(), 70_000);
        for letter in b'a'..=b'g' {
            let count = text.bytes().filter(|found| *found == letter).count();
            // Six standard deviations.
            assert!((9_400..10_600).contains(&count), "{letter}: {count}");
        }
        assert_eq!(letters(b"x", 3), "xxx");
    }

    #[test]
    fn a_sealed_secret_is_not_seen_and_nonsense_opens_nothing() {
        let (one, other) = (seal("123456"), seal("123456"));
        assert_ne!(one, other);
        assert!(opens(&one, "123456") && opens(&other, "123456"));
        for (sealed, secret) in [
            (&*one, ""),
            (&one, "1234567"),
            ("", ""),
            (".", ""),
            ("a.b", "x"),
            ("?.?", "x"),
        ] {
            assert!(!opens(sealed, secret), "{sealed:?} {secret:?}");
        }
    }

    #[test]
    fn tokens_differ_and_their_hashes_do_not_show_them() {
        let (one, other) = (token(), token());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_eq!(hash(&one), hash(&one));
        assert_ne!(hash(&one), hash(&other));
    }
}
