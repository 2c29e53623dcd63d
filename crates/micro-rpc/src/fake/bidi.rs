//! Streamed requests and streamed responses at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::Script;
use super::recorder::{Invocation, Recorder, to_json};
use super::stream::Passed;
use crate::{Context, Result, Streaming};

type Stub<Q, T> = Arc<dyn Fn(&Context, Streaming<Q>) -> Result<Streaming<T>> + Send + Sync>;

/// Records the calls of a method that streams both ways.
///
/// A script plays at its own pace while the requests are read and recorded. A fault ends the stream
/// at once; a script without one holds it open until the requests have ended, as a server does.
pub struct BidiRecorder<Q, T> {
    recorder: Recorder<Passed<Q>, Script<T>>,
    stub: Mutex<Option<Stub<Q, T>>>,
}

impl<Q, T> BidiRecorder<Q, T>
where
    Q: Clone + Serialize + Send + 'static,
    T: Clone + Send + 'static,
{
    /// A recorder of the method `endpoint`, such as `Chat.Join`.
    pub fn new(endpoint: &'static str) -> Self {
        BidiRecorder {
            recorder: Recorder::new(endpoint),
            stub: Mutex::new(None),
        }
    }

    /// Answers every call by `stub`, which reads the requests itself; what it reads is recorded.
    pub fn stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Streaming<Q>) -> Result<Streaming<T>> + Send + Sync + 'static,
    {
        *self.stub.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(stub));
    }

    /// Answers calls that have no result of their own.
    pub fn returns(&self, result: Result<Script<T>>) {
        self.recorder.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn returns_on_call(&self, n: usize, result: Result<Script<T>>) {
        self.recorder.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn delays(&self, delay: Duration) {
        self.recorder.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn delays_on_call(&self, n: usize, delay: Duration) {
        self.recorder.delays_on_call(n, delay);
    }

    /// How many calls there were.
    pub fn call_count(&self) -> usize {
        self.recorder.call_count()
    }

    /// The context and the requests of call `n` that have passed; panics if there was none.
    pub fn args_for_call(&self, n: usize) -> (Context, Vec<Q>) {
        let (ctx, passed) = self.recorder.args_for_call(n);
        (ctx, passed.messages())
    }

    /// Every call so far.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.recorder.calls(|passed| to_json(&passed.messages()))
    }

    /// What a fake does when it is called.
    pub async fn stream(&self, ctx: &Context, requests: Streaming<Q>) -> Result<Streaming<T>> {
        let passed = Passed::default();
        let n = self.recorder.record(ctx, passed.clone());
        self.recorder.pause(n).await;
        let requests = requests.map(move |request: Q| {
            passed.push(request.clone());
            Ok(request)
        });
        let stub = self.stub.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match stub {
            Some(stub) => stub(ctx, requests),
            None => Ok(play(self.recorder.result(n)?, requests)),
        }
    }
}

/// The script's messages while the requests are read, and the end when both have ended.
fn play<Q: Send + 'static, T: Send + 'static>(script: Script<T>, requests: Streaming<Q>) -> Streaming<T> {
    let mut requests = Some(requests);
    let mut responses = Some(script.play());
    Streaming::new(stream::poll_fn(move |cx| {
        loop {
            let request = requests.as_mut().map(|requests| requests.poll_next_unpin(cx));
            let may_continue = matches!(request, Some(Poll::Ready(_)));
            match request {
                Some(Poll::Ready(None)) => requests = None,
                Some(Poll::Ready(Some(Err(error)))) => {
                    (requests, responses) = (None, None);
                    return Poll::Ready(Some(Err(error)));
                }
                _ => {}
            }
            match responses.as_mut().map(|responses| responses.poll_next_unpin(cx)) {
                Some(Poll::Ready(Some(response))) => {
                    if response.is_err() {
                        (requests, responses) = (None, None);
                    }
                    return Poll::Ready(Some(response));
                }
                Some(Poll::Ready(None)) => responses = None,
                _ => {}
            }
            if requests.is_none() && responses.is_none() {
                return Poll::Ready(None);
            }
            // Where a request has come, another may be there without a wake-up of its own.
            if !may_continue {
                return Poll::Pending;
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[tokio::test]
    async fn a_script_plays_while_requests_pass() {
        let ctx = Context::background();
        let fake: BidiRecorder<i32, &str> = BidiRecorder::new("Fake.Chat");
        fake.returns(Ok(Script::of(["a", "b"])));
        let replies = fake.stream(&ctx, [1, 2, 3].into_iter().collect()).await.unwrap();
        assert_eq!(replies.collect().await.unwrap(), ["a", "b"]);
        assert_eq!(fake.args_for_call(0).1, [1, 2, 3]);

        let (sender, requests) = Streaming::channel(1);
        let mut replies = fake.stream(&ctx, requests).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap(), "a");
        sender.send(7).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap(), "b");
        drop(sender);
        assert!(replies.next().await.is_none());
        assert_eq!(fake.args_for_call(1).1, [7]);
    }

    #[tokio::test]
    async fn a_fault_ends_the_stream_at_once() {
        let fake: BidiRecorder<i32, i32> = BidiRecorder::new("Fake.Chat");
        fake.returns(Ok(Script::of([1]).fails(Error::internal("fake", "broken"))));
        let (_sender, requests) = Streaming::channel(1);
        let mut replies = fake.stream(&Context::background(), requests).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap(), 1);
        assert_eq!(replies.next().await.unwrap().unwrap_err().code, 500);
        assert!(replies.next().await.is_none());
    }

    #[tokio::test]
    async fn a_stub_may_answer_each_request() {
        let fake: BidiRecorder<i32, i32> = BidiRecorder::new("Fake.Echo");
        fake.stub(|_, requests| Ok(requests.map(|request| Ok(request * 10))));
        let requests = [1, 2].into_iter().collect();
        let replies = fake.stream(&Context::background(), requests).await.unwrap();
        assert_eq!(replies.collect().await.unwrap(), [10, 20]);
        assert_eq!(fake.args_for_call(0).1, [1, 2]);
    }
}
