//! Calls to an instance in this process.

use bytes::Bytes;

use super::attempt::{At, Tries};
use super::request::nothing;
use crate::lane::Head;
use crate::local::Opened;
use crate::{Error, Result, Streaming};

/// So many calls are answered on the stack of the first: one that leads to another, and so on. Those behind have one of their own.
const DEEPEST: usize = 8;

tokio::task_local! {
    static DEPTH: usize;
}

/// A call that an instance in this process was chosen for.
pub(super) struct Here {
    pub(super) opened: Opened,
    pub(super) head: Head,
    pub(super) at: At,
}

impl Here {
    pub(super) async fn ask(self, service: &str, tries: &mut Tries) -> Result<Bytes> {
        let Self { opened, head, mut at } = self;
        // A handler that calls again and again waits for nobody; others are to have their turn still.
        tokio::task::consume_budget().await;
        let depth = DEPTH.try_with(|depth| *depth).unwrap_or(0);
        let answered = if depth < DEEPEST && opened.is_here() {
            let work = opened.server.unary_here(head);
            DEPTH.scope(depth + 1, work).await
        } else {
            let server = opened.server.clone();
            let work = opened.runtime.spawn(async move { server.unary_here(head).await });
            AbortOnDrop(work).join().await
        };
        let answered = answered.and_then(|body| body.ok_or_else(|| nothing(service)));
        at.tell(answered.as_ref().err());
        if answered.is_err() {
            tries.avoid(at);
        }
        answered
    }

    pub(super) fn stream(self, requests: Streaming<Bytes>) -> Streaming<Bytes> {
        let Self { opened, head, mut at } = self;
        at.tell(None);
        let _inside = opened.runtime.enter();
        let answers = opened.server.stream_here(head, requests);
        answers.map(move |body| {
            // Counts it as long as it goes on.
            let _ = &at;
            Ok(body)
        })
    }
}

/// Work of a caller that may go away.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> AbortOnDrop<Result<T>> {
    async fn join(mut self) -> Result<T> {
        let ended = (&mut self.0).await;
        ended.unwrap_or_else(|_| Err(Error::unavailable("go.micro.client", "the service has ended")))
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
