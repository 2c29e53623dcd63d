//! The accounts on the store.

use std::sync::Arc;

use micro::store::{self, Change, ErrorKind, Record, Scan, Scope, Store};
use tokio::sync::Mutex;

use super::account::{HashedSecret, StoredAccount, account_key, accounts_prefix, name_key, refresh_prefix};
use super::issuer::{refresh_token_hash, refresh_token_id};

/// Finds and changes accounts. Each change is one commit, so that an account, its name and its refresh token are there
/// together or not at all.
pub(super) struct Directory {
    store: Arc<dyn Store>,
    scope: Scope,
    /// Held, across awaits, by changes that depend on what they have read. Creating needs it not: the store itself
    /// refuses the second of two.
    changing: Mutex<()>,
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
        Directory {
            store,
            scope,
            changing: Mutex::default(),
        }
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
        let changes = vec![
            Change::PutNew(Record::new(account.account_key(), account.to_json())),
            Change::PutNew(Record::new(account.name_key(), account.to_json())),
            put_refresh(account, refresh_token),
        ];
        match self.store.commit(&self.scope, changes).await {
            Err(error) if error.kind == ErrorKind::Exists => Err(self.which_exists(account).await?),
            other => Ok(other?),
        }
    }

    /// Adds the account of a service, in the place of an earlier one of the same service.
    pub async fn replace_service(&self, account: &StoredAccount, refresh_token: &str) -> Result<()> {
        let _changing = self.changing.lock().await;
        let Some(old) = self.by_id(&account.issuer, &account.id).await? else {
            return self.create(account, refresh_token).await;
        };
        if old.kind != account.kind || old.name != account.name {
            return Err(Error::IdExists);
        }
        let mut changes = self.delete_refresh(&old).await?;
        changes.extend(put(account));
        changes.push(put_refresh(account, refresh_token));
        Ok(self.store.commit(&self.scope, changes).await?)
    }

    /// Puts an account in the place of whatever has its id. Its name must not be another's.
    pub async fn replace(&self, account: &StoredAccount, refresh_token: &str) -> Result<()> {
        let _changing = self.changing.lock().await;
        let mut changes = Vec::new();
        if let Some(old) = self.by_id(&account.issuer, &account.id).await? {
            changes = self.delete_refresh(&old).await?;
            changes.push(Change::Delete(old.name_key()));
        }
        let holder = self.read(&account.name_key()).await?;
        if holder.is_some_and(|holder| holder.id != account.id) {
            return Err(Error::NameExists);
        }
        changes.extend(put(account));
        changes.push(put_refresh(account, refresh_token));
        Ok(self.store.commit(&self.scope, changes).await?)
    }

    /// Replaces what is kept of an account's secret.
    pub async fn set_secret(&self, ns: &str, id: &str, secret: HashedSecret) -> Result<()> {
        let _changing = self.changing.lock().await;
        let mut account = self.by_id(ns, id).await?.ok_or(Error::NotFound)?;
        (account.secret, account.is_random) = (secret.hash, secret.is_random);
        Ok(self.store.commit(&self.scope, put(&account).into()).await?)
    }

    pub async fn delete(&self, ns: &str, id: &str) -> Result<()> {
        let _changing = self.changing.lock().await;
        let account = self.by_id(ns, id).await?.ok_or(Error::NotFound)?;
        let mut changes = self.delete_refresh(&account).await?;
        changes.push(Change::Delete(account.account_key()));
        changes.push(Change::Delete(account.name_key()));
        Ok(self.store.commit(&self.scope, changes).await?)
    }

    /// Sees to it that the account's refresh token is known; it is not when the key file was replaced.
    pub async fn keep_refresh_token(&self, account: &StoredAccount, token: &str) -> Result<()> {
        let key = refresh_prefix(&account.issuer, &account.id) + &refresh_token_hash(token);
        if self.exists(&key).await? {
            return Ok(());
        }
        let _changing = self.changing.lock().await;
        let now = self
            .by_id(&account.issuer, &account.id)
            .await?
            .ok_or(Error::NotFound)?;
        if now.refresh_nonce != account.refresh_nonce {
            return Err(Error::NotFound);
        }
        let mut changes = self.delete_refresh(account).await?;
        changes.push(put_refresh(account, token));
        Ok(self.store.commit(&self.scope, changes).await?)
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

    async fn which_exists(&self, account: &StoredAccount) -> Result<Error> {
        let is_id = self.exists(&account.account_key()).await?;
        Ok(if is_id { Error::IdExists } else { Error::NameExists })
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        Ok(self.get(key).await?.is_some())
    }

    async fn read(&self, key: &str) -> Result<Option<StoredAccount>> {
        self.get(key).await?.as_ref().map(parse).transpose()
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

/// The account and the full copy of it under its name.
fn put(account: &StoredAccount) -> [Change; 2] {
    [account.account_key(), account.name_key()].map(|key| Change::Put(Record::new(key, account.to_json())))
}

fn put_refresh(account: &StoredAccount, token: &str) -> Change {
    let key = refresh_prefix(&account.issuer, &account.id) + &refresh_token_hash(token);
    Change::Put(Record {
        key,
        ..Record::default()
    })
}
