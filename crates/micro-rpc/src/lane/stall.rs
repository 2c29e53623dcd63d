//! A peer that takes nothing for long is given up.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

const PATIENCE: Duration = Duration::from_secs(30);

/// How long a write has been waiting.
#[derive(Default)]
pub(crate) struct Stall(Option<Pin<Box<Sleep>>>);

impl Stall {
    /// What became of a write of some bytes: an error too where it has been waiting for too long.
    pub(crate) fn watch(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        match written {
            Poll::Pending => {
                let waits = self
                    .0
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
                ready!(waits.as_mut().poll(cx));
                Poll::Ready(Err(ErrorKind::TimedOut.into()))
            }
            Poll::Ready(written) => {
                self.0 = None;
                let is_some = |written: usize| match written {
                    0 => Err(Error::from(ErrorKind::WriteZero)),
                    written => Ok(written),
                };
                Poll::Ready(written.and_then(is_some))
            }
        }
    }
}
