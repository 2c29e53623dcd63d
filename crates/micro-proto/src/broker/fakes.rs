// @generated from broker.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Broker`] for tests.
pub struct FakeBroker {
    publish: Recorder<super::PublishRequest, super::Empty>,
    subscribe: Recorder<super::SubscribeRequest, Script<super::Message>>,
}

impl Default for FakeBroker {
    fn default() -> Self {
        Self {
            publish: Recorder::new("Broker.Publish"),
            subscribe: Recorder::new("Broker.Subscribe"),
        }
    }
}

impl FakeBroker {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn publish_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::PublishRequest) -> Result<super::Empty>,
        F: Send + Sync + 'static,
    {
        self.publish.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn publish_returns(&self, result: Result<super::Empty>) {
        self.publish.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn publish_returns_on_call(&self, n: usize, result: Result<super::Empty>) {
        self.publish.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn publish_delays(&self, delay: Duration) {
        self.publish.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn publish_delays_on_call(&self, n: usize, delay: Duration) {
        self.publish.delays_on_call(n, delay);
    }

    pub fn publish_call_count(&self) -> usize {
        self.publish.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn publish_args_for_call(&self, n: usize) -> (Context, super::PublishRequest) {
        self.publish.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn subscribe_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::SubscribeRequest) -> Result<Script<super::Message>>,
        F: Send + Sync + 'static,
    {
        self.subscribe.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn subscribe_returns(&self, result: Result<Script<super::Message>>) {
        self.subscribe.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn subscribe_returns_on_call(&self, n: usize, result: Result<Script<super::Message>>) {
        self.subscribe.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn subscribe_delays(&self, delay: Duration) {
        self.subscribe.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn subscribe_delays_on_call(&self, n: usize, delay: Duration) {
        self.subscribe.delays_on_call(n, delay);
    }

    pub fn subscribe_call_count(&self) -> usize {
        self.subscribe.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn subscribe_args_for_call(&self, n: usize) -> (Context, super::SubscribeRequest) {
        self.subscribe.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.publish.invocations(), self.subscribe.invocations()])
    }
}

#[async_trait]
impl super::Broker for FakeBroker {
    async fn publish(&self, ctx: &Context, request: super::PublishRequest) -> Result<super::Empty> {
        self.publish.call(ctx, request).await
    }

    async fn subscribe(
        &self,
        ctx: &Context,
        request: super::SubscribeRequest,
    ) -> Result<Streaming<super::Message>> {
        self.subscribe.stream(ctx, request).await
    }
}
