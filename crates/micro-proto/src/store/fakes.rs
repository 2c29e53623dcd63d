// @generated from store.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, StreamRecorder, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Store`] for tests.
pub struct FakeStore {
    read: Recorder<super::ReadRequest, super::ReadResponse>,
    write: Recorder<super::WriteRequest, super::WriteResponse>,
    delete: Recorder<super::DeleteRequest, super::DeleteResponse>,
    list: Recorder<super::ListRequest, Script<super::ListResponse>>,
    databases: Recorder<super::DatabasesRequest, super::DatabasesResponse>,
    tables: Recorder<super::TablesRequest, super::TablesResponse>,
    commit: Recorder<super::CommitRequest, super::CommitResponse>,
    watch: Recorder<super::WatchRequest, Script<super::WatchResponse>>,
}

impl Default for FakeStore {
    fn default() -> Self {
        Self {
            read: Recorder::new("Store.Read"),
            write: Recorder::new("Store.Write"),
            delete: Recorder::new("Store.Delete"),
            list: Recorder::new("Store.List"),
            databases: Recorder::new("Store.Databases"),
            tables: Recorder::new("Store.Tables"),
            commit: Recorder::new("Store.Commit"),
            watch: Recorder::new("Store.Watch"),
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
    pub fn list_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ListRequest) -> Result<Script<super::ListResponse>>,
        F: Send + Sync + 'static,
    {
        self.list.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn list_returns(&self, result: Result<Script<super::ListResponse>>) {
        self.list.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn list_returns_on_call(&self, n: usize, result: Result<Script<super::ListResponse>>) {
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
    pub fn list_args_for_call(&self, n: usize) -> (Context, super::ListRequest) {
        self.list.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn databases_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::DatabasesRequest) -> Result<super::DatabasesResponse>,
        F: Send + Sync + 'static,
    {
        self.databases.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn databases_returns(&self, result: Result<super::DatabasesResponse>) {
        self.databases.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn databases_returns_on_call(&self, n: usize, result: Result<super::DatabasesResponse>) {
        self.databases.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn databases_delays(&self, delay: Duration) {
        self.databases.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn databases_delays_on_call(&self, n: usize, delay: Duration) {
        self.databases.delays_on_call(n, delay);
    }

    pub fn databases_call_count(&self) -> usize {
        self.databases.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn databases_args_for_call(&self, n: usize) -> (Context, super::DatabasesRequest) {
        self.databases.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn tables_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::TablesRequest) -> Result<super::TablesResponse>,
        F: Send + Sync + 'static,
    {
        self.tables.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn tables_returns(&self, result: Result<super::TablesResponse>) {
        self.tables.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn tables_returns_on_call(&self, n: usize, result: Result<super::TablesResponse>) {
        self.tables.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn tables_delays(&self, delay: Duration) {
        self.tables.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn tables_delays_on_call(&self, n: usize, delay: Duration) {
        self.tables.delays_on_call(n, delay);
    }

    pub fn tables_call_count(&self) -> usize {
        self.tables.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn tables_args_for_call(&self, n: usize) -> (Context, super::TablesRequest) {
        self.tables.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn commit_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::CommitRequest) -> Result<super::CommitResponse>,
        F: Send + Sync + 'static,
    {
        self.commit.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn commit_returns(&self, result: Result<super::CommitResponse>) {
        self.commit.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn commit_returns_on_call(&self, n: usize, result: Result<super::CommitResponse>) {
        self.commit.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn commit_delays(&self, delay: Duration) {
        self.commit.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn commit_delays_on_call(&self, n: usize, delay: Duration) {
        self.commit.delays_on_call(n, delay);
    }

    pub fn commit_call_count(&self) -> usize {
        self.commit.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn commit_args_for_call(&self, n: usize) -> (Context, super::CommitRequest) {
        self.commit.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn watch_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::WatchRequest) -> Result<Script<super::WatchResponse>>,
        F: Send + Sync + 'static,
    {
        self.watch.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn watch_returns(&self, result: Result<Script<super::WatchResponse>>) {
        self.watch.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn watch_returns_on_call(&self, n: usize, result: Result<Script<super::WatchResponse>>) {
        self.watch.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn watch_delays(&self, delay: Duration) {
        self.watch.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn watch_delays_on_call(&self, n: usize, delay: Duration) {
        self.watch.delays_on_call(n, delay);
    }

    pub fn watch_call_count(&self) -> usize {
        self.watch.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn watch_args_for_call(&self, n: usize) -> (Context, super::WatchRequest) {
        self.watch.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.read.invocations(),
            self.write.invocations(),
            self.delete.invocations(),
            self.list.invocations(),
            self.databases.invocations(),
            self.tables.invocations(),
            self.commit.invocations(),
            self.watch.invocations(),
        ])
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

    async fn delete(&self, ctx: &Context, request: super::DeleteRequest) -> Result<super::DeleteResponse> {
        self.delete.call(ctx, request).await
    }

    async fn list(
        &self,
        ctx: &Context,
        request: super::ListRequest,
    ) -> Result<Streaming<super::ListResponse>> {
        self.list.stream(ctx, request).await
    }

    async fn databases(
        &self,
        ctx: &Context,
        request: super::DatabasesRequest,
    ) -> Result<super::DatabasesResponse> {
        self.databases.call(ctx, request).await
    }

    async fn tables(&self, ctx: &Context, request: super::TablesRequest) -> Result<super::TablesResponse> {
        self.tables.call(ctx, request).await
    }

    async fn commit(&self, ctx: &Context, request: super::CommitRequest) -> Result<super::CommitResponse> {
        self.commit.call(ctx, request).await
    }

    async fn watch(
        &self,
        ctx: &Context,
        request: super::WatchRequest,
    ) -> Result<Streaming<super::WatchResponse>> {
        self.watch.stream(ctx, request).await
    }
}

/// A [`super::BlobStore`] for tests.
pub struct FakeBlobStore {
    read: Recorder<super::BlobReadRequest, Script<super::BlobReadResponse>>,
    write: StreamRecorder<super::BlobWriteRequest, super::BlobWriteResponse>,
    delete: Recorder<super::BlobDeleteRequest, super::BlobDeleteResponse>,
    list: Recorder<super::BlobListRequest, super::BlobListResponse>,
}

impl Default for FakeBlobStore {
    fn default() -> Self {
        Self {
            read: Recorder::new("BlobStore.Read"),
            write: StreamRecorder::new("BlobStore.Write"),
            delete: Recorder::new("BlobStore.Delete"),
            list: Recorder::new("BlobStore.List"),
        }
    }
}

impl FakeBlobStore {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn read_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::BlobReadRequest) -> Result<Script<super::BlobReadResponse>>,
        F: Send + Sync + 'static,
    {
        self.read.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn read_returns(&self, result: Result<Script<super::BlobReadResponse>>) {
        self.read.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn read_returns_on_call(&self, n: usize, result: Result<Script<super::BlobReadResponse>>) {
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
    pub fn read_args_for_call(&self, n: usize) -> (Context, super::BlobReadRequest) {
        self.read.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn write_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, Vec<super::BlobWriteRequest>) -> Result<super::BlobWriteResponse>,
        F: Send + Sync + 'static,
    {
        self.write.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn write_returns(&self, result: Result<super::BlobWriteResponse>) {
        self.write.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn write_returns_on_call(&self, n: usize, result: Result<super::BlobWriteResponse>) {
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
    pub fn write_args_for_call(&self, n: usize) -> (Context, Vec<super::BlobWriteRequest>) {
        self.write.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn delete_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::BlobDeleteRequest) -> Result<super::BlobDeleteResponse>,
        F: Send + Sync + 'static,
    {
        self.delete.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn delete_returns(&self, result: Result<super::BlobDeleteResponse>) {
        self.delete.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn delete_returns_on_call(&self, n: usize, result: Result<super::BlobDeleteResponse>) {
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
    pub fn delete_args_for_call(&self, n: usize) -> (Context, super::BlobDeleteRequest) {
        self.delete.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn list_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::BlobListRequest) -> Result<super::BlobListResponse>,
        F: Send + Sync + 'static,
    {
        self.list.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn list_returns(&self, result: Result<super::BlobListResponse>) {
        self.list.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn list_returns_on_call(&self, n: usize, result: Result<super::BlobListResponse>) {
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
    pub fn list_args_for_call(&self, n: usize) -> (Context, super::BlobListRequest) {
        self.list.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.read.invocations(),
            self.write.invocations(),
            self.delete.invocations(),
            self.list.invocations(),
        ])
    }
}

#[async_trait]
impl super::BlobStore for FakeBlobStore {
    async fn read(
        &self,
        ctx: &Context,
        request: super::BlobReadRequest,
    ) -> Result<Streaming<super::BlobReadResponse>> {
        self.read.stream(ctx, request).await
    }

    async fn write(
        &self,
        ctx: &Context,
        requests: Streaming<super::BlobWriteRequest>,
    ) -> Result<super::BlobWriteResponse> {
        self.write.call(ctx, requests).await
    }

    async fn delete(
        &self,
        ctx: &Context,
        request: super::BlobDeleteRequest,
    ) -> Result<super::BlobDeleteResponse> {
        self.delete.call(ctx, request).await
    }

    async fn list(&self, ctx: &Context, request: super::BlobListRequest) -> Result<super::BlobListResponse> {
        self.list.call(ctx, request).await
    }
}
