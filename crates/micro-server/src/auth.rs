//! Accounts, tokens and rules: the block that says who may call what.
//!
//! Everything is kept on the platform's store (database `/platform`, table `auth`) except the signing keys: whoever reads the store
//! must not be able to sign tokens. They are files of their own, or, where several servers share a store, on it but sealed with a
//! key that all servers are given. Secrets are hashed, and so are refresh tokens.
//!
//! Several servers on one store are one platform. Each change is made on the condition that nobody else made one in between, and what
//! is known by heart (keys, rules, that there is a user) follows the store within a second. While the store is away, tokens are verified
//! and calls are decided as before; log-ins and changes are refused at once with 503. Only the failed log-ins that slow down a guesser
//! are counted by each server for itself.
//!
//! In reading order: `account` is what is stored of one, `directory` stores them, `secrets` and `throttle` stand between a
//! guesser and a secret, `keyring` is which key signs when, `issuer` makes tokens, `login` and `admin` put these together,
//! `rule_book` holds the rules that `guard` decides by, and the three handlers are the wire.

mod account;
mod accounts_handler;
mod admin;
mod as_server;
mod auth_handler;
mod der;
mod directory;
mod guard;
mod issuer;
mod join_id;
mod jwks;
mod key;
mod keyring;
mod keyring_files;
mod keyring_store;
mod login;
mod private_file;
mod reset;
mod rsa;
mod rsa_files;
mod rule_book;
mod rules_handler;
mod secrets;
mod state;
mod stored_rule;
#[cfg(test)]
mod tests;
mod throttle;
mod users;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use micro::auth::jwt::unix_seconds;
use micro::store::{self, Scope, Store};
use micro_proto::auth::{AccountsServer, AuthServer, RulesServer};
use micro_rpc::bytes::Bytes;
use micro_rpc::{Handler, Result};

pub use accounts_handler::AccountsHandler;
pub use admin::AdminSecret;
pub use auth_handler::AuthHandler;
pub use guard::ServerGuard;
pub use reset::AdminReset;
pub use rsa_files::RsaPair;
pub use rules_handler::RulesHandler;

use crate::secret::SecretKey;
use issuer::Issuer;
use state::State;

/// What the block needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the signing keys are.
    pub keys: Keys,
    /// The folder with the RSA key where the original platform has it, and with what is of this server alone.
    pub home: PathBuf,
    /// An RSA key that is used instead.
    pub rsa: RsaPair,
    /// Whether every listener is on loopback: only then is there an account with a secret that everybody knows.
    pub loopback: bool,
    /// Whether no administrator is made where there is no user (`MICRO_AUTH_DISABLE_ADMIN`).
    pub disable_admin: bool,
}

/// Where the signing keys are. They are made at the first start.
#[derive(Clone, Debug)]
pub enum Keys {
    /// In files of this machine, where one server is the whole platform.
    Files {
        /// The first key, readable by the owner only. The others are beside it.
        key_file: PathBuf,
    },
    /// On the store, which several servers share.
    Store {
        /// What they are sealed with; all servers have the same.
        key: SecretKey,
    },
}

/// Why the block did not start.
#[derive(Debug)]
pub enum Error {
    /// The signing keys could be neither read nor made.
    Key {
        /// The first one's file.
        path: PathBuf,
        /// What the file system, or the key's format, says.
        source: std::io::Error,
    },
    /// The signing keys on the store could be neither read nor made.
    SharedKeys {
        /// What the store says, or what is wrong with the keys.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The rules could not be read.
    Rules {
        /// What the store says.
        source: store::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Key { path, .. } => write!(f, "the signing keys beside {} cannot be used", path.display()),
            Error::SharedKeys { .. } => f.write_str("the signing keys on the store cannot be used"),
            Error::Rules { .. } => f.write_str("the access rules cannot be read from the store"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Key { source, .. } => Some(source),
            Error::SharedKeys { source } => Some(&**source),
            Error::Rules { source } => Some(source),
        }
    }
}

/// Of which account a record on the store is; `None` for one that is of none.
pub(crate) fn account_of(record: &store::Record) -> Option<micro_rpc::Account> {
    let is_account = ["account/", "accountByName/"]
        .iter()
        .any(|kind| record.key.starts_with(kind));
    let account = is_account.then(|| serde_json::from_slice::<account::StoredAccount>(&record.value));
    account?.ok().map(|account| account.identity())
}

/// The block, running as soon as it is open. Cheap to clone; what follows the store ends with the last of them.
#[derive(Clone)]
pub struct Block {
    state: Arc<State>,
}

impl Block {
    /// Reads the signing keys, or makes them, and the rules.
    ///
    /// Keys on a shared store are waited for: for a minute at most, saying so, if the store is away.
    pub async fn open(config: Config, store: Arc<dyn Store>) -> Result<Block, Error> {
        let issuer = issuer(&config, &store).await?;
        let state = State::open(&config, issuer, store)
            .await
            .map_err(|source| Error::Rules { source })?;
        Ok(Block {
            state: Arc::new(state),
        })
    }

