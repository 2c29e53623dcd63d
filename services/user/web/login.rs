//! Where somebody logs in to an application, as its owner sees it: the tenant is who has logged in to the platform.

use std::time::Duration;

use askama::Template;
use micro::web::{Answer, Cookie, Page, Visit};
use micro::{Context, Result, Tenant, async_trait};

use crate::service::problem::Problem;
use crate::service::users::{Users, Who};

/// Holds the session's id.
pub(super) const COOKIE: &str = "session";

#[derive(Template)]
#[template(path = "login.html")]
struct Form<'a> {
    base: &'a str,
    csrf: &'a str,
    name: &'a str,
    wrong: &'a str,
}

/// The page `/user/login`.
pub struct Login {
    users: Users,
}

impl Login {
    /// For these users.
    pub fn new(users: Users) -> Self {
        Self { users }
    }
}

fn form(visit: &Visit, wrong: &str) -> Result<Answer> {
    Answer::html(Form {
        base: &visit.base(),
        csrf: visit.csrf(),
        name: visit.form().text("name"),
        wrong,
    })
}

/// An address has an @. So may a username, but who has such a one can hardly have expected otherwise.
fn who(name: &str) -> Who {
    match name.contains('@') {
        true => Who::email(name),
        false => Who::username(name),
    }
}

#[async_trait]
impl Page for Login {
    async fn show(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        Tenant::of(ctx)?;
        form(visit, "")
    }

    async fn submit(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let tenant = Tenant::of(ctx)?;
        let fields = visit.form();
        let (who, password) = (who(fields.text("name")), fields.text("password"));
        let session = match self.users.login(&tenant, &who, password, None).await {
            Ok(session) => session,
            Err(problem @ (Problem::Refused(_) | Problem::Locked(_) | Problem::Invalid { .. })) => {
                let wrong = problem.of("Login").detail;
                return Ok(form(visit, &wrong)?.status(422));
            }
            Err(problem) => return Err(problem.of("Login")),
        };
        let life = u64::try_from(session.expires - session.created).unwrap_or_default();
        let cookie = Cookie::new(COOKIE, &session.id).lasting(Duration::from_secs(life));
        Ok(Answer::redirect(&visit.base())?.cookie(cookie))
    }
}
