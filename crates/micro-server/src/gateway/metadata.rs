//! What of an HTTP request's headers travels on to the service.

use std::borrow::Cow;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONNECTION, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use micro_rpc::{Context, Packer};

use super::caller::{NAMESPACE, cookie};
use super::request_id;

/// The context of the call: the headers, and who and what was asked for.
pub(crate) fn context(parts: &Parts, namespace: &str) -> Context {
    with(parts, packed(parts, namespace))
}

/// The same for answers in JSON, which may have more than the original contracts say.
pub(super) fn extended(parts: &Parts, namespace: &str) -> Context {
    let mut packer = packed(parts, namespace);
    packer.push_extensions();
    with(parts, packer)
}

fn with(parts: &Parts, packer: Packer) -> Context {
    request_id::traced(Context::background(), &parts.headers).with_all_metadata(packer.finish())
}

fn packed(parts: &Parts, namespace: &str) -> Packer {
    let headers = &parts.headers;
    let mut packer = Packer::new();
    for name in headers.keys().filter(|name| is_forwarded(name, headers)) {
        if let Some(value) = joined(headers, name) {
            packer.push(name.as_str(), value.as_bytes());
        }
    }
    if !headers.contains_key(AUTHORIZATION)
        && let Some(token) = cookie(headers)
    {
        packer.push(AUTHORIZATION.as_str(), ["Bearer ", token].concat().as_bytes());
    }
    if !headers.contains_key(HOST)
        && let Some(authority) = parts.uri.authority()
    {
        packer.push(HOST.as_str(), authority.as_str().as_bytes());
    }
    packer.push("method", parts.method.as_str().as_bytes());
    let url = parts.uri.path_and_query().map_or("/", |url| url.as_str());
    packer.push("url", url.as_bytes());
    packer.push(NAMESPACE.as_str(), namespace.as_bytes());
    packer
}

/// How long the caller waits, in nanoseconds as services say it; nonsense says nothing.
pub(super) fn timeout(parts: &Parts) -> Option<Duration> {
    let said = parts.headers.get("timeout")?.to_str().ok()?;
    let nanoseconds: u64 = said.trim().parse().ok()?;
    (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
}

/// Not forwarded is what ends at this hop, what describes this body and its framing, and what a server says of its peer.
fn is_forwarded(name: &HeaderName, headers: &HeaderMap) -> bool {
    match name.as_str() {
        "content-length" | "content-type" | "content-encoding" | "x-content-type" | "user-agent" => false,
        // Who named the service that he calls has said where this call goes, and not where those go that it leads to.
        "timeout" | "micro-namespace" | "micro-service" | "remote" | "method" | "url" => false,
        // How two of ours speak to each other.
        "micro-lane" => false,
        // Services take other forms too: nobody is somebody else there than he was here, where he may be refused or limited.
        "authorization" => headers[name].as_bytes().starts_with(b"Bearer "),
        "sec-websocket-key" | "sec-websocket-version" | "sec-websocket-extensions" => false,
        other => !other.starts_with("grpc-") && !ends_here(name, headers),
    }
}

/// Whether a header, of a request or of an answer, is about this connection and nothing beyond it.
pub(crate) fn ends_here(name: &HeaderName, headers: &HeaderMap) -> bool {
    let is_known = matches!(
        name.as_str(),
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
            | "expect"
    );
    is_known || is_named(name.as_str(), headers)
}

/// Whether `Connection` names the header.
fn is_named(name: &str, headers: &HeaderMap) -> bool {
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
    let mut whole = Cow::Borrowed(values.next()?.to_str().ok()?);
    for value in values {
        let whole = whole.to_mut();
        whole.push(',');
        whole.push_str(value.to_str().ok()?);
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
            .header("micro-service", "other")
            .header("cookie", "micro-token=t")
            .body(())
            .unwrap();
        let ctx = context(&request.into_parts().0, "acme");
        let mut found: Vec<_> = ctx.metadata().iter().collect();
        found.sort_unstable();
        let expected = [
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
