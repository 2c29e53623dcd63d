// @generated from user.proto by micro; edit that file instead of this one.

//! Test doubles: each records its calls and answers as it is told.

use std::time::Duration;

use micro_rpc::fake::{Invocation, Recorder, in_order};
use micro_rpc::{Context, Result, async_trait};

/// A [`super::User`] for tests.
pub struct FakeUser {
    create: Recorder<super::CreateRequest, super::CreateResponse>,
    read: Recorder<super::ReadRequest, super::ReadResponse>,
    update: Recorder<super::UpdateRequest, super::UpdateResponse>,
    delete: Recorder<super::DeleteRequest, super::DeleteResponse>,
    update_password: Recorder<super::UpdatePasswordRequest, super::UpdatePasswordResponse>,
    login: Recorder<super::LoginRequest, super::LoginResponse>,
    logout: Recorder<super::LogoutRequest, super::LogoutResponse>,
    logout_all: Recorder<super::LogoutAllRequest, super::LogoutAllResponse>,
    read_session: Recorder<super::ReadSessionRequest, super::ReadSessionResponse>,
    verify_email: Recorder<super::VerifyEmailRequest, super::VerifyEmailResponse>,
    send_verification_email:
        Recorder<super::SendVerificationEmailRequest, super::SendVerificationEmailResponse>,
    send_password_reset_email:
        Recorder<super::SendPasswordResetEmailRequest, super::SendPasswordResetEmailResponse>,
    reset_password: Recorder<super::ResetPasswordRequest, super::ResetPasswordResponse>,
    list: Recorder<super::ListRequest, super::ListResponse>,
    send_magic_link: Recorder<super::SendMagicLinkRequest, super::SendMagicLinkResponse>,
    verify_token: Recorder<super::VerifyTokenRequest, super::VerifyTokenResponse>,
}

impl Default for FakeUser {
    fn default() -> Self {
        Self {
            create: Recorder::new("User.Create"),
            read: Recorder::new("User.Read"),
            update: Recorder::new("User.Update"),
            delete: Recorder::new("User.Delete"),
            update_password: Recorder::new("User.UpdatePassword"),
            login: Recorder::new("User.Login"),
            logout: Recorder::new("User.Logout"),
            logout_all: Recorder::new("User.LogoutAll"),
            read_session: Recorder::new("User.ReadSession"),
            verify_email: Recorder::new("User.VerifyEmail"),
            send_verification_email: Recorder::new("User.SendVerificationEmail"),
            send_password_reset_email: Recorder::new("User.SendPasswordResetEmail"),
            reset_password: Recorder::new("User.ResetPassword"),
            list: Recorder::new("User.List"),
            send_magic_link: Recorder::new("User.SendMagicLink"),
            verify_token: Recorder::new("User.VerifyToken"),
        }
    }
}

