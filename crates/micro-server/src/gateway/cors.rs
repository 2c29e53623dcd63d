//! Who may call from a browser: every origin, as the contract says.

use http::{HeaderMap, HeaderName, HeaderValue, header};

const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// What every answer carries besides the origin.
pub(super) const ALLOWED: [(HeaderName, &str); 4] = [
    (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
    (
        header::ACCESS_CONTROL_ALLOW_METHODS,
        "POST, PATCH, GET, OPTIONS, PUT, DELETE",
    ),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "Accept, Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, Micro-Namespace",
    ),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "X-Request-Id, ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset",
    ),
];

/// The same for pages that speak gRPC-Web: what they send besides, and what they have to read.
const OF_GRPC_WEB: [(HeaderName, &str); 2] = [
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "Accept, Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, Micro-Namespace, \
         X-Grpc-Web, X-User-Agent, Grpc-Timeout, Timeout, X-Request-Id, Micro-Service",
    ),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Grpc-Status, Grpc-Message",
    ),
];
/// What says before a call that it will be one of gRPC-Web.
const ASKED: [&str; 3] = ["x-grpc-web", "x-user-agent", "grpc-timeout"];

/// Whether a browser asks for a page that speaks gRPC-Web.
pub(super) fn is_for_grpc_web(asked: &HeaderMap) -> bool {
    let wanted = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let wanted = wanted.and_then(|names| names.to_str().ok()).unwrap_or_default();
    let mut wanted = wanted.split(',').map(str::trim);
    wanted.any(|name| ASKED.iter().any(|asked| name.eq_ignore_ascii_case(asked)))
}

/// Lets a page besides send what gRPC-Web sends, and read what it answers.
pub(super) fn allow_grpc_web(headers: &mut HeaderMap) {
    for (name, value) in OF_GRPC_WEB {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Lets the page that asked read the answer. What a cache has for one page is nothing for another.
pub(super) fn allow(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.reserve(ALLOWED.len() + 2);
    if origin.is_some() {
        headers.append(header::VARY, ORIGIN);
    }
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        origin.unwrap_or(HeaderValue::from_static("*")),
    );
    for (name, value) in ALLOWED {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
