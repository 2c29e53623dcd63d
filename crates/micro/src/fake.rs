//! Test doubles of the building blocks, and what they are made of.
//!
//! Each records its calls and answers them as it is told, by the same rules as the generated ones: by the stub, else by what was set
//! for the number of the call, else by what was set for all; and where nothing was, it does what the block does, in
//! memory, so that a test says only what matters to it.
//!
//! ```
//! # async fn f() -> micro::Result<()> {
//! use micro::store::{Error, FakeStore, Record, Scope, Store};
//!
//! let store = FakeStore::new();
//! store.commits.returns_on_call(1, Err(Error::unavailable("disk full")));
//! let scope = Scope::new("micro", "user");
//! store.write(&scope, Record::new("1", "Alice")).await?;
//! assert!(store.write(&scope, Record::new("2", "Bob")).await.is_err());
//! assert_eq!(store.commits.call_count(), 2);
//! assert_eq!(store.read(&scope, "1").await?.value, "Alice");
//! # Ok(()) }
//! ```

use std::fmt::Debug;
use std::time::Duration;

use micro_rpc::{Context, Error};

pub use micro_rpc::fake::*;

/// One action of a block that is faked: what it was asked, and what it is to answer.
pub struct Spy<Q, R, E = Error>(Recorder<Q, R, E>);

impl<Q, R, E> Spy<Q, R, E> {
    /// A spy on an action such as `Store.Commit`.
    pub fn new(action: &'static str) -> Self {
        Self(Recorder::new(action))
    }

    /// Answers every call by `stub`, whatever other answers were set.
    pub fn stub(&self, stub: impl Fn(Q) -> Result<R, E> + Send + Sync + 'static) {
        self.0.stub(move |_, asked| stub(asked));
    }

    /// Answers calls that have no answer of their own.
    pub fn returns(&self, result: Result<R, E>) {
        self.0.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn returns_on_call(&self, n: usize, result: Result<R, E>) {
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

    /// How many calls there were, those included that still wait for their answer.
    pub fn call_count(&self) -> usize {
        self.0.call_count()
    }
}

impl<Q: Clone, R: Clone, E: Clone> Spy<Q, R, E> {
    /// What call `n`, counted from 0, was about.
    ///
    /// # Panics
    ///
    /// When there was no such call.
    pub fn args_for_call(&self, n: usize) -> Q {
        self.0.args_for_call(n).1
    }

    /// Records a call; `None` where it is to be answered as the block does.
    pub(crate) async fn told(&self, asked: Q) -> Option<Result<R, E>> {
        self.0.told(&Context::background(), asked).await
    }

    /// Records a call and answers it, by `otherwise` where nothing was set.
    pub(crate) async fn call(&self, asked: Q, otherwise: impl Future<Output = Result<R, E>>) -> Result<R, E> {
        match self.told(asked).await {
            Some(told) => told,
            None => otherwise.await,
        }
    }
}

impl<Q: Clone + Debug, R: Clone, E: Clone> Spy<Q, R, E> {
    /// Every call so far, with what it was about as text.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.0.calls(|asked| format!("{asked:?}").into())
    }
}
