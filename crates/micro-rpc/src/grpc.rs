//! What gRPC says in headers, for who speaks it over an HTTP of his own.

use std::time::Duration;

use http::HeaderMap;

use crate::Error;
use crate::server::headers;

/// The trailers of a call that failed: its status, and its message.
pub fn failure(error: &Error) -> HeaderMap {
    headers::failure(error, false)
}

/// The time that a `grpc-timeout` says, as in `100m` for a tenth of a second; `None` when it says none.
pub fn timeout(value: &str) -> Option<Duration> {
    headers::grpc_timeout(value)
}
