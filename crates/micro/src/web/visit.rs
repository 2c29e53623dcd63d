//! What a page knows of who asks for it.

use std::sync::atomic::{AtomicBool, Ordering};

use micro_rpc::Result;

use super::route::Route;
use super::{Fields, PREFIX, Request, cookie, csrf, text, values};
use crate::secret;

/// A browser's request for a page. Who it is, and in which namespace, is said by the context.
#[derive(Debug)]
pub struct Visit {
    request: Request,
    variables: Vec<(String, String)>,
    query: Fields,
    form: Fields,
    token: Token,
}

/// What makes a form ours.
#[derive(Debug)]
struct Token {
    text: String,
    /// Whether the browser does not have it yet.
    is_new: bool,
    is_used: AtomicBool,
}

impl Visit {
    pub(super) fn new(route: &Route, request: Request) -> Result<Self> {
        let known = csrf::known(&request).map(str::to_owned);
        let is_new = known.is_none();
        let token = Token {
            text: known.unwrap_or_else(secret::token),
            is_new,
            is_used: AtomicBool::new(false),
        };
        let form = match is_form(&request) {
            true => Fields::parse(&request.body)?,
            false => Fields::default(),
        };
        Ok(Self {
            variables: route.variables(&request.path),
            query: Fields::parse(request.query.as_bytes())?,
            form,
            token,
            request,
        })
    }

    /// The request as it came.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// What stands in the path for a part in braces; empty for one that the page's path does not have.
    pub fn variable(&self, name: &str) -> &str {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// What follows the question mark.
    pub fn query(&self) -> &Fields {
        &self.query
    }

    /// What was filled in; nothing where no form was sent.
    pub fn form(&self) -> &Fields {
        &self.form
    }

    /// A header of the request.
    pub fn header(&self, name: &str) -> Option<&str> {
        values(&self.request, name).next()
    }

    /// A cookie that the browser sent.
    pub fn cookie(&self, name: &str) -> Option<String> {
        cookie::find(values(&self.request, "cookie"), name).map(cookie::decoded)
    }

    /// The token that every form of this service needs, in a field that nobody sees:
    /// `<input type="hidden" name="csrf" value="{{ visit.csrf() }}">`. Without it the form is refused. A script sends it in the
    /// header `X-CSRF-Token`.
    pub fn csrf(&self) -> &str {
        self.token.is_used.store(true, Ordering::Relaxed);
        &self.token.text
    }

    /// The address of another page or file of this service: `visit.link("outbox/7")` is `/user/outbox/7`.
    pub fn link(&self, path: &str) -> String {
        format!("{}{}", self.base(), path.trim_start_matches('/'))
    }

    /// The path below which the service's pages are, with a slash at both ends.
    pub fn base(&self) -> String {
        let prefix = self.header(PREFIX).unwrap_or_default().trim_matches('/');
        match prefix {
            "" => "/".to_owned(),
            prefix => format!("/{}/", text::in_path(prefix)),
        }
    }

    /// Whether the browser asked over TLS, as what took the connection from it says. It may be believed, since a page cannot make
    /// a browser say it and all that follows is more care.
    pub fn is_secure(&self) -> bool {
        let said = self.header("x-forwarded-proto").unwrap_or_default();
        let first = said.split(',').next().unwrap_or_default();
        first.trim().eq_ignore_ascii_case("https")
    }

    /// The token, if the page uses it and the browser does not have it yet.
    pub(super) fn token_to_keep(&self) -> Option<&str> {
        (self.token.is_new && self.token.is_used.load(Ordering::Relaxed)).then_some(&self.token.text)
    }
}

/// Whether the body is the kind of form that a browser sends unless told otherwise.
fn is_form(request: &Request) -> bool {
    content_type(request).eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The kind of the body, without what is said about it.
pub(super) fn content_type(request: &Request) -> &str {
    let line = values(request, "content-type").next().unwrap_or_default();
    line.split(';').next().unwrap_or_default().trim()
}
