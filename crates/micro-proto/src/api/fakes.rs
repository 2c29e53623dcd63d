// @generated from api.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, in_order};
use micro_rpc::{Context, Result, async_trait};

/// A [`super::Api`] for tests.
pub struct FakeApi {
    add_to_block_list: Recorder<super::AddToBlockListRequest, super::AddToBlockListResponse>,
    remove_from_block_list: Recorder<super::RemoveFromBlockListRequest, super::RemoveFromBlockListResponse>,
    read_block_list: Recorder<super::ReadBlockListRequest, super::ReadBlockListResponse>,
}

impl Default for FakeApi {
    fn default() -> Self {
        Self {
            add_to_block_list: Recorder::new("Api.AddToBlockList"),
            remove_from_block_list: Recorder::new("Api.RemoveFromBlockList"),
            read_block_list: Recorder::new("Api.ReadBlockList"),
        }
    }
}

impl FakeApi {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn add_to_block_list_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::AddToBlockListRequest) -> Result<super::AddToBlockListResponse>,
        F: Send + Sync + 'static,
    {
        self.add_to_block_list.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn add_to_block_list_returns(&self, result: Result<super::AddToBlockListResponse>) {
        self.add_to_block_list.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn add_to_block_list_returns_on_call(&self, n: usize, result: Result<super::AddToBlockListResponse>) {
        self.add_to_block_list.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn add_to_block_list_delays(&self, delay: Duration) {
        self.add_to_block_list.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn add_to_block_list_delays_on_call(&self, n: usize, delay: Duration) {
        self.add_to_block_list.delays_on_call(n, delay);
    }

    pub fn add_to_block_list_call_count(&self) -> usize {
        self.add_to_block_list.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn add_to_block_list_args_for_call(&self, n: usize) -> (Context, super::AddToBlockListRequest) {
        self.add_to_block_list.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn remove_from_block_list_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::RemoveFromBlockListRequest) -> Result<super::RemoveFromBlockListResponse>,
        F: Send + Sync + 'static,
    {
        self.remove_from_block_list.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn remove_from_block_list_returns(&self, result: Result<super::RemoveFromBlockListResponse>) {
        self.remove_from_block_list.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn remove_from_block_list_returns_on_call(
        &self,
        n: usize,
        result: Result<super::RemoveFromBlockListResponse>,
    ) {
        self.remove_from_block_list.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn remove_from_block_list_delays(&self, delay: Duration) {
        self.remove_from_block_list.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn remove_from_block_list_delays_on_call(&self, n: usize, delay: Duration) {
        self.remove_from_block_list.delays_on_call(n, delay);
    }

    pub fn remove_from_block_list_call_count(&self) -> usize {
        self.remove_from_block_list.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn remove_from_block_list_args_for_call(
        &self,
        n: usize,
    ) -> (Context, super::RemoveFromBlockListRequest) {
        self.remove_from_block_list.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn read_block_list_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ReadBlockListRequest) -> Result<super::ReadBlockListResponse>,
        F: Send + Sync + 'static,
    {
        self.read_block_list.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn read_block_list_returns(&self, result: Result<super::ReadBlockListResponse>) {
        self.read_block_list.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn read_block_list_returns_on_call(&self, n: usize, result: Result<super::ReadBlockListResponse>) {
        self.read_block_list.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn read_block_list_delays(&self, delay: Duration) {
        self.read_block_list.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn read_block_list_delays_on_call(&self, n: usize, delay: Duration) {
        self.read_block_list.delays_on_call(n, delay);
    }

    pub fn read_block_list_call_count(&self) -> usize {
        self.read_block_list.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn read_block_list_args_for_call(&self, n: usize) -> (Context, super::ReadBlockListRequest) {
        self.read_block_list.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.add_to_block_list.invocations(),
            self.remove_from_block_list.invocations(),
            self.read_block_list.invocations(),
        ])
    }
}

#[async_trait]
impl super::Api for FakeApi {
    async fn add_to_block_list(
        &self,
        ctx: &Context,
        request: super::AddToBlockListRequest,
    ) -> Result<super::AddToBlockListResponse> {
        self.add_to_block_list.call(ctx, request).await
    }

    async fn remove_from_block_list(
        &self,
        ctx: &Context,
        request: super::RemoveFromBlockListRequest,
    ) -> Result<super::RemoveFromBlockListResponse> {
        self.remove_from_block_list.call(ctx, request).await
    }

    async fn read_block_list(
        &self,
        ctx: &Context,
        request: super::ReadBlockListRequest,
    ) -> Result<super::ReadBlockListResponse> {
        self.read_block_list.call(ctx, request).await
    }
}