impl FakeUser {
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
    pub fn update_password_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::UpdatePasswordRequest) -> Result<super::UpdatePasswordResponse>,
        F: Send + Sync + 'static,
    {
        self.update_password.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn update_password_returns(&self, result: Result<super::UpdatePasswordResponse>) {
        self.update_password.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn update_password_returns_on_call(&self, n: usize, result: Result<super::UpdatePasswordResponse>) {
        self.update_password.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn update_password_delays(&self, delay: Duration) {
        self.update_password.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn update_password_delays_on_call(&self, n: usize, delay: Duration) {
        self.update_password.delays_on_call(n, delay);
    }

    pub fn update_password_call_count(&self) -> usize {
        self.update_password.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn update_password_args_for_call(&self, n: usize) -> (Context, super::UpdatePasswordRequest) {
        self.update_password.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn login_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::LoginRequest) -> Result<super::LoginResponse>,
        F: Send + Sync + 'static,
    {
        self.login.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn login_returns(&self, result: Result<super::LoginResponse>) {
        self.login.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn login_returns_on_call(&self, n: usize, result: Result<super::LoginResponse>) {
        self.login.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn login_delays(&self, delay: Duration) {
        self.login.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn login_delays_on_call(&self, n: usize, delay: Duration) {
        self.login.delays_on_call(n, delay);
    }

    pub fn login_call_count(&self) -> usize {
        self.login.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn login_args_for_call(&self, n: usize) -> (Context, super::LoginRequest) {
        self.login.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn logout_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::LogoutRequest) -> Result<super::LogoutResponse>,
        F: Send + Sync + 'static,
    {
        self.logout.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn logout_returns(&self, result: Result<super::LogoutResponse>) {
        self.logout.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn logout_returns_on_call(&self, n: usize, result: Result<super::LogoutResponse>) {
        self.logout.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn logout_delays(&self, delay: Duration) {
        self.logout.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn logout_delays_on_call(&self, n: usize, delay: Duration) {
        self.logout.delays_on_call(n, delay);
    }

    pub fn logout_call_count(&self) -> usize {
        self.logout.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn logout_args_for_call(&self, n: usize) -> (Context, super::LogoutRequest) {
        self.logout.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn logout_all_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::LogoutAllRequest) -> Result<super::LogoutAllResponse>,
        F: Send + Sync + 'static,
    {
        self.logout_all.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn logout_all_returns(&self, result: Result<super::LogoutAllResponse>) {
        self.logout_all.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn logout_all_returns_on_call(&self, n: usize, result: Result<super::LogoutAllResponse>) {
        self.logout_all.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn logout_all_delays(&self, delay: Duration) {
        self.logout_all.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn logout_all_delays_on_call(&self, n: usize, delay: Duration) {
        self.logout_all.delays_on_call(n, delay);
    }

    pub fn logout_all_call_count(&self) -> usize {
        self.logout_all.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn logout_all_args_for_call(&self, n: usize) -> (Context, super::LogoutAllRequest) {
        self.logout_all.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn read_session_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ReadSessionRequest) -> Result<super::ReadSessionResponse>,
        F: Send + Sync + 'static,
    {
        self.read_session.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn read_session_returns(&self, result: Result<super::ReadSessionResponse>) {
        self.read_session.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn read_session_returns_on_call(&self, n: usize, result: Result<super::ReadSessionResponse>) {
        self.read_session.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn read_session_delays(&self, delay: Duration) {
        self.read_session.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn read_session_delays_on_call(&self, n: usize, delay: Duration) {
        self.read_session.delays_on_call(n, delay);
    }

    pub fn read_session_call_count(&self) -> usize {
        self.read_session.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn read_session_args_for_call(&self, n: usize) -> (Context, super::ReadSessionRequest) {
        self.read_session.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn verify_email_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::VerifyEmailRequest) -> Result<super::VerifyEmailResponse>,
        F: Send + Sync + 'static,
    {
        self.verify_email.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn verify_email_returns(&self, result: Result<super::VerifyEmailResponse>) {
        self.verify_email.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn verify_email_returns_on_call(&self, n: usize, result: Result<super::VerifyEmailResponse>) {
        self.verify_email.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn verify_email_delays(&self, delay: Duration) {
        self.verify_email.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn verify_email_delays_on_call(&self, n: usize, delay: Duration) {
        self.verify_email.delays_on_call(n, delay);
    }

    pub fn verify_email_call_count(&self) -> usize {
        self.verify_email.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn verify_email_args_for_call(&self, n: usize) -> (Context, super::VerifyEmailRequest) {
        self.verify_email.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn send_verification_email_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::SendVerificationEmailRequest) -> Result<super::SendVerificationEmailResponse>,
        F: Send + Sync + 'static,
    {
        self.send_verification_email.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn send_verification_email_returns(&self, result: Result<super::SendVerificationEmailResponse>) {
        self.send_verification_email.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn send_verification_email_returns_on_call(
        &self,
        n: usize,
        result: Result<super::SendVerificationEmailResponse>,
    ) {
        self.send_verification_email.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn send_verification_email_delays(&self, delay: Duration) {
        self.send_verification_email.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn send_verification_email_delays_on_call(&self, n: usize, delay: Duration) {
        self.send_verification_email.delays_on_call(n, delay);
    }

    pub fn send_verification_email_call_count(&self) -> usize {
        self.send_verification_email.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn send_verification_email_args_for_call(
        &self,
        n: usize,
    ) -> (Context, super::SendVerificationEmailRequest) {
        self.send_verification_email.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn send_password_reset_email_stub<F>(&self, stub: F)
    where
        F: Fn(
            &Context,
            super::SendPasswordResetEmailRequest,
        ) -> Result<super::SendPasswordResetEmailResponse>,
        F: Send + Sync + 'static,
    {
        self.send_password_reset_email.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn send_password_reset_email_returns(&self, result: Result<super::SendPasswordResetEmailResponse>) {
        self.send_password_reset_email.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn send_password_reset_email_returns_on_call(
        &self,
        n: usize,
        result: Result<super::SendPasswordResetEmailResponse>,
    ) {
        self.send_password_reset_email.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn send_password_reset_email_delays(&self, delay: Duration) {
        self.send_password_reset_email.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn send_password_reset_email_delays_on_call(&self, n: usize, delay: Duration) {
        self.send_password_reset_email.delays_on_call(n, delay);
    }

    pub fn send_password_reset_email_call_count(&self) -> usize {
        self.send_password_reset_email.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn send_password_reset_email_args_for_call(
        &self,
        n: usize,
    ) -> (Context, super::SendPasswordResetEmailRequest) {
        self.send_password_reset_email.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn reset_password_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::ResetPasswordRequest) -> Result<super::ResetPasswordResponse>,
        F: Send + Sync + 'static,
    {
        self.reset_password.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn reset_password_returns(&self, result: Result<super::ResetPasswordResponse>) {
        self.reset_password.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn reset_password_returns_on_call(&self, n: usize, result: Result<super::ResetPasswordResponse>) {
        self.reset_password.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn reset_password_delays(&self, delay: Duration) {
        self.reset_password.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn reset_password_delays_on_call(&self, n: usize, delay: Duration) {
        self.reset_password.delays_on_call(n, delay);
    }

    pub fn reset_password_call_count(&self) -> usize {
        self.reset_password.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn reset_password_args_for_call(&self, n: usize) -> (Context, super::ResetPasswordRequest) {
        self.reset_password.args_for_call(n)
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
    pub fn send_magic_link_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::SendMagicLinkRequest) -> Result<super::SendMagicLinkResponse>,
        F: Send + Sync + 'static,
    {
        self.send_magic_link.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn send_magic_link_returns(&self, result: Result<super::SendMagicLinkResponse>) {
        self.send_magic_link.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn send_magic_link_returns_on_call(&self, n: usize, result: Result<super::SendMagicLinkResponse>) {
        self.send_magic_link.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn send_magic_link_delays(&self, delay: Duration) {
        self.send_magic_link.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn send_magic_link_delays_on_call(&self, n: usize, delay: Duration) {
        self.send_magic_link.delays_on_call(n, delay);
    }

    pub fn send_magic_link_call_count(&self) -> usize {
        self.send_magic_link.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn send_magic_link_args_for_call(&self, n: usize) -> (Context, super::SendMagicLinkRequest) {
        self.send_magic_link.args_for_call(n)
    }

    /// Answers every call by this closure.
    pub fn verify_token_stub<F>(&self, stub: F)
    where
        F: Fn(&Context, super::VerifyTokenRequest) -> Result<super::VerifyTokenResponse>,
        F: Send + Sync + 'static,
    {
        self.verify_token.stub(stub);
    }

    /// Answers calls that have no answer of their own.
    pub fn verify_token_returns(&self, result: Result<super::VerifyTokenResponse>) {
        self.verify_token.returns(result);
    }

    /// Answers call `n`, counted from 0.
    pub fn verify_token_returns_on_call(&self, n: usize, result: Result<super::VerifyTokenResponse>) {
        self.verify_token.returns_on_call(n, result);
    }

    /// Lets every call wait before its answer.
    pub fn verify_token_delays(&self, delay: Duration) {
        self.verify_token.delays(delay);
    }

    /// Lets call `n` wait.
    pub fn verify_token_delays_on_call(&self, n: usize, delay: Duration) {
        self.verify_token.delays_on_call(n, delay);
    }

    pub fn verify_token_call_count(&self) -> usize {
        self.verify_token.call_count()
    }

    /// The arguments of call `n`, counted from 0; panics if there was none.
    pub fn verify_token_args_for_call(&self, n: usize) -> (Context, super::VerifyTokenRequest) {
        self.verify_token.args_for_call(n)
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.create.invocations(),
            self.read.invocations(),
            self.update.invocations(),
            self.delete.invocations(),
            self.update_password.invocations(),
            self.login.invocations(),
            self.logout.invocations(),
            self.logout_all.invocations(),
            self.read_session.invocations(),
            self.verify_email.invocations(),
            self.send_verification_email.invocations(),
            self.send_password_reset_email.invocations(),
            self.reset_password.invocations(),
            self.list.invocations(),
            self.send_magic_link.invocations(),
            self.verify_token.invocations(),
        ])
    }
}

#[async_trait]
impl super::User for FakeUser {
    async fn create(&self, ctx: &Context, request: super::CreateRequest) -> Result<super::CreateResponse> {
        self.create.call(ctx, request).await
    }

    async fn read(&self, ctx: &Context, request: super::ReadRequest) -> Result<super::ReadResponse> {
        self.read.call(ctx, request).await
    }

    async fn update(&self, ctx: &Context, request: super::UpdateRequest) -> Result<super::UpdateResponse> {
        self.update.call(ctx, request).await
    }

    async fn delete(&self, ctx: &Context, request: super::DeleteRequest) -> Result<super::DeleteResponse> {
        self.delete.call(ctx, request).await
    }

    async fn update_password(
        &self,
        ctx: &Context,
        request: super::UpdatePasswordRequest,
    ) -> Result<super::UpdatePasswordResponse> {
        self.update_password.call(ctx, request).await
    }

    async fn login(&self, ctx: &Context, request: super::LoginRequest) -> Result<super::LoginResponse> {
        self.login.call(ctx, request).await
    }

    async fn logout(&self, ctx: &Context, request: super::LogoutRequest) -> Result<super::LogoutResponse> {
        self.logout.call(ctx, request).await
    }

    async fn logout_all(
        &self,
        ctx: &Context,
        request: super::LogoutAllRequest,
    ) -> Result<super::LogoutAllResponse> {
        self.logout_all.call(ctx, request).await
    }

    async fn read_session(
        &self,
        ctx: &Context,
        request: super::ReadSessionRequest,
    ) -> Result<super::ReadSessionResponse> {
        self.read_session.call(ctx, request).await
    }

    async fn verify_email(
        &self,
        ctx: &Context,
        request: super::VerifyEmailRequest,
    ) -> Result<super::VerifyEmailResponse> {
        self.verify_email.call(ctx, request).await
    }

    async fn send_verification_email(
        &self,
        ctx: &Context,
        request: super::SendVerificationEmailRequest,
    ) -> Result<super::SendVerificationEmailResponse> {
        self.send_verification_email.call(ctx, request).await
    }

    async fn send_password_reset_email(
        &self,
        ctx: &Context,
        request: super::SendPasswordResetEmailRequest,
    ) -> Result<super::SendPasswordResetEmailResponse> {
        self.send_password_reset_email.call(ctx, request).await
    }

    async fn reset_password(
        &self,
        ctx: &Context,
        request: super::ResetPasswordRequest,
    ) -> Result<super::ResetPasswordResponse> {
        self.reset_password.call(ctx, request).await
    }

    async fn list(&self, ctx: &Context, request: super::ListRequest) -> Result<super::ListResponse> {
        self.list.call(ctx, request).await
    }

    async fn send_magic_link(
        &self,
        ctx: &Context,
        request: super::SendMagicLinkRequest,
    ) -> Result<super::SendMagicLinkResponse> {
        self.send_magic_link.call(ctx, request).await
    }

    async fn verify_token(
        &self,
        ctx: &Context,
        request: super::VerifyTokenRequest,
    ) -> Result<super::VerifyTokenResponse> {
        self.verify_token.call(ctx, request).await
    }
}
