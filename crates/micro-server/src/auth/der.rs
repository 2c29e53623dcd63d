//! The little of DER (X.690) and PEM (RFC 7468) that RSA keys are written in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// `rsaEncryption` with its empty parameters, as RFC 3279 has it in a public key.
const RSA_ENCRYPTION: [u8; 15] = [
    SEQUENCE, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
];

/// A number that is not negative, from its big-endian bytes.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = bytes[zeros..].to_vec();
    // A leading bit would make it negative, and zero has a byte too.
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        content.insert(0, 0);
    }
    element(INTEGER, &content)
}

/// Elements one after the other.
pub(super) fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &elements.concat())
}

/// The SubjectPublicKeyInfo (PKIX) of an RSAPublicKey.
pub(super) fn rsa_pkix(public: &[u8]) -> Vec<u8> {
    let bits = element(BIT_STRING, &[&[0], public].concat());
    sequence(&[RSA_ENCRYPTION.to_vec(), bits])
}

/// Modulus and exponent of an RSAPublicKey, big-endian and without leading zeros.
pub(super) fn rsa_public(document: &[u8]) -> Option<(&[u8], &[u8])> {
    let (numbers, _) = take(document, SEQUENCE)?;
    let (modulus, rest) = take(numbers, INTEGER)?;
    let (exponent, _) = take(rest, INTEGER)?;
    Some((without_zeros(modulus), without_zeros(exponent)))
}

/// DER as PEM.
pub(super) fn to_pem(label: &str, document: &[u8]) -> String {
    let text = BASE64.encode(document);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// The DER in a PEM of that label; `None` when there is none.
pub(super) fn from_pem(label: &str, pem: &str) -> Option<Vec<u8>> {
    let (_, after) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = after.split_once(&format!("-----END {label}-----"))?;
    let text: String = body.split_whitespace().collect();
    BASE64.decode(text).ok()
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => element.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let zeros = length.iter().take_while(|byte| **byte == 0).count();
            element.push(0x80 | (length.len() - zeros) as u8);
            element.extend_from_slice(&length[zeros..]);
        }
    }
    element.extend_from_slice(content);
    element
}

/// The content of the first element, when it has that tag, and what follows it.
fn take(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        let (digits, after) = rest.split_at_checked(count).filter(|_| count <= 4)?;
        length = digits
            .iter()
            .fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
    }
    (found == tag).then(|| rest.split_at_checked(length)).flatten()
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lengths_are_as_der_wants_them() {
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
        assert_eq!(integer(&[0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        let long = integer(&[1; 300]);
        assert_eq!(long[..4], [2, 0x82, 1, 44]);
        let key = sequence(&[integer(&[0xff; 256]), integer(&[1, 0, 1])]);
        let (modulus, exponent) = rsa_public(&key).unwrap();
        assert_eq!((modulus, exponent), (&[0xff; 256][..], &[1, 0, 1][..]));
        for end in 0..key.len() {
            assert_eq!(rsa_public(&key[..end]), None, "{end} bytes");
        }
    }

    #[test]
    fn pem_comes_back() {
        let document: Vec<u8> = (0..200).collect();
        let pem = to_pem("PUBLIC KEY", &document);
        assert!(pem.lines().all(|line| line.len() <= 64), "{pem}");
        assert_eq!(from_pem("PUBLIC KEY", &pem), Some(document));
        assert_eq!(from_pem("RSA PRIVATE KEY", &pem), None);
        assert_eq!(from_pem("PUBLIC KEY", "-----BEGIN PUBLIC KEY-----\n!"), None);
    }
}
