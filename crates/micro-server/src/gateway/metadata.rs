//! What of an HTTP request's headers travels on to the service.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, CONNECTION, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use micro_rpc::Context;

use super::caller::cookie;

/// The context of the call: the headers, and who and what was asked for.
pub(super) fn context(parts: &Parts, namespace: &str) -> Context {
    let headers = &parts.headers;
    let mut ctx = Context::background();
    for name in headers.keys().filter(|name| is_forwarded(name, headers)) {
        if let Some(value) = joined(headers, name) {
            ctx = ctx.with_metadata(name.as_str(), &value);
        }
    }
    if !headers.contains_key(AUTHORIZATION)
        && let Some(token) = cookie(headers)
    {
        ctx = ctx.with_token(token);
    }
    if !headers.contains_key(HOST)
        && let Some(authority) = parts.uri.authority()
    {
        ctx = ctx.with_metadata("host", authority.as_str());
    }
    ctx.with_metadata("method", parts.method.as_str())
        .with_metadata("url", parts.uri.path_and_query().map_or("/", |url| url.as_str()))
        .with_namespace(namespace)
}

/// Not forwarded is what ends at this hop, what describes this body and its framing, and what a server says of its peer.
fn is_forwarded(name: &HeaderName, headers: &HeaderMap) -> bool {
    match name.as_str() {
        "connection"
        | "keep-alive"
        | "proxy-authenticate"
        | "proxy-authorization"
        | "proxy-connection"
        | "te"
        | "trailer"
        | "transfer-encoding"
        | "upgrade"
        | "http2-settings"
        | "expect" => false,
        "content-length" | "content-type" | "content-encoding" | "x-content-type" | "user-agent" => false,
        "timeout" | "micro-namespace" | "remote" | "method" | "url" => false,
        other => !other.starts_with("grpc-") && !is_of_this_hop(other, headers),
    }
}

/// Whether `Connection` names the header.
fn is_of_this_hop(name: &str, headers: &HeaderMap) -> bool {
    let mut lines = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    lines.any(|line| {
        line.split(',')
            .any(|named| named.trim().eq_ignore_ascii_case(name))
    })
}

/// The values of a header, joined by commas; `None` when they are no text.
fn joined<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    let mut whole = Cow::Borrowed(first);
    for value in values {
        whole.to_mut().push(',');
        whole.to_mut().push_str(value.to_str().ok()?);
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn headers_travel_but_for_those_of_the_hop() {
        let request = Request::builder()
            .method("PUT")
            .uri("/foo/bar?x=1")
            .header("host", "example.com")
            .header("x-one", "1")
            .header("x-one", "2")
            .header("x-hop", "3")
            .header("connection", "keep-alive, X-Hop")
            .header("transfer-encoding", "chunked")
            .header("timeout", "1")
            .header("grpc-timeout", "1n")
            .header("grpc-encoding", "gzip")
            .header("remote", "10.0.0.1")
            .header("micro-namespace", "other")
            .header("authorization", "Basic abc")
            .header("cookie", "micro-token=t")
            .body(())
            .unwrap();
        let ctx = context(&request.into_parts().0, "acme");
        let mut found: Vec<_> = ctx.metadata().iter().collect();
        found.sort_unstable();
        let expected = [
            ("authorization", "Basic abc"),
            ("cookie", "micro-token=t"),
            ("host", "example.com"),
            ("method", "PUT"),
            ("micro-namespace", "acme"),
            ("url", "/foo/bar?x=1"),
            ("x-one", "1,2"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_cookie_becomes_the_token() {
        let request = Request::builder()
            .uri("http://example.com/")
            .header("cookie", "micro-token=t")
            .body(())
            .unwrap();
        let ctx = context(&request.into_parts().0, "micro");
        assert_eq!(ctx.token(), Some("t"));
        assert_eq!(ctx.metadata().get("host"), Some("example.com"));
        assert_eq!(ctx.metadata().get("url"), Some("/"));
    }
}
