//! What the headers of a call say, and what those of an answer do.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message as _;

use crate::names::{GRPC_MESSAGE, GRPC_STATUS, GRPC_TIMEOUT, SPAN_ID, TIMEOUT, TRACE_ID};
use crate::{Error, Id, Metadata, Trace};

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The bearer token of a call. Services take `Basic` too, whose second half is the token.
pub(super) fn token(metadata: &Metadata, basic: bool) -> Result<Option<Cow<'_, str>>, &'static str> {
    let Some(value) = metadata.text(&AUTHORIZATION) else {
        return Ok(None);
    };
    if let Some(token) = value.strip_prefix("Bearer ") {
        return Ok(Some(token.trim().into()));
    }
    if !basic {
        return Err("invalid authorization header. expected Bearer schema");
    }
    let wrong = "invalid authorization header. Expected Bearer or Basic schema";
    let encoded = value.strip_prefix("Basic ").ok_or(wrong)?;
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| wrong)?;
    let pair = String::from_utf8(decoded).map_err(|_| wrong)?;
    Ok(pair.split_once(':').map(|(_, token)| token.to_owned().into()))
}

/// The earlier of the two time-outs that callers send: `timeout` in nanoseconds and `grpc-timeout` with a unit.
pub(super) fn deadline(headers: &HeaderMap, now: Instant) -> Option<Instant> {
    let plain = text(headers, &TIMEOUT)
        .and_then(|value| value.parse().ok())
        .map(Duration::from_nanos);
    let grpc = text(headers, &GRPC_TIMEOUT).and_then(grpc_timeout);
    let timeout = match (plain, grpc) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    timeout.and_then(|timeout| now.checked_add(timeout))
}

pub(crate) fn grpc_timeout(value: &str) -> Option<Duration> {
    let (number, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok().filter(|_| number.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

pub(super) fn trace(headers: &HeaderMap) -> Trace {
    let given = |name: &HeaderName| text(headers, name).filter(|id| !id.is_empty()).map(Id::given);
    match given(&TRACE_ID) {
        Some(id) => Trace {
            id,
            span: Id::random(),
            parent: given(&SPAN_ID),
        },
        None => Trace::start(),
    }
}

/// The trailers of a call that failed.
pub(crate) fn failure(error: &Error, with_details: bool) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(3);
    trailers.insert(&GRPC_STATUS, HeaderValue::from(u16::from(error.grpc_code())));
    let text = match error.plain {
        Some(_) => percent(&error.detail),
        None => percent(&error.to_json()),
    };
    if let Ok(message) = HeaderValue::from_str(&text) {
        trailers.insert(&GRPC_MESSAGE, message);
    }
    if with_details
        && error.plain.is_none()
        && let Ok(details) = HeaderValue::from_str(&STANDARD_NO_PAD.encode(details(error).encode_to_vec()))
    {
        trailers.insert("grpc-status-details-bin", details);
    }
    trailers
}

/// gRPC percent-encodes what is not printable ASCII, and the percent sign.
fn percent(message: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            encoded.push(byte.into());
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `google.rpc.Status`
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `errors.Error` of the contract.
#[derive(Clone, PartialEq, prost::Message)]
struct Detail {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(int32, tag = "2")]
    code: i32,
    #[prost(string, tag = "3")]
    detail: String,
    #[prost(string, tag = "4")]
    status: String,
}

fn details(error: &Error) -> Status {
    let detail = Detail {
        id: error.id.clone(),
        code: error.code,
        detail: error.detail.clone(),
        status: error.status.clone(),
    };
    Status {
        code: error.grpc_code().into(),
        message: error.to_json(),
        details: vec![Any {
            type_url: "type.googleapis.com/errors.Error".to_owned(),
            value: detail.encode_to_vec(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_outs_are_read_in_every_unit() {
        for (value, expected) in [("5S", 5_000), ("20m", 20), ("1M", 60_000), ("1H", 3_600_000)] {
            assert_eq!(
                grpc_timeout(value),
                Some(Duration::from_millis(expected)),
                "{value}"
            );
        }
        for value in ["", "S", "5", "5x", "999999999S", "-1S", "é"] {
            assert_eq!(grpc_timeout(value), None, "{value}");
        }
    }

    #[test]
    fn basic_is_for_services_only() {
        let mut metadata = Metadata::default();
        metadata.insert("authorization", "Basic dXNlcjp0b2tlbg==");
        assert_eq!(token(&metadata, true), Ok(Some("token".into())));
        assert!(token(&metadata, false).is_err());
    }

    #[test]
    fn messages_are_percent_encoded() {
        assert_eq!(percent("100% é"), "100%25 %C3%A9");
    }
}
