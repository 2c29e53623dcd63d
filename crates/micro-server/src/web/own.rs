//! The gateway's own pages: where a person becomes somebody, and nobody again.
//!
//! They are below `/-/`, which no service can be named like, and are written with what services are written with: what holds for
//! their forms holds here.
//!
//! Who logs in has an access token in a cookie that no script can read and no other site can have sent along, not even by a
//! link: the gateway for programs takes the same cookie, and there a link may change things. It ends with the token. There is no
//! refresh token in the browser: what is stolen from it is worth a working day, not for ever.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Response;
use http::request::Parts;
use hyper::body::Incoming;
use micro::web::{Answer, CSRF_FIELD, Page, Pages, TOKEN_COOKIE, Visit, Web as _, escaped, is_local};
use micro_proto::auth::{Auth as _, AuthClient, Options, Token, TokenRequest};
use micro_rpc::{Account, Context, Error, Result, async_trait};

use super::{page, request, response};
use crate::gateway::caller::Caller;
use crate::gateway::reply::Content;
use crate::gateway::{ID, Inner};
use crate::namespace::PLATFORM;

/// The first part of their paths.
pub(super) const FOLDER: &str = "-";
const BASE: &str = "/-/";
const AUTH: &str = "auth";
/// How long one stays logged in: a working day.
const LIFE: Duration = Duration::from_secs(8 * 3600);
const ALGORITHM: &str = "EdDSA";
/// Browsers keep no longer cookies.
const LONGEST_COOKIE: usize = 4096;

/// Answers what is below `/-/`.
pub(super) async fn answer(
    gateway: &Inner,
    parts: &Parts,
    body: Incoming,
    path: String,
) -> Result<Response<Content>> {
    // Who is on the block list as well: he may want to be somebody else.
    let caller = Caller::identify(parts, &*gateway.config.guard).await?;
    let request = request(gateway, parts, body, BASE, path).await?;
    let login = Login {
        auth: AuthClient::with_name(gateway.client(&caller, AUTH), AUTH),
        patience: gateway.limits.call,
    };
    let pages = Pages::new()
        .file("style.css", include_bytes!("style.css"))
        .page("login", login)
        .page("logout", Logout);
    let ctx = match caller.account() {
        Some(account) => Context::background().with_account(account.clone()),
        None => Context::background(),
    };
    response::of(
        response::Sender::Gateway,
        pages.serve(&ctx, request).await?,
        &parts.method,
    )
}

/// A link to the login, and from there back.
pub(super) fn login_link(back: Option<&str>) -> String {
    let back = back.map_or_else(String::new, |path| {
        let escaped = percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC);
        format!("?next={escaped}")
    });
    format!("<a href=\"{BASE}login{back}\">Log in</a>")
}

/// Who it is, and how that ends.
pub(super) fn introduced(account: &Account) -> String {
    format!(
        "You are {} of the namespace {}. <a href=\"{BASE}logout\">Log out</a>",
        escaped(named(account)),
        escaped(&account.issuer)
    )
}

fn named(account: &Account) -> &str {
    match account.name.as_str() {
        "" => &account.id,
        name => name,
    }
}

struct Login {
    auth: AuthClient,
    patience: Duration,
}

#[async_trait]
impl Page for Login {
    async fn show(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let back = back(visit.query().text("next"));
        form(visit, ctx.account(), PLATFORM, "", back, "")
    }

    async fn submit(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let said = visit.form();
        let (id, back) = (said.text("id").trim(), back(said.text("next")));
        let namespace = Some(said.text("namespace").trim()).filter(|name| !name.is_empty());
        let namespace = namespace.unwrap_or(PLATFORM);
        match self.token(namespace, id, said.text("secret")).await {
            Ok(token) => {
                let line = line(&token, visit.is_secure())?;
                Ok(Answer::redirect(back)?.header("set-cookie", &line))
            }
            // Which of them is wrong is not for everybody to know.
            Err(error) if matches!(error.code, 400 | 401 | 404) => {
                let wrong = "There is no such account, or its secret is another one.";
                Ok(form(visit, ctx.account(), namespace, id, back, wrong)?.status(401))
            }
            Err(error) if error.code == 429 => {
                let shown = form(visit, ctx.account(), namespace, id, back, &error.detail)?;
                Ok(shown.status(429))
            }
            Err(error) => Err(error),
        }
    }
}

