//! Streams played from a script.

use std::time::Duration;

use futures_util::stream;

use crate::{Error, Result, Streaming};

/// What a faked stream sends: messages, then the end or a fault.
///
/// ```
/// # use micro_rpc::{Error, fake::Script};
/// let script = Script::of(["one", "two"]).fails(Error::unavailable("fake", "cable cut"));
/// let stream = script.play();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Script<T> {
    messages: Vec<T>,
    fault: Option<Error>,
    delay: Duration,
}

impl<T> Default for Script<T> {
    fn default() -> Self {
        Script {
            messages: Vec::new(),
            fault: None,
            delay: Duration::ZERO,
        }
    }
}

impl<T> Script<T> {
    /// A stream of these messages.
    pub fn of(messages: impl IntoIterator<Item = T>) -> Self {
        Script {
            messages: messages.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Adds a message.
    pub fn message(mut self, message: T) -> Self {
        self.messages.push(message);
        self
    }

    /// Ends the stream with an error after the messages.
    pub fn fails(mut self, fault: Error) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Waits before each message and before the fault.
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

impl<T: Send + 'static> Script<T> {
    /// The stream itself.
    pub fn play(self) -> Streaming<T> {
        let delay = self.delay;
        let fault = self.fault.map(Err);
        let items: Vec<Result<T>> = self.messages.into_iter().map(Ok).chain(fault).collect();
        Streaming::new(stream::unfold(items.into_iter(), move |mut items| async move {
            let item = items.next()?;
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            Some((item, items))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_script_plays_up_to_its_fault() {
        let script = Script::of([1])
            .message(2)
            .fails(Error::internal("fake", "broken"));
        let mut stream = script.play();
        assert_eq!(stream.next().await.unwrap().unwrap(), 1);
        assert_eq!(stream.next().await.unwrap().unwrap(), 2);
        assert_eq!(stream.next().await.unwrap().unwrap_err().code, 500);
        assert!(stream.next().await.is_none());
    }
}
