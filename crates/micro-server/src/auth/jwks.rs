//! The public keys as a JSON Web Key Set (RFC 7517, and RFC 8037 for Ed25519), for whoever verifies tokens himself.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use micro::auth::jwt::{Algorithm, PublicKey};
use serde_json::{Value, json};

use super::der;
use super::keyring::Keyring;

/// All that may verify: also the keys that do not sign yet, and those that sign no more.
pub(super) fn key_set(ring: &Keyring) -> String {
    let keys: Vec<_> = ring.public_keys().filter_map(|key| web_key(&key)).collect();
    json!({ "keys": keys }).to_string()
}

fn web_key(key: &PublicKey) -> Option<Value> {
    let mut members = json!({"kid": key.id, "alg": key.algorithm.name(), "use": "sig"});
    let own = match key.algorithm {
        Algorithm::EdDsa => json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(&key.bytes)}),
        Algorithm::Rs256 => {
            let (modulus, exponent) = der::rsa_public(&key.bytes)?;
            json!({"kty": "RSA", "n": BASE64.encode(modulus), "e": BASE64.encode(exponent)})
        }
    };
    members.as_object_mut()?.extend(own.as_object()?.clone());
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::super::keyring::Entry;
    use super::super::rsa;
    use super::*;
    use micro::auth::jwt::SigningKey;

    #[test]
    fn both_kinds_have_their_members() {
        let mut ring = Keyring::new("root");
        let document = SigningKey::generate_pkcs8().unwrap();
        ring.add(Entry::own(Algorithm::EdDsa, document, 0).unwrap());
        ring.add(Entry::own(Algorithm::Rs256, rsa::generate().unwrap(), 1).unwrap());
        let set: Value = serde_json::from_str(&key_set(&ring)).unwrap();
        let keys = set["keys"].as_array().unwrap();
        let names = |key: &Value| key.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&keys[0]), ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(names(&keys[1]), ["alg", "e", "kid", "kty", "n", "use"]);
        for (key, members) in [
            (
                &keys[0],
                json!({"alg": "EdDSA", "crv": "Ed25519", "kty": "OKP", "use": "sig"}),
            ),
            (
                &keys[1],
                json!({"alg": "RS256", "e": "AQAB", "kty": "RSA", "use": "sig"}),
            ),
        ] {
            for (name, value) in members.as_object().unwrap() {
                assert_eq!(key[name], *value, "{name}");
            }
        }
        assert_eq!(keys[0]["x"].as_str().unwrap().len(), 43);
        assert_eq!(keys[1]["n"].as_str().unwrap().len(), 342);
    }
}
