//! A browser for tests of pages: no server, no port, and what a form needs is read from the page that has it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use micro_rpc::{Context, Result};

use super::{CSRF_FIELD, PREFIX, Pages, Request, Response, Web as _, cookie, header, text};

/// Opens pages and fills in forms as a browser does: it keeps cookies, and sends a form with the token that it finds in the page.
///
/// ```
/// # use micro::web::{Answer, FakeBrowser, Page, Pages, Visit};
/// # use micro::{Context, Result, async_trait};
/// # struct Hello;
/// # #[async_trait]
/// # impl Page for Hello {
/// #     async fn show(&self, _ctx: &Context, visit: &Visit) -> Result<Answer> {
/// #         Answer::html(format!("<input name=\"csrf\" value=\"{}\">", visit.csrf()))
/// #     }
/// #     async fn submit(&self, _ctx: &Context, visit: &Visit) -> Result<Answer> {
/// #         Answer::redirect(&visit.link("thanks"))
/// #     }
/// # }
/// # async fn f() -> Result<()> {
/// let browser = FakeBrowser::new(Pages::new().page("hello", Hello));
/// let ctx = Context::background(); // .with_account(...) is who is logged in
/// let shown = browser.submit(&ctx, "/hello", &[("name", "Ann")]).await?;
/// assert_eq!(shown.location(), "/site/thanks");
/// # Ok(()) }
/// ```
pub struct FakeBrowser {
    pages: Pages,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What it got.
#[derive(Clone, Debug)]
pub struct Shown {
    /// From 200 to 599.
    pub status: i32,
    /// The page.
    pub text: String,
    /// All of it.
    pub response: Response,
}

impl FakeBrowser {
    /// A browser without cookies, to which the pages are below `/site/`.
    pub fn new(pages: Pages) -> Self {
        Self {
            pages,
            cookies: Mutex::default(),
        }
    }

    /// Opens a page; it follows no redirect.
    ///
    /// # Errors
    ///
    /// What the page fails with.
    pub async fn open(&self, ctx: &Context, path: &str) -> Result<Shown> {
        self.ask(ctx, "GET", path, "").await
    }

    /// Opens a page, fills in the form on it and sends it back to the same address. A page that leaves the token out of its form
    /// fails as it would with a real browser.
    ///
    /// # Errors
    ///
    /// What the page fails with; 403 where the form has no token.
    pub async fn submit(&self, ctx: &Context, path: &str, fields: &[(&str, &str)]) -> Result<Shown> {
        let page = self.open(ctx, path).await?;
        let token = token(&page.text).map(|token| (CSRF_FIELD, token));
        let fields = token.iter().chain(fields);
        let form: Vec<_> = fields
            .map(|(name, value)| format!("{}={}", text::in_path(name), text::in_path(value)))
            .collect();
        self.ask(ctx, "POST", path, &form.join("&")).await
    }

    /// A cookie that it keeps.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies().get(name).map(|value| cookie::decoded(value))
    }

    async fn ask(&self, ctx: &Context, method: &str, path: &str, form: &str) -> Result<Shown> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut headers = vec![header(PREFIX, "/site")];
        if method == "POST" {
            headers.push(header("content-type", "application/x-www-form-urlencoded"));
        }
        let cookies = self.cookies().clone();
        headers.extend(
            cookies
                .iter()
                .map(|(name, value)| header("cookie", &format!("{name}={value}"))),
        );
        let request = Request {
            method: method.to_owned(),
            path: format!("/{}", path.trim_start_matches('/')),
            query: query.to_owned(),
            headers,
            body: Bytes::copy_from_slice(form.as_bytes()),
        };
        let response = self.pages.serve(ctx, request).await?;
        self.keep(&response);
        Ok(Shown {
            status: response.status,
            text: String::from_utf8_lossy(&response.body).into_owned(),
            response,
        })
    }

    fn keep(&self, response: &Response) {
        let lines = response
            .headers
            .iter()
            .filter(|header| header.name == "set-cookie");
        for line in lines {
            let (pair, rest) = line.value.split_once(';').unwrap_or((&line.value, ""));
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match rest.contains("Max-Age=0") {
                true => drop(self.cookies().remove(name)),
                false => drop(self.cookies().insert(name.to_owned(), value.to_owned())),
            }
        }
    }

    fn cookies(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    /// The value of a header; empty without it.
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.response.headers.iter();
        let found = headers.find(|header| header.name.eq_ignore_ascii_case(name));
        found.map_or("", |header| &header.value)
    }

    /// Where it leads; empty for a page.
    pub fn location(&self) -> &str {
        self.header("location")
    }
}

/// The value of the input named after the token.
fn token(page: &str) -> Option<&str> {
    let named = format!("name=\"{CSRF_FIELD}\"");
    let mut tags = page.split('<').filter_map(|tag| tag.split_once('>'));
    let (tag, _) = tags.find(|(tag, _)| tag.contains(&named))?;
    tag.split_once("value=\"")?.1.split('"').next()
}
