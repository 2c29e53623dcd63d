// @generated from reflection.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{BidiRecorder, Invocation, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::ServerReflection`] for tests.
pub struct FakeServerReflection {
    server_reflection_info: BidiRecorder<super::ServerReflectionRequest, super::ServerReflectionResponse>,
}

impl Default for FakeServerReflection {
    fn default() -> Self {
        Self {
            server_reflection_info: BidiRecorder::new("ServerReflection.ServerReflectionInfo"),
        }
    }
}

impl FakeServerReflection {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn server_reflection_info_stub<F>(&self, stub: F)
    where
        F: Fn(
            &Context,
            Streaming<super::ServerReflectionRequest>,
        ) -> Result<Streaming<super::ServerReflectionResponse>>,
        F: Send + Sync + 'static,
    {
        self.server_reflection_info.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn server_reflection_info_returns(&self, result: Result<Script<super::ServerReflectionResponse>>) {
        self.server_reflection_info.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn server_reflection_info_returns_on_call(
        &self,
        n: usize,
        result: Result<Script<super::ServerReflectionResponse>>,
    ) {
        self.server_reflection_info.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn server_reflection_info_delays(&self, delay: Duration) {
        self.server_reflection_info.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn server_reflection_info_delays_on_call(&self, n: usize, delay: Duration) {
        self.server_reflection_info.delays_on_call(n, delay);
    }

    pub fn server_reflection_info_call_count(&self) -> usize {
        self.server_reflection_info.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn server_reflection_info_args_for_call(
        &self,
        n: usize,
    ) -> (Context, Vec<super::ServerReflectionRequest>) {
        self.server_reflection_info.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.server_reflection_info.invocations()])
    }
}

#[async_trait]
impl super::ServerReflection for FakeServerReflection {
    async fn server_reflection_info(
        &self,
        ctx: &Context,
        requests: Streaming<super::ServerReflectionRequest>,
    ) -> Result<Streaming<super::ServerReflectionResponse>> {
        self.server_reflection_info.stream(ctx, requests).await
    }
}
