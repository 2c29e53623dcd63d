//! The users of a tenant: accounts, and who may log in to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use micro::events::Posting;
use micro::store::model::{Model, Page, Query};
use micro::store::{ErrorKind, Table};
use micro::{Clock, Context, Id, Platform, Tenant};

use super::account::{self, Account};
use super::attempts::{Attempts, Subjects};
use super::password::{Hasher, Password, verify};
use super::problem::{Problem, Result};
use super::session::{Session, Sessions};

const WRONG: &str = "wrong username, e-mail address or password";
/// Accounts of a list where no limit is given, and at most.
const LIMITS: (usize, usize) = (25, 1000);

/// What has happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Created,
    Updated,
    Verified,
    Deleted,
}

/// Makes an event of it, for the commit that it happens in.
pub type Announce = Arc<dyn Fn(&Context, News, &Account) -> Posting + Send + Sync>;

/// Who is meant; what is empty says nothing.
#[derive(Clone, Debug, Default)]
pub struct Who {
    pub id: String,
    pub username: String,
    pub email: String,
}

/// An account that is to be.
pub struct Draft {
    pub who: Who,
    pub password: Password,
    pub profile: BTreeMap<String, String>,
}

/// All of them, of all tenants. Cheap to clone.
#[derive(Clone)]
pub struct Users {
    table: Table,
    clock: Clock,
    announce: Announce,
    hasher: Hasher,
    pub sessions: Sessions,
    attempts: Attempts,
}

impl Users {
    /// In this table of the platform.
    pub fn new(platform: &Platform, table: &Table, announce: Announce) -> Self {
        let clock = platform.clock.clone();
        Self {
            table: table.clone(),
            sessions: Sessions::new(table.clone(), clock.clone()),
            attempts: Attempts::new(table.clone(), clock.clone()),
            hasher: Hasher::new(),
            announce,
            clock,
        }
    }

    /// Keeps a new account.
    pub async fn create(&self, ctx: &Context, tenant: &Tenant, draft: Draft) -> Result<Account> {
        let who = draft.who.checked()?;
        if who.username.is_empty() && who.email.is_empty() {
            return Err(Problem::invalid(
                "username",
                "a username or an e-mail address is required",
            ));
        }
        let profile = account::profile(draft.profile)?;
        let now = self.clock.unix();
        let account = Account {
            id: match who.id.is_empty() {
                true => Id::random().to_string(),
                false => who.id,
            },
            username: who.username,
            email: who.email,
            password: self.hasher.hash(draft.password).await?,
            era: micro::secret::token(),
            created: now,
            updated: now,
            verified: false,
            verification_date: 0,
            profile,
        };
        let posting = (self.announce)(ctx, News::Created, &account);
        match self.of(tenant).create_and_post(&account, posting).await {
            Err(error) if error.kind == ErrorKind::Exists => Err(self.taken(tenant, &account).await?),
            created => created.map(|()| account).map_err(Problem::from),
        }
    }

    /// The account that is meant.
    pub async fn read(&self, tenant: &Tenant, who: &Who) -> Result<Account> {
        let found = self.find(tenant, who).await?;
        found.ok_or(Problem::Missing("account"))
    }

    /// Changes what is given.
    pub async fn update(
        &self,
        ctx: &Context,
        tenant: &Tenant,
        who: &Who,
        profile: BTreeMap<String, String>,
    ) -> Result<Account> {
        let who = who.checked()?;
        if who.id.is_empty() {
            return Err(Problem::invalid("id", "the id of the account is required"));
        }
        let profile = account::profile(profile)?;
        let mut wanted = None;
        let model = self.of(tenant);
        let updated = model.update_and_post(&who.id, |account| {
            if !who.username.is_empty() {
                account.username.clone_from(&who.username);
            }
            if !who.email.is_empty() && who.email != account.email {
                account.email.clone_from(&who.email);
                (account.verified, account.verification_date) = (false, 0);
            }
            if !profile.is_empty() {
                account.profile.clone_from(&profile);
            }
            account.updated = self.clock.unix();
            wanted = Some(account.clone());
            Ok((self.announce)(ctx, News::Updated, account))
        });
        match (updated.await, wanted) {
            (Err(error), Some(wanted)) if error.kind == ErrorKind::Exists => {
                Err(self.taken(tenant, &wanted).await?)
            }
            (updated, _) => Ok(updated?),
        }
    }

    /// Removes an account, which ends its sessions; there may be none.
    pub async fn delete(&self, ctx: &Context, tenant: &Tenant, id: &str) -> Result<()> {
        if id.is_empty() {
            return Err(Problem::invalid("id", "the id of the account is required"));
        }
        let about = |account: &Account| (self.announce)(ctx, News::Deleted, account);
        self.of(tenant).delete_and_post(id, about).await?;
        Ok(())
    }

    /// Accounts in the order in which they were created.
    pub async fn list(&self, tenant: &Tenant, offset: usize, limit: usize) -> Result<Vec<Account>> {
        let limit = if limit == 0 { LIMITS.0 } else { limit };
        if limit > LIMITS.1 {
            let detail = format!(
                "a list has at most {} accounts: ask with an offset for those behind",
                LIMITS.1
            );
            return Err(Problem::invalid("limit", detail));
        }
        let query = Query::by("created").offset(offset).limit(limit);
        let Page { items, .. } = self.of(tenant).list(&query).await?;
        Ok(items)
    }

