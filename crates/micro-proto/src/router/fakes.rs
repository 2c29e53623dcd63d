// @generated from router.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Router`] for tests.
pub struct FakeRouter {
    lookup: Recorder<super::LookupRequest, super::LookupResponse>,
    watch: Recorder<super::WatchRequest, Script<super::Event>>,
}

impl Default for FakeRouter {
    fn default() -> Self {
        Self {
            lookup: Recorder::new("Router.Lookup"),
            watch: Recorder::new("Router.Watch"),
        }
    }
}

impl FakeRouter {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn lookup_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::LookupRequest) -> Result<super::LookupResponse>,
        F: Send + Sync + 'static,
    {
        self.lookup.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn lookup_returns(&self, result: Result<super::LookupResponse>) {
        self.lookup.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn lookup_returns_on_call(&self, n: usize, result: Result<super::LookupResponse>) {
        self.lookup.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn lookup_delays(&self, delay: Duration) {
        self.lookup.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn lookup_delays_on_call(&self, n: usize, delay: Duration) {
        self.lookup.delays_on_call(n, delay);
    }

    pub fn lookup_call_count(&self) -> usize {
        self.lookup.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn lookup_args_for_call(&self, n: usize) -> (Context, super::LookupRequest) {
        self.lookup.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn watch_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::WatchRequest) -> Result<Script<super::Event>>,
        F: Send + Sync + 'static,
    {
        self.watch.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn watch_returns(&self, result: Result<Script<super::Event>>) {
        self.watch.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn watch_returns_on_call(&self, n: usize, result: Result<Script<super::Event>>) {
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
        in_order([self.lookup.invocations(), self.watch.invocations()])
    }
}

#[async_trait]
impl super::Router for FakeRouter {
    async fn lookup(&self, ctx: &Context, request: super::LookupRequest) -> Result<super::LookupResponse> {
        self.lookup.call(ctx, request).await
    }

    async fn watch(&self, ctx: &Context, request: super::WatchRequest) -> Result<Streaming<super::Event>> {
        self.watch.stream(ctx, request).await
    }
}

/// A [`super::Table`] for tests.
pub struct FakeTable {
    create: Recorder<super::Route, super::CreateResponse>,
    delete: Recorder<super::Route, super::DeleteResponse>,
    update: Recorder<super::Route, super::UpdateResponse>,
    read: Recorder<super::ReadRequest, super::ReadResponse>,
}

impl Default for FakeTable {
    fn default() -> Self {
        Self {
            create: Recorder::new("Table.Create"),
            delete: Recorder::new("Table.Delete"),
            update: Recorder::new("Table.Update"),
            read: Recorder::new("Table.Read"),
        }
    }
}

impl FakeTable {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn create_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Route) -> Result<super::CreateResponse>,
        F: Send + Sync + 'static,
    {
        self.create.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn create_returns(&self, result: Result<super::CreateResponse>) {
        self.create.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn create_returns_on_call(&self, n: usize, result: Result<super::CreateResponse>) {
        self.create.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn create_delays(&self, delay: Duration) {
        self.create.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn create_delays_on_call(&self, n: usize, delay: Duration) {
        self.create.delays_on_call(n, delay);
    }

    pub fn create_call_count(&self) -> usize {
        self.create.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn create_args_for_call(&self, n: usize) -> (Context, super::Route) {
        self.create.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn delete_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Route) -> Result<super::DeleteResponse>,
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
    pub fn delete_args_for_call(&self, n: usize) -> (Context, super::Route) {
        self.delete.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn update_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Route) -> Result<super::UpdateResponse>,
        F: Send + Sync + 'static,
    {
        self.update.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn update_returns(&self, result: Result<super::UpdateResponse>) {
        self.update.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn update_returns_on_call(&self, n: usize, result: Result<super::UpdateResponse>) {
        self.update.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn update_delays(&self, delay: Duration) {
        self.update.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn update_delays_on_call(&self, n: usize, delay: Duration) {
        self.update.delays_on_call(n, delay);
    }

    pub fn update_call_count(&self) -> usize {
        self.update.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn update_args_for_call(&self, n: usize) -> (Context, super::Route) {
        self.update.args_for_call(n)
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

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.create.invocations(),
            self.delete.invocations(),
            self.update.invocations(),
            self.read.invocations(),
        ])
    }
}

#[async_trait]
impl super::Table for FakeTable {
    async fn create(&self, ctx: &Context, request: super::Route) -> Result<super::CreateResponse> {
        self.create.call(ctx, request).await
    }

    async fn delete(&self, ctx: &Context, request: super::Route) -> Result<super::DeleteResponse> {
        self.delete.call(ctx, request).await
    }

    async fn update(&self, ctx: &Context, request: super::Route) -> Result<super::UpdateResponse> {
        self.update.call(ctx, request).await
    }

    async fn read(&self, ctx: &Context, request: super::ReadRequest) -> Result<super::ReadResponse> {
        self.read.call(ctx, request).await
    }
}
