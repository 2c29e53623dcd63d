//! Streams of messages.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use crate::{Error, Result};

/// A stream of messages that ends, or ends with an error.
///
/// ```
/// # async fn f() -> micro_rpc::Result<()> {
/// let mut numbers = micro_rpc::Streaming::from_iter([1, 2]);
/// while let Some(number) = numbers.next().await {
///     println!("{}", number?);
/// }
/// # Ok(()) }
/// ```
pub struct Streaming<T>(Pin<Box<dyn Stream<Item = Result<T>> + Send>>);

impl<T: Send + 'static> Streaming<T> {
    /// Wraps any stream of results. Asked again after its end, it has ended still.
    pub fn new(stream: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        Self(Box::pin(stream.fuse()))
    }

    /// A stream of no messages.
    pub fn empty() -> Self {
        Self::new(stream::empty())
    }

    /// A stream fed through a sender; at most `capacity` messages wait in between.
    pub fn channel(capacity: usize) -> (Sender<T>, Self) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        let stream = stream::unfold(receiver, |mut receiver| async move {
            let item: Option<Result<T>> = receiver.recv().await;
            item.map(|item| (item, receiver))
        });
        (Sender(sender), Self::new(stream))
    }

    /// The same stream with each message changed.
    pub fn map<U: Send + 'static>(
        self,
        mut change: impl FnMut(T) -> Result<U> + Send + 'static,
    ) -> Streaming<U> {
        Streaming::new(self.0.map(move |item| item.and_then(&mut change)))
    }
}

impl<T> Streaming<T> {
    /// The next message; `None` at the end. Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.0.next().await
    }

    /// All messages until the end, or the first error.
    pub async fn collect(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(item) = self.next().await {
            all.push(item?);
        }
        Ok(all)
    }
}

impl<T: Send + 'static> FromIterator<T> for Streaming<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let items: Vec<_> = items.into_iter().map(Ok).collect();
        Self::new(stream::iter(items))
    }
}

impl<T> Stream for Streaming<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streaming")
    }
}

/// The feeding end of a [`Streaming::channel`]. Dropping it ends the stream.
#[derive(Debug)]
pub struct Sender<T>(mpsc::Sender<Result<T>>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Sender<T> {
    /// Waits for room and sends; an error when nobody reads any more.
    pub async fn send(&self, message: T) -> Result<()> {
        self.0.send(Ok(message)).await.map_err(|_| gone())
    }

    /// Sends if there is room now; hands the message back otherwise.
    pub fn try_send(&self, message: T) -> Result<(), T> {
        self.0
            .try_send(Ok(message))
            .map_err(|refused| match refused.into_inner() {
                Ok(message) => message,
                Err(_) => unreachable!("only messages are sent here"),
            })
    }

    /// Ends the stream with an error.
    pub async fn fail(self, error: Error) {
        let _ = self.0.send(Err(error)).await;
    }

    /// Whether nobody reads any more.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Waits until nobody reads any more.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

fn gone() -> Error {
    Error::new("go.micro.server", 499, "nobody reads the stream any more")
}
