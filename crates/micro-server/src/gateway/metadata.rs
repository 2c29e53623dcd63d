//! What of an HTTP request's headers travels on.

use http::request::Parts;
use micro_rpc::Context;

/// Headers that end at this hop, or that are set anew for the next.
const NOT_FORWARDED: [&str; 18] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "content-type",
    "accept-encoding",
    "expect",
    "timeout",
    "grpc-timeout",
    "authorization",
    "cookie",
    "micro-namespace",
];

pub(super) fn forward(mut ctx: Context, parts: &Parts) -> Context {
    for (name, value) in &parts.headers {
        if NOT_FORWARDED.contains(&name.as_str()) {
            continue;
        }
        if let Ok(value) = value.to_str() {
            let joined = match ctx.metadata().get(name.as_str()) {
                Some(before) => format!("{before}, {value}"),
                None => value.to_owned(),
            };
            ctx = ctx.with_metadata(name.as_str(), &joined);
        }
    }
    ctx.with_metadata("method", parts.method.as_str())
        .with_metadata("url", &parts.uri.to_string())
}

/// The caller's token: a bearer token, else the cookie `micro-token`.
pub(super) fn token(parts: &Parts) -> Option<&str> {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(value) = text("authorization") {
        return value.strip_prefix("Bearer ").map(str::trim);
    }
    let cookies = text("cookie")?;
    let value = cookies
        .split(';')
        .find_map(|cookie| cookie.trim().strip_prefix("micro-token="))?;
    Some(value.strip_prefix("micro-token=").unwrap_or(value))
}
