// @generated from echo.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{BidiRecorder, Invocation, Recorder, Script, StreamRecorder, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Echo`] for tests.
pub struct FakeEcho {
    call: Recorder<super::Everything, super::Everything>,
    whoami: Recorder<micro_rpc::wkt::Empty, super::Identity>,
    fail: Recorder<super::Failure, micro_rpc::wkt::Empty>,
    wait: Recorder<super::Pause, micro_rpc::wkt::Empty>,
    flaky: Recorder<super::Attempts, super::Attempted>,
    once: Recorder<super::Attempts, super::Attempted>,
    count: Recorder<super::Range, Script<super::Number>>,
    sum: StreamRecorder<super::Number, super::Number>,
    chat: BidiRecorder<super::Number, super::Number>,
}

impl Default for FakeEcho {
    fn default() -> Self {
        Self {
            call: Recorder::new("Echo.Call"),
            whoami: Recorder::new("Echo.Whoami"),
            fail: Recorder::new("Echo.Fail"),
            wait: Recorder::new("Echo.Wait"),
            flaky: Recorder::new("Echo.Flaky"),
            once: Recorder::new("Echo.Once"),
            count: Recorder::new("Echo.Count"),
            sum: StreamRecorder::new("Echo.Sum"),
            chat: BidiRecorder::new("Echo.Chat"),
        }
    }
}

