//! Whether a request that changes something comes from a page of this origin.
//!
//! A browser sends cookies along whoever made it ask, so another site could have a person do what he did not mean to. Browsers
//! say where a request comes from, in headers that no page can write: what they say to come from elsewhere goes no further,
//! whatever the service behind would make of it. Where a browser says nothing (old ones, and pages without TLS) the origin is
//! compared, and the token that [`micro::web`] wants of every form is left.
//!
//! A program that sends its token itself is let through: no page of another origin can have a browser do that.

use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};
use micro_rpc::{Error, Result};

use super::headers::is_secure;
use crate::gateway::ID;

/// Refuses with 403 what a page of another origin has sent.
pub(super) fn check(parts: &Parts) -> Result<()> {
    let only_reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if only_reads || is_own_or_program(&parts.headers) {
        return Ok(());
    }
    let detail = "this was sent by a page of another site, and only pages of this one may: open it here and send it again";
    Err(Error::forbidden(ID, detail))
}

/// Whether no page of another origin can have sent it.
pub(crate) fn is_own_or_program(headers: &HeaderMap) -> bool {
    is_program(headers) || is_ours(headers)
}

fn is_program(headers: &HeaderMap) -> bool {
    text(headers, AUTHORIZATION.as_str()).is_some_and(|value| value.starts_with("Bearer "))
}

fn is_ours(headers: &HeaderMap) -> bool {
    match (text(headers, "sec-fetch-site"), headers.get(ORIGIN)) {
        // `none` is a person: an address that he typed, or a page that he loads again.
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.to_str().is_ok_and(|origin| is_this(origin, headers)),
        (None, None) => true,
    }
}

/// Whether it names the address that was asked. Behind something that asks in the browser's place it is the one that was asked there,
/// which no page can make a browser say either.
fn is_this(origin: &str, headers: &HeaderMap) -> bool {
    let Some((scheme, host)) = origin.split_once("://") else {
        return false; // `null`: a page that keeps its origin to itself
    };
    let is_weaker = is_secure(headers) && scheme != "https";
    let named = ["x-forwarded-host", HOST.as_str()];
    let asked = named.iter().find_map(|name| text(headers, name));
    !is_weaker && asked.is_some_and(|asked| asked.eq_ignore_ascii_case(host))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn what_another_site_has_sent_is_refused() {
        let host = ("host", "here:8082");
        for (lines, is_taken) in [
            (vec![host], true),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "none")], true),
            (vec![host, ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "cross-site")], false),
            (vec![host, ("origin", "http://here:8082")], true),
            (vec![host, ("origin", "http://HERE:8082")], true),
            (vec![host, ("origin", "http://here:8083")], false),
            (vec![host, ("origin", "http://here")], false),
            (vec![host, ("origin", "http://here:8082.evil")], false),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("origin", "\u{e9}")], false),
            (vec![("origin", "http://here:8082")], false),
            // What the browser says of the site counts more than the origin.
            (
                vec![
                    host,
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://here:8082"),
                ],
                false,
            ),
            (
                vec![host, ("x-forwarded-host", "there"), ("origin", "https://there")],
                true,
            ),
            (
                vec![
                    host,
                    ("x-forwarded-proto", "https"),
                    ("origin", "http://here:8082"),
                ],
                false,
            ),
            // A program.
            (
                vec![
                    host,
                    ("sec-fetch-site", "cross-site"),
                    ("authorization", "Bearer t"),
                ],
                true,
            ),
            (
                vec![
                    host,
                    ("sec-fetch-site", "cross-site"),
                    ("authorization", "Basic t"),
                ],
                false,
            ),
        ] {
            for (method, expected) in [
                ("GET", true),
                ("HEAD", true),
                ("OPTIONS", true),
                ("POST", is_taken),
                ("PUT", is_taken),
                ("PATCH", is_taken),
                ("DELETE", is_taken),
                ("ODD", is_taken),
            ] {
                let mut request = Request::builder().method(method);
                for (name, value) in &lines {
                    request = request.header(*name, *value);
                }
                let (parts, ()) = request.body(()).unwrap().into_parts();
                let code = check(&parts).err().map(|error| error.code);
                assert_eq!(code, (!expected).then_some(403), "{method} {lines:?}");
            }
        }
    }
}
