//! `auth.Auth`: tokens, and new accounts.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use micro::auth::jwt::{self, Algorithm, unix_seconds};
use micro_proto::auth::{
    Auth, GenerateRequest, GenerateResponse, InspectRequest, InspectResponse, Key, KeysRequest, KeysResponse,
    Options, RotateKeysRequest, RotateKeysResponse, Token, TokenRequest, TokenResponse,
};
use micro_rpc::{Account, Context, Error, Result};

use super::account::{StoredAccount, to_proto};
use super::issuer::{LONGEST_LIFE, RotateError};
use super::keyring::Keyring;
use super::state::{State, directory_error, key_error, not_found};
use crate::namespace::{PLATFORM, authorize_admin, named};

const GENERATE: &str = "auth.Auth.Generate";
const INSPECT: &str = "auth.Auth.Inspect";
const TOKEN: &str = "auth.Auth.Token";
const ROTATE: &str = "auth.Auth.RotateKeys";

const DEFAULT_LIFE: Duration = Duration::from_secs(15 * 60);

/// Who keeps a copy of the public keys may keep it for half as long.
const DEFAULT_DELAY: i64 = 120;
const LONGEST_DELAY: i64 = 30 * 24 * 3600;

/// Clients compare with this text.
const INVALID_TOKEN: &str = "invalid token provided";

/// The longest id or name in bytes.
const LONGEST_NAME: usize = 256;

/// Serves `auth.Auth`.
pub struct AuthHandler {
    state: Arc<State>,
}

impl AuthHandler {
    pub(super) fn new(state: Arc<State>) -> AuthHandler {
        AuthHandler { state }
    }

    /// A fresh token for who brings a valid one, as long as the account is still there and as it is now. Such a bearer
    /// renews with the token itself.
    async fn renew(&self, bearer: &Account, wanted: Wanted) -> Result<Option<Token>> {
        let found = self.state.directory.by_id(&bearer.issuer, &bearer.id).await;
        let found = found.map_err(|error| directory_error(TOKEN, error))?;
        let Some(account) = found else { return Ok(None) };
        let token = self.sign(&account, wanted).await?;
        Ok(Some(Token {
            refresh_token: token.access_token.clone(),
            ..token
        }))
    }

    async fn refresh(&self, ns: &str, refresh_token: &str, wanted: Wanted) -> Result<Token> {
        let found = self.state.directory.by_refresh_token(ns, refresh_token).await;
        let found = found.map_err(|error| directory_error(TOKEN, error))?;
        let account = found.ok_or_else(|| Error::bad_request(TOKEN, INVALID_TOKEN))?;
        Ok(Token {
            refresh_token: refresh_token.into(),
            ..self.sign(&account, wanted).await?
        })
    }

    async fn log_in(&self, ns: &str, id: &str, secret: &str, wanted: Wanted) -> Result<Token> {
        let account = self.state.find_account(ns, id, TOKEN).await?;
        self.state.check_secret(&account, secret, TOKEN).await?;
        // Another server, which nobody else can call, may have taken it for good.
        check_not_default(&self.state, ns, &account.id, secret, TOKEN)?;
        let refresh_token = self.state.issuer.refresh_token(&account);
        let kept = self
            .state
            .directory
            .keep_refresh_token(&account, &refresh_token)
            .await;
        kept.map_err(|error| directory_error(TOKEN, error))?;
        Ok(Token {
            refresh_token,
            ..self.sign(&account, wanted).await?
        })
    }

    /// An access token alone.
    async fn sign(&self, account: &StoredAccount, wanted: Wanted) -> Result<Token> {
        let Wanted { life, algorithm } = wanted;
        let identity = account.identity();
        let signed = self.state.issuer.access_token(&identity, life, algorithm).await;
        signed.map_err(|error| key_error(TOKEN, error))
    }
}

/// What a caller asks of an access token.
#[derive(Clone, Copy)]
struct Wanted {
    life: Duration,
    algorithm: Algorithm,
}

