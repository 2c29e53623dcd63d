//! Access tokens: compact JWS (RFC 7515) signed with Ed25519 (RFC 8037).
//!
//! One algorithm, chosen by us and never by the token: what the header says is compared with it, not looked up in a
//! table, so `none` and the confusion of a public key with a shared secret have no way in. Ed25519 because verifying is
//! five times cheaper than with RSA, signing fifty times, and a key is made in no time at the first start.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use micro_rpc::Account;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// The only signature algorithm, as RFC 8037 names it.
pub const ALGORITHM: &str = "EdDSA";

/// A longer token is refused unread: it would not fit into a request's headers either.
pub const MAX_TOKEN_BYTES: usize = 12 * 1024;

/// What a token says about its bearer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// `user`, `service`, or a word of the owner's choice.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the bearer may be granted by rules.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whatever was written down with the account.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The account's name for people.
    #[serde(default)]
    pub name: String,
    /// The account's id.
    pub sub: String,
    /// The namespace that the account belongs to.
    pub iss: String,
    /// When the token ends, in Unix seconds.
    pub exp: i64,
}

impl Claims {
    /// The claims of a token for `account` that ends at `expires_at`.
    pub fn new(account: &Account, expires_at: SystemTime) -> Claims {
        Claims {
            kind: account.kind.clone(),
            scopes: account.scopes.clone(),
            metadata: account.metadata.clone(),
            name: account.name.clone(),
            sub: account.id.clone(),
            iss: account.issuer.clone(),
            exp: unix_seconds(expires_at),
        }
    }

    /// When the token ends.
    pub fn expires_at(&self) -> SystemTime {
        u64::try_from(self.exp)
            .ok()
            .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
            .unwrap_or(UNIX_EPOCH)
    }
}

impl From<Claims> for Account {
    fn from(claims: Claims) -> Account {
        Account {
            id: claims.sub,
            kind: claims.kind,
            issuer: claims.iss,
            name: claims.name,
            scopes: claims.scopes,
            metadata: claims.metadata,
        }
    }
}

/// Why a token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It is not a compact JWS with our claims, or too long.
    Malformed,
    /// It is signed, or claims to be, with another algorithm than [`ALGORITHM`].
    Algorithm,
    /// It names a key that is not known here; it may be one that has just been made.
    UnknownKey,
    /// The signature does not fit.
    Signature,
    /// It has ended.
    Expired,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Malformed => "the token is malformed",
            Error::Algorithm => "the token is not signed with EdDSA",
            Error::UnknownKey => "the token is signed with an unknown key",
            Error::Signature => "the token's signature does not fit",
            Error::Expired => "the token has expired",
        })
    }
}

impl std::error::Error for Error {}

/// What tokens are signed with. `Debug` shows the key's id only.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Makes the PKCS #8 document of a new key; [`SigningKey::from_pkcs8`] reads it.
    pub fn generate_pkcs8() -> Result<Vec<u8>, KeyError> {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Generate)?;
        Ok(document.as_ref().to_vec())
    }

    /// Reads a key that [`SigningKey::generate_pkcs8`] made.
    pub fn from_pkcs8(document: &[u8]) -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(document).map_err(|_| KeyError::Parse)?;
        let public = PublicKey::new(pair.public_key().as_ref());
        Ok(SigningKey { pair, public })
    }

    /// What others verify this key's tokens with.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The signed token.
    pub fn sign(&self, claims: &Claims) -> String {
        let header = Header {
            alg: ALGORITHM.into(),
            typ: "JWT".into(),
            kid: self.public.id.clone(),
            crit: None,
        };
        let mut token = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        BASE64.encode_string(signature.as_ref(), &mut token);
        token
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.public.id)
            .finish_non_exhaustive()
    }
}

/// Why there is no signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The system gave no randomness.
    Generate,
    /// The document is not an Ed25519 key in PKCS #8.
    Parse,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyError::Generate => "the system gave no randomness for a new key",
            KeyError::Parse => "not an Ed25519 key in PKCS #8",
        })
    }
}

impl std::error::Error for KeyError {}

/// What tokens are verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Derived from the key itself, so that the same key has the same id everywhere.
    pub id: String,
    /// The raw key, 32 bytes.
    pub bytes: Vec<u8>,
}

impl PublicKey {
    /// The key with the id that follows from it: the first 16 hexadecimal digits of its SHA-256.
    pub fn new(bytes: &[u8]) -> PublicKey {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let id = digest.as_ref()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        PublicKey {
            id,
            bytes: bytes.to_vec(),
        }
    }
}

