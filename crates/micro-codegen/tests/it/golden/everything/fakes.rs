// @generated from everything.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{BidiRecorder, Invocation, Recorder, Script, StreamRecorder, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Everything`] for tests.
pub struct FakeEverything {
    call: Recorder<super::Scalars, super::Scalars>,
    list: Recorder<super::Lists, Script<super::Scalars>>,
    upload: StreamRecorder<super::Scalars, super::Optionals>,
    chat: BidiRecorder<super::Oneofs, super::Oneofs>,
}

impl Default for FakeEverything {
    fn default() -> Self {
        Self {
            call: Recorder::new("Everything.Call"),
            list: Recorder::new("Everything.List"),
            upload: StreamRecorder::new("Everything.Upload"),
            chat: BidiRecorder::new("Everything.Chat"),
        }
    }
}

impl FakeEverything {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn call_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Scalars) -> Result<super::Scalars>,
        F: Send + Sync + 'static,
    {
        self.call.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn call_returns(&self, result: Result<super::Scalars>) {
        self.call.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn call_returns_on_call(&self, n: usize, result: Result<super::Scalars>) {
        self.call.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn call_delays(&self, delay: Duration) {
        self.call.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn call_delays_on_call(&self, n: usize, delay: Duration) {
        self.call.delays_on_call(n, delay);
    }

    pub fn call_call_count(&self) -> usize {
        self.call.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn call_args_for_call(&self, n: usize) -> (Context, super::Scalars) {
        self.call.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn list_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Lists) -> Result<Script<super::Scalars>>,
        F: Send + Sync + 'static,
    {
        self.list.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn list_returns(&self, result: Result<Script<super::Scalars>>) {
        self.list.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn list_returns_on_call(&self, n: usize, result: Result<Script<super::Scalars>>) {
        self.list.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn list_delays(&self, delay: Duration) {
        self.list.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn list_delays_on_call(&self, n: usize, delay: Duration) {
        self.list.delays_on_call(n, delay);
    }

    pub fn list_call_count(&self) -> usize {
        self.list.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn list_args_for_call(&self, n: usize) -> (Context, super::Lists) {
        self.list.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn upload_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Vec<super::Scalars>) -> Result<super::Optionals>,
        F: Send + Sync + 'static,
    {
        self.upload.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn upload_returns(&self, result: Result<super::Optionals>) {
        self.upload.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn upload_returns_on_call(&self, n: usize, result: Result<super::Optionals>) {
        self.upload.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn upload_delays(&self, delay: Duration) {
        self.upload.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn upload_delays_on_call(&self, n: usize, delay: Duration) {
        self.upload.delays_on_call(n, delay);
    }

    pub fn upload_call_count(&self) -> usize {
        self.upload.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn upload_args_for_call(&self, n: usize) -> (Context, Vec<super::Scalars>) {
        self.upload.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn chat_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Streaming<super::Oneofs>) -> Result<Streaming<super::Oneofs>>,
        F: Send + Sync + 'static,
    {
        self.chat.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn chat_returns(&self, result: Result<Script<super::Oneofs>>) {
        self.chat.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn chat_returns_on_call(&self, n: usize, result: Result<Script<super::Oneofs>>) {
        self.chat.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn chat_delays(&self, delay: Duration) {
        self.chat.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn chat_delays_on_call(&self, n: usize, delay: Duration) {
        self.chat.delays_on_call(n, delay);
    }

    pub fn chat_call_count(&self) -> usize {
        self.chat.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn chat_args_for_call(&self, n: usize) -> (Context, Vec<super::Oneofs>) {
        self.chat.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.call.invocations(),
            self.list.invocations(),
            self.upload.invocations(),
            self.chat.invocations(),
        ])
    }
}

#[async_trait]
impl super::Everything for FakeEverything {
    async fn call(&self, ctx: &Context, request: super::Scalars) -> Result<super::Scalars> {
        self.call.call(ctx, request).await
    }

    async fn list(&self, ctx: &Context, request: super::Lists) -> Result<Streaming<super::Scalars>> {
        self.list.stream(ctx, request).await
    }

    async fn upload(&self, ctx: &Context, requests: Streaming<super::Scalars>) -> Result<super::Optionals> {
        self.upload.call(ctx, requests).await
    }

    async fn chat(
        &self,
        ctx: &Context,
        requests: Streaming<super::Oneofs>,
    ) -> Result<Streaming<super::Oneofs>> {
        self.chat.stream(ctx, requests).await
    }
}

/// A [`super::EverythingElseThatThereIsInTheWorld`] for tests.
pub struct FakeEverythingElseThatThereIsInTheWorld {
    find_whatever_there_is_to_be_found_somewhere_out_there:
        Recorder<super::FindWhateverThereIsToBeFoundRequest, super::FindWhateverThereIsToBeFoundResponse>,
    deepen: BidiRecorder<super::scalars::inner::Deep, super::super::shared::place::Place>,
}

impl Default for FakeEverythingElseThatThereIsInTheWorld {
    fn default() -> Self {
        Self {
            find_whatever_there_is_to_be_found_somewhere_out_there: Recorder::new(
                "EverythingElseThatThereIsInTheWorld.FindWhateverThereIsToBeFoundSomewhereOutThere",
            ),
            deepen: BidiRecorder::new("EverythingElseThatThereIsInTheWorld.Deepen"),
        }
    }
}

impl FakeEverythingElseThatThereIsInTheWorld {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn find_whatever_there_is_to_be_found_somewhere_out_there_stub<F>(&self, stub: F)
    where
        F: Fn(
            &Context,
            super::FindWhateverThereIsToBeFoundRequest,
        ) -> Result<super::FindWhateverThereIsToBeFoundResponse>,
        F: Send + Sync + 'static,
    {
        self.find_whatever_there_is_to_be_found_somewhere_out_there
            .stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn find_whatever_there_is_to_be_found_somewhere_out_there_returns(
        &self,
        result: Result<super::FindWhateverThereIsToBeFoundResponse>,
    ) {
        self.find_whatever_there_is_to_be_found_somewhere_out_there
            .returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn find_whatever_there_is_to_be_found_somewhere_out_there_returns_on_call(
        &self,
        n: usize,
        result: Result<super::FindWhateverThereIsToBeFoundResponse>,
    ) {
        self.find_whatever_there_is_to_be_found_somewhere_out_there
            .returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn find_whatever_there_is_to_be_found_somewhere_out_there_delays(&self, delay: Duration) {
        self.find_whatever_there_is_to_be_found_somewhere_out_there
            .delays(delay);
    }

    /// Lets call `n` wait.
    pub fn find_whatever_there_is_to_be_found_somewhere_out_there_delays_on_call(
        &self,
        n: usize,
        delay: Duration,
    ) {
        self.find_whatever_there_is_to_be_found_somewhere_out_there
            .delays_on_call(n, delay);
    }

    pub fn find_whatever_there_is_to_be_found_somewhere_out_there_call_count(&self) -> usize {
        self.find_whatever_there_is_to_be_found_somewhere_out_there
            .call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn find_whatever_there_is_to_be_found_somewhere_out_there_args_for_call(
        &self,
        n: usize,
    ) -> (Context, super::FindWhateverThereIsToBeFoundRequest) {
        self.find_whatever_there_is_to_be_found_somewhere_out_there
            .args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn deepen_stub<F>(&self, stub: F)
    where
        F: Fn(
            &Context,
            Streaming<super::scalars::inner::Deep>,
        ) -> Result<Streaming<super::super::shared::place::Place>>,
        F: Send + Sync + 'static,
    {
        self.deepen.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn deepen_returns(&self, result: Result<Script<super::super::shared::place::Place>>) {
        self.deepen.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn deepen_returns_on_call(
        &self,
        n: usize,
        result: Result<Script<super::super::shared::place::Place>>,
    ) {
        self.deepen.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn deepen_delays(&self, delay: Duration) {
        self.deepen.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn deepen_delays_on_call(&self, n: usize, delay: Duration) {
        self.deepen.delays_on_call(n, delay);
    }

    pub fn deepen_call_count(&self) -> usize {
        self.deepen.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn deepen_args_for_call(&self, n: usize) -> (Context, Vec<super::scalars::inner::Deep>) {
        self.deepen.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.find_whatever_there_is_to_be_found_somewhere_out_there
                .invocations(),
            self.deepen.invocations(),
        ])
    }
}

#[async_trait]
impl super::EverythingElseThatThereIsInTheWorld for FakeEverythingElseThatThereIsInTheWorld {
    async fn find_whatever_there_is_to_be_found_somewhere_out_there(
        &self,
        ctx: &Context,
        request: super::FindWhateverThereIsToBeFoundRequest,
    ) -> Result<super::FindWhateverThereIsToBeFoundResponse> {
        self.find_whatever_there_is_to_be_found_somewhere_out_there
            .call(ctx, request)
            .await
    }

    async fn deepen(
        &self,
        ctx: &Context,
        requests: Streaming<super::scalars::inner::Deep>,
    ) -> Result<Streaming<super::super::shared::place::Place>> {
        self.deepen.stream(ctx, requests).await
    }
}
