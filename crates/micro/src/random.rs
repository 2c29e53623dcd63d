//! What nobody can guess, from the operating system's generator.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of a [`token`]: more than can be tried.
const TOKEN: usize = 32;

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

/// What may be kept of a [`token`], to find it by: SHA-256. A secret that people choose, or that is short, needs a slow hash.
pub fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
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
    fn tokens_differ_and_their_hashes_do_not_show_them() {
        let (one, other) = (token(), token());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_eq!(hash(&one), hash(&one));
        assert_ne!(hash(&one), hash(&other));
    }
}
