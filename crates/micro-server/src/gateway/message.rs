//! From an HTTP request to the message that the service gets.

use http::request::Parts;
use http::{Method, header};
use hyper::body::Incoming;
use micro_codegen::http::Body;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Codec, Error, MemoryBudget, Result};
use serde_json::{Map, Value};

use super::body::too_large;
use super::inflate::read;
use super::{ID, Limits, form, query};

const EMPTY: Bytes = Bytes::from_static(b"{}");
const NOTHING: Bytes = Bytes::from_static(b"null");

/// What a content type makes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Form,
    Multipart,
    Proto,
}

/// The message of a request, section 4.5 of the contract.
pub(super) async fn build(
    parts: &Parts,
    body: Incoming,
    limits: &Limits,
    bodies: &MemoryBudget,
) -> Result<(Codec, Bytes)> {
    let query = parts.uri.query().filter(|query| !query.is_empty());
    let (codec, message) = match parts.method {
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE => {
            from_body(parts, body, query, limits, bodies).await?
        }
        Method::GET | Method::HEAD => (Codec::Json, from_query(parts, query)?),
        _ => (Codec::Json, NOTHING),
    };
    if message.len() > limits.message {
        return Err(too_large(limits.message));
    }
    Ok((codec, message))
}

fn from_query(parts: &Parts, query: Option<&str>) -> Result<Bytes> {
    match query {
        Some(query) => Ok(encode(&Value::Object(parse(query)?))),
        None if content_type(parts).starts_with("application/json") => Ok(EMPTY),
        None => Ok(NOTHING),
    }
}

async fn from_body(
    parts: &Parts,
    body: Incoming,
    query: Option<&str>,
    limits: &Limits,
    bodies: &MemoryBudget,
) -> Result<(Codec, Bytes)> {
    let content_type = content_type(parts);
    let kind = kind(content_type);
    // An escaped form is up to three times its text. All else that is larger than a message cannot become one.
    let limit = if kind == Kind::Form {
        limits.body
    } else {
        limits.body.min(limits.message)
    };
    let body = read(&parts.headers, body, limit, limits.patience, bodies).await?;
    let message = match kind {
        Kind::Proto => return Ok((Codec::Proto, body)),
        Kind::Json => json(body, query)?,
        // What curl sends as a form unless told otherwise is JSON after all: no form begins like that, browsers escape it.
        Kind::Form if body.starts_with(b"{") => json(body, query)?,
        Kind::Form => {
            let parts = [&body[..], query.unwrap_or_default().as_bytes()];
            encode(&Value::Object(form::urlencoded(parts).map_err(wrong)?))
        }
        Kind::Multipart => {
            let fields = Box::pin(form::multipart(content_type, body))
                .await
                .map_err(wrong)?;
            over(query, Value::Object(fields))?
        }
    };
    Ok((Codec::Json, message))
}

/// The body that a route's rule takes, as JSON; nothing where there can be none.
pub(super) async fn body(
    parts: &Parts,
    body: Incoming,
    limits: &Limits,
    bodies: &MemoryBudget,
    rule: &Body,
) -> Result<Bytes> {
    let content_type = content_type(parts);
    let kind = kind(content_type);
    if *rule == Body::None && matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(Bytes::new());
    }
    let limit = limits.body.min(limits.message);
    let body = read(&parts.headers, body, limit, limits.patience, bodies).await?;
    match kind {
        Kind::Proto if body.is_empty() => Ok(body),
        Kind::Proto => Err(Error::new(ID, 415, "routes take JSON: send application/json")),
        Kind::Form if !body.trim_ascii_start().starts_with(b"{") => Ok(encode(&Value::Object(
            form::urlencoded([&body[..]]).map_err(wrong)?,
        ))),
        Kind::Json | Kind::Form => Ok(body),
        Kind::Multipart => Ok(encode(&Value::Object(
            Box::pin(form::multipart(content_type, body))
                .await
                .map_err(wrong)?,
        ))),
    }
}

