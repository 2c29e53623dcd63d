// @generated from library.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{BidiRecorder, Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Library`] for tests.
pub struct FakeLibrary {
    get: Recorder<super::Book, super::Book>,
    put: Recorder<super::Book, super::Book>,
    list: Recorder<super::Book, Script<super::Book>>,
    follow: BidiRecorder<super::Book, super::Book>,
}

impl Default for FakeLibrary {
    fn default() -> Self {
        Self {
            get: Recorder::new("Library.Get"),
            put: Recorder::new("Library.Put"),
            list: Recorder::new("Library.List"),
            follow: BidiRecorder::new("Library.Follow"),
        }
    }
}

impl FakeLibrary {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn get_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Book) -> Result<super::Book>,
        F: Send + Sync + 'static,
    {
        self.get.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn get_returns(&self, result: Result<super::Book>) {
        self.get.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn get_returns_on_call(&self, n: usize, result: Result<super::Book>) {
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
    pub fn get_args_for_call(&self, n: usize) -> (Context, super::Book) {
        self.get.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn put_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Book) -> Result<super::Book>,
        F: Send + Sync + 'static,
    {
        self.put.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn put_returns(&self, result: Result<super::Book>) {
        self.put.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn put_returns_on_call(&self, n: usize, result: Result<super::Book>) {
        self.put.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn put_delays(&self, delay: Duration) {
        self.put.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn put_delays_on_call(&self, n: usize, delay: Duration) {
        self.put.delays_on_call(n, delay);
    }

    pub fn put_call_count(&self) -> usize {
        self.put.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn put_args_for_call(&self, n: usize) -> (Context, super::Book) {
        self.put.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn list_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Book) -> Result<Script<super::Book>>,
        F: Send + Sync + 'static,
    {
        self.list.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn list_returns(&self, result: Result<Script<super::Book>>) {
        self.list.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn list_returns_on_call(&self, n: usize, result: Result<Script<super::Book>>) {
        self.list.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn list_delays(&self, delay: Duration) {
        self.list.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn list_delays_on_call(&self, n: usize, delay: Duration) {
        self.list.delays_on_call(n, delay);
    }

    pub fn list_call_count(&self) -> usize {
        self.list.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn list_args_for_call(&self, n: usize) -> (Context, super::Book) {
        self.list.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn follow_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Streaming<super::Book>) -> Result<Streaming<super::Book>>,
        F: Send + Sync + 'static,
    {
        self.follow.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn follow_returns(&self, result: Result<Script<super::Book>>) {
        self.follow.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn follow_returns_on_call(&self, n: usize, result: Result<Script<super::Book>>) {
        self.follow.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn follow_delays(&self, delay: Duration) {
        self.follow.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn follow_delays_on_call(&self, n: usize, delay: Duration) {
        self.follow.delays_on_call(n, delay);
    }

    pub fn follow_call_count(&self) -> usize {
        self.follow.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn follow_args_for_call(&self, n: usize) -> (Context, Vec<super::Book>) {
        self.follow.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.get.invocations(),
            self.put.invocations(),
            self.list.invocations(),
            self.follow.invocations(),
        ])
    }
}

#[async_trait]
impl super::Library for FakeLibrary {
    async fn get(&self, ctx: &Context, request: super::Book) -> Result<super::Book> {
        self.get.call(ctx, request).await
    }

    async fn put(&self, ctx: &Context, request: super::Book) -> Result<super::Book> {
        self.put.call(ctx, request).await
    }

    async fn list(&self, ctx: &Context, request: super::Book) -> Result<Streaming<super::Book>> {
        self.list.stream(ctx, request).await
    }

    async fn follow(
        &self,
        ctx: &Context,
        requests: Streaming<super::Book>,
    ) -> Result<Streaming<super::Book>> {
        self.follow.stream(ctx, requests).await
    }
}
