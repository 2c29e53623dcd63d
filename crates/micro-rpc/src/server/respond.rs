//! Writing the answer to a call.

use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};

use super::call::{Body, Reply};
use super::headers;
use crate::frame::{send, send_unary};
use crate::names::GRPC_STATUS;
use crate::{Error, Result, Streaming};

/// A message, or messages as they come, and the status.
pub(super) async fn write(
    mut respond: SendResponse<Bytes>,
    reply: Reply,
    content_type: &'static str,
) -> Result<()> {
    match reply.0 {
        Body::Message(frame) => {
            let mut stream = begin(&mut respond, content_type)?;
            send_unary(&mut stream, frame, false).await?;
            finish(&mut stream, success())
        }
        Body::Stream(messages) => write_stream(respond, messages, content_type).await,
    }
}

async fn write_stream(
    mut respond: SendResponse<Bytes>,
    mut messages: Streaming<Bytes>,
    content_type: &'static str,
) -> Result<()> {
    // Headers wait for the first message, so that an error before it is an answer of headers alone.
    let first = tokio::select! {
        first = messages.next() => first,
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return Ok(()),
        () = tokio::time::sleep(Duration::from_millis(50)) => {
            let stream = begin(&mut respond, content_type)?;
            return pump(stream, None, messages).await;
        }
    };
    match first {
        Some(Err(error)) => {
            fail(&mut respond, &error, content_type);
            Err(error)
        }
        first => {
            let ended = first.is_none();
            let mut stream = begin(&mut respond, content_type)?;
            if ended {
                finish(&mut stream, success())
            } else {
                pump(stream, first, messages).await
            }
        }
    }
}

async fn pump(
    mut stream: SendStream<Bytes>,
    mut waiting: Option<Result<Bytes>>,
    mut messages: Streaming<Bytes>,
) -> Result<()> {
    loop {
        let next = match waiting.take() {
            Some(message) => Some(message),
            None => tokio::select! {
                next = messages.next() => next,
                _ = poll_fn(|cx| stream.poll_reset(cx)) => return Ok(()),
            },
        };
        match next {
            Some(Ok(frame)) => send(&mut stream, frame, false).await?,
            Some(Err(error)) => {
                finish(&mut stream, headers::failure(&error))?;
                return Err(error);
            }
            None => return finish(&mut stream, success()),
        }
    }
}

fn begin(respond: &mut SendResponse<Bytes>, content_type: &'static str) -> Result<SendStream<Bytes>> {
    let mut response = Response::new(());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    respond
        .send_response(response, false)
        .map_err(|error| crate::frame::broken(&error))
}

fn finish(stream: &mut SendStream<Bytes>, trailers: HeaderMap) -> Result<()> {
    stream
        .send_trailers(trailers)
        .map_err(|error| crate::frame::broken(&error))
}

fn success() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(&GRPC_STATUS, HeaderValue::from_static("0"));
    trailers
}

/// An error without a message before it.
pub(super) fn fail(respond: &mut SendResponse<Bytes>, error: &Error, content_type: &'static str) {
    let mut response = Response::new(());
    *response.headers_mut() = headers::failure(error);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let _ = respond.send_response(response, true);
}
