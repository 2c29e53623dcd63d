// @generated from registry.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Registry`] for tests.
pub struct FakeRegistry {
    get_service: Recorder<super::GetRequest, super::GetResponse>,
    register: Recorder<super::Service, super::EmptyResponse>,
    deregister: Recorder<super::Service, super::EmptyResponse>,
    list_services: Recorder<super::ListRequest, super::ListResponse>,
    watch: Recorder<super::WatchRequest, Script<super::Result>>,
}

impl Default for FakeRegistry {
    fn default() -> Self {
        Self {
            get_service: Recorder::new("Registry.GetService"),
            register: Recorder::new("Registry.Register"),
            deregister: Recorder::new("Registry.Deregister"),
            list_services: Recorder::new("Registry.ListServices"),
            watch: Recorder::new("Registry.Watch"),
        }
    }
}

impl FakeRegistry {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn get_service_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::GetRequest) -> Result<super::GetResponse>,
        F: Send + Sync + 'static,
    {
        self.get_service.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn get_service_returns(&self, result: Result<super::GetResponse>) {
        self.get_service.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn get_service_returns_on_call(&self, n: usize, result: Result<super::GetResponse>) {
        self.get_service.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn get_service_delays(&self, delay: Duration) {
        self.get_service.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn get_service_delays_on_call(&self, n: usize, delay: Duration) {
        self.get_service.delays_on_call(n, delay);
    }

    pub fn get_service_call_count(&self) -> usize {
        self.get_service.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn get_service_args_for_call(&self, n: usize) -> (Context, super::GetRequest) {
        self.get_service.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn register_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Service) -> Result<super::EmptyResponse>,
        F: Send + Sync + 'static,
    {
        self.register.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn register_returns(&self, result: Result<super::EmptyResponse>) {
        self.register.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn register_returns_on_call(&self, n: usize, result: Result<super::EmptyResponse>) {
        self.register.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn register_delays(&self, delay: Duration) {
        self.register.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn register_delays_on_call(&self, n: usize, delay: Duration) {
        self.register.delays_on_call(n, delay);
    }

    pub fn register_call_count(&self) -> usize {
        self.register.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn register_args_for_call(&self, n: usize) -> (Context, super::Service) {
        self.register.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn deregister_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Service) -> Result<super::EmptyResponse>,
        F: Send + Sync + 'static,
    {
        self.deregister.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn deregister_returns(&self, result: Result<super::EmptyResponse>) {
        self.deregister.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn deregister_returns_on_call(&self, n: usize, result: Result<super::EmptyResponse>) {
        self.deregister.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn deregister_delays(&self, delay: Duration) {
        self.deregister.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn deregister_delays_on_call(&self, n: usize, delay: Duration) {
        self.deregister.delays_on_call(n, delay);
    }

    pub fn deregister_call_count(&self) -> usize {
        self.deregister.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn deregister_args_for_call(&self, n: usize) -> (Context, super::Service) {
        self.deregister.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn list_services_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ListRequest) -> Result<super::ListResponse>,
        F: Send + Sync + 'static,
    {
        self.list_services.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn list_services_returns(&self, result: Result<super::ListResponse>) {
        self.list_services.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn list_services_returns_on_call(&self, n: usize, result: Result<super::ListResponse>) {
        self.list_services.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn list_services_delays(&self, delay: Duration) {
        self.list_services.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn list_services_delays_on_call(&self, n: usize, delay: Duration) {
        self.list_services.delays_on_call(n, delay);
    }

    pub fn list_services_call_count(&self) -> usize {
        self.list_services.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn list_services_args_for_call(&self, n: usize) -> (Context, super::ListRequest) {
        self.list_services.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn watch_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::WatchRequest) -> Result<Script<super::Result>>,
        F: Send + Sync + 'static,
    {
        self.watch.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn watch_returns(&self, result: Result<Script<super::Result>>) {
        self.watch.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn watch_returns_on_call(&self, n: usize, result: Result<Script<super::Result>>) {
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
            self.get_service.invocations(),
            self.register.invocations(),
            self.deregister.invocations(),
            self.list_services.invocations(),
            self.watch.invocations(),
        ])
    }
}

#[async_trait]
impl super::Registry for FakeRegistry {
    async fn get_service(&self, ctx: &Context, request: super::GetRequest) -> Result<super::GetResponse> {
        self.get_service.call(ctx, request).await
    }

    async fn register(&self, ctx: &Context, request: super::Service) -> Result<super::EmptyResponse> {
        self.register.call(ctx, request).await
    }

    async fn deregister(&self, ctx: &Context, request: super::Service) -> Result<super::EmptyResponse> {
        self.deregister.call(ctx, request).await
    }

    async fn list_services(&self, ctx: &Context, request: super::ListRequest) -> Result<super::ListResponse> {
        self.list_services.call(ctx, request).await
    }

    async fn watch(&self, ctx: &Context, request: super::WatchRequest) -> Result<Streaming<super::Result>> {
        self.watch.stream(ctx, request).await
    }
}