/// Without a query the body goes on as it came: the service says what is wrong with JSON that only looks like an object.
pub(super) fn json(body: Bytes, query: Option<&str>) -> Result<Bytes> {
    let text = body.trim_ascii();
    let is_object = text.starts_with(b"{") && text.ends_with(b"}");
    if !is_object && !text.is_empty() && text != b"null" {
        return Err(Error::bad_request(ID, "the request's body is not a JSON object"));
    }
    match query {
        None if text.is_empty() => Ok(EMPTY),
        None => Ok(body),
        Some(query) if !is_object => Ok(encode(&Value::Object(parse(query)?))),
        Some(_) => {
            let patch = serde_json::from_slice(text).map_err(|error| {
                Error::bad_request(ID, format!("the request's body is not JSON: {error}"))
            })?;
            over(query, patch)
        }
    }
}

/// The query's object with `patch` over it.
fn over(query: Option<&str>, patch: Value) -> Result<Bytes> {
    let Some(query) = query else {
        return Ok(encode(&patch));
    };
    let mut message = Value::Object(parse(query)?);
    query::merge(&mut message, patch);
    Ok(encode(&message))
}

fn parse(query: &str) -> Result<Map<String, Value>> {
    query::parse(query).map_err(wrong)
}

fn wrong(detail: String) -> Error {
    Error::bad_request(ID, detail)
}

fn encode(value: &Value) -> Bytes {
    value.to_string().into()
}

pub(super) fn content_type(parts: &Parts) -> &str {
    parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}

/// What is not known is taken as JSON.
fn kind(content_type: &str) -> Kind {
    let essence = content_type.split(';').next().unwrap_or("").trim();
    let is = |name: &str| essence.eq_ignore_ascii_case(name);
    if is("application/json") || essence.is_empty() {
        Kind::Json
    } else if is("application/x-www-form-urlencoded") {
        Kind::Form
    } else if is("multipart/form-data") {
        Kind::Multipart
    } else if ["protobuf", "x-protobuf", "proto", "grpc", "grpc+proto"]
        .iter()
        .any(|name| essence.to_ascii_lowercase().strip_prefix("application/") == Some(name))
    {
        Kind::Proto
    } else {
        Kind::Json
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_is_handed_on_or_merged() {
        for (body, query, expected) in [
            ("", None, Some("{}")),
            (" \n", None, Some("{}")),
            ("null", None, Some("null")),
            (r#" {"a" :1} "#, None, Some(r#" {"a" :1} "#)),
            (r#"{"a":1}"#, Some("a=2&b=3"), Some(r#"{"a":1,"b":3}"#)),
            (r#"{"a":{"b":1}}"#, Some("a.c=2"), Some(r#"{"a":{"b":1,"c":2}}"#)),
            (r#"{"a":null}"#, Some("a=2"), Some("{}")),
            ("", Some("a=2"), Some(r#"{"a":2}"#)),
            ("null", Some("a=2"), Some(r#"{"a":2}"#)),
            ("{broken}", Some("a=2"), None),
            ("{", None, None),
            ("[]", None, None),
            ("\"text\"", None, None),
            ("name=Alice", None, None),
        ] {
            let built = json(Bytes::from_static(body.as_bytes()), query);
            match expected {
                Some(expected) => assert_eq!(built.as_deref(), Ok(expected.as_bytes()), "{body:?} {query:?}"),
                None => assert_eq!(built.unwrap_err().code, 400, "{body:?} {query:?}"),
            }
        }
    }

    #[test]
    fn content_types_choose_what_a_body_is() {
        for (content_type, expected) in [
            ("", Kind::Json),
            ("application/json; charset=utf-8", Kind::Json),
            ("text/plain", Kind::Json),
            ("application/grpc+json", Kind::Json),
            ("Application/X-WWW-form-urlencoded", Kind::Form),
            ("multipart/form-data; boundary=b", Kind::Multipart),
            ("application/protobuf", Kind::Proto),
            ("application/grpc+proto", Kind::Proto),
        ] {
            assert_eq!(kind(content_type), expected, "{content_type}");
        }
    }

    proptest! {
        #[test]
        fn what_goes_on_looks_like_an_object(body in "\\PC{0,40}|[ \n{}\\[\\]a\":,]{0,20}") {
            super::super::fuzz::json(body.as_bytes());
        }
    }
}
