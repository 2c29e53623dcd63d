// @generated from health.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Health`] for tests.
pub struct FakeHealth {
    check: Recorder<super::HealthCheckRequest, super::HealthCheckResponse>,
    watch: Recorder<super::HealthCheckRequest, Script<super::HealthCheckResponse>>,
}

impl Default for FakeHealth {
    fn default() -> Self {
        Self {
            check: Recorder::new("Health.Check"),
            watch: Recorder::new("Health.Watch"),
        }
    }
}

impl FakeHealth {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn check_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::HealthCheckRequest) -> Result<super::HealthCheckResponse>,
        F: Send + Sync + 'static,
    {
        self.check.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn check_returns(&self, result: Result<super::HealthCheckResponse>) {
        self.check.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn check_returns_on_call(&self, n: usize, result: Result<super::HealthCheckResponse>) {
        self.check.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn check_delays(&self, delay: Duration) {
        self.check.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn check_delays_on_call(&self, n: usize, delay: Duration) {
        self.check.delays_on_call(n, delay);
    }

    pub fn check_call_count(&self) -> usize {
        self.check.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn check_args_for_call(&self, n: usize) -> (Context, super::HealthCheckRequest) {
        self.check.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn watch_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::HealthCheckRequest) -> Result<Script<super::HealthCheckResponse>>,
        F: Send + Sync + 'static,
    {
        self.watch.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn watch_returns(&self, result: Result<Script<super::HealthCheckResponse>>) {
        self.watch.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn watch_returns_on_call(&self, n: usize, result: Result<Script<super::HealthCheckResponse>>) {
        self.watch.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn watch_delays(&self, delay: Duration) {
        self.watch.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn watch_delays_on_call(&self, n: usize, delay: Duration) {
        self.watch.delays_on_call(n, delay);
    }

    pub fn watch_call_count(&self) -> usize {
        self.watch.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn watch_args_for_call(&self, n: usize) -> (Context, super::HealthCheckRequest) {
        self.watch.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.check.invocations(), self.watch.invocations()])
    }
}

#[async_trait]
impl super::Health for FakeHealth {
    async fn check(
        &self,
        ctx: &Context,
        request: super::HealthCheckRequest,
    ) -> Result<super::HealthCheckResponse> {
        self.check.call(ctx, request).await
    }

    async fn watch(
        &self,
        ctx: &Context,
        request: super::HealthCheckRequest,
    ) -> Result<Streaming<super::HealthCheckResponse>> {
        self.watch.stream(ctx, request).await
    }
}
