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
use crate::lane::UNDERSTOOD;
use crate::names::{GRPC_STATUS, LANE, UNBEGUN};
use crate::{Error, Result, Streaming};

/// What every answer to a call has in common.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) content_type: &'static str,
    /// Whether an error is in the details of the status too. Services send it so; a proxy never does, and clients of the original
    /// framework that serve nothing themselves know no such message and would take that for the error.
    pub(super) with_details: bool,
    /// Whether the caller asks for [lanes](crate::lane).
    pub(super) asks_for_lanes: bool,
}

/// A message, or messages as they come, and the status.
pub(super) async fn write(mut respond: SendResponse<Bytes>, reply: Reply, manner: Manner) -> Result<()> {
    match reply.0 {
        Body::Message(frame) => {
            let mut stream = begin(&mut respond, manner)?;
            send_unary(&mut stream, frame, false).await?;
            finish(&mut stream, success())
        }
        Body::Stream(messages) => write_stream(respond, messages, manner).await,
    }
}

async fn write_stream(
    mut respond: SendResponse<Bytes>,
    mut messages: Streaming<Bytes>,
    manner: Manner,
) -> Result<()> {
    // Headers wait for the first message, so that an error before it is an answer of headers alone.
    let first = tokio::select! {
        first = messages.next() => first,
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return Ok(()),
        () = tokio::time::sleep(Duration::from_millis(50)) => {
            let stream = begin(&mut respond, manner)?;
            return pump(stream, None, messages, manner).await;
        }
    };
    match first {
        Some(Err(error)) => {
            fail(&mut respond, &error, manner);
            Err(error)
        }
        first => {
            let ended = first.is_none();
            let mut stream = begin(&mut respond, manner)?;
            if ended {
                finish(&mut stream, success())
            } else {
                pump(stream, first, messages, manner).await
            }
        }
    }
}

async fn pump(
    mut stream: SendStream<Bytes>,
    mut waiting: Option<Result<Bytes>>,
    mut messages: Streaming<Bytes>,
    manner: Manner,
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
                finish(&mut stream, headers::failure(&error, manner.with_details))?;
                return Err(error);
            }
            None => return finish(&mut stream, success()),
        }
    }
}

fn begin(respond: &mut SendResponse<Bytes>, manner: Manner) -> Result<SendStream<Bytes>> {
    let mut response = Response::new(());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(manner.content_type));
    if manner.asks_for_lanes {
        response
            .headers_mut()
            .insert(&LANE, HeaderValue::from_static(UNDERSTOOD));
    }
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
pub(super) fn fail(respond: &mut SendResponse<Bytes>, error: &Error, manner: Manner) {
    answer(respond, headers::failure(error, manner.with_details), manner);
}

/// An error for a call of which nothing was begun: its caller may send it elsewhere, whatever it does.
pub(super) fn refuse(respond: &mut SendResponse<Bytes>, error: &Error, manner: Manner) {
    let mut trailers = headers::failure(error, manner.with_details);
    trailers.insert(&UNBEGUN, HeaderValue::from_static("1"));
    answer(respond, trailers, manner);
}

fn answer(respond: &mut SendResponse<Bytes>, trailers: HeaderMap, manner: Manner) {
    let mut response = Response::new(());
    *response.headers_mut() = trailers;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(manner.content_type));
    let _ = respond.send_response(response, true);
}
