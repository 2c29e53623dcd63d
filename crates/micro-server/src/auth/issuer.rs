//! Makes access and refresh tokens.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use micro::auth::Verifier;
use micro::auth::jwt::{Algorithm, Claims, SigningKey, unix_seconds};
use micro_proto::auth::Token;
use micro_rpc::Account;
use ring::{digest, hmac};
use tokio::sync::Mutex;

use super::account::StoredAccount;
use super::key::Root;
use super::keyring::{Entry, Keyring};
use super::rsa_files::{RsaFiles, RsaPair};
use super::{private_file, rsa};

/// The longest life of a token, in seconds.
pub(super) const LONGEST_LIFE: i64 = 365 * 24 * 3600;

/// So much further than a token needs a key's horizon is moved, so that the ring is written once an hour and not once a token.
const AHEAD: i64 = 3600;

/// More keys than that of one algorithm are not held at once.
const MOST_KEYS: usize = 16;

/// Signs access tokens, verifies them, and derives refresh tokens.
///
/// An account has one refresh token, which is good until the account is deleted and is returned at every log-in. So that it
/// need not be stored in clear all the same, it is derived from the key file, and only its hash is on the store.
pub(super) struct Issuer {
    refresh: hmac::Key,
    verifier: Verifier,
    ring: RwLock<Arc<Keyring>>,
    /// Held, across awaits, by changes of the ring: what is on disk and what is used must follow one another.
    changing: Mutex<()>,
    files: Files,
}

/// Where keys are kept.
#[derive(Clone, Debug)]
struct Files {
    ring: PathBuf,
    rsa: RsaFiles,
}

/// Why there are no new keys.
#[derive(Debug)]
pub(super) enum RotateError {
    /// So many are held already.
    TooMany(usize),
    /// They could not be made or kept.
    Io(io::Error),
}

impl From<io::Error> for RotateError {
    fn from(source: io::Error) -> RotateError {
        RotateError::Io(source)
    }
}

impl Issuer {
    /// Reads the keys, or makes the first one. Blocks.
    pub fn open(key_file: &Path, home: &Path, given: &RsaPair, now: i64) -> io::Result<Issuer> {
        let root = Root::load(key_file)?;
        let files = Files {
            ring: key_file.with_file_name("auth.keys.json"),
            rsa: RsaFiles::of(home),
        };
        let kept = private_file::read_if_any(&files.ring)?;
        let kept = kept.as_deref().map(Keyring::from_json).transpose();
        let kept = kept.map_err(|error| {
            let path = files.ring.display();
            let hint = "put it back from a copy, or move it away to sign with the first key again";
            io::Error::new(
                error.kind(),
                format!("{path} is no ring of keys: {error}; {hint}"),
            )
        })?;
        // A key file that was replaced ends all that the old one began.
        let kept = kept.filter(|ring| ring.root() == root.id);
        let mut ring = kept.map_or_else(|| first(&root, now), Ok)?;
        let rsa = match given.read()? {
            Some(key) => Some(Entry::given(key, now)),
            None => files.rsa.entry(now)?,
        };
        if let Some(entry) = rsa {
            // What it has signed elsewhere is not known.
            ring.add(entry.with_horizon(now + LONGEST_LIFE));
        }
        ring.tidy(now);
        files.save(&ring)?;
        let verifier = Verifier::new();
        verifier.set_keys(ring.public_keys());
        Ok(Issuer {
            refresh: root.refresh,
            verifier,
            ring: RwLock::new(Arc::new(ring)),
            changing: Mutex::default(),
            files,
        })
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
    ) -> io::Result<Token> {
        self.access_token_at(account, life, algorithm, SystemTime::now())
            .await
    }

