//! What is stored of an account.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;
use micro::auth::jwt::unix_seconds;
use micro_proto::auth as proto;
use micro_rpc::Account;
use serde::{Deserialize, Serialize};

/// An account as it is on the store: JSON, the secret hashed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredAccount {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub issuer: String,
    pub name: String,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The argon2id hash of the secret.
    pub secret: String,
    /// Whether the platform made the secret up. Nobody guesses 122 random bits, so there is nothing to slow down, and nothing by
    /// which a stranger could keep a service from logging in.
    #[serde(default)]
    pub is_random: bool,
    /// What makes the refresh token of this account unlike that of an earlier one with the same id.
    pub refresh_nonce: String,
}

/// What is kept of a secret.
pub(super) struct HashedSecret {
    pub hash: String,
    pub is_random: bool,
}

impl StoredAccount {
    /// A new account, created now. An account without a name is called by its id.
    pub fn new(account: Account, secret: HashedSecret) -> StoredAccount {
        let mut metadata = account.metadata;
        metadata.insert("created".into(), unix_seconds(SystemTime::now()).to_string());
        StoredAccount {
            name: if account.name.is_empty() {
                account.id.clone()
            } else {
                account.name
            },
            id: account.id,
            kind: account.kind,
            issuer: account.issuer,
            scopes: account.scopes,
            metadata,
            secret: secret.hash,
            is_random: secret.is_random,
            refresh_nonce: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    /// The account as its tokens describe it.
    pub fn identity(&self) -> Account {
        Account {
            id: self.id.clone(),
            kind: self.kind.clone(),
            issuer: self.issuer.clone(),
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            metadata: self.metadata.clone(),
        }
    }

    pub fn to_json(&self) -> Bytes {
        serde_json::to_vec(self)
            .expect("an account is text and maps of text")
            .into()
    }

    pub fn account_key(&self) -> String {
        account_key(&self.issuer, &self.id)
    }

    pub fn name_key(&self) -> String {
        name_key(&self.issuer, &self.name)
    }
}

/// The account on the wire, without a secret.
pub(super) fn to_proto(account: &Account) -> proto::Account {
    proto::Account {
        id: account.id.clone(),
        r#type: account.kind.clone(),
        metadata: account.metadata.clone(),
        scopes: account.scopes.clone(),
        issuer: account.issuer.clone(),
        secret: String::new(),
        name: account.name.clone(),
    }
}

// A namespace has no `/` in it (see `namespace::named`), so its keys are its own although an id may have one.

pub(super) fn accounts_prefix(ns: &str) -> String {
    format!("account/{ns}/")
}

pub(super) fn account_key(ns: &str, id: &str) -> String {
    format!("account/{ns}/{id}")
}

pub(super) fn name_key(ns: &str, name: &str) -> String {
    format!("accountByName/{ns}/{name}")
}

pub(super) fn refresh_prefix(ns: &str, id: &str) -> String {
    format!("refresh/{ns}/{id}/")
}
