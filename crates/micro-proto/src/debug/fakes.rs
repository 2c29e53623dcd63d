// @generated from debug.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, in_order};
use micro_rpc::{Context, Result, async_trait};

/// A [`super::Debug`] for tests.
pub struct FakeDebug {
    log: Recorder<super::LogRequest, super::LogResponse>,
    health: Recorder<super::HealthRequest, super::HealthResponse>,
    stats: Recorder<super::StatsRequest, super::StatsResponse>,
    trace: Recorder<super::TraceRequest, super::TraceResponse>,
}

impl Default for FakeDebug {
    fn default() -> Self {
        Self {
            log: Recorder::new("Debug.Log"),
            health: Recorder::new("Debug.Health"),
            stats: Recorder::new("Debug.Stats"),
            trace: Recorder::new("Debug.Trace"),
        }
    }
}

impl FakeDebug {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn log_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::LogRequest) -> Result<super::LogResponse>,
        F: Send + Sync + 'static,
    {
        self.log.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn log_returns(&self, result: Result<super::LogResponse>) {
        self.log.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn log_returns_on_call(&self, n: usize, result: Result<super::LogResponse>) {
        self.log.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn log_delays(&self, delay: Duration) {
        self.log.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn log_delays_on_call(&self, n: usize, delay: Duration) {
        self.log.delays_on_call(n, delay);
    }

    pub fn log_call_count(&self) -> usize {
        self.log.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn log_args_for_call(&self, n: usize) -> (Context, super::LogRequest) {
        self.log.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn health_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::HealthRequest) -> Result<super::HealthResponse>,
        F: Send + Sync + 'static,
    {
        self.health.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn health_returns(&self, result: Result<super::HealthResponse>) {
        self.health.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn health_returns_on_call(&self, n: usize, result: Result<super::HealthResponse>) {
        self.health.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn health_delays(&self, delay: Duration) {
        self.health.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn health_delays_on_call(&self, n: usize, delay: Duration) {
        self.health.delays_on_call(n, delay);
    }

    pub fn health_call_count(&self) -> usize {
        self.health.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn health_args_for_call(&self, n: usize) -> (Context, super::HealthRequest) {
        self.health.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn stats_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::StatsRequest) -> Result<super::StatsResponse>,
        F: Send + Sync + 'static,
    {
        self.stats.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn stats_returns(&self, result: Result<super::StatsResponse>) {
        self.stats.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn stats_returns_on_call(&self, n: usize, result: Result<super::StatsResponse>) {
        self.stats.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn stats_delays(&self, delay: Duration) {
        self.stats.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn stats_delays_on_call(&self, n: usize, delay: Duration) {
        self.stats.delays_on_call(n, delay);
    }

    pub fn stats_call_count(&self) -> usize {
        self.stats.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn stats_args_for_call(&self, n: usize) -> (Context, super::StatsRequest) {
        self.stats.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn trace_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::TraceRequest) -> Result<super::TraceResponse>,
        F: Send + Sync + 'static,
    {
        self.trace.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn trace_returns(&self, result: Result<super::TraceResponse>) {
        self.trace.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn trace_returns_on_call(&self, n: usize, result: Result<super::TraceResponse>) {
        self.trace.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn trace_delays(&self, delay: Duration) {
        self.trace.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn trace_delays_on_call(&self, n: usize, delay: Duration) {
        self.trace.delays_on_call(n, delay);
    }

    pub fn trace_call_count(&self) -> usize {
        self.trace.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn trace_args_for_call(&self, n: usize) -> (Context, super::TraceRequest) {
        self.trace.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.log.invocations(),
            self.health.invocations(),
            self.stats.invocations(),
            self.trace.invocations(),
        ])
    }
}

#[async_trait]
impl super::Debug for FakeDebug {
    async fn log(&self, ctx: &Context, request: super::LogRequest) -> Result<super::LogResponse> {
        self.log.call(ctx, request).await
    }

    async fn health(&self, ctx: &Context, request: super::HealthRequest) -> Result<super::HealthResponse> {
        self.health.call(ctx, request).await
    }

    async fn stats(&self, ctx: &Context, request: super::StatsRequest) -> Result<super::StatsResponse> {
        self.stats.call(ctx, request).await
    }

    async fn trace(&self, ctx: &Context, request: super::TraceRequest) -> Result<super::TraceResponse> {
        self.trace.call(ctx, request).await
    }
}
