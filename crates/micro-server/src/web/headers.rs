//! Which headers travel, and what every page carries.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use micro::web::PREFIX;
use micro_proto::web::Header;

use crate::gateway::metadata::ends_here;
use crate::gateway::reply::Content;

/// What protects pages, unless a service sets its own: nothing is loaded from elsewhere, no script stands in a page, nobody
/// frames it, other origins learn nothing of it, and nothing is kept. What a service loosens of this harms itself alone.
const GUARDED: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; connect-src 'self'; font-src 'self'; img-src 'self'; manifest-src 'self'; media-src 'self'; \
         script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// What holds whatever a service sets. All services are one origin, so a script that gets into a page of one could do in all of them
/// what the person may: of two policies a browser keeps to both.
const FLOOR: HeaderValue = HeaderValue::from_static("script-src 'self'; object-src 'none'; base-uri 'none'");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// A year. Browsers take it over TLS alone.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What is the gateway's to say: the length and time of an answer, and what holds for all services of its origin.
const GATEWAYS: [&str; 9] = [
    "alt-svc",
    "clear-site-data",
    "content-length",
    "date",
    "nel",
    "public-key-pins",
    "report-to",
    "service-worker-allowed",
    "strict-transport-security",
];

/// Adds what protects a page. Not to a 304: a browser would put it in the place of what the service set on the answer that
/// it keeps.
pub(super) fn secure(response: &mut Response<Content>) {
    if response.status() == StatusCode::NOT_MODIFIED {
        return;
    }
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.append(header::CONTENT_SECURITY_POLICY, FLOOR);
    }
    for (name, value) in GUARDED {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
}

/// Has a browser that came over TLS come that way from now on. Not where people develop: a name that is every machine's own would
/// be without its plain ports for a year.
pub(super) fn keep_secure(response: &mut Response<Content>, asked: &HeaderMap) {
    let host = asked.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_local = host.is_some_and(|host| host.split(':').next() == Some("localhost"));
    if is_secure(asked) && !is_local {
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
}

/// Whether the browser asked over TLS. That is said by what takes TLS off in front of the gateway, and believed of anybody: no page
/// can make a browser say it, and all that follows is more care.
pub(super) fn is_secure(headers: &HeaderMap) -> bool {
    let said = headers
        .get("x-forwarded-proto")
        .and_then(|scheme| scheme.to_str().ok());
    let first = said.and_then(|schemes| schemes.split(',').next());
    first.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// What of a request's headers the service gets, and below which path its pages are. What is no text is left out.
pub(super) fn of_request(headers: &HeaderMap, base: &str) -> Vec<Header> {
    let travels = |name: &HeaderName| {
        !ends_here(name, headers) && !matches!(name.as_str(), "content-length" | "micro-namespace" | PREFIX)
    };
    let lines = headers.iter().filter(|(name, _)| travels(name));
    let mut lines: Vec<_> = lines
        .filter_map(|(name, value)| {
            Some(Header {
                name: name.as_str().to_owned(),
                value: std::str::from_utf8(value.as_bytes()).ok()?.to_owned(),
            })
        })
        .collect();
    lines.push(Header {
        name: PREFIX.to_owned(),
        value: base.trim_end_matches('/').to_owned(),
    });
    lines
}

/// Whether a header of a service's answer goes on to the browser.
pub(crate) fn is_the_services(name: &HeaderName, all: &HeaderMap) -> bool {
    let is_gateways = GATEWAYS.contains(&name.as_str()) || name.as_str().starts_with("access-control-");
    !is_gateways && !ends_here(name, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_travel_without_what_is_of_the_connection() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("accept", "text/html"),
            ("accept", "*/*"),
            ("connection", "keep-alive, X-Hop"),
            ("content-length", "3"),
            ("content-type", "text/plain"),
            ("cookie", "a=b"),
            ("keep-alive", "5"),
            ("micro-namespace", "acme"),
            ("te", "trailers"),
            ("upgrade", "websocket"),
            ("user-agent", "x"),
            ("x-forwarded-prefix", "/other"),
            ("x-hop", "1"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers.append("x-name", HeaderValue::from_bytes("é".as_bytes()).unwrap());
        headers.append("x-bytes", HeaderValue::from_bytes(b"\xff").unwrap());
        let mut found: Vec<_> = of_request(&headers, "/user/")
            .into_iter()
            .map(|header| format!("{}: {}", header.name, header.value))
            .collect();
        found.sort_unstable();
        let expected = [
            "accept: */*",
            "accept: text/html",
            "content-type: text/plain",
            "cookie: a=b",
            "user-agent: x",
            "x-forwarded-prefix: /user",
            "x-name: é",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn tls_is_kept_where_it_was() {
        for (host, scheme, expected) in [
            ("pages.example", "https", true),
            ("pages.example", "HTTPS, http", true),
            ("pages.example", "http", false),
            ("pages.example", "", false),
            ("localhost:8082", "https", false),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert("host", HeaderValue::from_static(host));
            asked.insert("x-forwarded-proto", HeaderValue::from_static(scheme));
            let mut response = crate::gateway::reply::empty(StatusCode::OK);
            keep_secure(&mut response, &asked);
            let is_kept = response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY);
            assert_eq!(is_kept, expected, "{host} {scheme}");
        }
    }
}
