//! One request in, one answer out; the other recorders are made of this one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::Script;
use crate::{Context, Error, Streaming};

type Result<T, E = Error> = std::result::Result<T, E>;

/// Counts the calls of all fakes of the process, so that those of several can be put in order.
static SEQUENCE: AtomicU64 = AtomicU64::new(0);

/// One call of a fake.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// `User.Read`
    pub endpoint: &'static str,
    /// The request as JSON; for streamed requests the list of those that have passed.
    pub request: serde_json::Value,
    sequence: u64,
}

/// The calls of several methods, or of several fakes, in the order in which they came.
pub fn in_order(methods: impl IntoIterator<Item = Vec<Invocation>>) -> Vec<Invocation> {
    let mut all: Vec<_> = methods.into_iter().flatten().collect();
    all.sort_by_key(|call| call.sequence);
    all
}

type Stub<Q, R, E> = Arc<dyn Fn(&Context, Q) -> Result<R, E> + Send + Sync>;

/// Records the calls of one method and answers them as it was told.
///
/// ```
/// # use micro_rpc::{Context, Error, fake::Recorder};
/// # async fn f() -> micro_rpc::Result<()> {
/// let greet: Recorder<String, String> = Recorder::new("Greeter.Greet");
/// greet.returns(Ok("hello".into()));
/// greet.returns_on_call(1, Err(Error::unavailable("greeter", "asleep")));
/// assert_eq!(greet.call(&Context::background(), "John".into()).await?, "hello");
/// assert!(greet.call(&Context::background(), "Jane".into()).await.is_err());
/// assert_eq!(greet.args_for_call(1).1, "Jane");
/// # Ok(()) }
/// ```
pub struct Recorder<Q, R, E = Error> {
    endpoint: &'static str,
    state: Mutex<State<Q, R, E>>,
}

struct State<Q, R, E> {
    calls: Vec<(u64, Context, Q)>,
    stub: Option<Stub<Q, R, E>>,
    results: BTreeMap<usize, Result<R, E>>,
    default: Option<Result<R, E>>,
    delays: BTreeMap<usize, Duration>,
    delay: Duration,
}

impl<Q, R, E> Recorder<Q, R, E> {
    /// A recorder of the method `endpoint`, such as `User.Read`.
    pub fn new(endpoint: &'static str) -> Self {
        let state = State {
            calls: Vec::new(),
            stub: None,
            results: BTreeMap::new(),
            default: None,
            delays: BTreeMap::new(),
            delay: Duration::ZERO,
        };
        Recorder {
            endpoint,
            state: Mutex::new(state),
        }
    }

    /// Answers every call by `stub`, whatever other answers were set.
    pub fn stub(&self, stub: impl Fn(&Context, Q) -> Result<R, E> + Send + Sync + 'static) {
        self.state().stub = Some(Arc::new(stub));
    }