#[micro_rpc::async_trait]
impl Auth for AuthHandler {
    async fn generate(&self, ctx: &Context, request: GenerateRequest) -> Result<GenerateResponse> {
        if request.id.is_empty() {
            return Err(Error::bad_request(GENERATE, "ID required"));
        }
        let ns = named(namespace(&request.options), ctx.namespace(), GENERATE)?;
        authorize_admin(ctx, ns, GENERATE)?;
        let kind = if request.r#type.is_empty() {
            "user".into()
        } else {
            request.r#type
        };
        let identity = Account {
            id: request.id,
            kind,
            issuer: ns.into(),
            name: request.name,
            scopes: request.scopes,
            metadata: request.metadata,
        };
        check_identity(&identity)?;
        let (secret, hashed) = match request.secret {
            none if none.is_empty() => self.state.make_secret(GENERATE).await?,
            secret => {
                check_not_default(&self.state, ns, &identity.id, &secret, GENERATE)?;
                let hashed = self.state.hash_secret(&secret, GENERATE).await?;
                (secret, hashed)
            }
        };
        let account = StoredAccount::new(identity, hashed);
        self.state.create_account(&account, GENERATE).await?;
        let account = micro_proto::auth::Account {
            secret,
            ..to_proto(&account.identity())
        };
        Ok(GenerateResponse {
            account: Some(account),
        })
    }

    async fn inspect(&self, _ctx: &Context, request: InspectRequest) -> Result<InspectResponse> {
        let verified = self.state.issuer.verifier().verify(&request.token);
        let account = verified.map_err(|_| Error::bad_request(INSPECT, INVALID_TOKEN))?;
        Ok(InspectResponse {
            account: Some(to_proto(&account)),
        })
    }

    async fn token(&self, _ctx: &Context, request: TokenRequest) -> Result<TokenResponse> {
        let ns = named(namespace(&request.options), "", TOKEN)?;
        self.state.ensure_default_admin().await?;
        let TokenRequest {
            id,
            secret,
            refresh_token,
            token_expiry,
            algorithm,
            ..
        } = request;
        let has_credentials = !id.is_empty() && !secret.is_empty();
        if refresh_token.is_empty() && !has_credentials {
            return Err(Error::bad_request(
                TOKEN,
                "Credentials or a refresh token required",
            ));
        }
        let wanted = Wanted {
            life: life(token_expiry)?,
            algorithm: wanted_algorithm(&algorithm)?,
        };
        let presented = if refresh_token.is_empty() {
            &secret
        } else {
            &refresh_token
        };
        let token = match self.state.issuer.verifier().verify(presented) {
            Ok(bearer) => self.renew(&bearer, wanted).await?.ok_or_else(|| {
                if refresh_token.is_empty() {
                    not_found(TOKEN)
                } else {
                    Error::bad_request(TOKEN, INVALID_TOKEN)
                }
            })?,
            Err(_) if !refresh_token.is_empty() => self.refresh(ns, &refresh_token, wanted).await?,
            Err(_) => self.log_in(ns, &id, &secret, wanted).await?,
        };
        Ok(TokenResponse { token: Some(token) })
    }

    async fn keys(&self, _ctx: &Context, _request: KeysRequest) -> Result<KeysResponse> {
        let now = unix_seconds(SystemTime::now());
        let keys = published(&self.state.issuer.ring(now), now);
        Ok(KeysResponse { keys })
    }

    async fn rotate_keys(&self, ctx: &Context, request: RotateKeysRequest) -> Result<RotateKeysResponse> {
        authorize_admin(ctx, PLATFORM, ROTATE)?;
        let delay = match request.delay {
            0 => DEFAULT_DELAY,
            delay @ 1..=LONGEST_DELAY => delay,
            delay => {
                let detail = format!(
                    "delay is {delay}: give at most {LONGEST_DELAY} seconds, or 0 for {DEFAULT_DELAY}"
                );
                return Err(Error::bad_request(ROTATE, detail));
            }
        };
        let now = unix_seconds(SystemTime::now());
        let ring = self.state.issuer.rotate(delay, now).await;
        let ring = ring.map_err(|error| match error {
            RotateError::TooMany(count) => {
                let detail = format!(
                    "there are {count} keys whose tokens have not all ended: wait until the first of them has, `micro auth list keys` says when"
                );
                Error::conflict(ROTATE, detail)
            }
            RotateError::Failed(error) => key_error(ROTATE, error),
        })?;
        Ok(RotateKeysResponse {
            keys: published(&ring, now),
        })
    }
}

/// The keys as they are shown.
fn published(ring: &Keyring, now: i64) -> Vec<Key> {
    let keys = ring.entries().iter().map(|entry| Key {
        id: entry.public.id.clone(),
        algorithm: entry.public.algorithm.name().into(),
        key: entry.public.bytes.clone().into(),
        signs_from: entry.signs_from,
        replaced_at: ring.replaced_at(entry).unwrap_or_default(),
        valid_until: if ring.is_retired(entry, now) {
            entry.horizon
        } else {
            0
        },
    });
    keys.collect()
}

fn wanted_algorithm(name: &str) -> Result<Algorithm> {
    if name.is_empty() {
        return Ok(Algorithm::Rs256);
    }
    Algorithm::named(name).ok_or_else(|| {
        let detail = format!("algorithm is {name:?}: ask for RS256 or EdDSA, or for none to get RS256");
        Error::bad_request(TOKEN, detail)
    })
}

/// The namespace that a request's options name; empty when they name none.
pub(super) fn namespace(options: &Option<Options>) -> &str {
    options.as_ref().map_or("", |options| &options.namespace)
}

/// Refuses the secret that everybody knows, where others can call.
pub(super) fn check_not_default(state: &State, ns: &str, id: &str, secret: &str, label: &str) -> Result<()> {
    if state.is_default_beyond_loopback(ns, id, secret) {
        let detail =
            "this secret is known to everybody and the server can be reached by others: choose another one";
        return Err(Error::bad_request(label, detail));
    }
    Ok(())
}

fn life(seconds: i64) -> Result<Duration> {
    match u64::try_from(seconds) {
        Ok(0) => Ok(DEFAULT_LIFE),
        Ok(seconds) => Ok(Duration::from_secs(seconds.min(LONGEST_LIFE.unsigned_abs()))),
        Err(_) => Err(Error::bad_request(
            TOKEN,
            format!("token_expiry is {seconds}: give seconds, or 0 for 15 minutes"),
        )),
    }
}

/// Keeps an account within what keys and headers can carry.
fn check_identity(account: &Account) -> Result<()> {
    for (what, text) in [("id", &account.id), ("name", &account.name)] {
        if text.len() > LONGEST_NAME || text.chars().any(char::is_control) {
            let detail =
                format!("invalid {what}: use at most {LONGEST_NAME} bytes and no control characters");
            return Err(Error::bad_request(GENERATE, detail));
        }
    }
    let words = account
        .metadata
        .iter()
        .flat_map(|(key, value)| [key, value])
        .chain(&account.scopes);
    // Base64 adds a third, and header, signature and names want their share.
    if words.map(|word| word.len() + 4).sum::<usize>() > jwt::MAX_TOKEN_BYTES / 2 {
        let detail = format!(
            "too much metadata: scopes and metadata must stay under {} bytes",
            jwt::MAX_TOKEN_BYTES / 2
        );
        return Err(Error::bad_request(GENERATE, detail));
    }
    Ok(())
}
