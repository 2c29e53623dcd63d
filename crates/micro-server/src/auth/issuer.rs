//! Makes access and refresh tokens.

mod change;
mod error;

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use micro::auth::Verifier;
use micro::auth::jwt::{Algorithm, Claims, SigningKey, unix_seconds};
use micro::store::{Scope, Store};
use micro_proto::auth::Token;
use micro_rpc::Account;
use ring::{digest, hmac};
use tokio::sync::Mutex;

use super::account::StoredAccount;
use super::key::Root;
use super::keyring::{Entry, Keyring};
use super::keyring_files::KeyringFiles;
use super::keyring_store::KeyringStore;
use super::rsa;
use super::rsa_files::RsaPair;
use crate::follow::FIRST_WAIT;
use crate::secret::SecretKey;
use change::Change;

pub(super) use error::{Error, Result, RotateError};

/// The longest life of a token, in seconds.
pub(super) const LONGEST_LIFE: i64 = 365 * 24 * 3600;

/// Where there are several servers, a new key is published at least so many seconds before it signs: each of them knows it by then.
const SHARED_DELAY: i64 = 5;

/// Signs access tokens, verifies them, and derives refresh tokens.
///
/// An account has one refresh token, which is good until the account is deleted and is returned at every log-in. So that it
/// need not be stored in clear all the same, it is derived from the first key, and only its hash is on the store.
pub(super) struct Issuer {
    refresh: hmac::Key,
    verifier: Verifier,
    ring: RwLock<Arc<Keyring>>,
    /// Held, across awaits, by changes of the ring: what is kept and what is used must follow one another.
    changing: Mutex<()>,
    keeper: Keeper,
}

/// Who keeps the ring.
enum Keeper {
    Files(KeyringFiles),
    Shared {
        keys: Box<KeyringStore>,
        /// An RSA key that this server is to sign with. The ring has its public half alone: what one server is told is not for the
        /// others to sign with, nor to replace their own keys.
        given: Option<Entry>,
    },
}

impl Issuer {
    /// With the keys in files of this machine; the first one is made where there is none. Blocks.
    pub fn open(key_file: &Path, home: &Path, given: &RsaPair, now: i64) -> io::Result<Issuer> {
        let (files, root, ring) = KeyringFiles::open(key_file, home, given, now)?;
        Ok(Issuer::with(Keeper::Files(files), root, ring))
    }

    /// With the keys on a store that other servers use too. Waits for the store, for a while.
    pub async fn open_shared(
        store: Arc<dyn Store>,
        scope: Scope,
        key: &SecretKey,
        given: &RsaPair,
        now: i64,
    ) -> Result<Issuer> {
        let given = given.read()?.map(|key| Entry::given(key, now));
        let (keys, root, ring) = KeyringStore::open(store, scope, key, FIRST_WAIT, now).await?;
        let keys = Box::new(keys);
        let issuer = Issuer::with(Keeper::Shared { keys, given }, root, ring);
        let published = issuer.change(Change::Publish, now).await;
        published.map_err(|error| match error {
            RotateError::Failed(error) => error,
            RotateError::TooMany(count) => Error::Key(io::Error::other(format!("{count} keys"))),
        })?;
        Ok(issuer)
    }

    fn with(keeper: Keeper, root: Root, ring: Keyring) -> Issuer {
        let verifier = Verifier::new();
        verifier.set_keys(ring.public_keys());
        Issuer {
            refresh: root.refresh,
            verifier,
            ring: RwLock::new(Arc::new(ring)),
            changing: Mutex::default(),
            keeper,
        }
    }

    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The keys as they are now: those that will sign, those that do, and those whose tokens are not all at their end.
    pub fn ring(&self, now: i64) -> Keyring {
        let mut ring = Keyring::clone(&self.current());
        ring.tidy(now);
        ring
    }

    /// An access token that is good for `life` from now; the refresh token is left empty.
    pub async fn access_token(
        self: &Arc<Self>,
        account: &Account,
        life: Duration,
        algorithm: Algorithm,
    ) -> Result<Token> {
        self.access_token_at(account, life, algorithm, SystemTime::now())
            .await
    }

