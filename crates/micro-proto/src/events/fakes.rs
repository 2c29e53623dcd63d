// @generated from events.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Stream`] for tests.
pub struct FakeStream {
    publish: Recorder<super::PublishRequest, super::PublishResponse>,
    consume: Recorder<super::ConsumeRequest, Script<super::Event>>,
    topics: Recorder<super::TopicsRequest, super::TopicsResponse>,
    groups: Recorder<super::GroupsRequest, super::GroupsResponse>,
    dead_letters: Recorder<super::DeadLettersRequest, super::DeadLettersResponse>,
    redrive: Recorder<super::RedriveRequest, super::RedriveResponse>,
    discard: Recorder<super::DiscardRequest, super::DiscardResponse>,
}

impl Default for FakeStream {
    fn default() -> Self {
        Self {
            publish: Recorder::new("Stream.Publish"),
            consume: Recorder::new("Stream.Consume"),
            topics: Recorder::new("Stream.Topics"),
            groups: Recorder::new("Stream.Groups"),
            dead_letters: Recorder::new("Stream.DeadLetters"),
            redrive: Recorder::new("Stream.Redrive"),
            discard: Recorder::new("Stream.Discard"),
        }
    }
}

impl FakeStream {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn publish_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::PublishRequest) -> Result<super::PublishResponse>,
        F: Send + Sync + 'static,
    {
        self.publish.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn publish_returns(&self, result: Result<super::PublishResponse>) {
        self.publish.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn publish_returns_on_call(&self, n: usize, result: Result<super::PublishResponse>) {
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
    pub fn consume_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ConsumeRequest) -> Result<Script<super::Event>>,
        F: Send + Sync + 'static,
    {
        self.consume.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn consume_returns(&self, result: Result<Script<super::Event>>) {
        self.consume.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn consume_returns_on_call(&self, n: usize, result: Result<Script<super::Event>>) {
        self.consume.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn consume_delays(&self, delay: Duration) {
        self.consume.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn consume_delays_on_call(&self, n: usize, delay: Duration) {
        self.consume.delays_on_call(n, delay);
    }

    pub fn consume_call_count(&self) -> usize {
        self.consume.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn consume_args_for_call(&self, n: usize) -> (Context, super::ConsumeRequest) {
        self.consume.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn topics_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::TopicsRequest) -> Result<super::TopicsResponse>,
        F: Send + Sync + 'static,
    {
        self.topics.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn topics_returns(&self, result: Result<super::TopicsResponse>) {
        self.topics.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn topics_returns_on_call(&self, n: usize, result: Result<super::TopicsResponse>) {
        self.topics.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn topics_delays(&self, delay: Duration) {
        self.topics.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn topics_delays_on_call(&self, n: usize, delay: Duration) {
        self.topics.delays_on_call(n, delay);
    }

    pub fn topics_call_count(&self) -> usize {
        self.topics.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn topics_args_for_call(&self, n: usize) -> (Context, super::TopicsRequest) {
        self.topics.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn groups_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::GroupsRequest) -> Result<super::GroupsResponse>,
        F: Send + Sync + 'static,
    {
        self.groups.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn groups_returns(&self, result: Result<super::GroupsResponse>) {
        self.groups.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn groups_returns_on_call(&self, n: usize, result: Result<super::GroupsResponse>) {
        self.groups.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn groups_delays(&self, delay: Duration) {
        self.groups.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn groups_delays_on_call(&self, n: usize, delay: Duration) {
        self.groups.delays_on_call(n, delay);
    }

    pub fn groups_call_count(&self) -> usize {
        self.groups.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn groups_args_for_call(&self, n: usize) -> (Context, super::GroupsRequest) {
        self.groups.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn dead_letters_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::DeadLettersRequest) -> Result<super::DeadLettersResponse>,
        F: Send + Sync + 'static,
    {
        self.dead_letters.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn dead_letters_returns(&self, result: Result<super::DeadLettersResponse>) {
        self.dead_letters.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn dead_letters_returns_on_call(&self, n: usize, result: Result<super::DeadLettersResponse>) {
        self.dead_letters.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn dead_letters_delays(&self, delay: Duration) {
        self.dead_letters.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn dead_letters_delays_on_call(&self, n: usize, delay: Duration) {
        self.dead_letters.delays_on_call(n, delay);
    }

    pub fn dead_letters_call_count(&self) -> usize {
        self.dead_letters.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn dead_letters_args_for_call(&self, n: usize) -> (Context, super::DeadLettersRequest) {
        self.dead_letters.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn redrive_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::RedriveRequest) -> Result<super::RedriveResponse>,
        F: Send + Sync + 'static,
    {
        self.redrive.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn redrive_returns(&self, result: Result<super::RedriveResponse>) {
        self.redrive.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn redrive_returns_on_call(&self, n: usize, result: Result<super::RedriveResponse>) {
        self.redrive.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn redrive_delays(&self, delay: Duration) {
        self.redrive.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn redrive_delays_on_call(&self, n: usize, delay: Duration) {
        self.redrive.delays_on_call(n, delay);
    }

    pub fn redrive_call_count(&self) -> usize {
        self.redrive.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn redrive_args_for_call(&self, n: usize) -> (Context, super::RedriveRequest) {
        self.redrive.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn discard_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::DiscardRequest) -> Result<super::DiscardResponse>,
        F: Send + Sync + 'static,
    {
        self.discard.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn discard_returns(&self, result: Result<super::DiscardResponse>) {
        self.discard.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn discard_returns_on_call(&self, n: usize, result: Result<super::DiscardResponse>) {
        self.discard.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn discard_delays(&self, delay: Duration) {
        self.discard.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn discard_delays_on_call(&self, n: usize, delay: Duration) {
        self.discard.delays_on_call(n, delay);
    }

    pub fn discard_call_count(&self) -> usize {
        self.discard.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn discard_args_for_call(&self, n: usize) -> (Context, super::DiscardRequest) {
        self.discard.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.publish.invocations(),
            self.consume.invocations(),
            self.topics.invocations(),
            self.groups.invocations(),
            self.dead_letters.invocations(),
            self.redrive.invocations(),
            self.discard.invocations(),
        ])
    }
}

#[async_trait]
impl super::Stream for FakeStream {
    async fn publish(&self, ctx: &Context, request: super::PublishRequest) -> Result<super::PublishResponse> {
        self.publish.call(ctx, request).await
    }

    async fn consume(
        &self,
        ctx: &Context,
        request: super::ConsumeRequest,
    ) -> Result<Streaming<super::Event>> {
        self.consume.stream(ctx, request).await
    }

    async fn topics(&self, ctx: &Context, request: super::TopicsRequest) -> Result<super::TopicsResponse> {
        self.topics.call(ctx, request).await
    }

    async fn groups(&self, ctx: &Context, request: super::GroupsRequest) -> Result<super::GroupsResponse> {
        self.groups.call(ctx, request).await
    }

    async fn dead_letters(
        &self,
        ctx: &Context,
        request: super::DeadLettersRequest,
    ) -> Result<super::DeadLettersResponse> {
        self.dead_letters.call(ctx, request).await
    }

    async fn redrive(&self, ctx: &Context, request: super::RedriveRequest) -> Result<super::RedriveResponse> {
        self.redrive.call(ctx, request).await
    }

    async fn discard(&self, ctx: &Context, request: super::DiscardRequest) -> Result<super::DiscardResponse> {
        self.discard.call(ctx, request).await
    }
}

/// A [`super::Store`] for tests.
pub struct FakeStore {
    read: Recorder<super::ReadRequest, super::ReadResponse>,
    write: Recorder<super::WriteRequest, super::WriteResponse>,
}

impl Default for FakeStore {
    fn default() -> Self {
        Self {
            read: Recorder::new("Store.Read"),
            write: Recorder::new("Store.Write"),
        }
    }
}

impl FakeStore {
    pub fn new() -> Self {
        Self::default()
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

    /// Answers every call by this closure.
    pub fn write_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::WriteRequest) -> Result<super::WriteResponse>,
        F: Send + Sync + 'static,
    {
        self.write.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn write_returns(&self, result: Result<super::WriteResponse>) {
        self.write.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn write_returns_on_call(&self, n: usize, result: Result<super::WriteResponse>) {
        self.write.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn write_delays(&self, delay: Duration) {
        self.write.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn write_delays_on_call(&self, n: usize, delay: Duration) {
        self.write.delays_on_call(n, delay);
    }

    pub fn write_call_count(&self) -> usize {
        self.write.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn write_args_for_call(&self, n: usize) -> (Context, super::WriteRequest) {
        self.write.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.read.invocations(), self.write.invocations()])
    }
}

#[async_trait]
impl super::Store for FakeStore {
    async fn read(&self, ctx: &Context, request: super::ReadRequest) -> Result<super::ReadResponse> {
        self.read.call(ctx, request).await
    }

    async fn write(&self, ctx: &Context, request: super::WriteRequest) -> Result<super::WriteResponse> {
        self.write.call(ctx, request).await
    }
}
