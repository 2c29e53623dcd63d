//! What tokens are signed and verified with. A key is of one algorithm, for good.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{
    ED25519, Ed25519KeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    UnparsedPublicKey,
};

use super::{Claims, Header, encode};

/// How tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// Ed25519: what our own services and command line ask for, since it costs least.
    EdDsa,
    /// RSA of 2048 bits or more with SHA-256: what every client of the original platform knows.
    Rs256,
}

impl Algorithm {
    /// As RFC 7518 and RFC 8037 name it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Rs256 => "RS256",
        }
    }

    /// The algorithm of that very name.
    ///
    /// ```
    /// use micro::auth::jwt::Algorithm;
    ///
    /// assert_eq!(Algorithm::named("EdDSA"), Some(Algorithm::EdDsa));
    /// assert_eq!(Algorithm::named("none"), None);
    /// ```
    pub fn named(name: &str) -> Option<Algorithm> {
        [Algorithm::EdDsa, Algorithm::Rs256]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }
}

/// What tokens are signed with. `Debug` shows the key's id only.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl SigningKey {
    /// Makes the PKCS #8 document of a new Ed25519 key; [`SigningKey::from_pkcs8`] reads it.
    pub fn generate_pkcs8() -> Result<Vec<u8>, KeyError> {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Generate)?;
        Ok(document.as_ref().to_vec())
    }

    /// Reads an Ed25519 key that [`SigningKey::generate_pkcs8`] made.
    pub fn from_pkcs8(document: &[u8]) -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(document).map_err(|_| KeyError::Ed25519)?;
        let public = PublicKey::new(Algorithm::EdDsa, pair.public_key().as_ref());
        let pair = Pair::Ed25519(pair);
        Ok(SigningKey { pair, public })
    }

    /// Reads an RSA key of 2048 to 4096 bits: an RSAPrivateKey of PKCS #1 in DER.
    pub fn from_rsa_der(document: &[u8]) -> Result<SigningKey, KeyError> {
        let pair = RsaKeyPair::from_der(document).map_err(|error| KeyError::Rsa(error.to_string()))?;
        let public = PublicKey::new(Algorithm::Rs256, pair.public_key().as_ref());
        let pair = Pair::Rsa(Box::new(pair));
        Ok(SigningKey { pair, public })
    }

    /// What others verify this key's tokens with.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The signed token. With RSA this takes a millisecond or several.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let header = Header {
            alg: self.public.algorithm.name().into(),
            typ: "JWT".into(),
            kid: self.public.id.clone(),
            crit: None,
        };
        let mut token = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        BASE64.encode_string(signature, &mut token);
        Ok(token)
    }

    /// A token that does not name its key, as the original platform makes them.
    #[cfg(test)]
    pub(in crate::auth) fn sign_nameless(&self, claims: &Claims) -> String {
        let header = serde_json::json!({"alg": self.public.algorithm.name(), "typ": "JWT"});
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.signature(signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64.encode(signature))
    }

    pub(super) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| KeyError::Sign)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.public.algorithm)
            .field("id", &self.public.id)
            .finish_non_exhaustive()
    }
}

/// Why there is no signing key, or it does not sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The system gave no randomness.
    Generate,
    /// The document is not an Ed25519 key in PKCS #8.
    Ed25519,
    /// The document is not an RSA key in PKCS #1, or one that is too short or too long.
    Rsa(String),
    /// The key does not sign, for want of randomness.
    Sign,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Generate => f.write_str("the system gave no randomness for a new key"),
            KeyError::Ed25519 => f.write_str("not an Ed25519 key in PKCS #8"),
            KeyError::Rsa(why) => write!(f, "not an RSA key of 2048 to 4096 bits in PKCS #1: {why}"),
            KeyError::Sign => f.write_str("the system gave no randomness for a signature"),
        }
    }
}

impl std::error::Error for KeyError {}

/// What tokens are verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The only algorithm that it is used with.
    pub algorithm: Algorithm,
    /// Derived from the key itself, so that the same key has the same id everywhere.
    pub id: String,
    /// Of Ed25519 the 32 bytes of the key, of RSA an RSAPublicKey of PKCS #1 in DER.
    pub bytes: Vec<u8>,
}

impl PublicKey {
    /// The key with the id that follows from it: the first 16 hexadecimal digits of its SHA-256.
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> PublicKey {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let id = digest.as_ref()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        PublicKey {
            algorithm,
            id,
            bytes: bytes.to_vec(),
        }
    }

    /// Whether this key made the signature.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self.algorithm {
            Algorithm::EdDsa => UnparsedPublicKey::new(&ED25519, &self.bytes).verify(message, signature),
            Algorithm::Rs256 => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.bytes).verify(message, signature)
            }
        };
        verified.is_ok()
    }
}
