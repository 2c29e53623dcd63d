// @generated from email.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, in_order};
use micro_rpc::{Context, Result, async_trait};

/// A [`super::Email`] for tests.
pub struct FakeEmail {
    send: Recorder<super::SendRequest, super::SendResponse>,
    parse: Recorder<super::ParseRequest, super::ParseResponse>,
    validate: Recorder<super::ValidateRequest, super::ValidateResponse>,
    read: Recorder<super::ReadRequest, super::ReadResponse>,
    list: Recorder<super::ListRequest, super::ListResponse>,
    save_template: Recorder<super::SaveTemplateRequest, super::SaveTemplateResponse>,
    read_template: Recorder<super::ReadTemplateRequest, super::ReadTemplateResponse>,
    list_templates: Recorder<super::ListTemplatesRequest, super::ListTemplatesResponse>,
    delete_template: Recorder<super::DeleteTemplateRequest, super::DeleteTemplateResponse>,
}

impl Default for FakeEmail {
    fn default() -> Self {
        Self {
            send: Recorder::new("Email.Send"),
            parse: Recorder::new("Email.Parse"),
            validate: Recorder::new("Email.Validate"),
            read: Recorder::new("Email.Read"),
            list: Recorder::new("Email.List"),
            save_template: Recorder::new("Email.SaveTemplate"),
            read_template: Recorder::new("Email.ReadTemplate"),
            list_templates: Recorder::new("Email.ListTemplates"),
            delete_template: Recorder::new("Email.DeleteTemplate"),
        }
    }
}

