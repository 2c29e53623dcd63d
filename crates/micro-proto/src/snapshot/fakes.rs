// @generated from snapshot.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, StreamRecorder, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Snapshot`] for tests.
pub struct FakeSnapshot {
    save: Recorder<super::SaveRequest, Script<super::Item>>,
    restore: StreamRecorder<super::Item, super::RestoreResponse>,
}

impl Default for FakeSnapshot {
    fn default() -> Self {
        Self {
            save: Recorder::new("Snapshot.Save"),
            restore: StreamRecorder::new("Snapshot.Restore"),
        }
    }
}

impl FakeSnapshot {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn save_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::SaveRequest) -> Result<Script<super::Item>>,
        F: Send + Sync + 'static,
    {
        self.save.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn save_returns(&self, result: Result<Script<super::Item>>) {
        self.save.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn save_returns_on_call(&self, n: usize, result: Result<Script<super::Item>>) {
        self.save.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn save_delays(&self, delay: Duration) {
        self.save.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn save_delays_on_call(&self, n: usize, delay: Duration) {
        self.save.delays_on_call(n, delay);
    }

    pub fn save_call_count(&self) -> usize {
        self.save.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn save_args_for_call(&self, n: usize) -> (Context, super::SaveRequest) {
        self.save.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn restore_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Vec<super::Item>) -> Result<super::RestoreResponse>,
        F: Send + Sync + 'static,
    {
        self.restore.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn restore_returns(&self, result: Result<super::RestoreResponse>) {
        self.restore.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn restore_returns_on_call(&self, n: usize, result: Result<super::RestoreResponse>) {
        self.restore.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn restore_delays(&self, delay: Duration) {
        self.restore.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn restore_delays_on_call(&self, n: usize, delay: Duration) {
        self.restore.delays_on_call(n, delay);
    }

    pub fn restore_call_count(&self) -> usize {
        self.restore.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn restore_args_for_call(&self, n: usize) -> (Context, Vec<super::Item>) {
        self.restore.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.save.invocations(), self.restore.invocations()])
    }
}

#[async_trait]
impl super::Snapshot for FakeSnapshot {
    async fn save(&self, ctx: &Context, request: super::SaveRequest) -> Result<Streaming<super::Item>> {
        self.save.stream(ctx, request).await
    }

    async fn restore(
        &self,
        ctx: &Context,
        requests: Streaming<super::Item>,
    ) -> Result<super::RestoreResponse> {
        self.restore.call(ctx, requests).await
    }
}
