//! Streaming endpoints over WebSocket (RFC 6455): how one is asked for, and let in. What is said then is in `session`.
//!
//! A browser lets pages of every origin open one and sends cookies along, and nothing of what guards other requests holds here:
//! so pages of other origins are refused, unless a token comes with the request, which no page can have a browser send.

mod session;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version};
use micro_rpc::bytes::Bytes;
use micro_rpc::{Error, Result, Streaming};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::ID;
use super::reply::{self, Content};
use crate::web;
pub(super) use session::run;

const VERSION: HeaderValue = HeaderValue::from_static("13");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
/// What a key is hashed with, to prove that this is no answer of something that knows only HTTP.
const PROOF: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY: usize = 16;

/// Opens the stream of the service, once there is a first message.
#[derive(Clone)]
pub(super) struct Opening(Arc<Mutex<Option<Open>>>);

type Open = Box<dyn FnOnce(Streaming<Bytes>) -> Opened + Send>;
type Opened = Pin<Box<dyn Future<Output = Result<Streaming<Bytes>>> + Send>>;

impl Opening {
    pub(super) fn new<F>(open: impl FnOnce(Streaming<Bytes>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Streaming<Bytes>>> + Send + 'static,
    {
        let open: Open = Box::new(move |requests| Box::pin(open(requests)));
        Self(Arc::new(Mutex::new(Some(open))))
    }

    /// Takes it out of the answer that lets a WebSocket in.
    pub(super) fn of(response: &mut Response<Content>) -> Option<Self> {
        let is_let_in = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        is_let_in.then(|| response.extensions_mut().remove()).flatten()
    }

    async fn open(&self, requests: Streaming<Bytes>) -> Result<Streaming<Bytes>> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match open {
            Some(open) => open(requests).await,
            None => Err(Error::internal(ID, "the stream is open already")),
        }
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening")
    }
}

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked(parts: &Parts) -> bool {
    parts.method == Method::GET
        && parts.version == Version::HTTP_11
        && has(&parts.headers, &UPGRADE, "websocket")
        && has(&parts.headers, &CONNECTION, "upgrade")
}

/// The answer that lets it in.
pub(super) fn accept(parts: &Parts, opening: Opening) -> Result<Response<Content>> {
    let headers = &parts.headers;
    if headers.get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        let mut response = reply::error(&Error::new(ID, 426, "WebSockets are spoken in version 13"));
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, VERSION);
        return Ok(response);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let key = key.filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == KEY));
    let key = key.ok_or_else(|| Error::bad_request(ID, "Sec-WebSocket-Key is not 16 bytes in base64"))?;
    if !web::is_own_or_program(headers) {
        let detail = "a page of another site may not open a WebSocket here, unless it sends a token";
        return Err(Error::forbidden(ID, detail));
    }
    let mut response = reply::empty(StatusCode::SWITCHING_PROTOCOLS);
    let answered = response.headers_mut();
    answered.insert(UPGRADE, WEBSOCKET);
    answered.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Ok(proof) = HeaderValue::try_from(proof(key)) {
        answered.insert(SEC_WEBSOCKET_ACCEPT, proof);
    }
    // They mean nothing to us, but a browser that offers some wants one of them.
    if let Some(first) = offered(headers) {
        answered.insert(SEC_WEBSOCKET_PROTOCOL, first);
    }
    response.extensions_mut().insert(opening);
    Ok(response)
}

fn proof(key: &[u8]) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key, PROOF].concat()))
}

fn offered(headers: &HeaderMap) -> Option<HeaderValue> {
    let all = headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    HeaderValue::from_str(all.split(',').next()?.trim()).ok()
}

/// Whether a word is in a list of words.
fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let mut lines = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    lines.any(|line| line.split(',').any(|one| one.trim().eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_the_standard() {
        assert_eq!(proof(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