impl FakeEcho {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn call_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Everything) -> Result<super::Everything>,
        F: Send + Sync + 'static,
    {
        self.call.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn call_returns(&self, result: Result<super::Everything>) {
        self.call.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn call_returns_on_call(&self, n: usize, result: Result<super::Everything>) {
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
    pub fn call_args_for_call(&self, n: usize) -> (Context, super::Everything) {
        self.call.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn whoami_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, micro_rpc::wkt::Empty) -> Result<super::Identity>,
        F: Send + Sync + 'static,
    {
        self.whoami.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn whoami_returns(&self, result: Result<super::Identity>) {
        self.whoami.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn whoami_returns_on_call(&self, n: usize, result: Result<super::Identity>) {
        self.whoami.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn whoami_delays(&self, delay: Duration) {
        self.whoami.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn whoami_delays_on_call(&self, n: usize, delay: Duration) {
        self.whoami.delays_on_call(n, delay);
    }

    pub fn whoami_call_count(&self) -> usize {
        self.whoami.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn whoami_args_for_call(&self, n: usize) -> (Context, micro_rpc::wkt::Empty) {
        self.whoami.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn fail_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Failure) -> Result<micro_rpc::wkt::Empty>,
        F: Send + Sync + 'static,
    {
        self.fail.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn fail_returns(&self, result: Result<micro_rpc::wkt::Empty>) {
        self.fail.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn fail_returns_on_call(&self, n: usize, result: Result<micro_rpc::wkt::Empty>) {
        self.fail.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn fail_delays(&self, delay: Duration) {
        self.fail.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn fail_delays_on_call(&self, n: usize, delay: Duration) {
        self.fail.delays_on_call(n, delay);
    }

    pub fn fail_call_count(&self) -> usize {
        self.fail.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn fail_args_for_call(&self, n: usize) -> (Context, super::Failure) {
        self.fail.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn wait_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Pause) -> Result<micro_rpc::wkt::Empty>,
        F: Send + Sync + 'static,
    {
        self.wait.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn wait_returns(&self, result: Result<micro_rpc::wkt::Empty>) {
        self.wait.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn wait_returns_on_call(&self, n: usize, result: Result<micro_rpc::wkt::Empty>) {
        self.wait.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn wait_delays(&self, delay: Duration) {
        self.wait.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn wait_delays_on_call(&self, n: usize, delay: Duration) {
        self.wait.delays_on_call(n, delay);
    }

    pub fn wait_call_count(&self) -> usize {
        self.wait.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn wait_args_for_call(&self, n: usize) -> (Context, super::Pause) {
        self.wait.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn flaky_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Attempts) -> Result<super::Attempted>,
        F: Send + Sync + 'static,
    {
        self.flaky.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn flaky_returns(&self, result: Result<super::Attempted>) {
        self.flaky.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn flaky_returns_on_call(&self, n: usize, result: Result<super::Attempted>) {
        self.flaky.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn flaky_delays(&self, delay: Duration) {
        self.flaky.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn flaky_delays_on_call(&self, n: usize, delay: Duration) {
        self.flaky.delays_on_call(n, delay);
    }

    pub fn flaky_call_count(&self) -> usize {
        self.flaky.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn flaky_args_for_call(&self, n: usize) -> (Context, super::Attempts) {
        self.flaky.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn once_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Attempts) -> Result<super::Attempted>,
        F: Send + Sync + 'static,
    {
        self.once.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn once_returns(&self, result: Result<super::Attempted>) {
        self.once.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn once_returns_on_call(&self, n: usize, result: Result<super::Attempted>) {
        self.once.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn once_delays(&self, delay: Duration) {
        self.once.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn once_delays_on_call(&self, n: usize, delay: Duration) {
        self.once.delays_on_call(n, delay);
    }

    pub fn once_call_count(&self) -> usize {
        self.once.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn once_args_for_call(&self, n: usize) -> (Context, super::Attempts) {
        self.once.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn count_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Range) -> Result<Script<super::Number>>,
        F: Send + Sync + 'static,
    {
        self.count.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn count_returns(&self, result: Result<Script<super::Number>>) {
        self.count.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn count_returns_on_call(&self, n: usize, result: Result<Script<super::Number>>) {
        self.count.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn count_delays(&self, delay: Duration) {
        self.count.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn count_delays_on_call(&self, n: usize, delay: Duration) {
        self.count.delays_on_call(n, delay);
    }

    pub fn count_call_count(&self) -> usize {
        self.count.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn count_args_for_call(&self, n: usize) -> (Context, super::Range) {
        self.count.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn sum_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Vec<super::Number>) -> Result<super::Number>,
        F: Send + Sync + 'static,
    {
        self.sum.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn sum_returns(&self, result: Result<super::Number>) {
        self.sum.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn sum_returns_on_call(&self, n: usize, result: Result<super::Number>) {
        self.sum.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn sum_delays(&self, delay: Duration) {
        self.sum.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn sum_delays_on_call(&self, n: usize, delay: Duration) {
        self.sum.delays_on_call(n, delay);
    }

    pub fn sum_call_count(&self) -> usize {
        self.sum.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn sum_args_for_call(&self, n: usize) -> (Context, Vec<super::Number>) {
        self.sum.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn chat_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Streaming<super::Number>) -> Result<Streaming<super::Number>>,
        F: Send + Sync + 'static,
    {
        self.chat.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn chat_returns(&self, result: Result<Script<super::Number>>) {
        self.chat.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn chat_returns_on_call(&self, n: usize, result: Result<Script<super::Number>>) {
        self.chat.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn chat_delays(&self, delay: Duration) {
        self.chat.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn chat_delays_on_call(&self, n: usize, delay: Duration) {
        self.chat.delays_on_call(n, delay);
    }

    pub fn chat_call_count(&self) -> usize {
        self.chat.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn chat_args_for_call(&self, n: usize) -> (Context, Vec<super::Number>) {
        self.chat.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.call.invocations(),
            self.whoami.invocations(),
            self.fail.invocations(),
            self.wait.invocations(),
            self.flaky.invocations(),
            self.once.invocations(),
            self.count.invocations(),
            self.sum.invocations(),
            self.chat.invocations(),
        ])
    }
}

#[async_trait]
impl super::Echo for FakeEcho {
    async fn call(&self, ctx: &Context, request: super::Everything) -> Result<super::Everything> {
        self.call.call(ctx, request).await
    }

    async fn whoami(&self, ctx: &Context, request: micro_rpc::wkt::Empty) -> Result<super::Identity> {
        self.whoami.call(ctx, request).await
    }

    async fn fail(&self, ctx: &Context, request: super::Failure) -> Result<micro_rpc::wkt::Empty> {
        self.fail.call(ctx, request).await
    }

    async fn wait(&self, ctx: &Context, request: super::Pause) -> Result<micro_rpc::wkt::Empty> {
        self.wait.call(ctx, request).await
    }

    async fn flaky(&self, ctx: &Context, request: super::Attempts) -> Result<super::Attempted> {
        self.flaky.call(ctx, request).await
    }

    async fn once(&self, ctx: &Context, request: super::Attempts) -> Result<super::Attempted> {
        self.once.call(ctx, request).await
    }

    async fn count(&self, ctx: &Context, request: super::Range) -> Result<Streaming<super::Number>> {
        self.count.stream(ctx, request).await
    }

    async fn sum(&self, ctx: &Context, requests: Streaming<super::Number>) -> Result<super::Number> {
        self.sum.call(ctx, requests).await
    }

    async fn chat(
        &self,
        ctx: &Context,
        requests: Streaming<super::Number>,
    ) -> Result<Streaming<super::Number>> {
        self.chat.stream(ctx, requests).await
    }
}

/// A [`super::Mirror`] for tests.
pub struct FakeMirror {
    turn: Recorder<super::Text, super::Text>,
}

impl Default for FakeMirror {
    fn default() -> Self {
        Self {
            turn: Recorder::new("Mirror.Turn"),
        }
    }
}

impl FakeMirror {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn turn_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Text) -> Result<super::Text>,
        F: Send + Sync + 'static,
    {
        self.turn.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn turn_returns(&self, result: Result<super::Text>) {
        self.turn.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn turn_returns_on_call(&self, n: usize, result: Result<super::Text>) {
        self.turn.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn turn_delays(&self, delay: Duration) {
        self.turn.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn turn_delays_on_call(&self, n: usize, delay: Duration) {
        self.turn.delays_on_call(n, delay);
    }

    pub fn turn_call_count(&self) -> usize {
        self.turn.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn turn_args_for_call(&self, n: usize) -> (Context, super::Text) {
        self.turn.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.turn.invocations()])
    }
}

#[async_trait]
impl super::Mirror for FakeMirror {
    async fn turn(&self, ctx: &Context, request: super::Text) -> Result<super::Text> {
        self.turn.call(ctx, request).await
    }
}
