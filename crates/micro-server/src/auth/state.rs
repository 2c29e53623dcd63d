//! What the handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use micro::store::{self, Scope, Store};
use micro_rpc::Error;

use super::directory::{self, Directory};
use super::issuer::{self, Issuer};
use super::rule_book::RuleBook;
use super::secrets::{self, Secrets};
use super::throttle::Throttle;
use super::users::Users;
use super::{Config, Keys};
use crate::follow::{FIRST_WAIT, Following, follow, patiently};

pub(super) struct State {
    pub directory: Directory,
    pub issuer: Arc<Issuer>,
    pub secrets: Secrets,
    pub throttle: Throttle,
    pub rules: Arc<RuleBook>,
    pub users: Arc<Users>,
    pub config: Config,
    loopback: AtomicBool,
    _following: [Following; 3],
}

impl State {
    /// Reads the rules, and follows from then on what other servers change.
    pub async fn open(config: &Config, issuer: Issuer, store: Arc<dyn Store>) -> store::Result<State> {
        let scope = Scope::platform("auth");
        let wait = match config.keys {
            Keys::Files { .. } => Duration::ZERO,
            Keys::Store { .. } => FIRST_WAIT,
        };
        let rules = || RuleBook::open(Arc::clone(&store), scope.clone());
        let rules = Arc::new(patiently("the store, to read the access rules", wait, rules).await?);
        let users = Arc::new(Users::new(Arc::clone(&store), scope.clone()));
        let issuer = Arc::new(issuer);
        let following = [
            follow("access rules", &rules),
            follow("signing keys", &issuer),
            follow("users", &users),
        ];
        Ok(State {
            directory: Directory::new(store, scope),
            issuer,
            secrets: Secrets::new(),
            throttle: Throttle::default(),
            rules,
            users,
            config: config.clone(),
            loopback: AtomicBool::new(config.loopback),
            _following: following,
        })
    }

    pub fn is_loopback(&self) -> bool {
        self.loopback.load(Ordering::Relaxed)
    }

    pub fn set_loopback(&self, loopback: bool) {
        self.loopback.store(loopback, Ordering::Relaxed);
    }
}

/// What a caller is told about a failure of the directory; the cause stays in the server's log.
pub(super) fn directory_error(id: &str, error: directory::Error) -> Error {
    match error {
        directory::Error::IdExists => Error::bad_request("auth", "Account with this ID already exists"),
        directory::Error::NameExists => Error::bad_request("auth", "Account with this Name already exists"),
        directory::Error::NotFound => not_found(id),
        directory::Error::Corrupt(error) => {
            tracing::error!(%error, "an account on the store cannot be read");
            Error::internal(id, "the account cannot be read")
        }
        directory::Error::Store(error) => store_error(id, error),
    }
}

pub(super) fn store_error(id: &str, error: store::Error) -> Error {
    tracing::warn!(
        error = &error as &dyn std::error::Error,
        "the store refused the auth service"
    );
    Error {
        id: id.into(),
        ..Error::from(error)
    }
}

pub(super) fn secrets_error(id: &str, error: secrets::Error) -> Error {
    match error {
        secrets::Error::Busy => Error::unavailable(id, "too many log-ins at once, try again in a moment"),
        secrets::Error::Failed => Error::internal(id, "the secret cannot be hashed"),
    }
}

pub(super) fn not_found(id: &str) -> Error {
    Error::bad_request(id, "Account not found with this ID")
}

/// What a caller is told when a token cannot be signed.
pub(super) fn key_error(id: &str, error: issuer::Error) -> Error {
    match error {
        issuer::Error::Store(error) => store_error(id, error),
        issuer::Error::Key(error) => {
            tracing::error!(%error, "a signing key cannot be made or kept");
            Error::internal(id, "the signing key cannot be used; the server's log says why")
        }
    }
}
