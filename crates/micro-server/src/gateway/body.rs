//! From an HTTP request to the JSON message that the service gets.

use std::time::Duration;

use http::request::Parts;
use http::{Method, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use micro_rpc::bytes::Bytes;
use micro_rpc::{Error, Result};
use serde_json::Value;

use super::{form, query};

const ID: &str = "go.micro.api";
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);
/// What services take in one message.
const MESSAGE_LIMIT: usize = 32 * 1024 * 1024;

const EMPTY: &[u8] = b"{}";

pub(super) async fn message(parts: &Parts, body: Incoming, limit: usize) -> Result<Bytes> {
    let given = parts
        .uri
        .query()
        .filter(|query| !query.is_empty())
        .map(query::parse)
        .transpose();
    let given = given
        .map_err(|detail| Error::bad_request(ID, detail))?
        .map(Value::Object);
    let carries = matches!(
        parts.method,
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    );
    if !carries {
        return Ok(given.map_or(Bytes::from_static(EMPTY), |given| given.to_string().into()));
    }
    let body = read(body, limit).await?;
    let message = join(parts, body, given).await?;
    if message.len() > MESSAGE_LIMIT {
        let detail = format!(
            "message of {} bytes is larger than the {MESSAGE_LIMIT} bytes (32 MiB) that services take",
            message.len()
        );
        return Err(Error::payload_too_large(ID, detail));
    }
    Ok(message)
}

async fn join(parts: &Parts, body: Bytes, given: Option<Value>) -> Result<Bytes> {
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/json");
    let wrong = |detail: String| Error::bad_request(ID, detail);
    let object = if content_type.starts_with("application/x-www-form-urlencoded") {
        Value::Object(form::urlencoded(&body).map_err(wrong)?)
    } else if content_type.starts_with("multipart/form-data") {
        let boundary = multer::parse_boundary(content_type)
            .map_err(|error| wrong(format!("multipart form: {error}")))?;
        Value::Object(form::multipart(body, boundary).await.map_err(wrong)?)
    } else {
        return json(body, given);
    };
    let mut message = given.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    query::merge(&mut message, object);
    Ok(message.to_string().into())
}

/// Without a query the body goes on as it came; the service says what is wrong with JSON that only begins well.
fn json(body: Bytes, given: Option<Value>) -> Result<Bytes> {
    let text = body.trim_ascii();
    let empty = text.is_empty() || text == b"null";
    if !empty && !text.starts_with(b"{") {
        return Err(Error::bad_request(ID, "the body is not a JSON object"));
    }
    match given {
        None if empty => Ok(Bytes::from_static(EMPTY)),
        None => Ok(body),
        Some(message) if empty => Ok(message.to_string().into()),
        Some(mut message) => {
            let patch = serde_json::from_slice(text)
                .map_err(|error| Error::bad_request(ID, format!("the body is not JSON: {error}")))?;
            query::merge(&mut message, patch);
            Ok(message.to_string().into())
        }
    }
}

async fn read(body: Incoming, limit: usize) -> Result<Bytes> {
    let too_large =
        || Error::payload_too_large(ID, format!("the body is larger than the limit of {limit} bytes"));
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let collected = tokio::time::timeout(ARRIVES_WITHIN, Limited::new(body, limit).collect());
    match collected.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(Error::bad_request(
            ID,
            format!("the body cannot be read: {error}"),
        )),
        Err(_) => Err(Error::timeout(ID, "the body did not arrive within 30 s")),
    }
}
