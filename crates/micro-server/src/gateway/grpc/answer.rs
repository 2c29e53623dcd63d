//! The answer to a call: messages as they come, and at the end the status.

use std::pin::Pin;
use std::task::{Context as Task, Poll, ready};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use hyper::body::Frame;
use micro_rpc::bytes::{BufMut, Bytes, BytesMut};
use micro_rpc::futures_util::Stream;
use micro_rpc::{Error, Result, Streaming};

use super::super::reply::{self, Content, PIECE};
use super::frames::HEADER;
use super::spoken::{Form, Spoken};
use super::text;

static STATUS: HeaderName = HeaderName::from_static("grpc-status");
/// How long headers wait for the first message, so that an error before it is an answer of headers alone.
const FIRST: Duration = Duration::from_millis(50);

/// The flag of a message, and of the status that gRPC-Web has as a last one.
const MESSAGE: u8 = 0;
const TRAILERS: u8 = 0x80;

/// The messages of an answer as the bytes of a body, and its trailers.
pub(crate) struct Answer {
    form: Form,
    first: Option<Result<Bytes>>,
    /// `None` when it is over.
    messages: Option<Streaming<Bytes>>,
    /// What of the last message is not handed out yet.
    rest: Bytes,
}

/// Begins to answer.
pub(super) async fn begin(spoken: Spoken, mut messages: Streaming<Bytes>) -> Response<Content> {
    let first = match tokio::time::timeout(FIRST, messages.next()).await {
        Ok(Some(Err(error))) => return failed(&spoken, &error),
        Ok(first) => first,
        Err(_) => None,
    };
    let answer = Answer {
        form: spoken.answered,
        first,
        messages: Some(messages),
        rest: Bytes::new(),
    };
    let mut response = reply::empty(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, spoken.answer_type());
    *response.body_mut() = Content::Grpc(Box::new(answer));
    response
}

/// An error without a message before it: headers alone.
pub(super) fn failed(spoken: &Spoken, error: &Error) -> Response<Content> {
    let mut response = reply::empty(StatusCode::OK);
    response.headers_mut().extend(micro_rpc::grpc::failure(error));
    response.headers_mut().insert(CONTENT_TYPE, spoken.answer_type());
    response
}

impl Answer {
    pub(in super::super) fn poll(&mut self, cx: &mut Task<'_>) -> Poll<Option<Frame<Bytes>>> {
        if self.rest.is_empty() {
            let Some(messages) = &mut self.messages else {
                return Poll::Ready(None);
            };
            let next = match self.first.take() {
                Some(first) => Some(first),
                None => ready!(Pin::new(messages).poll_next(cx)),
            };
            match next.map(|message| message.and_then(|message| framed(MESSAGE, &message))) {
                Some(Ok(frame)) => self.rest = self.form.wrapped(frame),
                Some(Err(error)) => return Poll::Ready(Some(self.end(micro_rpc::grpc::failure(&error)))),
                None => return Poll::Ready(Some(self.end(success()))),
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        Poll::Ready(Some(Frame::data(piece)))
    }

    fn end(&mut self, trailers: HeaderMap) -> Frame<Bytes> {
        self.messages = None;
        if self.form == Form::Http2 {
            return Frame::trailers(trailers);
        }
        Frame::data(self.form.wrapped(last(&trailers)))
    }
}

impl Form {
    /// A frame as it is sent.
    fn wrapped(self, frame: Bytes) -> Bytes {
        match self {
            Self::Http2 | Self::Web => frame,
            Self::WebText => text::write(&frame),
        }
    }
}

/// The trailers as the last message of gRPC-Web, as HTTP/1.1 writes headers.
fn last(trailers: &HeaderMap) -> Bytes {
    let lines = trailers
        .iter()
        .map(|(name, value)| [name.as_str().as_bytes(), b":", value.as_bytes(), b"\r\n"].concat());
    // It is never so long that it could fail.
    framed(TRAILERS, &lines.collect::<Vec<_>>().concat()).unwrap_or_default()
}

fn framed(flag: u8, message: &[u8]) -> Result<Bytes> {
    let mut frame = BytesMut::with_capacity(HEADER + message.len());
    let length = u32::try_from(message.len());
    frame.put_u8(flag);
    frame.put_u32(length.map_err(|_| Error::internal(super::super::ID, "a message is over 4 GiB"))?);
    frame.put_slice(message);
    Ok(frame.freeze())
}

fn success() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(&STATUS, HeaderValue::from_static("0"));
    trailers
}