impl FakeEmail {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call by this closure.
    pub fn send_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::SendRequest) -> Result<super::SendResponse>,
        F: Send + Sync + 'static,
    {
        self.send.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn send_returns(&self, result: Result<super::SendResponse>) {
        self.send.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn send_returns_on_call(&self, n: usize, result: Result<super::SendResponse>) {
        self.send.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn send_delays(&self, delay: Duration) {
        self.send.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn send_delays_on_call(&self, n: usize, delay: Duration) {
        self.send.delays_on_call(n, delay);
    }

    pub fn send_call_count(&self) -> usize {
        self.send.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn send_args_for_call(&self, n: usize) -> (Context, super::SendRequest) {
        self.send.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn parse_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ParseRequest) -> Result<super::ParseResponse>,
        F: Send + Sync + 'static,
    {
        self.parse.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn parse_returns(&self, result: Result<super::ParseResponse>) {
        self.parse.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn parse_returns_on_call(&self, n: usize, result: Result<super::ParseResponse>) {
        self.parse.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn parse_delays(&self, delay: Duration) {
        self.parse.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn parse_delays_on_call(&self, n: usize, delay: Duration) {
        self.parse.delays_on_call(n, delay);
    }

    pub fn parse_call_count(&self) -> usize {
        self.parse.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn parse_args_for_call(&self, n: usize) -> (Context, super::ParseRequest) {
        self.parse.args_for_call(n)
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
    pub fn save_template_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::SaveTemplateRequest) -> Result<super::SaveTemplateResponse>,
        F: Send + Sync + 'static,
    {
        self.save_template.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn save_template_returns(&self, result: Result<super::SaveTemplateResponse>) {
        self.save_template.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn save_template_returns_on_call(&self, n: usize, result: Result<super::SaveTemplateResponse>) {
        self.save_template.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn save_template_delays(&self, delay: Duration) {
        self.save_template.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn save_template_delays_on_call(&self, n: usize, delay: Duration) {
        self.save_template.delays_on_call(n, delay);
    }

    pub fn save_template_call_count(&self) -> usize {
        self.save_template.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn save_template_args_for_call(&self, n: usize) -> (Context, super::SaveTemplateRequest) {
        self.save_template.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn read_template_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ReadTemplateRequest) -> Result<super::ReadTemplateResponse>,
        F: Send + Sync + 'static,
    {
        self.read_template.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn read_template_returns(&self, result: Result<super::ReadTemplateResponse>) {
        self.read_template.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn read_template_returns_on_call(&self, n: usize, result: Result<super::ReadTemplateResponse>) {
        self.read_template.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn read_template_delays(&self, delay: Duration) {
        self.read_template.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn read_template_delays_on_call(&self, n: usize, delay: Duration) {
        self.read_template.delays_on_call(n, delay);
    }

    pub fn read_template_call_count(&self) -> usize {
        self.read_template.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn read_template_args_for_call(&self, n: usize) -> (Context, super::ReadTemplateRequest) {
        self.read_template.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn list_templates_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ListTemplatesRequest) -> Result<super::ListTemplatesResponse>,
        F: Send + Sync + 'static,
    {
        self.list_templates.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn list_templates_returns(&self, result: Result<super::ListTemplatesResponse>) {
        self.list_templates.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn list_templates_returns_on_call(&self, n: usize, result: Result<super::ListTemplatesResponse>) {
        self.list_templates.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn list_templates_delays(&self, delay: Duration) {
        self.list_templates.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn list_templates_delays_on_call(&self, n: usize, delay: Duration) {
        self.list_templates.delays_on_call(n, delay);
    }

    pub fn list_templates_call_count(&self) -> usize {
        self.list_templates.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn list_templates_args_for_call(&self, n: usize) -> (Context, super::ListTemplatesRequest) {
        self.list_templates.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn delete_template_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::DeleteTemplateRequest) -> Result<super::DeleteTemplateResponse>,
        F: Send + Sync + 'static,
    {
        self.delete_template.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn delete_template_returns(&self, result: Result<super::DeleteTemplateResponse>) {
        self.delete_template.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn delete_template_returns_on_call(&self, n: usize, result: Result<super::DeleteTemplateResponse>) {
        self.delete_template.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn delete_template_delays(&self, delay: Duration) {
        self.delete_template.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn delete_template_delays_on_call(&self, n: usize, delay: Duration) {
        self.delete_template.delays_on_call(n, delay);
    }

    pub fn delete_template_call_count(&self) -> usize {
        self.delete_template.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn delete_template_args_for_call(&self, n: usize) -> (Context, super::DeleteTemplateRequest) {
        self.delete_template.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.send.invocations(),
            self.parse.invocations(),
            self.validate.invocations(),
            self.read.invocations(),
            self.list.invocations(),
            self.save_template.invocations(),
            self.read_template.invocations(),
            self.list_templates.invocations(),
            self.delete_template.invocations(),
        ])
    }
}

#[async_trait]
impl super::Email for FakeEmail {
    async fn send(&self, ctx: &Context, request: super::SendRequest) -> Result<super::SendResponse> {
        self.send.call(ctx, request).await
    }

    async fn parse(&self, ctx: &Context, request: super::ParseRequest) -> Result<super::ParseResponse> {
        self.parse.call(ctx, request).await
    }

    async fn validate(
        &self,
        ctx: &Context,
        request: super::ValidateRequest,
    ) -> Result<super::ValidateResponse> {
        self.validate.call(ctx, request).await
    }

    async fn read(&self, ctx: &Context, request: super::ReadRequest) -> Result<super::ReadResponse> {
        self.read.call(ctx, request).await
    }

    async fn list(&self, ctx: &Context, request: super::ListRequest) -> Result<super::ListResponse> {
        self.list.call(ctx, request).await
    }

    async fn save_template(
        &self,
        ctx: &Context,
        request: super::SaveTemplateRequest,
    ) -> Result<super::SaveTemplateResponse> {
        self.save_template.call(ctx, request).await
    }

    async fn read_template(
        &self,
        ctx: &Context,
        request: super::ReadTemplateRequest,
    ) -> Result<super::ReadTemplateResponse> {
        self.read_template.call(ctx, request).await
    }

    async fn list_templates(
        &self,
        ctx: &Context,
        request: super::ListTemplatesRequest,
    ) -> Result<super::ListTemplatesResponse> {
        self.list_templates.call(ctx, request).await
    }

    async fn delete_template(
        &self,
        ctx: &Context,
        request: super::DeleteTemplateRequest,
    ) -> Result<super::DeleteTemplateResponse> {
        self.delete_template.call(ctx, request).await
    }
}
