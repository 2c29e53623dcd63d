// @generated from runtime.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, StreamRecorder, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Runtime`] for tests.
pub struct FakeRuntime {
    create: Recorder<super::CreateRequest, super::CreateResponse>,
    read: Recorder<super::ReadRequest, super::ReadResponse>,
    delete: Recorder<super::DeleteRequest, super::DeleteResponse>,
    update: Recorder<super::UpdateRequest, super::UpdateResponse>,
    logs: Recorder<super::LogsRequest, Script<super::LogRecord>>,
    resources: Recorder<super::ResourcesRequest, super::ResourcesResponse>,
}

impl Default for FakeRuntime {
    fn default() -> Self {
        Self {
            create: Recorder::new("Runtime.Create"),
            read: Recorder::new("Runtime.Read"),
            delete: Recorder::new("Runtime.Delete"),
            update: Recorder::new("Runtime.Update"),
            logs: Recorder::new("Runtime.Logs"),
            resources: Recorder::new("Runtime.Resources"),
        }
    }
}

impl FakeRuntime {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn create_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::CreateRequest) -> Result<super::CreateResponse>,
        F: Send + Sync + 'static,
    {
        self.create.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn create_returns(&self, result: Result<super::CreateResponse>) {
        self.create.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn create_returns_on_call(&self, n: usize, result: Result<super::CreateResponse>) {
        self.create.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn create_delays(&self, delay: Duration) {
        self.create.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn create_delays_on_call(&self, n: usize, delay: Duration) {
        self.create.delays_on_call(n, delay);
    }

    pub fn create_call_count(&self) -> usize {
        self.create.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn create_args_for_call(&self, n: usize) -> (Context, super::CreateRequest) {
        self.create.args_for_call(n)
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
    pub fn delete_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::DeleteRequest) -> Result<super::DeleteResponse>,
        F: Send + Sync + 'static,
    {
        self.delete.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn delete_returns(&self, result: Result<super::DeleteResponse>) {
        self.delete.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn delete_returns_on_call(&self, n: usize, result: Result<super::DeleteResponse>) {
        self.delete.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn delete_delays(&self, delay: Duration) {
        self.delete.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn delete_delays_on_call(&self, n: usize, delay: Duration) {
        self.delete.delays_on_call(n, delay);
    }

    pub fn delete_call_count(&self) -> usize {
        self.delete.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn delete_args_for_call(&self, n: usize) -> (Context, super::DeleteRequest) {
        self.delete.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn update_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::UpdateRequest) -> Result<super::UpdateResponse>,
        F: Send + Sync + 'static,
    {
        self.update.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn update_returns(&self, result: Result<super::UpdateResponse>) {
        self.update.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn update_returns_on_call(&self, n: usize, result: Result<super::UpdateResponse>) {
        self.update.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn update_delays(&self, delay: Duration) {
        self.update.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn update_delays_on_call(&self, n: usize, delay: Duration) {
        self.update.delays_on_call(n, delay);
    }

    pub fn update_call_count(&self) -> usize {
        self.update.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn update_args_for_call(&self, n: usize) -> (Context, super::UpdateRequest) {
        self.update.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn logs_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::LogsRequest) -> Result<Script<super::LogRecord>>,
        F: Send + Sync + 'static,
    {
        self.logs.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn logs_returns(&self, result: Result<Script<super::LogRecord>>) {
        self.logs.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn logs_returns_on_call(&self, n: usize, result: Result<Script<super::LogRecord>>) {
        self.logs.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn logs_delays(&self, delay: Duration) {
        self.logs.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn logs_delays_on_call(&self, n: usize, delay: Duration) {
        self.logs.delays_on_call(n, delay);
    }

    pub fn logs_call_count(&self) -> usize {
        self.logs.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn logs_args_for_call(&self, n: usize) -> (Context, super::LogsRequest) {
        self.logs.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn resources_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ResourcesRequest) -> Result<super::ResourcesResponse>,
        F: Send + Sync + 'static,
    {
        self.resources.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn resources_returns(&self, result: Result<super::ResourcesResponse>) {
        self.resources.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn resources_returns_on_call(&self, n: usize, result: Result<super::ResourcesResponse>) {
        self.resources.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn resources_delays(&self, delay: Duration) {
        self.resources.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn resources_delays_on_call(&self, n: usize, delay: Duration) {
        self.resources.delays_on_call(n, delay);
    }

    pub fn resources_call_count(&self) -> usize {
        self.resources.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn resources_args_for_call(&self, n: usize) -> (Context, super::ResourcesRequest) {
        self.resources.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.create.invocations(),
            self.read.invocations(),
            self.delete.invocations(),
            self.update.invocations(),
            self.logs.invocations(),
            self.resources.invocations(),
        ])
    }
}

#[async_trait]
impl super::Runtime for FakeRuntime {
    async fn create(&self, ctx: &Context, request: super::CreateRequest) -> Result<super::CreateResponse> {
        self.create.call(ctx, request).await
    }

    async fn read(&self, ctx: &Context, request: super::ReadRequest) -> Result<super::ReadResponse> {
        self.read.call(ctx, request).await
    }

    async fn delete(&self, ctx: &Context, request: super::DeleteRequest) -> Result<super::DeleteResponse> {
        self.delete.call(ctx, request).await
    }

    async fn update(&self, ctx: &Context, request: super::UpdateRequest) -> Result<super::UpdateResponse> {
        self.update.call(ctx, request).await
    }

    async fn logs(&self, ctx: &Context, request: super::LogsRequest) -> Result<Streaming<super::LogRecord>> {
        self.logs.stream(ctx, request).await
    }

    async fn resources(
        &self,
        ctx: &Context,
        request: super::ResourcesRequest,
    ) -> Result<super::ResourcesResponse> {
        self.resources.call(ctx, request).await
    }
}

/// A [`super::Source`] for tests.
pub struct FakeSource {
    upload: StreamRecorder<super::UploadRequest, super::UploadResponse>,
}

impl Default for FakeSource {
    fn default() -> Self {
        Self {
            upload: StreamRecorder::new("Source.Upload"),
        }
    }
}

impl FakeSource {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn upload_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Vec<super::UploadRequest>) -> Result<super::UploadResponse>,
        F: Send + Sync + 'static,
    {
        self.upload.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn upload_returns(&self, result: Result<super::UploadResponse>) {
        self.upload.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn upload_returns_on_call(&self, n: usize, result: Result<super::UploadResponse>) {
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
    pub fn upload_args_for_call(&self, n: usize) -> (Context, Vec<super::UploadRequest>) {
        self.upload.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.upload.invocations()])
    }
}

#[async_trait]
impl super::Source for FakeSource {
    async fn upload(
        &self,
        ctx: &Context,
        requests: Streaming<super::UploadRequest>,
    ) -> Result<super::UploadResponse> {
        self.upload.call(ctx, requests).await
    }
}

/// A [`super::Build`] for tests.
pub struct FakeBuild {
    read: Recorder<super::Service, Script<super::BuildReadResponse>>,
}

impl Default for FakeBuild {
    fn default() -> Self {
        Self {
            read: Recorder::new("Build.Read"),
        }
    }
}

impl FakeBuild {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn read_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::Service) -> Result<Script<super::BuildReadResponse>>,
        F: Send + Sync + 'static,
    {
        self.read.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn read_returns(&self, result: Result<Script<super::BuildReadResponse>>) {
        self.read.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn read_returns_on_call(&self, n: usize, result: Result<Script<super::BuildReadResponse>>) {
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
    pub fn read_args_for_call(&self, n: usize) -> (Context, super::Service) {
        self.read.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([self.read.invocations()])
    }
}

#[async_trait]
impl super::Build for FakeBuild {
    async fn read(
        &self,
        ctx: &Context,
        request: super::Service,
    ) -> Result<Streaming<super::BuildReadResponse>> {
        self.read.stream(ctx, request).await
    }
}
