// @generated from otp.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, in_order};
use micro_rpc::{Context, Result, async_trait};

/// A [`super::Otp`] for tests.
pub struct FakeOtp {
    generate: Recorder<super::GenerateRequest, super::GenerateResponse>,
    validate: Recorder<super::ValidateRequest, super::ValidateResponse>,
}

impl Default for FakeOtp {
    fn default() -> Self {
        Self {
            generate: Recorder::new("Otp.Generate"),
            validate: Recorder::new("Otp.Validate"),
        }
    }
}

impl FakeOtp {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn generate_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::GenerateRequest) -> Result<super::GenerateResponse>,
        F: Send + Sync + 'static,
    {
        self.generate.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn generate_returns(&self, result: Result<super::GenerateResponse>) {
        self.generate.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn generate_returns_on_call(&self, n: usize, result: Result<super::GenerateResponse>) {
        self.generate.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn generate_delays(&self, delay: Duration) {
        self.generate.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn generate_delays_on_call(&self, n: usize, delay: Duration) {
        self.generate.delays_on_call(n, delay);
    }

    pub fn generate_call_count(&self) -> usize {
        self.generate.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn generate_args_for_call(&self, n: usize) -> (Context, super::GenerateRequest) {
        self.generate.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn validate_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ValidateRequest) -> Result<super::ValidateResponse>,
        F: Send + Sync + 'static,
    {
        self.validate.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn validate_returns(&self, result: Result<super::ValidateResponse>) {
        self.validate.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn validate_returns_on_call(&self, n: usize, result: Result<super::ValidateResponse>) {
        self.validate.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn validate_delays(&self, delay: Duration) {
        self.validate.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn validate_delays_on_call(&self, n: usize, delay: Duration) {
        self.validate.delays_on_call(n, delay);
    }

    pub fn validate_call_count(&self) -> usize {
        self.validate.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn validate_args_for_call(&self, n: usize) -> (Context, super::ValidateRequest) {
        self.validate.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.generate.invocations(), self.validate.invocations()])
    }
}

#[async_trait]
impl super::Otp for FakeOtp {
    async fn generate(
        &self,
        ctx: &Context,
        request: super::GenerateRequest,
    ) -> Result<super::GenerateResponse> {
        self.generate.call(ctx, request).await
    }

    async fn validate(
        &self,
        ctx: &Context,
        request: super::ValidateRequest,
    ) -> Result<super::ValidateResponse> {
        self.validate.call(ctx, request).await
    }
}
