//! The wire of `user`: says whose call it is and translates.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use email_proto::{Email, SendRequest};
use micro::events::Outbox;
use micro::{Context, Error, Platform, Result, Tenant, async_trait};

use crate::proto;
use crate::service::letters::Letter;
use crate::service::password::Password;
use crate::service::problem::Problem;
use crate::service::proofs::{Afterwards, Proofs};
use crate::service::resets::Resets;
use crate::service::users::{Draft, Users, Who};

use super::news;
use super::settings::Follow;
use super::wire::{account, session, wording};

/// Where the service keeps what it knows.
const TABLE: &str = "user";
/// Who passes a call on says so where it came from.
const ADDRESS: &str = "x-forwarded-for";

/// Answers the calls of `User`.
pub struct User {
    pub users: Users,
    pub proofs: Proofs,
    pub outbox: Outbox,
    resets: Resets,
    email: Arc<dyn Email>,
    settings: Follow,
}

impl User {
    /// On a platform, with a service that sends mails.
    pub fn new(platform: &Platform, email: Arc<dyn Email>) -> Self {
        let table = platform.table(TABLE);
        let outbox = Outbox::new(platform, TABLE);
        let announce = news::announce(outbox.clone(), platform.clock.clone());
        let users = Users::new(platform, &table, announce);
        Self {
            proofs: Proofs::new(platform, &table, users.clone()),
            resets: Resets::new(platform, &table, users.clone()),
            settings: Follow::new(platform),
            users,
            outbox,
            email,
        }
    }

    /// Has a mail sent in the caller's name.
    async fn send(&self, ctx: &Context, letter: Letter) -> Result<()> {
        let request = SendRequest {
            from: letter.from_name,
            to: letter.to,
            subject: letter.subject,
            text_body: letter.text,
            ..SendRequest::default()
        };
        self.email.send(ctx, request).await?;
        Ok(())
    }
}

/// Whose data a call is about.
fn tenant(ctx: &Context, method: &str) -> Result<Tenant> {
    Tenant::of(ctx).map_err(|error| Error {
        id: format!("user.{method}"),
        ..error
    })
}

/// Where the person is who logs in, if the caller says so.
fn address(ctx: &Context) -> Option<&str> {
    let all = ctx.metadata().get(ADDRESS)?;
    let first = all.split(',').next().unwrap_or_default().trim();
    (!first.is_empty()).then_some(first)
}

fn of(method: &str) -> impl Fn(Problem) -> Error + '_ {
    move |problem| problem.of(method)
}

#[async_trait]
impl proto::User for User {
    async fn create(&self, ctx: &Context, request: proto::CreateRequest) -> Result<proto::CreateResponse> {
        const METHOD: &str = "Create";
        let tenant = tenant(ctx, METHOD)?;
        let draft = Draft {
            who: Who {
                id: request.id,
                username: request.username,
                email: request.email,
            },
            password: Password::new(&request.password).map_err(of(METHOD))?,
            profile: request.profile,
        };
        let created = self.users.create(ctx, &tenant, draft).await.map_err(of(METHOD))?;
        let account = Some(account(created));
        Ok(proto::CreateResponse { account })
    }

    async fn read(&self, ctx: &Context, request: proto::ReadRequest) -> Result<proto::ReadResponse> {
        const METHOD: &str = "Read";
        let tenant = tenant(ctx, METHOD)?;
        let who = Who {
            id: request.id,
            username: request.username,
            email: request.email,
        };
        let found = self.users.read(&tenant, &who).await.map_err(of(METHOD))?;
        let account = Some(account(found));
        Ok(proto::ReadResponse { account })
    }

    async fn update(&self, ctx: &Context, request: proto::UpdateRequest) -> Result<proto::UpdateResponse> {
        const METHOD: &str = "Update";
        let tenant = tenant(ctx, METHOD)?;
        let who = Who {
            id: request.id,
            username: request.username,
            email: request.email,
        };
        let updated = self.users.update(ctx, &tenant, &who, request.profile).await;
        updated.map_err(of(METHOD))?;
        Ok(proto::UpdateResponse {})
    }

    async fn delete(&self, ctx: &Context, request: proto::DeleteRequest) -> Result<proto::DeleteResponse> {
        const METHOD: &str = "Delete";
        let tenant = tenant(ctx, METHOD)?;
        let deleted = self.users.delete(ctx, &tenant, &request.id).await;
        deleted.map_err(of(METHOD))?;
        Ok(proto::DeleteResponse {})
    }

    async fn update_password(
        &self,
        ctx: &Context,
        request: proto::UpdatePasswordRequest,
    ) -> Result<proto::UpdatePasswordResponse> {
        const METHOD: &str = "UpdatePassword";
        let tenant = tenant(ctx, METHOD)?;
        let new = Password::confirmed(&request.new_password, &request.confirm_password);
        let new = new.map_err(of(METHOD))?;
        let changed = self
            .users
            .change_password(&tenant, &request.user_id, &request.old_password, new)
            .await;
        changed.map_err(of(METHOD))?;
        Ok(proto::UpdatePasswordResponse {})
    }

    async fn login(&self, ctx: &Context, request: proto::LoginRequest) -> Result<proto::LoginResponse> {
        const METHOD: &str = "Login";
        let tenant = tenant(ctx, METHOD)?;
        let who = Who {
            username: request.username,
            email: request.email,
            ..Who::default()
        };
        let begun = self
            .users
            .login(&tenant, &who, &request.password, address(ctx))
            .await;
        let session = Some(session(begun.map_err(of(METHOD))?));
        Ok(proto::LoginResponse { session })
    }

