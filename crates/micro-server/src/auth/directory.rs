//! The accounts on the store.

use std::sync::Arc;

use micro::store::{self, Change, ErrorKind, Record, Scan, Scope, Store};

use super::account::{HashedSecret, StoredAccount, account_key, accounts_prefix, name_key, refresh_prefix};
use super::issuer::{refresh_token_hash, refresh_token_id};

/// So often a change is tried again when others changed the same account in between.
const ATTEMPTS: usize = 100;

/// Finds and changes accounts. Each change is one commit, so that an account, its name and its refresh token are there
/// together or not at all; and each is made on the condition that the account is still as it was read, at whatever server others
/// change it.
pub(super) struct Directory {
    store: Arc<dyn Store>,
    scope: Scope,
}

/// Why an account was not found or changed.
#[derive(Debug)]
pub(super) enum Error {
    /// The id is taken.
    IdExists,
    /// The name is taken.
    NameExists,
    /// There is no such account, or no longer.
    NotFound,
    /// What is stored of it cannot be read.
    Corrupt(serde_json::Error),
    /// The store did not do it.
    Store(store::Error),
}

impl From<store::Error> for Error {
    fn from(source: store::Error) -> Error {
        Error::Store(source)
    }
}

type Result<T> = std::result::Result<T, Error>;

impl Directory {
    pub fn new(store: Arc<dyn Store>, scope: Scope) -> Directory {
        Directory { store, scope }
    }

    pub async fn by_id(&self, ns: &str, id: &str) -> Result<Option<StoredAccount>> {
        self.read(&account_key(ns, id)).await
    }

    /// By id, else by name.
    pub async fn find(&self, ns: &str, id_or_name: &str) -> Result<Option<StoredAccount>> {
        if let Some(account) = self.by_id(ns, id_or_name).await? {
            return Ok(Some(account));
        }
        self.read(&name_key(ns, id_or_name)).await
    }

    pub async fn by_refresh_token(&self, ns: &str, token: &str) -> Result<Option<StoredAccount>> {
        let Some(id) = refresh_token_id(token) else {
            return Ok(None);
        };
        let key = refresh_prefix(ns, &id) + &refresh_token_hash(token);
        if !self.exists(&key).await? {
            return Ok(None);
        }
        self.by_id(ns, &id).await
    }

    pub async fn list(&self, ns: &str) -> Result<Vec<StoredAccount>> {
        let records = self
            .store
            .scan(&self.scope, &Scan::prefix(accounts_prefix(ns)))
            .await?;
        records.iter().map(parse).collect()
    }

    /// Adds an account whose id and name are both new.
    pub async fn create(&self, account: &StoredAccount, refresh_token: &str) -> Result<()> {
        if self.add(account, refresh_token).await? {
            return Ok(());
        }
        let is_id = self.exists(&account.account_key()).await?;
        Err(if is_id { Error::IdExists } else { Error::NameExists })
    }

    async fn add(&self, account: &StoredAccount, refresh_token: &str) -> Result<bool> {
        let changes = vec![
            Change::PutNew(Record::new(account.account_key(), account.to_json())),
            Change::PutNew(Record::new(account.name_key(), account.to_json())),
            put_refresh(account, refresh_token),
        ];
        self.commit(changes).await
    }

    /// Adds the account of a service, in the place of an earlier one of the same service.
    pub async fn replace_service(&self, account: &StoredAccount, refresh_token: &str) -> Result<()> {
        self.insist(|| async move {
            let Some((old, version)) = self.versioned(&account.account_key()).await? else {
                return match self.create(account, refresh_token).await {
                    Err(Error::IdExists) => Ok(false),
                    created => created.map(|()| true),
                };
            };
            if old.kind != account.kind || old.name != account.name {
                return Err(Error::IdExists);
            }
            let mut changes = self.delete_refresh(&old).await?;
            changes.extend(put_if(account, version));
            changes.push(put_refresh(account, refresh_token));
            self.commit(changes).await
        })
        .await
    }

    /// Puts an account in the place of whatever has its id. Its name must not be another's.
    pub async fn replace(&self, account: &StoredAccount, refresh_token: &str) -> Result<()> {
        self.insist(|| async move {
            let old = self.versioned(&account.account_key()).await?;
            let holder = self.versioned(&account.name_key()).await?;
            if holder.as_ref().is_some_and(|(holder, _)| holder.id != account.id) {
                return Err(Error::NameExists);
            }
            let mut changes = Vec::new();
            if let Some((old, _)) = &old {
                changes = self.delete_refresh(old).await?;
                if old.name != account.name {
                    changes.push(Change::Delete(old.name_key()));
                }
            }
            let places = [
                (account.account_key(), old.map(|(_, version)| version)),
                (account.name_key(), holder.map(|(_, version)| version)),
            ];
            changes.extend(places.map(|(key, version)| {
                let record = Record::new(key, account.to_json());
                match version {
                    Some(version) => Change::PutIf(record, version),
                    None => Change::PutNew(record),
                }
            }));
            changes.push(put_refresh(account, refresh_token));
            self.commit(changes).await
        })
        .await
    }