    pub async fn access_token_at(
        self: &Arc<Self>,
        account: &Account,
        life: Duration,
        algorithm: Algorithm,
        created: SystemTime,
    ) -> io::Result<Token> {
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
        let issuer = Arc::clone(self);
        unabridged(async move {
            let _changing = issuer.changing.lock().await;
            let mut ring = issuer.ring(now);
            for algorithm in [Algorithm::EdDsa, Algorithm::Rs256] {
                let held = |entry: &&Entry| entry.public.algorithm == algorithm;
                let count = ring.entries().iter().filter(held).count();
                // One that somebody else keeps is replaced there.
                if ring
                    .newest(algorithm)
                    .is_none_or(|newest| newest.document().is_none())
                {
                    continue;
                }
                if count >= MOST_KEYS {
                    return Err(RotateError::TooMany(count));
                }
                ring.add(generate(algorithm, now + delay).await?);
            }
            Ok(Keyring::clone(&*issuer.change_to(ring).await?))
        })
        .await?
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
    ) -> io::Result<Arc<SigningKey>> {
        if let Some(signing) = ready(&self.current(), algorithm, now, expiry) {
            return Ok(signing);
        }
        let issuer = Arc::clone(self);
        unabridged(async move {
            let _changing = issuer.changing.lock().await;
            // Somebody else may have seen to it while this one waited.
            if let Some(signing) = ready(&issuer.current(), algorithm, now, expiry) {
                return Ok(signing);
            }
            let mut ring = issuer.ring(now);
            if ring.signer(algorithm, now).is_none() {
                ring.add(generate(algorithm, now).await?);
            }
            let signer = ring.signer(algorithm, now).map(|signer| signer.public.id.clone());
            if let Some(entry) = signer.and_then(|id| ring.get_mut(&id)) {
                entry.horizon = entry.horizon.max(expiry.saturating_add(AHEAD));
            }
            let ring = issuer.change_to(ring).await?;
            ready(&ring, algorithm, now, expiry).ok_or_else(|| io::Error::other("there is no signing key"))
        })
        .await?
    }

    /// Keeps the ring, then uses it.
    async fn change_to(&self, ring: Keyring) -> io::Result<Arc<Keyring>> {
        let ring = Arc::new(ring);
        let (files, kept) = (self.files.clone(), Arc::clone(&ring));
        blocking(move || files.save(&kept)).await?;
        self.verifier.set_keys(ring.public_keys());
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }
}

impl Files {
    /// The ring is what counts; the RSA files follow it.
    fn save(&self, ring: &Keyring) -> io::Result<()> {
        let json = ring.to_json();
        if private_file::read_if_any(&self.ring)?.as_deref() != Some(&json) {
            private_file::replace(&self.ring, &json)?;
        }
        match ring.newest(Algorithm::Rs256) {
            Some(newest) => newest
                .document()
                .map_or(Ok(()), |document| self.rsa.write(document, &newest.public.bytes)),
            None => Ok(()),
        }
    }
}

/// The ring of a platform that has never rotated a key.
fn first(root: &Root, now: i64) -> io::Result<Keyring> {
    let entry = Entry::own(Algorithm::EdDsa, root.document.clone(), 0).map_err(io::Error::other)?;
    let mut ring = Keyring::new(&root.id);
    // What it signed before there was a ring is not known, except that it ends within the longest life.
    ring.add(entry.with_horizon(if root.was_there { now + LONGEST_LIFE } else { now }));
    Ok(ring)
}

fn ready(ring: &Keyring, algorithm: Algorithm, now: i64, expiry: i64) -> Option<Arc<SigningKey>> {
    let signer = ring.signer(algorithm, now)?;
    signer.signing.clone().filter(|_| signer.horizon >= expiry)
}

async fn generate(algorithm: Algorithm, signs_from: i64) -> io::Result<Entry> {
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

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Does the work to its end in a task of its own: a caller that hangs up while a key is made must not leave the next one to begin
/// anew, nor disk and memory apart.
async fn unabridged<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
    tokio::spawn(work).await.map_err(io::Error::other)
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
