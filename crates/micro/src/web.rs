//! Pages of a service, for browsers: under `/{service}/` of the web gateway.
//!
//! A service speaks RPC and nothing else, so a page is asked for by RPC too: the gateway hands the HTTP request to
//! [`Web::serve`] on the service's own port. [`Pages`] answers it, with files that are compiled in and with [`Page`]s that are
//! made for who asks; who needs something else implements [`Web`] and mounts it as any other contract, with
//! `.handle(WebServer::new(...))`.
//!
//! ```
//! use micro::web::{Answer, Page, Pages, Visit, escaped};
//! use micro::{Context, Result, async_trait};
//!
//! struct Greeting;
//!
//! #[async_trait]
//! impl Page for Greeting {
//!     async fn show(&self, _ctx: &Context, visit: &Visit) -> Result<Answer> {
//!         // In a service this is a template with all of it.
//!         Answer::html(format!(
//!             r#"<form method="post"><input name="name"><input type="hidden" name="csrf" value="{}"></form>"#,
//!             visit.csrf(),
//!         ))
//!     }
//!
//!     async fn submit(&self, _ctx: &Context, visit: &Visit) -> Result<Answer> {
//!         Answer::html(format!("<p>Hello {}", escaped(visit.form().text("name"))))
//!     }
//! }
//!
//! let service = micro::Service::new("user").web(Pages::new().page("hello", Greeting));
//! # drop(service);
//! ```
//!
//! What is safe without a word of the author: a form is answered only with the token that this browser got with its page
//! ([`Visit::csrf`]), cookies are out of reach of scripts and of other sites ([`Cookie`]), pages are not kept, redirects stay
//! here, and the gateway says to the browser that nothing but the service's own files is loaded and no script in a page runs.
//!
//! Links between pages are relative (`style.css`, `../`) or made by [`Visit::link`], so that they are right wherever the
//! service is mounted.

mod answer;
mod content_type;
mod cookie;
mod csrf;
mod fake;
mod fields;
mod files;
mod page;
mod route;
#[cfg(test)]
mod tests;
mod text;
mod visit;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use micro_rpc::{Context, Result};

pub use answer::{Answer, is_local};
pub use cookie::Cookie;
pub use csrf::{FIELD as CSRF_FIELD, HEADER as CSRF_HEADER};
pub use fake::{FakeBrowser, Shown};
pub use fields::Fields;
pub use micro_proto::web::{Header, Request, Response, Web, WebClient, WebServer};
pub use page::Page;
pub use text::escaped;
pub use visit::Visit;

use content_type::content_type;
use files::{File, INDEX};
use route::Route;

/// The header in which the gateway says below which path the pages are: `/user`.
pub const PREFIX: &str = "x-forwarded-prefix";
/// The cookie that the web gateway keeps a caller's token in. A service cannot set it.
pub const TOKEN_COOKIE: &str = "micro-token";

const NOT_FOUND: &[u8] =
    b"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>404 Not Found</title>\n<h1>404 Not Found</h1>\n<p>There is no such page.</p>\n</html>\n";

/// The pages of a service, by the path that they are found at.
///
/// `/` is the page `""` or else the file `index.html`, `/a/` is the page `a/` or `a/index.html`, and `/a` leads there where
/// nothing is called `a`. Browsers keep files and ask whether they are still right, which costs no body; pages they do not keep.
///
/// ```
/// # const INDEX: &[u8] = b"<!doctype html><h1>Hello</h1>";
/// // `include_bytes!("web/index.html")` in a service.
/// let pages = micro::web::Pages::new().file("index.html", INDEX);
/// let service = micro::Service::new("user").web(pages);
/// assert_eq!(service.endpoints()[0].name, "Web.Serve");
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Pages {
    files: BTreeMap<String, File>,
    routes: Vec<Route>,
}

impl Pages {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file: `.file("style.css", include_bytes!("web/style.css"))`. What it is follows from the end of its name. One
    /// that is there already is replaced.
    pub fn file(mut self, path: &str, content: &'static [u8]) -> Self {
        let path = path.trim_start_matches('/');
        self.files.insert(path.to_owned(), File::new(path, content));
        self
    }

    /// Adds a page, which is asked before any file: `.page("outbox/{id}", ...)`. A part in braces stands for anything and is
    /// read with [`Visit::variable`]; where several pages would do, words go before braces. One at the same path is replaced.
    pub fn page(mut self, path: &str, page: impl Page) -> Self {
        let route = Route::new(path, Arc::new(page));
        self.routes.retain(|other| !other.is_at(&route));
        self.routes.push(route);
        self
    }

    fn route(&self, path: &str) -> Option<&Route> {
        let matching = self.routes.iter().filter(|route| route.matches(path));
        matching.min_by_key(|route| route.rank())
    }

    fn find(&self, path: &str) -> Option<&File> {
        let path = path.trim_start_matches('/');
        if path.is_empty() || path.ends_with('/') {
            return self.files.get(&format!("{path}{INDEX}"));
        }
        self.files.get(path)
    }

    /// What is no page is a file, or not there.
    fn answer(&self, request: &Request) -> Response {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return response(405, &[("allow", "GET, HEAD")]);
        }
        let is_head = request.method == "HEAD";
        match self.find(&request.path) {
            Some(file) => file.answer(request, is_head),
            None => match self.folder(request) {
                Some(place) => response(307, &[("location", &place)]),
                None => whole(404, content_type(INDEX), Bytes::from_static(NOT_FOUND), is_head),
            },
        }
    }

    /// Where the folder is that the path names without its last slash, relative to the path itself.
    fn folder(&self, request: &Request) -> Option<String> {
        let path = request.path.trim_start_matches('/');
        let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
        let folder = format!("{path}/");
        if self.route(&folder).is_none() && self.find(&folder).is_none() {
            return None;
        }
        let query = match request.query.as_str() {
            "" => String::new(),
            query => format!("?{query}"),
        };
        // With a dot in front, so that no name is taken for a scheme.
        Some(format!("./{}/{query}", text::in_path(name)))
    }
}

#[async_trait]
impl Web for Pages {
    async fn serve(&self, ctx: &Context, request: Request) -> Result<Response> {
        match self.route(&request.path) {
            Some(route) => page::serve(route, ctx, request).await,
            None => Ok(self.answer(&request)),
        }
    }
}

fn whole(status: i32, content_type: &str, content: Bytes, is_head: bool) -> Response {
    let length = content.len().to_string();
    let mut response = response(status, &[("content-type", content_type)]);
    if is_head {
        response.headers.push(header("content-length", &length));
    } else {
        response.body = content;
    }
    response
}

fn response(status: i32, lines: &[(&str, &str)]) -> Response {
    Response {
        status,
        headers: lines.iter().map(|(name, value)| header(name, value)).collect(),
        body: Bytes::new(),
    }
}

fn header(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// The values of a header of a request.
fn values<'a>(request: &'a Request, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = request.headers.iter();
    lines
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}
