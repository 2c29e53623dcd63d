// @generated from config.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Config`] for tests.
pub struct FakeConfig {
    get: Recorder<super::GetRequest, super::GetResponse>,
    set: Recorder<super::SetRequest, super::SetResponse>,
    delete: Recorder<super::DeleteRequest, super::DeleteResponse>,
    read: Recorder<super::ReadRequest, super::ReadResponse>,
    watch: Recorder<super::WatchRequest, Script<super::WatchResponse>>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            get: Recorder::new("Config.Get"),
            set: Recorder::new("Config.Set"),
            delete: Recorder::new("Config.Delete"),
            read: Recorder::new("Config.Read"),
            watch: Recorder::new("Config.Watch"),
        }
    }
}

impl FakeConfig {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn get_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::GetRequest) -> Result<super::GetResponse>,
        F: Send + Sync + 'static,
    {
        self.get.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn get_returns(&self, result: Result<super::GetResponse>) {
        self.get.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn get_returns_on_call(&self, n: usize, result: Result<super::GetResponse>) {
        self.get.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn get_delays(&self, delay: Duration) {
        self.get.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn get_delays_on_call(&self, n: usize, delay: Duration) {
        self.get.delays_on_call(n, delay);
    }

    pub fn get_call_count(&self) -> usize {
        self.get.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn get_args_for_call(&self, n: usize) -> (Context, super::GetRequest) {
        self.get.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn set_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::SetRequest) -> Result<super::SetResponse>,
        F: Send + Sync + 'static,
    {
        self.set.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn set_returns(&self, result: Result<super::SetResponse>) {
        self.set.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn set_returns_on_call(&self, n: usize, result: Result<super::SetResponse>) {
        self.set.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn set_delays(&self, delay: Duration) {
        self.set.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn set_delays_on_call(&self, n: usize, delay: Duration) {
        self.set.delays_on_call(n, delay);
    }

    pub fn set_call_count(&self) -> usize {
        self.set.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn set_args_for_call(&self, n: usize) -> (Context, super::SetRequest) {
        self.set.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn delete_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::DeleteRequest) -> Result<super::DeleteResponse>,
        F: Send + Sync + 'static,
    {
        self.delete.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn delete_returns(&self, result: Result<super::DeleteResponse>) {
        self.delete.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn delete_returns_on_call(&self, n: usize, result: Result<super::DeleteResponse>) {
        self.delete.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn delete_delays(&self, delay: Duration) {
        self.delete.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn delete_delays_on_call(&self, n: usize, delay: Duration) {
        self.delete.delays_on_call(n, delay);
    }

    pub fn delete_call_count(&self) -> usize {
        self.delete.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn delete_args_for_call(&self, n: usize) -> (Context, super::DeleteRequest) {
        self.delete.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn read_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ReadRequest) -> Result<super::ReadResponse>,
        F: Send + Sync + 'static,
    {
        self.read.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn read_returns(&self, result: Result<super::ReadResponse>) {
        self.read.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn read_returns_on_call(&self, n: usize, result: Result<super::ReadResponse>) {
        self.read.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn read_delays(&self, delay: Duration) {
        self.read.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn read_delays_on_call(&self, n: usize, delay: Duration) {
        self.read.delays_on_call(n, delay);
    }

    pub fn read_call_count(&self) -> usize {
        self.read.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn read_args_for_call(&self, n: usize) -> (Context, super::ReadRequest) {
        self.read.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn watch_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::WatchRequest) -> Result<Script<super::WatchResponse>>,
        F: Send + Sync + 'static,
    {
        self.watch.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn watch_returns(&self, result: Result<Script<super::WatchResponse>>) {
        self.watch.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn watch_returns_on_call(&self, n: usize, result: Result<Script<super::WatchResponse>>) {
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
    pub fn watch_args_for_call(&self, n: usize) -> (Context, super::WatchRequest) {
        self.watch.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.get.invocations(),
            self.set.invocations(),
            self.delete.invocations(),
            self.read.invocations(),
            self.watch.invocations(),
        ])
    }
}

#[async_trait]
impl super::Config for FakeConfig {
    async fn get(&self, ctx: &Context, request: super::GetRequest) -> Result<super::GetResponse> {
        self.get.call(ctx, request).await
    }

    async fn set(&self, ctx: &Context, request: super::SetRequest) -> Result<super::SetResponse> {
        self.set.call(ctx, request).await
    }

    async fn delete(&self, ctx: &Context, request: super::DeleteRequest) -> Result<super::DeleteResponse> {
        self.delete.call(ctx, request).await
    }

    async fn read(&self, ctx: &Context, request: super::ReadRequest) -> Result<super::ReadResponse> {
        self.read.call(ctx, request).await
    }

    async fn watch(
        &self,
        ctx: &Context,
        request: super::WatchRequest,
    ) -> Result<Streaming<super::WatchResponse>> {
        self.watch.stream(ctx, request).await
    }
}
