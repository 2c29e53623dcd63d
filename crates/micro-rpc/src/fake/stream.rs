//! Streamed requests, one answer at their end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::recorder::{Invocation, Recorder, to_json};
use crate::{Context, Result, Streaming};

/// The messages of one call, as far as they have passed.
pub(super) struct Passed<Q>(Arc<Mutex<Vec<Q>>>);

impl<Q> Clone for Passed<Q> {
    fn clone(&self) -> Self {
        Passed(self.0.clone())
    }
}

impl<Q> Default for Passed<Q> {
    fn default() -> Self {
        Passed(Arc::default())
    }
}

impl<Q: Clone> Passed<Q> {
    pub(super) fn push(&self, message: Q) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
    }

    pub(super) fn messages(&self) -> Vec<Q> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Records the calls of a method that takes a stream: it reads the requests to their end, then
/// answers.
pub struct StreamRecorder<Q, R>(Recorder<Passed<Q>, R>);

impl<Q, R> StreamRecorder<Q, R>
where
    Q: Clone + Serialize + Send + 'static,
    R: Clone + Default,
{
    /// A recorder of the method `endpoint`, such as `Source.Upload`.
    pub fn new(endpoint: &'static str) -> Self {
        StreamRecorder(Recorder::new(endpoint))
    }

    /// Answers every call by `stub`, which is given all requests at once.
    pub fn stub(&self, stub: impl Fn(&Context, Vec<Q>) -> Result<R> + Send + Sync + 'static) {
        self.0.stub(move |ctx, passed| stub(ctx, passed.messages()));
    }

    /// Answers calls that have no result of their own.
    pub fn returns(&self, result: Result<R>) {
        self.0.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn returns_on_call(&self, n: usize, result: Result<R>) {
        self.0.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn delays(&self, delay: Duration) {
        self.0.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn delays_on_call(&self, n: usize, delay: Duration) {
        self.0.delays_on_call(n, delay);
    }

    /// How many calls there were.
    pub fn call_count(&self) -> usize {
        self.0.call_count()
    }

    /// The context and the requests of call `n` that have passed; panics if there was none.
    pub fn args_for_call(&self, n: usize) -> (Context, Vec<Q>) {
        let (ctx, passed) = self.0.args_for_call(n);
        (ctx, passed.messages())
    }

    /// Every call so far.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.0.calls(|passed| to_json(&passed.messages()))
    }

    /// What a fake does when it is called.
    ///
    /// # Errors
    ///
    /// The answer's, or that of the requests when they break off.
    pub async fn call(&self, ctx: &Context, mut requests: Streaming<Q>) -> Result<R> {
        let passed = Passed::default();
        let n = self.0.record(ctx, passed.clone());
        while let Some(request) = requests.next().await {
            passed.push(request?);
        }
        self.0.pause(n).await;
        self.0.answer(n, ctx, passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[tokio::test]
    async fn requests_are_recorded_as_they_pass() {
        let ctx = Context::background();
        let fake: StreamRecorder<i32, i32> = StreamRecorder::new("Fake.Sum");
        fake.stub(|_, requests| Ok(requests.iter().sum()));
        assert_eq!(fake.call(&ctx, [1, 2, 3].into_iter().collect()).await.unwrap(), 6);
        let (sender, broken) = Streaming::channel(2);
        sender.send(9).await.unwrap();
        sender.fail(Error::timeout("test", "gone")).await;
        assert_eq!(fake.call(&ctx, broken).await.unwrap_err().code, 408);
        assert_eq!(fake.args_for_call(0).1, [1, 2, 3]);
        assert_eq!(fake.args_for_call(1).1, [9]);
    }
}
