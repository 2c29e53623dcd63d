//! Which headers travel, and what every page carries.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use micro_proto::web::Header;

use crate::gateway::caller::COOKIE_NAME;
use crate::gateway::metadata::ends_here;
use crate::gateway::reply::Content;

/// What protects pages, unless a service sets its own: nothing is loaded from elsewhere, no script stands in a page, nobody
/// frames it, and other origins learn nothing of it.
const GUARDED: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

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
    for (name, value) in GUARDED {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

/// What of a request's headers the service gets. What is no text is left out.
pub(super) fn of_request(headers: &HeaderMap) -> Vec<Header> {
    let travels = |name: &HeaderName| {
        !ends_here(name, headers) && !matches!(name.as_str(), "content-length" | "micro-namespace")
    };
    let lines = headers.iter().filter(|(name, _)| travels(name));
    lines
        .filter_map(|(name, value)| {
            Some(Header {
                name: name.as_str().to_owned(),
                value: std::str::from_utf8(value.as_bytes()).ok()?.to_owned(),
            })
        })
        .collect()
}

/// Whether a header of a service's answer goes on to the browser.
pub(super) fn is_the_services(name: &HeaderName, value: &HeaderValue, all: &HeaderMap) -> bool {
    let is_gateways = GATEWAYS.contains(&name.as_str()) || name.as_str().starts_with("access-control-");
    let is_token = *name == header::SET_COOKIE && sets_token(value);
    !is_gateways && !is_token && !ends_here(name, all)
}

/// Whether a cookie would be taken for the caller's token. One without a name is sent back as its value alone, so it can
/// pass for one with a name.
fn sets_token(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let pair = bytes.split(|byte| *byte == b';').next().unwrap_or_default();
    let pair = String::from_utf8_lossy(pair);
    let pair = pair.trim_start_matches(|first: char| first == '=' || first.is_whitespace());
    let name = pair.split('=').next().unwrap_or_default().trim_end();
    name == COOKIE_NAME.trim_end_matches('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_not_for_a_service_to_set() {
        for (cookie, sets) in [
            ("micro-token=x", true),
            ("micro-token=x; Path=/; HttpOnly", true),
            (" micro-token = x", true),
            ("\tmicro-token=x", true),
            ("=micro-token=x", true),
            ("= =micro-token=x", true),
            ("micro-token", true),
            ("micro-token; Max-Age=0", true),
            ("session=micro-token=x", false),
            ("session=x", false),
            ("micro-tokens=x", false),
            ("MICRO-TOKEN=x", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(cookie);
            assert_eq!(sets_token(&value), sets, "{cookie:?}");
        }
    }

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
            ("x-hop", "1"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers.append("x-name", HeaderValue::from_bytes("é".as_bytes()).unwrap());
        headers.append("x-bytes", HeaderValue::from_bytes(b"\xff").unwrap());
        let mut found: Vec<_> = of_request(&headers)
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
            "x-name: é",
        ];
        assert_eq!(found, expected);
    }
}
