// @generated from web.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, in_order};
use micro_rpc::{Context, Result, async_trait};

/// A [`super::Web`] for tests.
pub struct FakeWeb {
    serve: Recorder<super::Request, super::Response>,
}

impl Default for FakeWeb {
    fn default() -> Self {
        Self {
            serve: Recorder::new("Web.Serve"),
        }
    }
}

impl FakeWeb {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn serve_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Request) -> Result<super::Response>,
        F: Send + Sync + 'static,
    {
        self.serve.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn serve_returns(&self, result: Result<super::Response>) {
        self.serve.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn serve_returns_on_call(&self, n: usize, result: Result<super::Response>) {
        self.serve.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn serve_delays(&self, delay: Duration) {
        self.serve.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn serve_delays_on_call(&self, n: usize, delay: Duration) {
        self.serve.delays_on_call(n, delay);
    }

    pub fn serve_call_count(&self) -> usize {
        self.serve.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn serve_args_for_call(&self, n: usize) -> (Context, super::Request) {
        self.serve.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.serve.invocations()])
    }
}

#[async_trait]
impl super::Web for FakeWeb {
    async fn serve(&self, ctx: &Context, request: super::Request) -> Result<super::Response> {
        self.serve.call(ctx, request).await
    }
}
