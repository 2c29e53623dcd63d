//! The block through its handlers, on a store in memory.

mod accounts;
mod admin;
mod remote;
mod rules;
mod tokens;

use std::path::PathBuf;
use std::sync::Arc;

use micro::store::{Memory, Store};
use micro_proto::auth::{Auth, GenerateRequest, Options, Token, TokenRequest};
use micro_rpc::{Account, Context, Error, Result};

use super::key::Keys;
use super::state::State;
use super::{AccountsHandler, AuthHandler, Block, Config, RulesHandler};
use micro::auth::jwt::SigningKey;

struct Fixture {
    state: Arc<State>,
    auth: AuthHandler,
    accounts: AccountsHandler,
    rules: RulesHandler,
}

impl Fixture {
    async fn new() -> Fixture {
        Fixture::with(true, Arc::new(Memory::default())).await
    }

    async fn with(loopback: bool, store: Arc<dyn Store>) -> Fixture {
        let config = Config {
            key_file: PathBuf::new(),
            loopback,
            disable_admin: false,
        };
        let keys = Keys::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap();
        let state = Arc::new(State::open(&config, keys, store).await.unwrap());
        Fixture {
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
