//! The block through its handlers, on a store in memory.

mod accounts;
mod admin;
mod keys;
mod remote;
mod rules;
mod shared;
mod shared_keys;
mod tokens;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use micro::auth::jwt::unix_seconds;
use micro::store::{Memory, Store};
use micro_proto::auth::{Auth, GenerateRequest, Options, Token, TokenRequest};
use micro_rpc::{Account, Context, Error, Result};
use tempfile::TempDir;

use super::issuer::Issuer;
use super::state::State;
use super::{AccountsHandler, AuthHandler, Block, Config, Keys, RsaPair, RulesHandler};
use crate::secret::SecretKey;

struct Fixture {
    state: Arc<State>,
    auth: AuthHandler,
    accounts: AccountsHandler,
    rules: RulesHandler,
    /// Where the keys are.
    home: Arc<TempDir>,
}

impl Fixture {
    async fn new() -> Fixture {
        Fixture::with(true, Arc::new(Memory::default())).await
    }

    /// With keys of its own.
    async fn with(loopback: bool, store: Arc<dyn Store>) -> Fixture {
        Fixture::in_home(Arc::new(tempfile::tempdir().unwrap()), loopback, store).await
    }

    async fn in_home(home: Arc<TempDir>, loopback: bool, store: Arc<dyn Store>) -> Fixture {
        let config = Config {
            loopback,
            ..config(home.path())
        };
        let state = Arc::new(State::open(&config, issuer(&config), store).await.unwrap());
        Fixture::of(state, home)
    }

    /// One of several servers, in a home of its own.
    async fn shared(loopback: bool, store: Arc<dyn Store>) -> Fixture {
        let home = Arc::new(tempfile::tempdir().unwrap());
        let config = Config {
            loopback,
            ..shared_config(home.path())
        };
        let block = Block::open(config, store).await.unwrap();
        Fixture::of(block.state, home)
    }

    fn of(state: Arc<State>, home: Arc<TempDir>) -> Fixture {
        Fixture {
            home,
            auth: AuthHandler::new(Arc::clone(&state)),
            accounts: AccountsHandler::new(Arc::clone(&state)),
            rules: RulesHandler::new(Arc::clone(&state)),
            state,
        }
    }

    fn block(&self) -> Block {
        Block {
            state: Arc::clone(&self.state),
        }
    }

    async fn log_in(&self, id: &str, secret: &str) -> Result<Token> {
        self.token(TokenRequest {
            id: id.into(),
            secret: secret.into(),
            // The one that is cheap.
            algorithm: "EdDSA".into(),
            ..TokenRequest::default()
        })
        .await
    }

    async fn token(&self, request: TokenRequest) -> Result<Token> {
        self.auth
            .token(&Context::background(), request)
            .await
            .map(|response| response.token.unwrap())
    }

    async fn make_named(&self, id: &str, name: &str) {
        let request = GenerateRequest {
            id: id.into(),
            name: name.into(),
            ..GenerateRequest::default()
        };
        self.auth.generate(&admin(), request).await.unwrap();
    }

    /// Makes an account of namespace `micro` without passing through the wire's checks.
    async fn make(&self, id: &str, secret: &str) {
        let request = GenerateRequest {
            id: id.into(),
            secret: secret.into(),
            ..GenerateRequest::default()
        };
        self.auth.generate(&admin(), request).await.unwrap();
    }
}

fn config(home: &Path) -> Config {
    Config {
        keys: Keys::Files {
            key_file: home.join("auth.key"),
        },
        home: home.to_owned(),
        rsa: RsaPair::default(),
        loopback: true,
        disable_admin: false,
    }
}

/// With the keys on the store.
fn shared_config(home: &Path) -> Config {
    let key = SecretKey::required(Some("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    Config {
        keys: Keys::Store { key: key.unwrap() },
        ..config(home)
    }
}

fn issuer(config: &Config) -> Issuer {
    let now = unix_seconds(SystemTime::now());
    Issuer::open(&config.home.join("auth.key"), &config.home, &config.rsa, now).unwrap()
}

/// A call by `issuer/type/id/scope`.
fn caller(text: &str) -> Context {
    let parts: Vec<_> = text.split('/').collect();
    let [issuer, kind, id, scope] = parts[..] else {
        panic!("issuer/type/id/scope, not {text}")
    };
    Context::background().with_account(Arc::new(Account {
        id: id.into(),
        kind: kind.into(),
        issuer: issuer.into(),
        name: format!("{id}-name"),
        scopes: vec![scope.into()],
        ..Account::default()
    }))
}

fn admin() -> Context {
    caller("micro/user/root/admin")
}

fn options(namespace: &str) -> Option<Options> {
    Some(Options {
        namespace: namespace.into(),
    })
}

#[track_caller]
fn assert_error<T>(result: Result<T>, code: i32, id: &str, detail: &str) {
    assert_eq!(result.err(), Some(Error::new(id, code, detail)));
}
