//! Checks tokens against the platform's public keys.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use micro_rpc::Account;

use super::cache::{Cache, Entry};
use super::jwt::{Claims, Error, PublicKey, Unverified};

/// Checks access tokens and remembers the valid ones, until they end or their key is withdrawn.
///
/// The second check of a token costs a hash and a look into a map; nothing is asked of the platform.
///
/// ```
/// use micro::auth::{Verifier, jwt};
///
/// let verifier = Verifier::new();
/// assert_eq!(verifier.verify("not a token").unwrap_err(), jwt::Error::Malformed);
/// ```
pub struct Verifier {
    keys: RwLock<HashMap<String, PublicKey>>,
    cache: Cache,
}

impl Verifier {
    /// A verifier that knows no key yet and so accepts nothing.
    pub fn new() -> Verifier {
        Verifier {
            keys: RwLock::default(),
            cache: Cache::new(),
        }
    }

    /// Replaces the known keys. Tokens of a key that is no longer among them are not accepted from here on.
    pub fn set_keys(&self, keys: impl IntoIterator<Item = PublicKey>) {
        let new: HashMap<_, _> = keys.into_iter().map(|key| (key.id.clone(), key)).collect();
        let mut known = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *known, new);
        // Still under the lock, so that a check that is under way cannot remember a token after this has passed.
        self.cache
            .retain_keys(|id| known.get(id).is_some_and(|key| old.get(id) == Some(key)));
    }

    /// Whose token this is.
    pub fn verify(&self, token: &str) -> Result<Arc<Account>, Error> {
        self.verify_at(token, SystemTime::now())
    }

    fn verify_at(&self, token: &str, now: SystemTime) -> Result<Arc<Account>, Error> {
        if let Some(account) = self.cache.get(token, now) {
            return Ok(account);
        }
        let unverified = Unverified::parse(token)?;
        let (key, claims) = self.verify_with_any(&unverified, now)?;
        let expires_at = claims.expires_at();
        let account = Arc::new(Account::from(claims));
        let keys = self.keys();
        if keys.get(&key.id) != Some(&key) {
            return Err(Error::UnknownKey);
        }
        let entry = Entry {
            token: token.into(),
            account: Arc::clone(&account),
            expires_at,
            key_id: key.id,
        };
        self.cache.insert(entry, now);
        Ok(account)
    }

    /// The key that the token names, or for one that names none whichever fits.
    fn verify_with_any(
        &self,
        unverified: &Unverified<'_>,
        now: SystemTime,
    ) -> Result<(PublicKey, Claims), Error> {
        if !unverified.key_id().is_empty() {
            let key = self.keys().get(unverified.key_id()).cloned();
            let key = key.ok_or(Error::UnknownKey)?;
            let claims = unverified.verify(&key, now)?;
            return Ok((key, claims));
        }
        let keys: Vec<_> = self.keys().values().cloned().collect();
        let mut refusal = Error::UnknownKey;
        for key in keys {
            match unverified.verify(&key, now) {
                Ok(claims) => return Ok((key, claims)),
                Err(Error::Algorithm | Error::Signature) => {}
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn keys(&self) -> RwLockReadGuard<'_, HashMap<String, PublicKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Verifier {
    fn default() -> Verifier {
        Verifier::new()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys().keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::auth::jwt::SigningKey;

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn token(key: &SigningKey, expires_at: u64) -> String {
        key.sign(&claims(expires_at)).unwrap()
    }

    fn claims(expires_at: u64) -> Claims {
        let account = Account {
            id: "ada".into(),
            kind: "user".into(),
            issuer: "micro".into(),
            ..Account::default()
        };
        Claims::new(&account, at(expires_at))
    }

    #[test]
    fn a_token_is_verified_once_and_ends_in_the_cache_too() {
        let key = key();
        let verifier = Verifier::new();
        verifier.set_keys([key.public_key().clone()]);
        let token = token(&key, 100);
        let first = verifier.verify_at(&token, at(0)).unwrap();
        let second = verifier.verify_at(&token, at(99)).unwrap();
        assert!(
            Arc::ptr_eq(&first, &second),
            "the second answer comes from the cache"
        );
        assert_eq!(first.id, "ada");
        assert_eq!(verifier.verify_at(&token, at(100)), Err(Error::Expired));
    }

    #[test]
    fn a_token_that_names_no_key_is_tried_with_each() {
        let (one, other) = (key(), key());
        let verifier = Verifier::new();
        let named = token(&one, 100);
        let (header, rest) = named.split_once('.').unwrap();
        assert!(!header.is_empty());
        // Its signature covers the header, so taking the name away spoils it whatever key is tried.
        let nameless = format!("eyJhbGciOiJFZERTQSJ9.{rest}");
        assert_eq!(verifier.verify_at(&nameless, at(0)), Err(Error::UnknownKey));
        verifier.set_keys([one.public_key().clone(), other.public_key().clone()]);
        assert_eq!(verifier.verify_at(&nameless, at(0)), Err(Error::UnknownKey));
        let signed = one.sign_nameless(&claims(100));
        assert_eq!(verifier.verify_at(&signed, at(0)).unwrap().id, "ada");
        assert_eq!(verifier.verify_at(&signed, at(100)), Err(Error::Expired));
    }

    #[test]
    fn keys_rotate_without_refused_calls_and_withdrawing_one_is_felt_at_once() {
        let (old, new) = (key(), key());
        let verifier = Verifier::new();
        let (old_token, new_token) = (token(&old, 100), token(&new, 100));
        verifier.set_keys([old.public_key().clone()]);
        assert!(verifier.verify_at(&old_token, at(0)).is_ok());
        assert_eq!(verifier.verify_at(&new_token, at(0)), Err(Error::UnknownKey));
        verifier.set_keys([old.public_key().clone(), new.public_key().clone()]);
        assert!(verifier.verify_at(&old_token, at(0)).is_ok());
        assert!(verifier.verify_at(&new_token, at(0)).is_ok());
        verifier.set_keys([new.public_key().clone()]);
        assert_eq!(verifier.verify_at(&old_token, at(0)), Err(Error::UnknownKey));
        assert!(verifier.verify_at(&new_token, at(0)).is_ok());
    }
}
