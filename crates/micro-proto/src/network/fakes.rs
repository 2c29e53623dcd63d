// @generated from network.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, in_order};
use micro_rpc::{Context, Result, async_trait};

/// A [`super::Network`] for tests.
pub struct FakeNetwork {
    connect: Recorder<super::ConnectRequest, super::ConnectResponse>,
    graph: Recorder<super::GraphRequest, super::GraphResponse>,
    nodes: Recorder<super::NodesRequest, super::NodesResponse>,
    routes: Recorder<super::RoutesRequest, super::RoutesResponse>,
    services: Recorder<super::ServicesRequest, super::ServicesResponse>,
    status: Recorder<super::StatusRequest, super::StatusResponse>,
}

impl Default for FakeNetwork {
    fn default() -> Self {
        Self {
            connect: Recorder::new("Network.Connect"),
            graph: Recorder::new("Network.Graph"),
            nodes: Recorder::new("Network.Nodes"),
            routes: Recorder::new("Network.Routes"),
            services: Recorder::new("Network.Services"),
            status: Recorder::new("Network.Status"),
        }
    }
}

impl FakeNetwork {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn connect_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ConnectRequest) -> Result<super::ConnectResponse>,
        F: Send + Sync + 'static,
    {
        self.connect.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn connect_returns(&self, result: Result<super::ConnectResponse>) {
        self.connect.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn connect_returns_on_call(&self, n: usize, result: Result<super::ConnectResponse>) {
        self.connect.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn connect_delays(&self, delay: Duration) {
        self.connect.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn connect_delays_on_call(&self, n: usize, delay: Duration) {
        self.connect.delays_on_call(n, delay);
    }

    pub fn connect_call_count(&self) -> usize {
        self.connect.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn connect_args_for_call(&self, n: usize) -> (Context, super::ConnectRequest) {
        self.connect.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn graph_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::GraphRequest) -> Result<super::GraphResponse>,
        F: Send + Sync + 'static,
    {
        self.graph.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn graph_returns(&self, result: Result<super::GraphResponse>) {
        self.graph.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn graph_returns_on_call(&self, n: usize, result: Result<super::GraphResponse>) {
        self.graph.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn graph_delays(&self, delay: Duration) {
        self.graph.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn graph_delays_on_call(&self, n: usize, delay: Duration) {
        self.graph.delays_on_call(n, delay);
    }

    pub fn graph_call_count(&self) -> usize {
        self.graph.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn graph_args_for_call(&self, n: usize) -> (Context, super::GraphRequest) {
        self.graph.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn nodes_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::NodesRequest) -> Result<super::NodesResponse>,
        F: Send + Sync + 'static,
    {
        self.nodes.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn nodes_returns(&self, result: Result<super::NodesResponse>) {
        self.nodes.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn nodes_returns_on_call(&self, n: usize, result: Result<super::NodesResponse>) {
        self.nodes.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn nodes_delays(&self, delay: Duration) {
        self.nodes.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn nodes_delays_on_call(&self, n: usize, delay: Duration) {
        self.nodes.delays_on_call(n, delay);
    }

    pub fn nodes_call_count(&self) -> usize {
        self.nodes.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn nodes_args_for_call(&self, n: usize) -> (Context, super::NodesRequest) {
        self.nodes.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn routes_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::RoutesRequest) -> Result<super::RoutesResponse>,
        F: Send + Sync + 'static,
    {
        self.routes.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn routes_returns(&self, result: Result<super::RoutesResponse>) {
        self.routes.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn routes_returns_on_call(&self, n: usize, result: Result<super::RoutesResponse>) {
        self.routes.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn routes_delays(&self, delay: Duration) {
        self.routes.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn routes_delays_on_call(&self, n: usize, delay: Duration) {
        self.routes.delays_on_call(n, delay);
    }

    pub fn routes_call_count(&self) -> usize {
        self.routes.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn routes_args_for_call(&self, n: usize) -> (Context, super::RoutesRequest) {
        self.routes.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn services_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ServicesRequest) -> Result<super::ServicesResponse>,
        F: Send + Sync + 'static,
    {
        self.services.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn services_returns(&self, result: Result<super::ServicesResponse>) {
        self.services.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn services_returns_on_call(&self, n: usize, result: Result<super::ServicesResponse>) {
        self.services.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn services_delays(&self, delay: Duration) {
        self.services.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn services_delays_on_call(&self, n: usize, delay: Duration) {
        self.services.delays_on_call(n, delay);
    }

    pub fn services_call_count(&self) -> usize {
        self.services.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn services_args_for_call(&self, n: usize) -> (Context, super::ServicesRequest) {
        self.services.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn status_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::StatusRequest) -> Result<super::StatusResponse>,
        F: Send + Sync + 'static,
    {
        self.status.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn status_returns(&self, result: Result<super::StatusResponse>) {
        self.status.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn status_returns_on_call(&self, n: usize, result: Result<super::StatusResponse>) {
        self.status.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn status_delays(&self, delay: Duration) {
        self.status.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn status_delays_on_call(&self, n: usize, delay: Duration) {
        self.status.delays_on_call(n, delay);
    }

    pub fn status_call_count(&self) -> usize {
        self.status.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn status_args_for_call(&self, n: usize) -> (Context, super::StatusRequest) {
        self.status.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.connect.invocations(),
            self.graph.invocations(),
            self.nodes.invocations(),
            self.routes.invocations(),
            self.services.invocations(),
            self.status.invocations(),
        ])
    }
}

#[async_trait]
impl super::Network for FakeNetwork {
    async fn connect(&self, ctx: &Context, request: super::ConnectRequest) -> Result<super::ConnectResponse> {
        self.connect.call(ctx, request).await
    }

    async fn graph(&self, ctx: &Context, request: super::GraphRequest) -> Result<super::GraphResponse> {
        self.graph.call(ctx, request).await
    }

    async fn nodes(&self, ctx: &Context, request: super::NodesRequest) -> Result<super::NodesResponse> {
        self.nodes.call(ctx, request).await
    }

    async fn routes(&self, ctx: &Context, request: super::RoutesRequest) -> Result<super::RoutesResponse> {
        self.routes.call(ctx, request).await
    }

    async fn services(
        &self,
        ctx: &Context,
        request: super::ServicesRequest,
    ) -> Result<super::ServicesResponse> {
        self.services.call(ctx, request).await
    }

    async fn status(&self, ctx: &Context, request: super::StatusRequest) -> Result<super::StatusResponse> {
        self.status.call(ctx, request).await
    }
}
