//! Makes access and refresh tokens.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use micro::auth::Verifier;
use micro::auth::jwt::{Claims, PublicKey, unix_seconds};
use micro_proto::auth::Token;
use micro_rpc::Account;
use ring::{digest, hmac};

use super::account::StoredAccount;
use super::key::Keys;

/// Signs access tokens, verifies them, and derives refresh tokens.
///
/// An account has one refresh token, which is good until the account is deleted and is returned at every log-in. So that it
/// need not be stored in clear all the same, it is derived from the key file, and only its hash is on the store.
#[derive(Debug)]
pub(super) struct Issuer {
    keys: Keys,
    verifier: Verifier,
}

impl Issuer {
    pub fn new(keys: Keys) -> Issuer {
        let verifier = Verifier::new();
        verifier.set_keys([keys.signing.public_key().clone()]);
        Issuer { keys, verifier }
    }

    pub fn public_key(&self) -> &PublicKey {
        self.keys.signing.public_key()
    }

    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// An access token that is good for `life` from now; the refresh token is left empty.
    pub fn access_token(&self, account: &Account, life: Duration) -> Token {
        let created = SystemTime::now();
        let claims = Claims::new(account, created + life);
        Token {
            access_token: self.keys.signing.sign(&claims),
            refresh_token: String::new(),
            created: unix_seconds(created),
            expiry: claims.exp,
        }
    }

    /// The refresh token of an account. It names the account, so that it is found without searching, and has one dot where
    /// an access token has two.
    pub fn refresh_token(&self, account: &StoredAccount) -> String {
        let mut mac = hmac::Context::with_key(&self.keys.refresh);
        for part in [&account.issuer, &account.id, &account.refresh_nonce] {
            // With its length before it, no part can pass for the beginning of the next one.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        format!("{}.{}", BASE64.encode(&account.id), BASE64.encode(mac.sign()))
    }
}

/// The id of the account that a refresh token names.
pub(super) fn refresh_token_id(token: &str) -> Option<String> {
    let (id, _) = token.split_once('.')?;
    String::from_utf8(BASE64.decode(id).ok()?).ok()
}

/// What is stored of a refresh token.
pub(super) fn refresh_token_hash(token: &str) -> String {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