    /// What is served under the name `auth`.
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        vec![
            Arc::new(AuthServer::new(AuthHandler::new(Arc::clone(&self.state)))),
            Arc::new(AccountsServer::new(AccountsHandler::new(Arc::clone(&self.state)))),
            Arc::new(RulesServer::new(RulesHandler::new(Arc::clone(&self.state)))),
        ]
    }

    /// The public keys, as a JSON Web Key Set.
    pub fn key_set(&self) -> Bytes {
        let now = unix_seconds(SystemTime::now());
        jwks::key_set(&self.state.issuer.ring(now)).into()
    }

    /// What decides about calls at the server's own listeners, from memory.
    pub fn guard(&self) -> Arc<dyn micro_rpc::Guard> {
        Arc::new(ServerGuard::new(Arc::clone(&self.state)))
    }

    /// Sees to it that somebody can administrate the platform, and that beyond loopback nobody can with a secret that
    /// everybody knows. Call it before listening; what it returns is to be shown once.
    pub async fn ensure_admin(&self, loopback: bool) -> Result<AdminSecret> {
        self.state.ensure_admin(loopback).await
    }

    /// Gives the account `admin` a new secret and a way in. Call it while nobody else uses the store.
    pub async fn reset_admin(&self) -> Result<AdminReset> {
        self.state.reset_admin().await
    }

    /// Whether the platform's own namespace has any account.
    pub async fn has_accounts(&self) -> Result<bool> {
        self.state.has_accounts().await
    }

    /// Gives a service that is about to start an account of its namespace: `(id, secret)`. The secret that an earlier
    /// start was given is good no longer.
    pub async fn issue_service_account(
        &self,
        ns: &str,
        name: &str,
        version: &str,
    ) -> Result<(String, String)> {
        self.state
            .issue_service_account(ns, &format!("{name}-{version}"))
            .await
    }

    /// Gives services that are started by hand on this machine an account of the platform: `(id, secret)`. Servers that share a
    /// store have one for each home.
    pub async fn ensure_join_account(&self) -> Result<(String, String)> {
        let id = self.state.join_id().await?;
        self.state
            .issue_service_account(crate::namespace::PLATFORM, &id)
            .await
    }

    /// Removes the account that joins through this server, where servers have one each. For one that ends and whose home may not
    /// come back.
    pub async fn forget_join_account(&self) -> Result<()> {
        self.state.forget_join_account().await
    }
}

async fn issuer(config: &Config, store: &Arc<dyn Store>) -> Result<Issuer, Error> {
    let now = unix_seconds(SystemTime::now());
    match &config.keys {
        Keys::Files { key_file } => {
            let (settings, path) = (config.clone(), key_file.clone());
            let opened =
                issuer::blocking(move || Issuer::open(&path, &settings.home, &settings.rsa, now)).await;
            opened.map_err(|source| Error::Key {
                path: key_file.clone(),
                source,
            })
        }
        Keys::Store { key } => {
            let scope = Scope::platform("auth");
            let opened = Issuer::open_shared(Arc::clone(store), scope, key, &config.rsa, now).await;
            opened.map_err(|error| Error::SharedKeys {
                source: Box::new(error),
            })
        }
    }
}
