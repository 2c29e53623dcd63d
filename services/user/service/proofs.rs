//! Links in mails: who follows one has the address it was sent to.

use std::time::Duration;

use micro::store::Table;
use micro::{Context, Grants, Platform, Tenant, serde};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::letters::{Letter, Wording, escaped};
use super::problem::{Problem, Result};
use super::session::Session;
use super::users::{Users, Who};

const VERIFY: &str = "verify";
const LOGIN: &str = "login";
const VERIFY_LIFE: Duration = Duration::from_secs(24 * 3600);
const LOGIN_LIFE: Duration = Duration::from_secs(60);

/// Where a link leads afterwards; empty for nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "micro::serde")]
pub struct Afterwards {
    pub success: String,
    pub failure: String,
}

/// What a link was sent for.
#[derive(Deserialize, Serialize)]
#[serde(crate = "micro::serde")]
struct Sent {
    account: String,
    email: String,
    afterwards: Afterwards,
}

/// How a link was taken.
#[derive(Debug)]
pub enum Verified {
    /// The address is proven.
    Yes(Afterwards),
    /// It cannot be proven any more: the account is gone or has another address.
    No(Afterwards),
}

/// Hands links out and takes them.
#[derive(Clone)]
pub struct Proofs {
    users: Users,
    grants: Grants,
}

impl Proofs {
    pub fn new(platform: &Platform, table: &Table, users: Users) -> Self {
        Self {
            users,
            grants: Grants::new(table.clone(), platform.clock.clone()),
        }
    }

    /// A mail with a link that proves the address of an account. `site` is where the pages of this service are.
    pub async fn verification(
        &self,
        tenant: &Tenant,
        email: &str,
        site: &str,
        afterwards: Afterwards,
        wording: Wording,
    ) -> Result<Letter> {
        for (field, address) in [
            ("redirect_url", &afterwards.success),
            ("failure_redirect_url", &afterwards.failure),
        ] {
            check_address(field, address)?;
        }
        let account = self.users.read(tenant, &Who::email(email)).await?;
        let token = self
            .issue(tenant, VERIFY, &account, &afterwards, VERIFY_LIFE)
            .await?;
        let link = format!(
            "{}/user/verify?token={token}&redirectUrl={}&failureRedirectUrl={}",
            site.trim_end_matches('/'),
            escaped(&afterwards.success),
            escaped(&afterwards.failure),
        );
        let text = "Please confirm that this is your address:\n\n$micro_verification_link\n";
        Ok(wording.with_link(&account.email, "Confirm your address", text, &link))
    }

    /// Takes the token of a verification mail, in whose name it was handed out.
    pub async fn verify(&self, ctx: &Context, token: &str) -> Result<Verified> {
        let grant = self.grants.redeem(VERIFY, token).await?;
        let (tenant, sent) = grant
            .and_then(|grant| Some((grant.tenant, read(&grant.subject)?)))
            .ok_or(Problem::Missing("token"))?;
        match self
            .users
            .verified(ctx, &tenant, &sent.account, &sent.email)
            .await
        {
            Ok(()) => Ok(Verified::Yes(sent.afterwards)),
            Err(Problem::Missing(_)) => Ok(Verified::No(sent.afterwards)),
            Err(problem) => Err(problem),
        }
    }

    /// The same for a caller who has to be the tenant.
    pub async fn verify_as(&self, ctx: &Context, tenant: &Tenant, token: &str) -> Result<()> {
        let grant = self.grants.redeem_as(tenant, VERIFY, token).await?;
        let sent = grant.and_then(|grant| read(&grant.subject));
        let sent = sent.ok_or(Problem::Missing("token"))?;
        self.users.verified(ctx, tenant, &sent.account, &sent.email).await
    }

    /// A mail with a link that logs in: `https://{address}/{endpoint}/{token}`. None for an address that nobody has.
    pub async fn magic_link(
        &self,
        tenant: &Tenant,
        email: &str,
        address: &str,
        endpoint: &str,
        wording: Wording,
    ) -> Result<Option<Letter>> {
        let is_host =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
        if address.is_empty() || !address.bytes().all(is_host) {
            let detail = format!("{address:?} is no host: give one as example.org or example.org:8443");
            return Err(Problem::invalid("address", detail));
        }
        let endpoint = endpoint.trim_matches('/');
        if !endpoint
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'))
        {
            let detail = format!("{endpoint:?} is no path: give one as login");
            return Err(Problem::invalid("endpoint", detail));
        }
        let account = match self.users.read(tenant, &Who::email(email)).await {
            Err(Problem::Missing(_)) => return Ok(None),
            account => account?,
        };
        let token = self
            .issue(tenant, LOGIN, &account, &Afterwards::default(), LOGIN_LIFE)
            .await?;
        let path = [endpoint, &token].into_iter().filter(|part| !part.is_empty());
        let path: Vec<_> = path.collect();
        let link = format!("https://{address}/{}", path.join("/"));
        let text = "Follow this link to log in:\n\n$micro_verification_link\n";
        Ok(Some(wording.with_link(&account.email, "Log in", text, &link)))
    }

    /// Takes the token of such a link and begins a session; none for one that is not good.
    pub async fn login(&self, tenant: &Tenant, token: &str) -> Result<Option<Session>> {
        let grant = self.grants.redeem_as(tenant, LOGIN, token).await?;
        let Some(sent) = grant.and_then(|grant| read(&grant.subject)) else {
            return Ok(None);
        };
        let who = Who {
            id: sent.account,
            email: sent.email,
            ..Who::default()
        };
        match self.users.read(tenant, &who).await {
            Ok(account) => Ok(Some(self.users.sessions.begin(tenant, &account).await?)),
            Err(Problem::Missing(_)) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    async fn issue(
        &self,
        tenant: &Tenant,
        purpose: &str,
        account: &Account,
        afterwards: &Afterwards,
        life: Duration,
    ) -> Result<String> {
        let sent = Sent {
            account: account.id.clone(),
            email: account.email.clone(),
            afterwards: afterwards.clone(),
        };
        let subject = micro::serde_json::to_string(&sent).expect("texts are JSON");
        Ok(self.grants.issue(tenant, purpose, &subject, life).await?)
    }
}

fn read(subject: &str) -> Option<Sent> {
    micro::serde_json::from_str(subject).ok()
}

/// Where a browser may be led by a link of ours.
fn check_address(field: &'static str, address: &str) -> Result<()> {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
    if address.is_empty() || (is_web && is_plain) {
        return Ok(());
    }
    let detail = format!("{address:?} is no address of a page: it has to begin with https:// or http://");
    Err(Problem::invalid(field, detail))
}
