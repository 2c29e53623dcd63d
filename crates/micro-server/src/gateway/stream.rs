//! Answers that are streams: one JSON value per message, each sent as it comes.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context as Task, Poll};

use http::Response;
use hyper::body::{Body, Frame};
use micro_rpc::bytes::{BufMut, Bytes, BytesMut};
use micro_rpc::futures_util::Stream;
use micro_rpc::{Client, Codec, Context, Result, Streaming};

use super::reply;

/// Calls a streaming endpoint with one message. An error before the first answer is an answer of its own.
pub(super) async fn call(
    client: &Client,
    ctx: &Context,
    (service, endpoint): (&str, &str),
    message: Bytes,
    lines: bool,
) -> Result<Response<reply::Body>> {
    let requests = Streaming::from_iter([message]);
    let mut answers = client
        .stream_raw(ctx, service, endpoint, Codec::Json, requests)
        .await?;
    let first = answers.next().await.transpose()?;
    let content_type = if lines {
        "application/x-ndjson"
    } else {
        "application/json"
    };
    let messages = Mutex::new(Messages {
        first,
        answers: Some(answers),
        lines,
    });
    Ok(reply::streamed(content_type, messages_body(messages)))
}

struct Messages {
    first: Option<Bytes>,
    answers: Option<Streaming<Bytes>>,
    lines: bool,
}

/// The lock makes the body `Sync`, as `hyper`'s boxed bodies are; nobody ever waits for it.
struct MessagesBody(Mutex<Messages>);

fn messages_body(messages: Mutex<Messages>) -> MessagesBody {
    MessagesBody(messages)
}

impl Messages {
    fn frame(&self, message: &[u8]) -> Frame<Bytes> {
        let mut line = BytesMut::with_capacity(message.len() + 1);
        line.put_slice(message);
        if self.lines {
            line.put_u8(b'\n');
        }
        Frame::data(line.freeze())
    }
}

impl Body for MessagesBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let mut messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = messages.first.take() {
            return Poll::Ready(Some(Ok(messages.frame(&first))));
        }
        let Some(answers) = messages.answers.as_mut() else {
            return Poll::Ready(None);
        };
        match Pin::new(answers).poll_next(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                messages.answers = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Ok(message))) => Poll::Ready(Some(Ok(messages.frame(&message)))),
            // The status is sent already: the error is the last value.
            Poll::Ready(Some(Err(error))) => {
                messages.answers = None;
                Poll::Ready(Some(Ok(messages.frame(error.to_json().as_bytes()))))
            }
        }
    }
}