    /// Begins a session of who knows the password. `address` is where he is, if that is known.
    pub async fn login(
        &self,
        tenant: &Tenant,
        who: &Who,
        password: &str,
        address: Option<&str>,
    ) -> Result<Session> {
        if who.username.is_empty() && who.email.is_empty() {
            return Err(Problem::invalid(
                "username",
                "a username or an e-mail address is required",
            ));
        }
        // What can be nobody's name is nobody's.
        let found = match who.checked() {
            Ok(who) => self.find(tenant, &who).await?,
            Err(_) => None,
        };
        let name = found
            .as_ref()
            .map_or(format!("{}{}", who.username, who.email), |found| found.id.clone());
        let subjects = Subjects::new(&name, address);
        let turn = self.hasher.turn().await?;
        let is_suspect = self.attempts.check(tenant, &subjects).await?;
        let is_right = verify(turn, password, found.as_ref().map(|found| &found.password)).await?;
        match found.filter(|_| is_right) {
            Some(account) => {
                if is_suspect {
                    self.attempts.succeeded(tenant, &subjects).await?;
                }
                self.sessions.begin(tenant, &account).await
            }
            None => {
                self.attempts.failed(tenant, &subjects).await?;
                Err(Problem::Refused(WRONG))
            }
        }
    }

    /// A session that has not ended, and its account.
    pub async fn session(&self, tenant: &Tenant, id: &str) -> Result<(Session, Account)> {
        let session = self.sessions.read(tenant, id).await?;
        let account = self.of(tenant).read(&session.user).await?;
        let account = account.filter(|account| session.is_of(account));
        let account = account.ok_or(Problem::Missing("session"))?;
        Ok((session, account))
    }

    /// Ends all sessions of an account.
    pub async fn logout_all(&self, tenant: &Tenant, id: &str) -> Result<()> {
        let model = self.of(tenant);
        let ended = model.update(id, |account| {
            account.end_sessions();
            Ok(())
        });
        match ended.await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            ended => Ok(ended.map(drop)?),
        }
    }

    /// Changes the password of who knows the old one, as often as he may guess it: as for [`Users::login`].
    pub async fn change_password(&self, tenant: &Tenant, id: &str, old: &str, new: Password) -> Result<()> {
        let account = self.read(tenant, &Who::id(id)).await?;
        let subjects = Subjects::new(id, None);
        let turn = self.hasher.turn().await?;
        let is_suspect = self.attempts.check(tenant, &subjects).await?;
        if !verify(turn, old, Some(&account.password)).await? {
            self.attempts.failed(tenant, &subjects).await?;
            return Err(Problem::Refused("the old password is wrong"));
        }
        if is_suspect {
            self.attempts.succeeded(tenant, &subjects).await?;
        }
        self.set_password(tenant, id, new).await
    }

    /// Sets a password and ends all sessions.
    pub async fn set_password(&self, tenant: &Tenant, id: &str, new: Password) -> Result<()> {
        let hash = self.hasher.hash(new).await?;
        let model = self.of(tenant);
        let set = model.update(id, |account| {
            account.password = hash.clone();
            account.updated = self.clock.unix();
            account.end_sessions();
            Ok(())
        });
        set.await?;
        Ok(())
    }

    /// Notes that an address belongs to who has the account, if it is still his.
    pub async fn verified(&self, ctx: &Context, tenant: &Tenant, id: &str, email: &str) -> Result<()> {
        let model = self.of(tenant);
        let verified = model.update_and_post(id, |account| {
            if account.email != email {
                return Err(micro::store::Error::not_found());
            }
            account.verified = true;
            account.verification_date = self.clock.unix();
            account.updated = account.verification_date;
            Ok((self.announce)(ctx, News::Verified, account))
        });
        verified.await?;
        Ok(())
    }

    async fn find(&self, tenant: &Tenant, who: &Who) -> Result<Option<Account>> {
        let who = who.checked()?;
        let model = self.of(tenant);
        let found = match (&*who.id, &*who.username, &*who.email) {
            ("", "", "") => {
                let detail = "an id, a username or an e-mail address is required";
                return Err(Problem::invalid("id", detail));
            }
            ("", "", email) => model.find("email", email).await?,
            ("", username, _) => model.find("username", username).await?,
            (id, ..) => model.read(id).await?,
        };
        Ok(found.filter(|found| who.fits(found)))
    }

    /// Which of an account's names another one has.
    async fn taken(&self, tenant: &Tenant, wanted: &Account) -> Result<Problem> {
        let model = self.of(tenant);
        for (index, name) in [("username", &wanted.username), ("email", &wanted.email)] {
            let there = model.find(index, name).await?;
            if there.is_some_and(|there| there.id != wanted.id) {
                return Ok(Problem::Taken(index));
            }
        }
        Ok(Problem::Taken("id"))
    }

    fn of(&self, tenant: &Tenant) -> Model<Account> {
        Model::new(self.table.of(tenant))
    }
}

impl Who {
    pub fn id(id: &str) -> Self {
        let id = id.to_owned();
        Self {
            id,
            ..Self::default()
        }
    }

    pub fn username(username: &str) -> Self {
        let username = username.to_owned();
        Self {
            username,
            ..Self::default()
        }
    }

    pub fn email(email: &str) -> Self {
        let email = email.to_owned();
        Self {
            email,
            ..Self::default()
        }
    }

    /// As the names are kept.
    fn checked(&self) -> Result<Self> {
        Ok(Self {
            id: account::id(&self.id)?,
            username: account::username(&self.username)?,
            email: account::email(&self.email)?,
        })
    }

    fn fits(&self, account: &Account) -> bool {
        let fits = |wanted: &String, found: &String| wanted.is_empty() || wanted == found;
        fits(&self.id, &account.id)
            && fits(&self.username, &account.username)
            && fits(&self.email, &account.email)
    }
}