    pub async fn access_token_at(
        self: &Arc<Self>,
        account: &Account,
        life: Duration,
        algorithm: Algorithm,
        created: SystemTime,
    ) -> Result<Token> {
        let claims = Claims::new(account, created + life);
        let expiry = claims.exp;
        let signing = self.signing(algorithm, unix_seconds(created), expiry).await?;
        let access_token = match algorithm {
            Algorithm::EdDsa => signing.sign(&claims),
            // It computes for a millisecond or several.
            Algorithm::Rs256 => blocking(move || Ok(signing.sign(&claims))).await?,
        };
        Ok(Token {
            access_token: access_token.map_err(io::Error::other)?,
            refresh_token: String::new(),
            created: unix_seconds(created),
            expiry,
        })
    }

    /// Makes a new key for each algorithm that is in use. They are published at once and sign after `delay`.
    pub async fn rotate(self: &Arc<Self>, delay: i64, now: i64) -> Result<Keyring, RotateError> {
        let delay = match self.keeper {
            Keeper::Files(_) => delay,
            Keeper::Shared { .. } => delay.max(SHARED_DELAY),
        };
        let issuer = Arc::clone(self);
        let ring = unabridged(async move { issuer.change(Change::Rotate { delay }, now).await }).await??;
        Ok(Keyring::clone(&ring))
    }

    /// The refresh token of an account. It names the account, so that it is found without searching, and has one dot where
    /// an access token has two.
    pub fn refresh_token(&self, account: &StoredAccount) -> String {
        let mut mac = hmac::Context::with_key(&self.refresh);
        for part in [&account.issuer, &account.id, &account.refresh_nonce] {
            // With its length before it, no part can pass for the beginning of the next one.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        format!("{}.{}", BASE64.encode(&account.id), BASE64.encode(mac.sign()))
    }

    fn current(&self) -> Arc<Keyring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The key that signs now, which is known to have signed something that ends at `expiry` before it does.
    async fn signing(
        self: &Arc<Self>,
        algorithm: Algorithm,
        now: i64,
        expiry: i64,
    ) -> Result<Arc<SigningKey>> {
        if let Some(signing) = self.ready(&self.current(), algorithm, now, expiry) {
            return Ok(signing);
        }
        let (issuer, change) = (Arc::clone(self), Change::Sign { algorithm, expiry });
        let changed = unabridged(async move { issuer.change(change, now).await }).await?;
        let signing = match changed {
            Ok(ring) => self.ready(&ring, algorithm, now, expiry),
            Err(RotateError::Failed(error)) => return Err(error),
            Err(RotateError::TooMany(_)) => None,
        };
        signing.ok_or_else(|| io::Error::other("there is no signing key").into())
    }

    fn ready(&self, ring: &Keyring, algorithm: Algorithm, now: i64, expiry: i64) -> Option<Arc<SigningKey>> {
        let signer = self.signer(ring, algorithm, now)?;
        let kept = ring.get(&signer.public.id)?;
        signer.signing.clone().filter(|_| kept.horizon >= expiry)
    }

    /// What signs here now: a key that was given to this server before those of all.
    fn signer<'a>(&'a self, ring: &'a Keyring, algorithm: Algorithm, now: i64) -> Option<&'a Entry> {
        self.given(algorithm).or_else(|| ring.signer(algorithm, now))
    }

    fn given(&self, algorithm: Algorithm) -> Option<&Entry> {
        match &self.keeper {
            Keeper::Shared { given, .. } => {
                given.as_ref().filter(|given| given.public.algorithm == algorithm)
            }
            Keeper::Files(_) => None,
        }
    }
}

pub(super) async fn generate(algorithm: Algorithm, signs_from: i64) -> io::Result<Entry> {
    blocking(move || {
        let document = match algorithm {
            Algorithm::EdDsa => SigningKey::generate_pkcs8(),
            Algorithm::Rs256 => rsa::generate(),
        };
        document
            .and_then(|document| Entry::own(algorithm, document, signs_from))
            .map_err(io::Error::other)
    })
    .await
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Does the work to its end in a task of its own: a caller that hangs up while a key is made must not leave the next one to begin
/// anew, nor disk and memory apart.
async fn unabridged<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T> {
    tokio::spawn(work)
        .await
        .map_err(|error| Error::Key(io::Error::other(error)))
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
