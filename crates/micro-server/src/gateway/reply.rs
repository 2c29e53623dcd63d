//! Answers.

use std::pin::Pin;
use std::task::{Context as Task, Poll};

use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};
use micro_rpc::bytes::Bytes;
use micro_rpc::futures_util::Stream;
use micro_rpc::{Error, Streaming};

use super::grpc::Answer;
use super::stream::Messages;

/// A body is handed out in pieces of this size: what waits to be written is copied together, and a piece bounds that.
pub(super) const PIECE: usize = 64 * 1024;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What an answer consists of.
pub(crate) enum Content {
    /// All of it.
    Whole(Bytes),
    /// As it comes.
    Stream(Messages),
    /// The answer to a call of gRPC.
    Grpc(Box<Answer>),
    /// So many bytes as they come. An error breaks the connection: its length is known, so the caller sees that some are missing.
    Sized(u64, Streaming<Bytes>),
    /// Bytes as they come, of which nobody knows how many. An error breaks the connection here too.
    Pieces(Streaming<Bytes>),
}

impl Body for Content {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Task<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes.split_to(bytes.len().min(PIECE)))))),
            Self::Stream(messages) => messages
                .poll(cx)
                .map(|data| data.map(|data| Ok(Frame::data(data)))),
            Self::Grpc(answer) => answer.poll(cx).map(|frame| frame.map(Ok)),
            Self::Sized(_, pieces) | Self::Pieces(pieces) => Pin::new(pieces)
                .poll_next(cx)
                .map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(_) | Self::Grpc(_) | Self::Pieces(_) => SizeHint::default(),
            Self::Sized(size, _) => SizeHint::with_exact(*size),
        }
    }
}

/// An answer of bytes.
pub(crate) fn whole(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response<Content> {
    with_type(status, content_type, Content::Whole(body))
}

/// What a service answered; without a byte, 204.
pub(super) fn message(content_type: HeaderValue, body: Bytes) -> Response<Content> {
    if body.is_empty() {
        empty(StatusCode::NO_CONTENT)
    } else {
        whole(StatusCode::OK, content_type, body)
    }
}

/// What a service answers as it comes.
pub(super) fn stream(content_type: HeaderValue, messages: Messages) -> Response<Content> {
    with_type(StatusCode::OK, content_type, Content::Stream(messages))
}

/// Bytes of a known number.
pub(super) fn sized(content_type: HeaderValue, size: u64, pieces: Streaming<Bytes>) -> Response<Content> {
    with_type(StatusCode::OK, content_type, Content::Sized(size, pieces))
}

fn with_type(status: StatusCode, content_type: HeaderValue, content: Content) -> Response<Content> {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Content> {
    let mut response = Response::new(Content::Whole(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// What who is on the block list is told, to the byte what the original gateway says.
pub(super) fn refused() -> Response<Content> {
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
    whole(
        StatusCode::UNAUTHORIZED,
        TEXT,
        Bytes::from_static(b"unauthorized request\n"),
    )
}

/// An error, with its code as the status; 500 for a code that says no failure to HTTP.
pub(super) fn error(error: &Error) -> Response<Content> {
    whole(status(error), JSON, error.to_json().into())
}

/// Says when, where that is worth the while and is not said yet.
pub(super) fn may_be_tried_again(response: &mut Response<Content>) {
    const SOON: HeaderValue = HeaderValue::from_static("1");
    if matches!(
        response.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(SOON);
    }
}

/// The code of an error as a status.
pub(crate) fn status(error: &Error) -> StatusCode {
    let code = u16::try_from(error.code)
        .ok()
        .filter(|code| (400..600).contains(code));
    code.and_then(|code| StatusCode::from_u16(code).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_status() {
        for (code, expected) in [
            (404, 404),
            (418, 418),
            (499, 499),
            (0, 500),
            (200, 500),
            (-1, 500),
            (70_000, 500),
        ] {
            assert_eq!(status(&Error::new("x", code, "")).as_u16(), expected, "{code}");
        }
    }
}