    /// Replaces what is kept of an account's secret.
    pub async fn set_secret(&self, ns: &str, id: &str, secret: HashedSecret) -> Result<()> {
        let secret = &secret;
        self.insist(|| async move {
            let found = self.versioned(&account_key(ns, id)).await?;
            let (mut account, version) = found.ok_or(Error::NotFound)?;
            (account.secret, account.is_random) = (secret.hash.clone(), secret.is_random);
            self.commit(put_if(&account, version).into()).await
        })
        .await
    }

    /// The same for an account that is still as the caller knows it; false where it is not.
    pub async fn replace_secret(&self, known: &StoredAccount, secret: HashedSecret) -> Result<bool> {
        let found = self.versioned(&known.account_key()).await?;
        let Some((mut account, version)) = found.filter(|(account, _)| account == known) else {
            return Ok(false);
        };
        (account.secret, account.is_random) = (secret.hash, secret.is_random);
        self.commit(put_if(&account, version).into()).await
    }

    pub async fn delete(&self, ns: &str, id: &str) -> Result<()> {
        self.insist(|| async move {
            let found = self.versioned(&account_key(ns, id)).await?;
            let (account, version) = found.ok_or(Error::NotFound)?;
            let mut changes = self.delete_refresh(&account).await?;
            changes.push(Change::DeleteIf(account.account_key(), version));
            changes.push(Change::Delete(account.name_key()));
            self.commit(changes).await
        })
        .await
    }

    /// Sees to it that the account's refresh token is known; it is not when the first key was replaced.
    pub async fn keep_refresh_token(&self, account: &StoredAccount, token: &str) -> Result<()> {
        let key = refresh_prefix(&account.issuer, &account.id) + &refresh_token_hash(token);
        if self.exists(&key).await? {
            return Ok(());
        }
        self.insist(|| async move {
            let found = self.versioned(&account.account_key()).await?;
            let (now, version) = found.ok_or(Error::NotFound)?;
            if now.refresh_nonce != account.refresh_nonce {
                return Err(Error::NotFound);
            }
            let mut changes = self.delete_refresh(&now).await?;
            // Written again as it is: who deletes the account meanwhile is to find the token too.
            changes.extend(put_if(&now, version));
            changes.push(put_refresh(&now, token));
            self.commit(changes).await
        })
        .await
    }

    /// Tries a change until it is made of what is still there when it is made.
    async fn insist<F>(&self, attempt: impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        for _ in 0..ATTEMPTS {
            if attempt().await? {
                return Ok(());
            }
        }
        let detail = "the account is changed by many at once: try again";
        Err(store::Error::unavailable(detail).into())
    }

    /// False when the condition of a change is not met any more.
    async fn commit(&self, changes: Vec<Change>) -> Result<bool> {
        match self.store.commit(&self.scope, changes).await {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.kind, ErrorKind::Exists | ErrorKind::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete_refresh(&self, account: &StoredAccount) -> Result<Vec<Change>> {
        let prefix = refresh_prefix(&account.issuer, &account.id);
        let records = self.store.scan(&self.scope, &Scan::prefix(&prefix)).await?;
        // The prefix of account `a` is also that of the tokens of account `a/b`.
        let own = records
            .into_iter()
            .filter(|record| !record.key[prefix.len()..].contains('/'));
        Ok(own.map(|record| Change::Delete(record.key)).collect())
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        Ok(self.get(key).await?.is_some())
    }

    async fn read(&self, key: &str) -> Result<Option<StoredAccount>> {
        self.get(key).await?.as_ref().map(parse).transpose()
    }

    async fn versioned(&self, key: &str) -> Result<Option<(StoredAccount, u64)>> {
        let Some(record) = self.get(key).await? else {
            return Ok(None);
        };
        Ok(Some((parse(&record)?, record.version)))
    }

    async fn get(&self, key: &str) -> Result<Option<Record>> {
        match self.store.read(&self.scope, key).await {
            Ok(record) => Ok(Some(record)),
            // A key that no store can keep is of an account that cannot exist.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn parse(record: &Record) -> Result<StoredAccount> {
    serde_json::from_slice(&record.value).map_err(Error::Corrupt)
}

/// The account, unless it is another one than this version by now, and the full copy of it under its name.
fn put_if(account: &StoredAccount, version: u64) -> [Change; 2] {
    let record = |key| Record::new(key, account.to_json());
    [
        Change::PutIf(record(account.account_key()), version),
        Change::Put(record(account.name_key())),
    ]
}

fn put_refresh(account: &StoredAccount, token: &str) -> Change {
    let key = refresh_prefix(&account.issuer, &account.id) + &refresh_token_hash(token);
    Change::Put(Record {
        key,
        ..Record::default()
    })
}
