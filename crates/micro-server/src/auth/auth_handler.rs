//! `auth.Auth`: tokens, and new accounts.

use std::sync::Arc;
use std::time::Duration;

use micro::auth::jwt::{self, ALGORITHM};
use micro_proto::auth::{
    Auth, GenerateRequest, GenerateResponse, InspectRequest, InspectResponse, Key, KeysRequest, KeysResponse,
    Options, Token, TokenRequest, TokenResponse,
};
use micro_rpc::{Account, Context, Error, Result};

use super::account::{StoredAccount, to_proto};
use super::admin::random_secret;
use super::state::{State, directory_error, not_found};
use crate::namespace::{authorize_admin, named};

const GENERATE: &str = "auth.Auth.Generate";
const INSPECT: &str = "auth.Auth.Inspect";
const TOKEN: &str = "auth.Auth.Token";

const DEFAULT_LIFE: Duration = Duration::from_secs(15 * 60);
const LONGEST_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

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
    async fn renew(&self, bearer: &Account, life: Duration) -> Result<Option<Token>> {
        let found = self.state.directory.by_id(&bearer.issuer, &bearer.id).await;
        let found = found.map_err(|error| directory_error(TOKEN, error))?;
        Ok(found.map(|account| {
            let token = self.state.issuer.access_token(&account.identity(), life);
            Token {
                refresh_token: token.access_token.clone(),
                ..token
            }
        }))
    }

    async fn refresh(&self, ns: &str, refresh_token: &str, life: Duration) -> Result<Token> {
        let found = self.state.directory.by_refresh_token(ns, refresh_token).await;
        let found = found.map_err(|error| directory_error(TOKEN, error))?;
        let account = found.ok_or_else(|| Error::bad_request(TOKEN, INVALID_TOKEN))?;
        let token = self.state.issuer.access_token(&account.identity(), life);
        Ok(Token {
            refresh_token: refresh_token.into(),
            ..token
        })
    }

    async fn log_in(&self, ns: &str, id: &str, secret: &str, life: Duration) -> Result<Token> {
        let account = self.state.find_account(ns, id, TOKEN).await?;
        self.state.check_secret(&account, secret, TOKEN).await?;
        let refresh_token = self.state.issuer.refresh_token(&account);
        let kept = self
            .state
            .directory
            .keep_refresh_token(&account, &refresh_token)
            .await;
        kept.map_err(|error| directory_error(TOKEN, error))?;
        Ok(Token {
            refresh_token,
            ..self.state.issuer.access_token(&account.identity(), life)
        })
    }
}

#[micro_rpc::async_trait]
impl Auth for AuthHandler {
    async fn generate(&self, ctx: &Context, request: GenerateRequest) -> Result<GenerateResponse> {
        if request.id.is_empty() {
            return Err(Error::bad_request(GENERATE, "ID required"));
        }
        let ns = named(namespace(&request.options), ctx.namespace(), GENERATE)?;
        authorize_admin(ctx, ns, GENERATE)?;
        let secret = if request.secret.is_empty() {
            random_secret()
        } else {
            request.secret
        };
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
        check_not_default(&self.state, ns, &identity.id, &secret, GENERATE)?;
        let account = StoredAccount::new(identity, self.state.hash_secret(&secret, GENERATE).await?);
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
            ..
        } = request;
        let has_credentials = !id.is_empty() && !secret.is_empty();
        if refresh_token.is_empty() && !has_credentials {
            return Err(Error::bad_request(
                TOKEN,
                "Credentials or a refresh token required",
            ));
        }
        let life = life(token_expiry)?;
        let presented = if refresh_token.is_empty() {
            &secret
        } else {
            &refresh_token
        };
        let token = match self.state.issuer.verifier().verify(presented) {
            Ok(bearer) => self.renew(&bearer, life).await?.ok_or_else(|| {
                if refresh_token.is_empty() {
                    not_found(TOKEN)
                } else {
                    Error::bad_request(TOKEN, INVALID_TOKEN)
                }
            })?,
            Err(_) if !refresh_token.is_empty() => self.refresh(ns, &refresh_token, life).await?,
            Err(_) => self.log_in(ns, &id, &secret, life).await?,
        };
        Ok(TokenResponse { token: Some(token) })
    }

    async fn keys(&self, _ctx: &Context, _request: KeysRequest) -> Result<KeysResponse> {
        let key = self.state.issuer.public_key();
        let key = Key {
            id: key.id.clone(),
            algorithm: ALGORITHM.into(),
            key: key.bytes.clone().into(),
        };
        Ok(KeysResponse { keys: vec![key] })
    }
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
        Ok(seconds) => Ok(Duration::from_secs(seconds).min(LONGEST_LIFE)),
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
