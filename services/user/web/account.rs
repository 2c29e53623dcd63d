//! Who has logged in.

use askama::Template;
use micro::web::{Answer, Cookie, Page, Visit};
use micro::{Context, Result, Tenant, async_trait};

use super::login::COOKIE;
use crate::service::account;
use crate::service::problem::Problem;
use crate::service::users::Users;

#[derive(Template)]
#[template(path = "account.html")]
struct Shown<'a> {
    base: &'a str,
    csrf: &'a str,
    name: &'a str,
    account: &'a account::Account,
}

/// The page `/user/`.
pub struct Account {
    users: Users,
}

impl Account {
    /// For these users.
    pub fn new(users: Users) -> Self {
        Self { users }
    }
}

#[async_trait]
impl Page for Account {
    async fn show(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let tenant = Tenant::of(ctx)?;
        let id = visit.cookie(COOKIE).unwrap_or_default();
        let account = match self.users.session(&tenant, &id).await {
            Ok((_, account)) => account,
            Err(Problem::Missing(_)) => return Answer::redirect(&visit.link("login")),
            Err(problem) => return Err(problem.of("ReadSession")),
        };
        let names = [&account.username, &account.email, &account.id];
        let name = names.into_iter().find(|name| !name.is_empty());
        Answer::html(Shown {
            base: &visit.base(),
            csrf: visit.csrf(),
            name: name.map_or("", |name| name),
            account: &account,
        })
    }

    /// Logs out.
    async fn submit(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let tenant = Tenant::of(ctx)?;
        let id = visit.cookie(COOKIE).unwrap_or_default();
        let ended = self.users.sessions.end(&tenant, &id).await;
        ended.map_err(|problem| problem.of("Logout"))?;
        let answer = Answer::redirect(&visit.link("login"))?;
        Ok(answer.cookie(Cookie::removed(COOKIE)))
    }
}