    async fn logout(&self, ctx: &Context, request: proto::LogoutRequest) -> Result<proto::LogoutResponse> {
        const METHOD: &str = "Logout";
        let tenant = tenant(ctx, METHOD)?;
        let ended = self.users.sessions.end(&tenant, &request.session_id).await;
        ended.map_err(of(METHOD))?;
        Ok(proto::LogoutResponse {})
    }

    async fn logout_all(
        &self,
        ctx: &Context,
        request: proto::LogoutAllRequest,
    ) -> Result<proto::LogoutAllResponse> {
        const METHOD: &str = "LogoutAll";
        let tenant = tenant(ctx, METHOD)?;
        let ended = self.users.logout_all(&tenant, &request.user_id).await;
        ended.map_err(of(METHOD))?;
        Ok(proto::LogoutAllResponse {})
    }

    async fn read_session(
        &self,
        ctx: &Context,
        request: proto::ReadSessionRequest,
    ) -> Result<proto::ReadSessionResponse> {
        const METHOD: &str = "ReadSession";
        let tenant = tenant(ctx, METHOD)?;
        let found = self.users.session(&tenant, &request.session_id).await;
        let (mut found, of_account) = found.map_err(of(METHOD))?;
        if self.settings.get().await?.is_sliding() {
            let extended = self.users.sessions.extend(&tenant, found).await;
            found = extended.map_err(of(METHOD))?;
        }
        Ok(proto::ReadSessionResponse {
            session: Some(session(found)),
            account: Some(account(of_account)),
        })
    }

    async fn verify_email(
        &self,
        ctx: &Context,
        request: proto::VerifyEmailRequest,
    ) -> Result<proto::VerifyEmailResponse> {
        const METHOD: &str = "VerifyEmail";
        let tenant = tenant(ctx, METHOD)?;
        let verified = self.proofs.verify_as(ctx, &tenant, &request.token).await;
        verified.map_err(of(METHOD))?;
        Ok(proto::VerifyEmailResponse {})
    }

    async fn send_verification_email(
        &self,
        ctx: &Context,
        request: proto::SendVerificationEmailRequest,
    ) -> Result<proto::SendVerificationEmailResponse> {
        const METHOD: &str = "SendVerificationEmail";
        let tenant = tenant(ctx, METHOD)?;
        let settings = self.settings.get().await?;
        let afterwards = Afterwards {
            success: request.redirect_url,
            failure: request.failure_redirect_url,
        };
        let wording = wording(request.from_name, request.subject, request.text_content);
        let letter = self
            .proofs
            .verification(&tenant, &request.email, settings.site(), afterwards, wording)
            .await;
        self.send(ctx, letter.map_err(of(METHOD))?).await?;
        Ok(proto::SendVerificationEmailResponse {})
    }

    async fn send_password_reset_email(
        &self,
        ctx: &Context,
        request: proto::SendPasswordResetEmailRequest,
    ) -> Result<proto::SendPasswordResetEmailResponse> {
        const METHOD: &str = "SendPasswordResetEmail";
        let tenant = tenant(ctx, METHOD)?;
        let wording = wording(request.from_name, request.subject, request.text_content);
        let letter = self
            .resets
            .begin(&tenant, &request.email, request.expiration, wording)
            .await;
        if let Some(letter) = letter.map_err(of(METHOD))? {
            self.send(ctx, letter).await?;
        }
        Ok(proto::SendPasswordResetEmailResponse {})
    }

    async fn reset_password(
        &self,
        ctx: &Context,
        request: proto::ResetPasswordRequest,
    ) -> Result<proto::ResetPasswordResponse> {
        const METHOD: &str = "ResetPassword";
        let tenant = tenant(ctx, METHOD)?;
        let new = Password::confirmed(&request.new_password, &request.confirm_password);
        let new = new.map_err(of(METHOD))?;
        let reset = self
            .resets
            .finish(&tenant, &request.email, &request.code, new)
            .await;
        reset.map_err(of(METHOD))?;
        Ok(proto::ResetPasswordResponse {})
    }

    async fn list(&self, ctx: &Context, request: proto::ListRequest) -> Result<proto::ListResponse> {
        const METHOD: &str = "List";
        let tenant = tenant(ctx, METHOD)?;
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (offset, limit) = (number(request.offset), number(request.limit));
        let found = self
            .users
            .list(&tenant, offset, limit)
            .await
            .map_err(of(METHOD))?;
        let users = found.into_iter().map(account).collect();
        Ok(proto::ListResponse { users })
    }

    async fn send_magic_link(
        &self,
        ctx: &Context,
        request: proto::SendMagicLinkRequest,
    ) -> Result<proto::SendMagicLinkResponse> {
        const METHOD: &str = "SendMagicLink";
        let tenant = tenant(ctx, METHOD)?;
        let wording = wording(request.from_name, request.subject, request.text_content);
        let letter = self
            .proofs
            .magic_link(
                &tenant,
                &request.email,
                &request.address,
                &request.endpoint,
                wording,
            )
            .await;
        if let Some(letter) = letter.map_err(of(METHOD))? {
            self.send(ctx, letter).await?;
        }
        Ok(proto::SendMagicLinkResponse {})
    }

    async fn verify_token(
        &self,
        ctx: &Context,
        request: proto::VerifyTokenRequest,
    ) -> Result<proto::VerifyTokenResponse> {
        const METHOD: &str = "VerifyToken";
        let tenant = tenant(ctx, METHOD)?;
        let begun = self
            .proofs
            .login(&tenant, &request.token)
            .await
            .map_err(of(METHOD))?;
        let message = match begun {
            Some(_) => "the token is valid",
            None => "the token is not valid: it is unknown, was used, or is too old",
        };
        Ok(proto::VerifyTokenResponse {
            is_valid: begun.is_some(),
            session: begun.map(session),
            message: message.to_owned(),
        })
    }
}