    /// Answers calls that have no result of their own.
    pub fn returns(&self, result: Result<R, E>) {
        self.state().default = Some(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn returns_on_call(&self, n: usize, result: Result<R, E>) {
        self.state().results.insert(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn delays(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// Lets call `n` wait.
    pub fn delays_on_call(&self, n: usize, delay: Duration) {
        self.state().delays.insert(n, delay);
    }

    /// How many calls there were, those included that still wait for their answer.
    pub fn call_count(&self) -> usize {
        self.state().calls.len()
    }

    // A test that panicked elsewhere must not hide behind a poisoned lock.
    fn state(&self) -> MutexGuard<'_, State<Q, R, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn pause(&self, n: usize) {
        let delay = {
            let state = self.state();
            state.delays.get(&n).copied().unwrap_or(state.delay)
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }
}

impl<Q: Clone, R: Clone, E: Clone> Recorder<Q, R, E> {
    /// The answer that a call was told to get; `None` where it was told none, and the fake has one of its own.
    pub async fn told(&self, ctx: &Context, request: Q) -> Option<Result<R, E>> {
        let n = self.record(ctx, request.clone());
        self.pause(n).await;
        self.decided(n, ctx, request)
    }

    fn decided(&self, n: usize, ctx: &Context, request: Q) -> Option<Result<R, E>> {
        // The stub runs outside the lock: it may ask the fake itself.
        let stub = self.state().stub.clone();
        match stub {
            Some(stub) => Some(stub(ctx, request)),
            None => self.set(n),
        }
    }

    /// The context and the request of call `n`, counted from 0.
    ///
    /// # Panics
    ///
    /// When there was no such call.
    pub fn args_for_call(&self, n: usize) -> (Context, Q) {
        let state = self.state();
        match state.calls.get(n) {
            Some((_, ctx, request)) => (ctx.clone(), request.clone()),
            None => panic!(
                "{} was called {} times, no call {n}",
                self.endpoint,
                state.calls.len()
            ),
        }
    }

    pub(super) fn record(&self, ctx: &Context, request: Q) -> usize {
        let mut state = self.state();
        let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
        state.calls.push((sequence, ctx.clone(), request));
        state.calls.len() - 1
    }

    fn set(&self, n: usize) -> Option<Result<R, E>> {
        let state = self.state();
        state.results.get(&n).or(state.default.as_ref()).cloned()
    }

    /// Every call so far, with its request in the form that `json` gives it.
    pub fn calls(&self, json: impl Fn(&Q) -> serde_json::Value) -> Vec<Invocation> {
        let state = self.state();
        let invocation = |(sequence, _, request): &(u64, Context, Q)| Invocation {
            endpoint: self.endpoint,
            request: json(request),
            sequence: *sequence,
        };
        state.calls.iter().map(invocation).collect()
    }
}

impl<Q: Clone, R: Clone + Default> Recorder<Q, R> {
    /// What a fake does when it is called.
    pub async fn call(&self, ctx: &Context, request: Q) -> Result<R> {
        self.told(ctx, request).await.unwrap_or_else(|| Ok(R::default()))
    }

    pub(super) fn answer(&self, n: usize, ctx: &Context, request: Q) -> Result<R> {
        self.decided(n, ctx, request).unwrap_or_else(|| Ok(R::default()))
    }

    pub(super) fn result(&self, n: usize) -> Result<R> {
        self.set(n).unwrap_or_else(|| Ok(R::default()))
    }
}

impl<Q: Clone + Serialize, R: Clone + Default> Recorder<Q, R> {
    /// Every call so far.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.calls(to_json)
    }
}

impl<Q: Clone, T: Clone + Send + 'static> Recorder<Q, Script<T>> {
    /// What a fake does when it is called and the answer is a stream.
    pub async fn stream(&self, ctx: &Context, request: Q) -> Result<Streaming<T>> {
        Ok(self.call(ctx, request).await?.play())
    }
}

pub(super) fn to_json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_else(|error| error.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_in_order_of_precedence() {
        let ctx = Context::background();
        let fake: Recorder<i32, i32> = Recorder::new("Fake.Double");
        assert_eq!(fake.call(&ctx, 1).await.unwrap(), 0);
        fake.returns(Ok(7));
        fake.returns_on_call(2, Err(Error::conflict("fake", "twice")));
        assert_eq!(fake.call(&ctx, 2).await.unwrap(), 7);
        assert_eq!(fake.call(&ctx, 3).await.unwrap_err().code, 409);
        fake.stub(|_, request| Ok(request * 2));
        assert_eq!(fake.call(&ctx, 4).await.unwrap(), 8);
        assert_eq!((fake.call_count(), fake.args_for_call(2).1), (4, 3));
    }

    #[tokio::test]
    async fn invocations_of_several_fakes_come_in_order() {
        let ctx = Context::background();
        let (a, b): (Recorder<i32, i32>, Recorder<i32, i32>) = (Recorder::new("A.A"), Recorder::new("B.B"));
        a.call(&ctx, 1).await.unwrap();
        b.call(&ctx, 2).await.unwrap();
        a.call(&ctx, 3).await.unwrap();
        let calls = in_order([a.invocations(), b.invocations()]);
        let calls: Vec<_> = calls
            .iter()
            .map(|it| (it.endpoint, it.request.as_i64()))
            .collect();
        assert_eq!(calls, [("A.A", Some(1)), ("B.B", Some(2)), ("A.A", Some(3))]);
    }

    #[tokio::test]
    async fn a_call_waits_as_long_as_told() {
        let fake: Arc<Recorder<i32, i32>> = Arc::new(Recorder::new("Fake.Slow"));
        fake.delays_on_call(0, Duration::from_secs(3600));
        let waiting = tokio::spawn({
            let fake = fake.clone();
            async move { fake.call(&Context::background(), 1).await }
        });
        while fake.call_count() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(fake.call(&Context::background(), 2).await.unwrap(), 0);
        assert!(!waiting.is_finished());
        waiting.abort();
    }
}