impl Login {
    async fn token(&self, namespace: &str, id: &str, secret: &str) -> Result<Token> {
        let request = TokenRequest {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token_expiry: i64::try_from(LIFE.as_secs()).unwrap_or(i64::MAX),
            algorithm: ALGORITHM.to_owned(),
            options: Some(Options {
                namespace: namespace.to_owned(),
            }),
            ..TokenRequest::default()
        };
        let ctx = Context::background()
            .with_namespace(PLATFORM)
            .with_timeout(self.patience);
        let answer = self.auth.token(&ctx, request).await?;
        answer
            .token
            .ok_or_else(|| Error::internal(ID, "the login gave no token"))
    }
}

/// Where to go after: to a page of this site, whatever a link to the login says.
fn back(next: &str) -> &str {
    Some(next)
        .filter(|next| next.starts_with('/') && is_local(next))
        .unwrap_or("/")
}

fn form(
    visit: &Visit,
    account: Option<&Arc<Account>>,
    namespace: &str,
    id: &str,
    back: &str,
    wrong: &str,
) -> Result<Answer> {
    let (namespace, id, back) = (escaped(namespace), escaped(id), escaped(back));
    let already = account.map_or_else(String::new, |account| {
        format!(
            "<p>{}, or <a href=\"{back}\">go on</a>.</p>\n",
            introduced(account)
        )
    });
    let wrong = match wrong {
        "" => String::new(),
        wrong => format!("<p class=\"wrong\" role=\"alert\">{}</p>\n", escaped(wrong)),
    };
    let token = visit.csrf();
    Answer::html(page::text(
        "Log in",
        &format!(
            "{already}{wrong}<form method=\"post\" action=\"{BASE}login\">\n\
             <input type=\"hidden\" name=\"{CSRF_FIELD}\" value=\"{token}\">\n\
             <input type=\"hidden\" name=\"next\" value=\"{back}\">\n\
             <label>Namespace <input name=\"namespace\" value=\"{namespace}\" autocomplete=\"organization\"></label>\n\
             <label>Account <input name=\"id\" value=\"{id}\" autocomplete=\"username\" required autofocus></label>\n\
             <label>Secret <input name=\"secret\" type=\"password\" autocomplete=\"current-password\" required></label>\n\
             <button>Log in</button>\n</form>\n"
        ),
    ))
}

struct Logout;

#[async_trait]
impl Page for Logout {
    async fn show(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let Some(account) = ctx.account() else {
            return Answer::redirect("/");
        };
        let token = visit.csrf();
        let content = format!(
            "<form method=\"post\">\n<input type=\"hidden\" name=\"{CSRF_FIELD}\" value=\"{token}\">\n\
             <p>You are {} of the namespace {}.</p>\n<button>Log out</button>\n</form>\n",
            escaped(named(account)),
            escaped(&account.issuer)
        );
        Answer::html(page::text("Log out", &content))
    }

    async fn submit(&self, _ctx: &Context, visit: &Visit) -> Result<Answer> {
        let line = cookie("", Duration::ZERO, visit.is_secure());
        Ok(Answer::redirect("/")?.header("set-cookie", &line))
    }
}

/// The cookie of a token, which ends with it.
fn line(token: &Token, is_secure: bool) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let expiry = Duration::from_secs(u64::try_from(token.expiry).unwrap_or_default());
    let line = cookie(&token.access_token, expiry.saturating_sub(now), is_secure);
    if line.len() > LONGEST_COOKIE {
        let detail = "the account says so much of itself that its token is longer than the 4096 bytes that browsers keep";
        return Err(Error::internal(ID, detail));
    }
    Ok(line)
}

fn cookie(value: &str, lifetime: Duration, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    let seconds = lifetime.as_secs();
    format!("{TOKEN_COOKIE}={value}; Path=/; SameSite=Strict; HttpOnly; Max-Age={seconds}{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_back_to_this_site_alone() {
        for (next, expected) in [
            ("/user/?x=1", "/user/?x=1"),
            ("", "/"),
            ("user/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("https://evil.example/", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(back(next), expected, "{next}");
        }
    }

    #[test]
    fn the_cookie_ends_with_the_token() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let token = |expiry: u64| Token {
            access_token: "t".to_owned(),
            expiry: expiry.try_into().unwrap(),
            ..Token::default()
        };
        assert_eq!(
            line(&token(0), true).unwrap(),
            "micro-token=t; Path=/; SameSite=Strict; HttpOnly; Max-Age=0; Secure"
        );
        let seconds = line(&token(now + 100), false).unwrap();
        let seconds = seconds.rsplit_once('=').unwrap().1.parse::<u64>().unwrap();
        assert!((90..=100).contains(&seconds), "{seconds}");
        let long = Token {
            access_token: "t".repeat(LONGEST_COOKIE),
            ..Token::default()
        };
        assert_eq!(line(&long, false).unwrap_err().code, 500);
    }
}
