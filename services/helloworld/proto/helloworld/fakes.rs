// @generated from helloworld.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{BidiRecorder, Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Helloworld`] for tests.
pub struct FakeHelloworld {
    call: Recorder<super::Request, super::Response>,
    stream: Recorder<super::StreamingRequest, Script<super::StreamingResponse>>,
    ping_pong: BidiRecorder<super::Ping, super::Pong>,
}

impl Default for FakeHelloworld {
    fn default() -> Self {
        Self {
            call: Recorder::new("Helloworld.Call"),
            stream: Recorder::new("Helloworld.Stream"),
            ping_pong: BidiRecorder::new("Helloworld.PingPong"),
        }
    }
}

impl FakeHelloworld {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn call_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Request) -> Result<super::Response>,
        F: Send + Sync + 'static,
    {
        self.call.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn call_returns(&self, result: Result<super::Response>) {
        self.call.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn call_returns_on_call(&self, n: usize, result: Result<super::Response>) {
        self.call.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn call_delays(&self, delay: Duration) {
        self.call.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn call_delays_on_call(&self, n: usize, delay: Duration) {
        self.call.delays_on_call(n, delay);
    }

    pub fn call_call_count(&self) -> usize {
        self.call.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn call_args_for_call(&self, n: usize) -> (Context, super::Request) {
        self.call.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn stream_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::StreamingRequest) -> Result<Script<super::StreamingResponse>>,
        F: Send + Sync + 'static,
    {
        self.stream.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn stream_returns(&self, result: Result<Script<super::StreamingResponse>>) {
        self.stream.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn stream_returns_on_call(&self, n: usize, result: Result<Script<super::StreamingResponse>>) {
        self.stream.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn stream_delays(&self, delay: Duration) {
        self.stream.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn stream_delays_on_call(&self, n: usize, delay: Duration) {
        self.stream.delays_on_call(n, delay);
    }

    pub fn stream_call_count(&self) -> usize {
        self.stream.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn stream_args_for_call(&self, n: usize) -> (Context, super::StreamingRequest) {
        self.stream.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn ping_pong_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Streaming<super::Ping>) -> Result<Streaming<super::Pong>>,
        F: Send + Sync + 'static,
    {
        self.ping_pong.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn ping_pong_returns(&self, result: Result<Script<super::Pong>>) {
        self.ping_pong.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn ping_pong_returns_on_call(&self, n: usize, result: Result<Script<super::Pong>>) {
        self.ping_pong.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn ping_pong_delays(&self, delay: Duration) {
        self.ping_pong.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn ping_pong_delays_on_call(&self, n: usize, delay: Duration) {
        self.ping_pong.delays_on_call(n, delay);
    }

    pub fn ping_pong_call_count(&self) -> usize {
        self.ping_pong.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn ping_pong_args_for_call(&self, n: usize) -> (Context, Vec<super::Ping>) {
        self.ping_pong.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.call.invocations(),
            self.stream.invocations(),
            self.ping_pong.invocations(),
        ])
    }
}

#[async_trait]
impl super::Helloworld for FakeHelloworld {
    async fn call(&self, ctx: &Context, request: super::Request) -> Result<super::Response> {
        self.call.call(ctx, request).await
    }

    async fn stream(
        &self,
        ctx: &Context,
        request: super::StreamingRequest,
    ) -> Result<Streaming<super::StreamingResponse>> {
        self.stream.stream(ctx, request).await
    }

    async fn ping_pong(
        &self,
        ctx: &Context,
        requests: Streaming<super::Ping>,
    ) -> Result<Streaming<super::Pong>> {
        self.ping_pong.stream(ctx, requests).await
    }
}
