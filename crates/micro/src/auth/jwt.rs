//! Access tokens: compact JWS (RFC 7515) signed with Ed25519 (RFC 8037) or, for those who know nothing else, RS256 (RFC 7518).
//!
//! The key decides about the algorithm and never the token: what a header says is compared with what the key is for, not
//! looked up in a table of what might be done with the key's bytes. So `none`, and the confusion of a public key with a shared
//! secret, have no way in.

mod key;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use micro_rpc::Account;
use serde::{Deserialize, Serialize};

pub use key::{Algorithm, KeyError, PublicKey, SigningKey};

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
    /// It says that it is signed with an algorithm that is no [`Algorithm`], or not that of the key.
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
            Error::Algorithm => "the token is not signed with an algorithm of its key",
            Error::UnknownKey => "the token is signed with an unknown key",
            Error::Signature => "the token's signature does not fit",
            Error::Expired => "the token has expired",
        })
    }
}

impl std::error::Error for Error {}

/// A token that was read but not believed yet: all it gives away is the key that it names.
pub struct Unverified<'a> {
    algorithm: Algorithm,
    key_id: String,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart. Anything but our algorithms is refused here.
    pub fn parse(token: &'a str) -> Result<Unverified<'a>, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Error::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Error::Malformed)?;
        let header: Header = decode(header)?;
        let algorithm = Algorithm::named(&header.alg).ok_or(Error::Algorithm)?;
        if header.crit.is_some() || payload.contains('.') {
            return Err(Error::Malformed);
        }
        let signature = BASE64.decode(signature).map_err(|_| Error::Malformed)?;
        Ok(Unverified {
            algorithm,
            key_id: header.kid,
            signed,
            payload,
            signature,
        })
    }

    /// The id of the key that the token says it is signed with; empty when it names none, as those of the original platform.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What the token says it is signed with. Only a key of this algorithm can verify it.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The claims, when `key` signed them and they have not ended at `now`.
    pub fn verify(&self, key: &PublicKey, now: SystemTime) -> Result<Claims, Error> {
        if key.algorithm != self.algorithm {
            return Err(Error::Algorithm);
        }
        if !key.has_signed(self.signed.as_bytes(), &self.signature) {
            return Err(Error::Signature);
        }
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