/// A token that was read but not believed yet: all it gives away is the key that it names.
pub struct Unverified<'a> {
    key_id: String,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart. Anything but our algorithm is refused here.
    pub fn parse(token: &'a str) -> Result<Unverified<'a>, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Error::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Error::Malformed)?;
        let header: Header = decode(header)?;
        if header.alg != ALGORITHM {
            return Err(Error::Algorithm);
        }
        if header.crit.is_some() || payload.contains('.') {
            return Err(Error::Malformed);
        }
        let signature = BASE64.decode(signature).map_err(|_| Error::Malformed)?;
        Ok(Unverified {
            key_id: header.kid,
            signed,
            payload,
            signature,
        })
    }

    /// The id of the key that the token says it is signed with.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The claims, when `key` signed them and they have not ended at `now`.
    pub fn verify(&self, key: &PublicKey, now: SystemTime) -> Result<Claims, Error> {
        UnparsedPublicKey::new(&ED25519, &key.bytes)
            .verify(self.signed.as_bytes(), &self.signature)
            .map_err(|_| Error::Signature)?;
        let claims: Claims = decode(self.payload)?;
        if claims.expires_at() <= now {
            return Err(Error::Expired);
        }
        Ok(claims)
    }
}

/// `time` in whole seconds since 1970; before that, 0.
pub fn unix_seconds(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: String,
    #[serde(default)]
    kid: String,
    /// Extensions that a reader must understand. We know none, so their presence is a refusal (RFC 7515, 4.1.11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

fn encode(part: &impl Serialize) -> String {
    let json = serde_json::to_vec(part).expect("headers and claims are text, numbers and maps of text");
    BASE64.encode(json)
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, Error> {
    let json = BASE64.decode(part).map_err(|_| Error::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| Error::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
    }

    fn claims() -> Claims {
        Claims {
            kind: "user".into(),
            scopes: vec!["admin".into()],
            metadata: BTreeMap::from([("created".into(), "1".into())]),
            name: "Ada".into(),
            sub: "ada".into(),
            iss: "micro".into(),
            exp: NOW as i64 + 60,
        }
    }

    fn verify(token: &str, key: &SigningKey) -> Result<Claims, Error> {
        Unverified::parse(token)?.verify(key.public_key(), now())
    }

    /// A token with any header, signed properly.
    fn forge(key: &SigningKey, header: serde_json::Value) -> String {
        let signed = format!("{}.{}", encode(&header), encode(&claims()));
        let signature = BASE64.encode(key.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    #[test]
    fn a_signed_token_gives_its_claims_back() {
        let key = key();
        let token = key.sign(&claims());
        assert_eq!(token.matches('.').count(), 2);
        assert_eq!(Unverified::parse(&token).unwrap().key_id(), key.public_key().id);
        assert_eq!(verify(&token, &key), Ok(claims()));
        let header: serde_json::Value = decode(token.split('.').next().unwrap()).unwrap();
        assert_eq!(
            header,
            serde_json::json!({"alg": "EdDSA", "typ": "JWT", "kid": key.public_key().id})
        );
        let payload: serde_json::Value = decode(token.split('.').nth(1).unwrap()).unwrap();
        let mut names: Vec<_> = payload.as_object().unwrap().keys().cloned().collect();
        names.sort();
        assert_eq!(names, ["exp", "iss", "metadata", "name", "scopes", "sub", "type"]);
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let key = key();
        let token = key.sign(&claims());
        for position in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&changed, &key).is_err(), "position {position}");
        }
    }

    #[test]
    fn another_key_does_not_fit() {
        assert_eq!(verify(&key().sign(&claims()), &key()), Err(Error::Signature));
    }

    #[test]
    fn a_token_ends_at_its_second() {
        let key = key();
        let at = |exp| verify(&key.sign(&Claims { exp, ..claims() }), &key).map(|_| ());
        assert_eq!(at(NOW as i64 + 1), Ok(()));
        assert_eq!(at(NOW as i64), Err(Error::Expired));
        assert_eq!(at(-1), Err(Error::Expired));
        assert_eq!(at(i64::MIN), Err(Error::Expired));
    }

    #[test]
    fn the_header_chooses_nothing() {
        let key = key();
        let kid = &key.public_key().id;
        for (header, expected) in [
            (serde_json::json!({"alg": "none", "kid": kid}), Error::Algorithm),
            (serde_json::json!({"alg": "HS256", "kid": kid}), Error::Algorithm),
            (serde_json::json!({"alg": "RS256", "kid": kid}), Error::Algorithm),
            (serde_json::json!({"alg": "eddsa", "kid": kid}), Error::Algorithm),
            (serde_json::json!({"kid": kid}), Error::Malformed),
            (
                serde_json::json!({"alg": "EdDSA", "kid": kid, "crit": ["b64"], "b64": false}),
                Error::Malformed,
            ),
        ] {
            assert_eq!(
                verify(&forge(&key, header.clone()), &key),
                Err(expected),
                "{header}"
            );
        }
    }

    #[test]
    fn garbage_is_malformed() {
        let long = "a".repeat(MAX_TOKEN_BYTES + 1);
        for token in ["", ".", "..", "...", "a.b.c", "e30.e30.", "micro", long.as_str()] {
            assert_eq!(Unverified::parse(token).err(), Some(Error::Malformed), "{token}");
        }
        let key = key();
        assert!(verify(&format!("{}.x", key.sign(&claims())), &key).is_err());
    }
}
