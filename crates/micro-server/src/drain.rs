//! How listeners, and streams that never end by themselves, learn that they are to.

use micro_rpc::Streaming;
use micro_rpc::futures_util::StreamExt;
use tokio::sync::watch;

/// Begins a drain. Dropping it does too.
pub struct Drain(watch::Sender<bool>);

/// Tells that a drain has begun.
#[derive(Clone)]
pub struct Draining(watch::Receiver<bool>);

impl Drain {
    /// A drain that has not begun.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Who is to be told.
    pub fn signal(&self) -> Draining {
        Draining(self.0.subscribe())
    }

    /// Tells all.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

impl Draining {
    /// Whether the drain has begun.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Ready once the drain has begun.
    pub async fn begun(mut self) {
        // An error is the drain's owner gone: the same.
        let _ = self.0.wait_for(|begun| *begun).await;
    }

    /// The same stream, ended by the drain: watchers would hold a listener open for as long as it lets them.
    pub fn bound<T: Send + 'static>(&self, stream: Streaming<T>) -> Streaming<T> {
        Streaming::new(stream.take_until(Box::pin(self.clone().begun())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_ends_streams_that_would_not() {
        let drain = Drain::new();
        let (sender, stream) = Streaming::channel(1);
        let mut stream = drain.signal().bound(stream);
        sender.send(1).await.unwrap();
        assert_eq!(stream.next().await, Some(Ok(1)));
        drain.begin();
        assert_eq!(stream.next().await, None);
        drain.signal().begun().await;
    }
}
