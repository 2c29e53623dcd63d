//! The body of a request, as it comes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http_body::Frame;
use micro_proto::http::Request;
use micro_rpc::{Error, Streaming};

/// The bytes that were sent, untouched. An error means that the caller did not send all of them.
///
/// ```
/// # use micro::futures_util::StreamExt;
/// # async fn f() -> micro::Result<()> {
/// let mut body = micro::api::Body::from("hello");
/// assert_eq!(body.next().await.transpose()?.as_deref(), Some(&b"hello"[..]));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Body {
    first: Bytes,
    rest: Streaming<Request>,
}

impl Body {
    pub(super) fn new(first: Bytes, rest: Streaming<Request>) -> Self {
        Self { first, rest }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::new(bytes.into(), Streaming::empty())
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if !self.first.is_empty() {
                return Poll::Ready(Some(Ok(std::mem::take(&mut self.first))));
            }
            match ready!(Pin::new(&mut self.rest).poll_next(cx)) {
                Some(Ok(piece)) => self.first = piece.data,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.poll_next(cx)
            .map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
