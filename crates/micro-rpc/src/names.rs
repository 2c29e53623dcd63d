//! The names of the headers that a call is made of.
//!
//! As statics they are parsed once, at compile time, and not for each call.

use http::HeaderName;

/// Whether a header of a call goes on with it: not what belongs to one connection or one message, or is set anew for each hop. HTTP/2 refuses
/// the first few.
pub(crate) fn travels(name: &str) -> bool {
    !matches!(
        name,
        "connection"
            | "transfer-encoding"
            | "upgrade"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "host"
            | "content-type"
            | "content-length"
            | "x-content-type"
            | "user-agent"
            | "timeout"
            | "grpc-timeout"
            | "grpc-accept-encoding"
            | "micro-trace-id"
            | "micro-span-id"
            | "micro-lane"
    )
}

pub(crate) static EXTENSIONS: HeaderName = HeaderName::from_static("micro-extensions");
pub(crate) static GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
pub(crate) static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(crate) static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(crate) static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// A caller asks with it whether lanes are understood, and an answer says that they are.
pub(crate) static LANE: HeaderName = HeaderName::from_static("micro-lane");
pub(crate) static NAMESPACE: HeaderName = HeaderName::from_static("micro-namespace");
pub(crate) static SPAN_ID: HeaderName = HeaderName::from_static("micro-span-id");
pub(crate) static TIMEOUT: HeaderName = HeaderName::from_static("timeout");
pub(crate) static TRACE_ID: HeaderName = HeaderName::from_static("micro-trace-id");
/// An answer that has it says that the call was not begun: it may be sent elsewhere, whatever it does.
pub(crate) static UNBEGUN: HeaderName = HeaderName::from_static("micro-unbegun");
pub(crate) static X_CONTENT_TYPE: HeaderName = HeaderName::from_static("x-content-type");
