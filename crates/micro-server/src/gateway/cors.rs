//! Who may call from a browser: every origin, as the contract says.

use http::{HeaderMap, HeaderName, HeaderValue};

/// What every answer carries besides the origin.
pub(super) const ALLOWED: [(&str, &str); 3] = [
    ("access-control-allow-credentials", "true"),
    (
        "access-control-allow-methods",
        "POST, PATCH, GET, OPTIONS, PUT, DELETE",
    ),
    (
        "access-control-allow-headers",
        "Accept, Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, Micro-Namespace",
    ),
];

/// Lets the page that asked read the answer.
pub(super) fn allow(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.reserve(ALLOWED.len() + 1);
    headers.insert(
        "access-control-allow-origin",
        origin.unwrap_or(HeaderValue::from_static("*")),
    );
    for (name, value) in ALLOWED {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}
