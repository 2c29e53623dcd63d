//! Who may call from a browser: every origin, as the contract says.

use http::{HeaderMap, HeaderValue};

const METHODS: &str = "POST, PATCH, GET, OPTIONS, PUT, DELETE";
const HEADERS: &str =
    "Accept, Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, Micro-Namespace";

pub(super) fn allow(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.insert(
        "access-control-allow-origin",
        origin.unwrap_or(HeaderValue::from_static("*")),
    );
    headers.insert(
        "access-control-allow-credentials",
        HeaderValue::from_static("true"),
    );
    headers.insert("access-control-allow-methods", HeaderValue::from_static(METHODS));
    headers.insert("access-control-allow-headers", HeaderValue::from_static(HEADERS));
}
