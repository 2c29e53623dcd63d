//! An outbound call with one message each way, and how answers are read.

use std::time::Instant;

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, HeaderName, Response};

use super::Inner;
use super::attempt::{At, Begun, Call, Started, Tries};
use super::lane::{Answer, Asked};
use crate::frame::{Frames, MESSAGE_LIMIT, broken, message, send_unary};
use crate::names::{GRPC_MESSAGE, GRPC_STATUS, UNBEGUN};
use crate::{Codec, Context, Error, Result};

pub(super) async fn unary(
    client: &Inner,
    ctx: &Context,
    service: &str,
    endpoint: &str,
    codec: Codec,
    frame: Bytes,
    tries: &mut Tries,
) -> Result<Bytes> {
    let deadline = ctx.deadline().unwrap_or_else(|| Instant::now() + client.timeout);
    let call = Call {
        client,
        ctx,
        service,
        endpoint,
        codec,
        deadline: Some(deadline),
        message: Some(&frame),
    };
    tokio::time::timeout_at(deadline.into(), ask(&call, &frame, tries))
        .await
        .unwrap_or_else(|_| Err(Error::timeout("go.micro.client", "context deadline exceeded")))
}

async fn ask(call: &Call<'_>, frame: &Bytes, tries: &mut Tries) -> Result<Bytes> {
    loop {
        let answered = match call.start(tries).await? {
            Begun::Lane(asked, at) => over_lane(call, asked, at, tries).await,
            // Apart, so that most calls are not as large.
            Begun::There(started) => Box::pin(over_http2(call, *started, frame, tries)).await,
            Begun::Here(here) => Some(Box::pin(here.ask(call.service, tries)).await),
        };
        if let Some(answered) = answered {
            return answered;
        }
    }
}

/// `None` where it is to be asked again, as for the other.
async fn over_http2(
    call: &Call<'_>,
    mut started: Started,
    frame: &Bytes,
    tries: &mut Tries,
) -> Option<Result<Bytes>> {
    // Who refuses a request early says why in the answer: that counts more than that it stopped reading.
    let sent = send_unary(&mut started.out, frame.clone(), true).await;
    let answer = match started.answer.await {
        Ok(answer) => answer,
        Err(error) if tries.again(started.at, &error) => return None,
        Err(error) => return Some(Err(sent.err().unwrap_or_else(|| broken(&error)))),
    };
    let mut at = started.at;
    let was_unbegun = answer.headers().contains_key(&UNBEGUN);
    if !answer.headers().contains_key(&GRPC_STATUS) {
        at.learn(answer.headers());
    }
    let (frames, failed) = open(answer);
    let read = match failed {
        Some(error) if was_unbegun => {
            let goes_elsewhere = tries.elsewhere(at, call.client, &error);
            return (!goes_elsewhere).then_some(Err(error));
        }
        Some(error) => Err(error),
        None => read(call, frames).await,
    };
    at.tell(read.as_ref().err());
    if read.is_err() {
        tries.avoid(at);
    }
    Some(read)
}

async fn over_lane(call: &Call<'_>, asked: Asked, mut at: At, tries: &mut Tries) -> Option<Result<Bytes>> {
    let read = match asked.await {
        Answer::Message(frame) if frame.is_empty() => Err(nothing(call.service)),
        Answer::Message(frame) => message(frame),
        Answer::Failed { error, was_unbegun } if was_unbegun => {
            let goes_elsewhere = tries.elsewhere(at, call.client, &error);
            return (!goes_elsewhere).then_some(Err(error));
        }
        Answer::Failed { error, .. } => Err(error),
        Answer::Gone => {
            let error = || Error::unavailable("go.micro.client", "the instance goes away");
            return (!tries.gone(at)).then(|| Err(error()));
        }
        Answer::Broke => {
            tries.broke(at);
            let detail = "connection broke: it ended before the answer";
            return Some(Err(Error::unavailable("go.micro.client", detail)));
        }
    };
    at.tell(read.as_ref().err());
    if read.is_err() {
        tries.avoid(at);
    }
    Some(read)
}

async fn read(call: &Call<'_>, mut frames: Frames) -> Result<Bytes> {
    let body = frames.next().await?;
    finish(&mut frames).await?;
    body.ok_or_else(|| nothing(call.service))
}

pub(super) fn nothing(service: &str) -> Error {
    Error::internal("go.micro.client", format!("{service} answered nothing"))
}

/// The answer's body, and its error when it consists of headers alone or is no gRPC.
pub(super) fn open(response: Response<RecvStream>) -> (Frames, Option<Error>) {
    let (parts, body) = response.into_parts();
    let failed = if parts.headers.contains_key(&GRPC_STATUS) {
        status(&parts.headers).err()
    } else if parts.status.is_success() {
        None
    } else {
        let detail = format!("HTTP status {} instead of a gRPC answer", parts.status);
        Some(Error::internal("go.micro.client", detail))
    };
    (Frames::new(body, MESSAGE_LIMIT), failed)
}

pub(super) async fn finish(frames: &mut Frames) -> Result<()> {
    // A stream may hold more than the one message that was asked for: only its end carries the status.
    while frames.next().await?.is_some() {}
    match frames.trailers().await? {
        Some(trailers) => status(&trailers),
        None => Ok(()),
    }
}

fn status(headers: &HeaderMap) -> Result<()> {
    let text = |name: &HeaderName| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    };
    match text(&GRPC_STATUS) {
        "0" => Ok(()),
        code => Err(Error::from_status(
            code.parse().unwrap_or(2),
            &unpercent(text(&GRPC_MESSAGE)),
        )),
    }
}

fn unpercent(message: &str) -> String {
    let mut bytes = Vec::with_capacity(message.len());
    let mut rest = message.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| {
                tail.get(..2)
                    .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())
            })
            .flatten();
        match escaped {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_survive() {
        assert_eq!(unpercent("100%25 %C3%A9 %zz %"), "100% é %zz %");
    }
}
