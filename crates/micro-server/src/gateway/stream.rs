//! Answers that are streams: one JSON value per message, each sent as it comes.
//!
//! How a value is set off from the next is the caller's to choose, by `Accept`: by a line, as an event that browsers read with
//! `EventSource`, or not at all, which is how it always was.

use std::pin::Pin;
use std::task::{Context as Task, Poll, ready};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use micro_rpc::bytes::{BufMut, Bytes, BytesMut};
use micro_rpc::futures_util::Stream;
use micro_rpc::{Result, Streaming};

use super::events::{self, Heartbeat};
use super::lines::NDJSON;
use super::reply::{self, Content};
use super::{Limits, missing};

const LINES: HeaderValue = HeaderValue::from_static(NDJSON);
const EVENTS: HeaderValue = HeaderValue::from_static(events::TYPE);
/// nginx holds answers back unless it is told not to.
static UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The messages of a stream as the bytes of a body.
pub(crate) struct Messages {
    first: Option<Bytes>,
    /// `None` when it is over.
    rest: Option<Streaming<Bytes>>,
    form: Form,
}

/// What stands between values.
enum Form {
    Plain,
    Lines,
    Events(Heartbeat),
}

/// Begins to answer. The status waits for the first message, so that an error before it is an answer of its own; but a
/// stream that has nothing to say for as long as a call may take is opened, so that the caller knows it is there.
pub(super) async fn begin(
    mut messages: Streaming<Bytes>,
    headers: &HeaderMap,
    limits: &Limits,
) -> Result<Response<Content>> {
    let form = if accepts(headers, NDJSON) {
        Form::Lines
    } else if accepts(headers, events::TYPE) {
        Form::Events(Heartbeat::every(limits.heartbeat))
    } else {
        Form::Plain
    };
    let first = match tokio::time::timeout(limits.call, messages.next()).await {
        // Events have an end of their own, without which a browser would ask again.
        Ok(None) if !matches!(form, Form::Events(_)) => return Ok(reply::empty(StatusCode::NO_CONTENT)),
        Ok(first) => first.transpose()?,
        Err(_) => None,
    };
    let content_type = match form {
        Form::Plain => reply::JSON,
        Form::Lines => LINES,
        Form::Events(_) => EVENTS,
    };
    let is_events = matches!(form, Form::Events(_));
    let rest = Some(messages);
    let mut response = reply::stream(content_type, Messages { first, rest, form });
    if is_events {
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(&UNBUFFERED, HeaderValue::from_static("no"));
    }
    Ok(response)
}

fn accepts(headers: &HeaderMap, content_type: &str) -> bool {
    let mut accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.contains(content_type))
}

impl Messages {
    pub(super) fn poll(&mut self, cx: &mut Task<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(self.form.value(first)));
        }
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let Poll::Ready(next) = Pin::new(rest).poll_next(cx) else {
            return match &mut self.form {
                Form::Events(heartbeat) => {
                    ready!(heartbeat.poll(cx));
                    Poll::Ready(Some(events::COMMENT))
                }
                Form::Plain | Form::Lines => Poll::Pending,
            };
        };
        Poll::Ready(match next {
            Some(Ok(message)) => Some(self.form.value(message)),
            None => {
                self.rest = None;
                self.form.end()
            }
            // The status is sent already: the error is the last value.
            Some(Err(error)) => {
                self.rest = None;
                Some(self.form.error(missing(error).to_json().into()))
            }
        })
    }
}

impl Form {
    /// A line or an event of its own where these are understood; without, values follow each other as they always did.
    fn value(&mut self, message: Bytes) -> Bytes {
        match self {
            Self::Plain => message,
            Self::Lines => {
                let mut line = BytesMut::with_capacity(message.len() + 1);
                line.put_slice(&message);
                line.put_u8(b'\n');
                line.freeze()
            }
            Self::Events(heartbeat) => {
                heartbeat.said();
                events::message(&message)
            }
        }
    }

    fn error(&mut self, error: Bytes) -> Bytes {
        match self {
            Self::Events(_) => events::error(&error),
            Self::Plain | Self::Lines => self.value(error),
        }
    }

    fn end(&self) -> Option<Bytes> {
        matches!(self, Self::Events(_)).then_some(events::END)
    }
}
