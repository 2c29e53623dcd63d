//! Answers that are streams: one JSON value per message, each sent as it comes.

use std::pin::Pin;
use std::task::{Context as Task, Poll, ready};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use micro_rpc::bytes::{BufMut, Bytes, BytesMut};
use micro_rpc::futures_util::Stream;
use micro_rpc::{Result, Streaming};

use super::reply::{self, Content};

const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// The messages of a stream as the bytes of a body.
pub(crate) struct Messages {
    first: Option<Bytes>,
    /// `None` when it is over.
    rest: Option<Streaming<Bytes>>,
    lines: bool,
}

/// Begins to answer. The status waits for the first message, so that an error before it is an answer of its own; but a
/// stream that has nothing to say for `patience` is opened, so that the caller knows it is there.
pub(super) async fn begin(
    mut messages: Streaming<Bytes>,
    headers: &HeaderMap,
    patience: Duration,
) -> Result<Response<Content>> {
    let first = match tokio::time::timeout(patience, messages.next()).await {
        Ok(None) => return Ok(reply::empty(StatusCode::NO_CONTENT)),
        Ok(Some(first)) => Some(first?),
        Err(_) => None,
    };
    let lines = takes_lines(headers);
    let content_type = if lines { LINES } else { reply::JSON };
    Ok(reply::stream(
        content_type,
        Messages {
            first,
            rest: Some(messages),
            lines,
        },
    ))
}

fn takes_lines(headers: &HeaderMap) -> bool {
    let mut accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.contains("application/x-ndjson"))
}

impl Messages {
    pub(super) fn poll(&mut self, cx: &mut Task<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(self.value(first)));
        }
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        Poll::Ready(match ready!(Pin::new(rest).poll_next(cx)) {
            Some(Ok(message)) => Some(self.value(message)),
            None => {
                self.rest = None;
                None
            }
            // The status is sent already: the error is the last value.
            Some(Err(error)) => {
                self.rest = None;
                Some(self.value(super::missing(error).to_json().into()))
            }
        })
    }

    /// A line of its own where lines are understood; without, values follow each other as they always did.
    fn value(&self, message: Bytes) -> Bytes {
        if !self.lines {
            return message;
        }
        let mut line = BytesMut::with_capacity(message.len() + 1);
        line.put_slice(&message);
        line.put_u8(b'\n');
        line.freeze()
    }
}
