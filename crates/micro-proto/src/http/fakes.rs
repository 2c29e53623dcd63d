// @generated from http.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{BidiRecorder, Invocation, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Http`] for tests.
pub struct FakeHttp {
    handle: BidiRecorder<super::Request, super::Response>,
}

impl Default for FakeHttp {
    fn default() -> Self {
        Self {
            handle: BidiRecorder::new("Http.Handle"),
        }
    }
}

impl FakeHttp {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn handle_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Streaming<super::Request>) -> Result<Streaming<super::Response>>,
        F: Send + Sync + 'static,
    {
        self.handle.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn handle_returns(&self, result: Result<Script<super::Response>>) {
        self.handle.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn handle_returns_on_call(&self, n: usize, result: Result<Script<super::Response>>) {
        self.handle.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn handle_delays(&self, delay: Duration) {
        self.handle.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn handle_delays_on_call(&self, n: usize, delay: Duration) {
        self.handle.delays_on_call(n, delay);
    }

    pub fn handle_call_count(&self) -> usize {
        self.handle.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn handle_args_for_call(&self, n: usize) -> (Context, Vec<super::Request>) {
        self.handle.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.handle.invocations()])
    }
}

#[async_trait]
impl super::Http for FakeHttp {
    async fn handle(
        &self,
        ctx: &Context,
        requests: Streaming<super::Request>,
    ) -> Result<Streaming<super::Response>> {
        self.handle.stream(ctx, requests).await
    }
}
