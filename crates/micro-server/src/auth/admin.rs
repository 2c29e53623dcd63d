//! The first administrator, and the accounts of services.

use std::fmt;

use micro_rpc::{Account, Error, Result};

use super::account::{HashedSecret, StoredAccount};
use super::directory;
use super::secrets;
use super::state::{State, directory_error, secrets_error};
use crate::namespace::{ADMIN_SCOPE, PLATFORM, SERVICE_SCOPE, named};

pub(super) const ADMIN_ID: &str = "admin";

/// Known to everybody, and so only good where nobody else can call.
const DEFAULT_SECRET: &str = "micro";

const LABEL: &str = "auth";

/// With which secret the platform can be administrated. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub enum AdminSecret {
    /// The account `admin` with the secret `micro`.
    Default,
    /// The account `admin` with a new secret, which is to be shown now: it is not kept.
    Generated(String),
    /// An account that somebody made before.
    Existing,
    /// None, as configured.
    Disabled,
}

impl fmt::Debug for AdminSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AdminSecret::Default => "Default",
            AdminSecret::Generated(_) => "Generated(..)",
            AdminSecret::Existing => "Existing",
            AdminSecret::Disabled => "Disabled",
        })
    }
}

impl State {
    pub async fn ensure_admin(&self, loopback: bool) -> Result<AdminSecret> {
        self.set_loopback(loopback);
        match (self.with_default_secret().await?, self.has_user().await?) {
            (Some(_), _) if loopback => Ok(AdminSecret::Default),
            (Some(admin), _) => self.replace_default_secret(&admin).await,
            (None, true) => Ok(AdminSecret::Existing),
            (None, false) if self.config.disable_admin => Ok(AdminSecret::Disabled),
            (None, false) if loopback => {
                let is_created = self.create_default_admin().await?;
                Ok(if is_created {
                    AdminSecret::Default
                } else {
                    AdminSecret::Existing
                })
            }
            (None, false) => {
                let (secret, hashed) = self.make_secret(LABEL).await?;
                if self.create_admin(hashed).await? {
                    return Ok(AdminSecret::Generated(secret));
                }
                // Another server was quicker, and nobody else may be able to call that one.
                match self.with_default_secret().await? {
                    Some(admin) => self.replace_default_secret(&admin).await,
                    None => Ok(AdminSecret::Existing),
                }
            }
        }
    }

    /// Makes the default administrator where there may be one and there is no user yet.
    pub async fn ensure_default_admin(&self) -> Result<()> {
        if self.config.disable_admin || !self.is_loopback() || self.has_user().await? {
            return Ok(());
        }
        self.create_default_admin().await.map(drop)
    }

    /// Whether this would be the secret that everybody knows, where others can call.
    pub fn is_default_beyond_loopback(&self, ns: &str, id: &str, secret: &str) -> bool {
        !self.is_loopback() && ns == PLATFORM && id == ADMIN_ID && secret == DEFAULT_SECRET
    }

    pub async fn issue_service_account(&self, ns: &str, id: &str) -> Result<(String, String)> {
        let ns = named(ns, "", LABEL)?;
        let (secret, hashed) = self.make_secret(LABEL).await?;
        let identity = Account {
            id: id.into(),
            kind: "service".into(),
            issuer: ns.into(),
            scopes: vec![SERVICE_SCOPE.into()],
            ..Account::default()
        };
        let account = StoredAccount::new(identity, hashed);
        let refresh_token = self.issuer.refresh_token(&account);
        let replaced = self.directory.replace_service(&account, &refresh_token).await;
        replaced.map_err(|error| match error {
            directory::Error::IdExists | directory::Error::NameExists => {
                let detail = format!(
                    "account {id} of namespace {ns} is not the service's: delete it, or rename the service"
                );
                Error::conflict(LABEL, detail)
            }
            error => directory_error(LABEL, error),
        })?;
        // What failed was tried with the secret before.
        self.throttle.succeeded(&account.account_key());
        Ok((account.id, secret))
    }

    pub async fn has_accounts(&self) -> Result<bool> {
        let accounts = self.directory.list(PLATFORM).await;
        let accounts = accounts.map_err(|error| directory_error(LABEL, error))?;
        Ok(!accounts.is_empty())
    }

    async fn has_user(&self) -> Result<bool> {
        if self.users.are_known() {
            return Ok(true);
        }
        let look = self.users.look();
        let accounts = self
            .directory
            .list(PLATFORM)
            .await
            .map_err(|error| directory_error(LABEL, error))?;
        let has_user = accounts.iter().any(|account| account.kind == "user");
        if has_user {
            self.users.found(look);
        }
        Ok(has_user)
    }

    /// The first administrator, if he still has the secret that everybody knows.
    async fn with_default_secret(&self) -> Result<Option<StoredAccount>> {
        let admin = self
            .directory
            .by_id(PLATFORM, ADMIN_ID)
            .await
            .map_err(|error| directory_error(LABEL, error))?;
        let Some(admin) = admin else { return Ok(None) };
        let turn = self
            .secrets
            .turn()
            .await
            .map_err(|error| secrets_error(LABEL, error))?;
        let verified = secrets::verify(turn, DEFAULT_SECRET, &admin.secret).await;
        let is_default = verified.map_err(|error| secrets_error(LABEL, error))?;
        Ok(Some(admin).filter(|_| is_default))
    }

    /// Of several servers that do it at once, one has the new secret to show.
    async fn replace_default_secret(&self, admin: &StoredAccount) -> Result<AdminSecret> {
        let (secret, hashed) = self.make_secret(LABEL).await?;
        let replaced = self.directory.replace_secret(admin, hashed).await;
        let is_replaced = replaced.map_err(|error| directory_error(LABEL, error))?;
        Ok(if is_replaced {
            AdminSecret::Generated(secret)
        } else {
            AdminSecret::Existing
        })
    }

    async fn create_default_admin(&self) -> Result<bool> {
        self.create_admin(self.hash_secret(DEFAULT_SECRET, LABEL).await?)
            .await
    }

    /// False when the id or the name is taken, by somebody who was quicker for example.
    async fn create_admin(&self, secret: HashedSecret) -> Result<bool> {
        let account = StoredAccount::new(administrator(), secret);
        let refresh_token = self.issuer.refresh_token(&account);
        match self.directory.create(&account, &refresh_token).await {
            Ok(()) => Ok(true),
            Err(directory::Error::IdExists | directory::Error::NameExists) => Ok(false),
            Err(error) => Err(directory_error(LABEL, error)),
        }
    }
}

/// The first administrator.
pub(super) fn administrator() -> Account {
    Account {
        id: ADMIN_ID.into(),
        kind: "user".into(),
        issuer: PLATFORM.into(),
        scopes: vec![ADMIN_SCOPE.into()],
        ..Account::default()
    }
}
