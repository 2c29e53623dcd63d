//! What a page answers.

use std::fmt::{Display, Write as _};

use bytes::Bytes;
use micro_rpc::{Error, Result};

use super::{Cookie, Header, Response, Visit, csrf, header};

const ID: &str = "web.answer";

/// What a browser gets. It keeps nothing of it, unless a header `cache-control` says so.
#[derive(Clone, Debug)]
#[must_use]
pub struct Answer {
    status: i32,
    headers: Vec<Header>,
    cookies: Vec<Cookie>,
    body: Bytes,
}

impl Answer {
    /// A page: a template, or a text that is HTML already. What comes from outside has to be escaped in it, which templates do.
    ///
    /// # Errors
    ///
    /// 500 when the template fails.
    pub fn html(page: impl Display) -> Result<Self> {
        let mut text = String::new();
        write!(text, "{page}").map_err(|_| Error::internal(ID, "the page's template failed"))?;
        Ok(Self::content("text/html; charset=utf-8", text))
    }

    /// Something that is no page: `Answer::content("text/csv", rows)`.
    pub fn content(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status: 200,
            headers: vec![header("content-type", content_type)],
            cookies: Vec::new(),
            body: body.into(),
        }
    }

    /// Leads on to another page here, as is due after a form that was taken: loading that again sends nothing twice.
    ///
    /// # Errors
    ///
    /// 400 for an address that is not on this site, so that it may come from a request.
    pub fn redirect(to: &str) -> Result<Self> {
        if !is_local(to) {
            let detail = format!("{to:?} does not lead to a page of this site");
            return Err(Error::bad_request("web.redirect", detail));
        }
        Ok(Self::away(to))
    }

    /// Leads to another site, which the service has to know: never to one that a request names.
    pub fn away(to: &str) -> Self {
        Self {
            status: 303,
            headers: vec![header("location", to)],
            cookies: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// With another status: 422 for a form that is shown again with what was wrong.
    pub fn status(mut self, status: i32) -> Self {
        self.status = status;
        self
    }

    /// With a header more, which takes the place of one of that name. Cookies are set with [`Answer::cookie`].
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|known| !known.name.eq_ignore_ascii_case(name));
        self.headers.push(header(name, value));
        self
    }

    /// With a cookie.
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// What goes to the gateway.
    pub(super) fn finish(mut self, visit: &Visit) -> Result<Response> {
        let (base, is_secure) = (visit.base(), visit.is_secure());
        let token = visit.token_to_keep();
        let has = |name: &str| {
            self.headers
                .iter()
                .any(|known| known.name.eq_ignore_ascii_case(name))
        };
        // A page with a token is for one browser, whatever its author says.
        if token.is_some() || !has("cache-control") {
            self = self.header("cache-control", "no-store");
        }
        let mut headers = self.headers;
        for cookie in &self.cookies {
            headers.push(header("set-cookie", &cookie.line(&base, is_secure)?));
        }
        if let Some(token) = token {
            headers.push(header(
                "set-cookie",
                &csrf::kept(token).any_line(&base, is_secure)?,
            ));
        }
        let mut body = self.body;
        if visit.request().method == "HEAD" {
            headers.push(header("content-length", &body.len().to_string()));
            body.clear();
        }
        Ok(Response {
            status: self.status,
            headers,
            body,
        })
    }
}

/// Whether an address leads to this site, whatever page it is on: it has no scheme and no host. Browsers read a backslash as a
/// slash and read over blanks and line ends, so nothing with these is taken.
///
/// ```
/// use micro::web::is_local;
///
/// assert!(is_local("/user/outbox?page=2") && is_local("./") && is_local("?x=a:b"));
/// assert!(!is_local("https://example.com/") && !is_local("//example.com") && !is_local("/\\example.com"));
/// ```
pub fn is_local(address: &str) -> bool {
    let is_odd = |byte: u8| byte == b'\\' || !byte.is_ascii_graphic();
    let beginning = address.split(['/', '?', '#']).next().unwrap_or_default();
    !address.is_empty()
        && !address.starts_with("//")
        && !address.bytes().any(is_odd)
        && !beginning.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_here() {
        for to in [
            "/",
            "./",
            "../a",
            "a/b:c",
            "?next=//x",
            "#a",
            "/a//b",
            "/a?u=http://x",
        ] {
            let answer = Answer::redirect(to).unwrap();
            assert_eq!((answer.status, answer.headers[0].value.as_str()), (303, to));
        }
        for to in [
            "",
            "//x",
            "///x",
            "http://x",
            "HTTP:x",
            "javascript:alert(1)",
            "data:,x",
            "/\\x",
            "\\\\x",
            "/\t/x",
            " //x",
            "/x\r\nset-cookie: a=b",
            "/é",
        ] {
            assert_eq!(Answer::redirect(to).unwrap_err().code, 400, "{to:?}");
        }
    }
}
