// @generated from names.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{BidiRecorder, Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Send`] for tests.
pub struct FakeSend {
    r#move: Recorder<micro_rpc::wkt::Empty, super::Option>,
    clone: Recorder<super::Option, super::Option>,
    into: Recorder<super::json_::Type, super::super::shared::place::Place>,
    r#type: BidiRecorder<super::String, super::Result>,
}

impl Default for FakeSend {
    fn default() -> Self {
        Self {
            r#move: Recorder::new("Send.Move"),
            clone: Recorder::new("Send.Clone"),
            into: Recorder::new("Send.Into"),
            r#type: BidiRecorder::new("Send.Type"),
        }
    }
}

impl FakeSend {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn move_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, micro_rpc::wkt::Empty) -> Result<super::Option>,
        F: Send + Sync + 'static,
    {
        self.r#move.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn move_returns(&self, result: Result<super::Option>) {
        self.r#move.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn move_returns_on_call(&self, n: usize, result: Result<super::Option>) {
        self.r#move.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn move_delays(&self, delay: Duration) {
        self.r#move.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn move_delays_on_call(&self, n: usize, delay: Duration) {
        self.r#move.delays_on_call(n, delay);
    }

    pub fn move_call_count(&self) -> usize {
        self.r#move.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn move_args_for_call(&self, n: usize) -> (Context, micro_rpc::wkt::Empty) {
        self.r#move.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn clone_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Option) -> Result<super::Option>,
        F: Send + Sync + 'static,
    {
        self.clone.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn clone_returns(&self, result: Result<super::Option>) {
        self.clone.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn clone_returns_on_call(&self, n: usize, result: Result<super::Option>) {
        self.clone.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn clone_delays(&self, delay: Duration) {
        self.clone.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn clone_delays_on_call(&self, n: usize, delay: Duration) {
        self.clone.delays_on_call(n, delay);
    }

    pub fn clone_call_count(&self) -> usize {
        self.clone.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn clone_args_for_call(&self, n: usize) -> (Context, super::Option) {
        self.clone.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn into_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::json_::Type) -> Result<super::super::shared::place::Place>,
        F: Send + Sync + 'static,
    {
        self.into.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn into_returns(&self, result: Result<super::super::shared::place::Place>) {
        self.into.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn into_returns_on_call(&self, n: usize, result: Result<super::super::shared::place::Place>) {
        self.into.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn into_delays(&self, delay: Duration) {
        self.into.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn into_delays_on_call(&self, n: usize, delay: Duration) {
        self.into.delays_on_call(n, delay);
    }

    pub fn into_call_count(&self) -> usize {
        self.into.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn into_args_for_call(&self, n: usize) -> (Context, super::json_::Type) {
        self.into.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn type_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Streaming<super::String>) -> Result<Streaming<super::Result>>,
        F: Send + Sync + 'static,
    {
        self.r#type.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn type_returns(&self, result: Result<Script<super::Result>>) {
        self.r#type.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn type_returns_on_call(&self, n: usize, result: Result<Script<super::Result>>) {
        self.r#type.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn type_delays(&self, delay: Duration) {
        self.r#type.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn type_delays_on_call(&self, n: usize, delay: Duration) {
        self.r#type.delays_on_call(n, delay);
    }

    pub fn type_call_count(&self) -> usize {
        self.r#type.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn type_args_for_call(&self, n: usize) -> (Context, Vec<super::String>) {
        self.r#type.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.r#move.invocations(),
            self.clone.invocations(),
            self.into.invocations(),
            self.r#type.invocations(),
        ])
    }
}

#[async_trait]
impl super::Send for FakeSend {
    async fn r#move(&self, ctx: &Context, request: micro_rpc::wkt::Empty) -> Result<super::Option> {
        self.r#move.call(ctx, request).await
    }

    async fn clone(&self, ctx: &Context, request: super::Option) -> Result<super::Option> {
        self.clone.call(ctx, request).await
    }

    async fn into(
        &self,
        ctx: &Context,
        request: super::json_::Type,
    ) -> Result<super::super::shared::place::Place> {
        self.into.call(ctx, request).await
    }

    async fn r#type(
        &self,
        ctx: &Context,
        requests: Streaming<super::String>,
    ) -> Result<Streaming<super::Result>> {
        self.r#type.stream(ctx, requests).await
    }
}
