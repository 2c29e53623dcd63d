// @generated from auth.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, Script, in_order};
use micro_rpc::{Context, Result, Streaming, async_trait};

/// A [`super::Auth`] for tests.
pub struct FakeAuth {
    generate: Recorder<super::GenerateRequest, super::GenerateResponse>,
    inspect: Recorder<super::InspectRequest, super::InspectResponse>,
    token: Recorder<super::TokenRequest, super::TokenResponse>,
    keys: Recorder<super::KeysRequest, super::KeysResponse>,
    rotate_keys: Recorder<super::RotateKeysRequest, super::RotateKeysResponse>,
}

impl Default for FakeAuth {
    fn default() -> Self {
        Self {
            generate: Recorder::new("Auth.Generate"),
            inspect: Recorder::new("Auth.Inspect"),
            token: Recorder::new("Auth.Token"),
            keys: Recorder::new("Auth.Keys"),
            rotate_keys: Recorder::new("Auth.RotateKeys"),
        }
    }
}

impl FakeAuth {
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
    pub fn inspect_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::InspectRequest) -> Result<super::InspectResponse>,
        F: Send + Sync + 'static,
    {
        self.inspect.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn inspect_returns(&self, result: Result<super::InspectResponse>) {
        self.inspect.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn inspect_returns_on_call(&self, n: usize, result: Result<super::InspectResponse>) {
        self.inspect.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn inspect_delays(&self, delay: Duration) {
        self.inspect.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn inspect_delays_on_call(&self, n: usize, delay: Duration) {
        self.inspect.delays_on_call(n, delay);
    }

    pub fn inspect_call_count(&self) -> usize {
        self.inspect.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn inspect_args_for_call(&self, n: usize) -> (Context, super::InspectRequest) {
        self.inspect.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn token_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::TokenRequest) -> Result<super::TokenResponse>,
        F: Send + Sync + 'static,
    {
        self.token.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn token_returns(&self, result: Result<super::TokenResponse>) {
        self.token.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn token_returns_on_call(&self, n: usize, result: Result<super::TokenResponse>) {
        self.token.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn token_delays(&self, delay: Duration) {
        self.token.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn token_delays_on_call(&self, n: usize, delay: Duration) {
        self.token.delays_on_call(n, delay);
    }

    pub fn token_call_count(&self) -> usize {
        self.token.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn token_args_for_call(&self, n: usize) -> (Context, super::TokenRequest) {
        self.token.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn keys_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::KeysRequest) -> Result<super::KeysResponse>,
        F: Send + Sync + 'static,
    {
        self.keys.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn keys_returns(&self, result: Result<super::KeysResponse>) {
        self.keys.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn keys_returns_on_call(&self, n: usize, result: Result<super::KeysResponse>) {
        self.keys.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn keys_delays(&self, delay: Duration) {
        self.keys.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn keys_delays_on_call(&self, n: usize, delay: Duration) {
        self.keys.delays_on_call(n, delay);
    }

    pub fn keys_call_count(&self) -> usize {
        self.keys.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn keys_args_for_call(&self, n: usize) -> (Context, super::KeysRequest) {
        self.keys.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn rotate_keys_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::RotateKeysRequest) -> Result<super::RotateKeysResponse>,
        F: Send + Sync + 'static,
    {
        self.rotate_keys.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn rotate_keys_returns(&self, result: Result<super::RotateKeysResponse>) {
        self.rotate_keys.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn rotate_keys_returns_on_call(&self, n: usize, result: Result<super::RotateKeysResponse>) {
        self.rotate_keys.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn rotate_keys_delays(&self, delay: Duration) {
        self.rotate_keys.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn rotate_keys_delays_on_call(&self, n: usize, delay: Duration) {
        self.rotate_keys.delays_on_call(n, delay);
    }

    pub fn rotate_keys_call_count(&self) -> usize {
        self.rotate_keys.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn rotate_keys_args_for_call(&self, n: usize) -> (Context, super::RotateKeysRequest) {
        self.rotate_keys.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.generate.invocations(),
            self.inspect.invocations(),
            self.token.invocations(),
            self.keys.invocations(),
            self.rotate_keys.invocations(),
        ])
    }
}

#[async_trait]
impl super::Auth for FakeAuth {
    async fn generate(
        &self,
        ctx: &Context,
        request: super::GenerateRequest,
    ) -> Result<super::GenerateResponse> {
        self.generate.call(ctx, request).await
    }

    async fn inspect(&self, ctx: &Context, request: super::InspectRequest) -> Result<super::InspectResponse> {
        self.inspect.call(ctx, request).await
    }

    async fn token(&self, ctx: &Context, request: super::TokenRequest) -> Result<super::TokenResponse> {
        self.token.call(ctx, request).await
    }

    async fn keys(&self, ctx: &Context, request: super::KeysRequest) -> Result<super::KeysResponse> {
        self.keys.call(ctx, request).await
    }

    async fn rotate_keys(
        &self,
        ctx: &Context,
        request: super::RotateKeysRequest,
    ) -> Result<super::RotateKeysResponse> {
        self.rotate_keys.call(ctx, request).await
    }
}

/// A [`super::Accounts`] for tests.
pub struct FakeAccounts {
    list: Recorder<super::ListAccountsRequest, super::ListAccountsResponse>,
    delete: Recorder<super::DeleteAccountRequest, super::DeleteAccountResponse>,
    change_secret: Recorder<super::ChangeSecretRequest, super::ChangeSecretResponse>,
}

impl Default for FakeAccounts {
    fn default() -> Self {
        Self {
            list: Recorder::new("Accounts.List"),
            delete: Recorder::new("Accounts.Delete"),
            change_secret: Recorder::new("Accounts.ChangeSecret"),
        }
    }
}

impl FakeAccounts {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn list_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ListAccountsRequest) -> Result<super::ListAccountsResponse>,
        F: Send + Sync + 'static,
    {
        self.list.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn list_returns(&self, result: Result<super::ListAccountsResponse>) {
        self.list.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn list_returns_on_call(&self, n: usize, result: Result<super::ListAccountsResponse>) {
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
    pub fn list_args_for_call(&self, n: usize) -> (Context, super::ListAccountsRequest) {
        self.list.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn delete_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::DeleteAccountRequest) -> Result<super::DeleteAccountResponse>,
        F: Send + Sync + 'static,
    {
        self.delete.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn delete_returns(&self, result: Result<super::DeleteAccountResponse>) {
        self.delete.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn delete_returns_on_call(&self, n: usize, result: Result<super::DeleteAccountResponse>) {
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
    pub fn delete_args_for_call(&self, n: usize) -> (Context, super::DeleteAccountRequest) {
        self.delete.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn change_secret_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ChangeSecretRequest) -> Result<super::ChangeSecretResponse>,
        F: Send + Sync + 'static,
    {
        self.change_secret.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn change_secret_returns(&self, result: Result<super::ChangeSecretResponse>) {
        self.change_secret.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn change_secret_returns_on_call(&self, n: usize, result: Result<super::ChangeSecretResponse>) {
        self.change_secret.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn change_secret_delays(&self, delay: Duration) {
        self.change_secret.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn change_secret_delays_on_call(&self, n: usize, delay: Duration) {
        self.change_secret.delays_on_call(n, delay);
    }

    pub fn change_secret_call_count(&self) -> usize {
        self.change_secret.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn change_secret_args_for_call(&self, n: usize) -> (Context, super::ChangeSecretRequest) {
        self.change_secret.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.list.invocations(),
            self.delete.invocations(),
            self.change_secret.invocations(),
        ])
    }
}

#[async_trait]
impl super::Accounts for FakeAccounts {
    async fn list(
        &self,
        ctx: &Context,
        request: super::ListAccountsRequest,
    ) -> Result<super::ListAccountsResponse> {
        self.list.call(ctx, request).await
    }

    async fn delete(
        &self,
        ctx: &Context,
        request: super::DeleteAccountRequest,
    ) -> Result<super::DeleteAccountResponse> {
        self.delete.call(ctx, request).await
    }

    async fn change_secret(
        &self,
        ctx: &Context,
        request: super::ChangeSecretRequest,
    ) -> Result<super::ChangeSecretResponse> {
        self.change_secret.call(ctx, request).await
    }
}

/// A [`super::Rules`] for tests.
pub struct FakeRules {
    create: Recorder<super::CreateRequest, super::CreateResponse>,
    delete: Recorder<super::DeleteRequest, super::DeleteResponse>,
    list: Recorder<super::ListRequest, super::ListResponse>,
    watch: Recorder<super::ListRequest, Script<super::ListResponse>>,
}

impl Default for FakeRules {
    fn default() -> Self {
        Self {
            create: Recorder::new("Rules.Create"),
            delete: Recorder::new("Rules.Delete"),
            list: Recorder::new("Rules.List"),
            watch: Recorder::new("Rules.Watch"),
        }
    }
}

impl FakeRules {
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
        F: Fn(&Context, super::ListRequest) -> Result<super::ListResponse>,
        F: Send + Sync + 'static,
    {
        self.list.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn list_returns(&self, result: Result<super::ListResponse>) {
        self.list.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn list_returns_on_call(&self, n: usize, result: Result<super::ListResponse>) {
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
    pub fn watch_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ListRequest) -> Result<Script<super::ListResponse>>,
        F: Send + Sync + 'static,
    {
        self.watch.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn watch_returns(&self, result: Result<Script<super::ListResponse>>) {
        self.watch.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn watch_returns_on_call(&self, n: usize, result: Result<Script<super::ListResponse>>) {
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
    pub fn watch_args_for_call(&self, n: usize) -> (Context, super::ListRequest) {
        self.watch.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.create.invocations(),
            self.delete.invocations(),
            self.list.invocations(),
            self.watch.invocations(),
        ])
    }
}

#[async_trait]
impl super::Rules for FakeRules {
    async fn create(&self, ctx: &Context, request: super::CreateRequest) -> Result<super::CreateResponse> {
        self.create.call(ctx, request).await
    }

    async fn delete(&self, ctx: &Context, request: super::DeleteRequest) -> Result<super::DeleteResponse> {
        self.delete.call(ctx, request).await
    }

    async fn list(&self, ctx: &Context, request: super::ListRequest) -> Result<super::ListResponse> {
        self.list.call(ctx, request).await
    }

    async fn watch(
        &self,
        ctx: &Context,
        request: super::ListRequest,
    ) -> Result<Streaming<super::ListResponse>> {
        self.watch.stream(ctx, request).await
    }
}
