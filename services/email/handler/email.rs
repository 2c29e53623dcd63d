//! The wire of `email`: checks what comes in and translates.

mod request;
mod response;
#[cfg(test)]
mod tests;

use micro::{Context, Error, Result, Tenant, async_trait};

use crate::service::address::Mailbox;
use crate::service::mails::Mails;
use crate::service::templates::Templates;

use email_proto as proto;

/// Mails and templates in a list unless said otherwise, and at most.
const USUAL_LIMIT: usize = 25;
const LARGEST_LIMIT: usize = 1000;

/// Answers the calls of `Email`.
pub struct Email {
    mails: Mails,
    templates: Templates,
}

impl Email {
    /// Takes these mails, and makes them from these templates.
    pub fn new(mails: Mails, templates: Templates) -> Self {
        Self { mails, templates }
    }
}

#[async_trait]
impl proto::Email for Email {
    async fn send(&self, ctx: &Context, request: proto::SendRequest) -> Result<proto::SendResponse> {
        let tenant = Tenant::of(ctx)?;
        let request = self.rendered(&tenant, request).await?;
        let draft = request::draft(request)?;
        let mail = self.mails.send(ctx, &tenant, &draft).await?;
        Ok(proto::SendResponse {
            status: mail.status.word().to_owned(),
            id: mail.id,
        })
    }

    async fn parse(&self, ctx: &Context, request: proto::ParseRequest) -> Result<proto::ParseResponse> {
        Tenant::of(ctx)?;
        let mailbox = request::mailbox("email.Parse.address", &request.address)?;
        Ok(proto::ParseResponse {
            name: mailbox.name,
            address: mailbox.address.to_string(),
        })
    }

    async fn validate(
        &self,
        ctx: &Context,
        request: proto::ValidateRequest,
    ) -> Result<proto::ValidateResponse> {
        Tenant::of(ctx)?;
        let is_valid = Mailbox::parse(&request.address).is_some();
        Ok(proto::ValidateResponse { is_valid })
    }

    async fn read(&self, ctx: &Context, request: proto::ReadRequest) -> Result<proto::ReadResponse> {
        let tenant = Tenant::of(ctx)?;
        if request.id.is_empty() {
            return Err(Error::bad_request("email.Read.id", "an id is required"));
        }
        let missing = || Error::not_found("email.Read", format!("there is no mail {:?}", request.id));
        let mail = self.mails.read(&tenant, &request.id).await?.ok_or_else(missing)?;
        let contents = self.mails.contents(&tenant, &mail).await?;
        let mail = Some(response::mail(mail, contents));
        Ok(proto::ReadResponse { mail })
    }

    async fn list(&self, ctx: &Context, request: proto::ListRequest) -> Result<proto::ListResponse> {
        let tenant = Tenant::of(ctx)?;
        let limit = limit("email.List.limit", request.limit)?;
        let mails = self.mails.list(&tenant, limit, offset(request.offset)).await?;
        let mails = mails.into_iter().map(response::listed).collect();
        Ok(proto::ListResponse { mails })
    }

    async fn save_template(
        &self,
        ctx: &Context,
        request: proto::SaveTemplateRequest,
    ) -> Result<proto::SaveTemplateResponse> {
        let tenant = Tenant::of(ctx)?;
        let template = request::template(request)?;
        let template = self.templates.save(&tenant, template).await?;
        Ok(proto::SaveTemplateResponse {
            template: Some(response::template(template)),
        })
    }

    async fn read_template(
        &self,
        ctx: &Context,
        request: proto::ReadTemplateRequest,
    ) -> Result<proto::ReadTemplateResponse> {
        let tenant = Tenant::of(ctx)?;
        request::check_template_name("email.ReadTemplate.name", &request.name)?;
        let template = self.templates.read(&tenant, &request.name).await?;
        let template = template.ok_or_else(|| {
            let detail = format!("there is no template {:?}", request.name);
            Error::not_found("email.ReadTemplate", detail)
        })?;
        Ok(proto::ReadTemplateResponse {
            template: Some(response::template(template)),
        })
    }

    async fn list_templates(
        &self,
        ctx: &Context,
        request: proto::ListTemplatesRequest,
    ) -> Result<proto::ListTemplatesResponse> {
        let tenant = Tenant::of(ctx)?;
        let limit = limit("email.ListTemplates.limit", request.limit)?;
        let templates = self
            .templates
            .list(&tenant, limit, offset(request.offset))
            .await?;
        let templates = templates.into_iter().map(response::template).collect();
        Ok(proto::ListTemplatesResponse { templates })
    }

    async fn delete_template(
        &self,
        ctx: &Context,
        request: proto::DeleteTemplateRequest,
    ) -> Result<proto::DeleteTemplateResponse> {
        let tenant = Tenant::of(ctx)?;
        request::check_template_name("email.DeleteTemplate.name", &request.name)?;
        self.templates.delete(&tenant, &request.name).await?;
        Ok(proto::DeleteTemplateResponse {})
    }
}

impl Email {
    /// The request with what its template says, where it says nothing itself.
    async fn rendered(&self, tenant: &Tenant, request: proto::SendRequest) -> Result<proto::SendRequest> {
        if request.template.is_empty() {
            return Ok(request);
        }
        let id = "email.Send.template";
        request::check_template_name(id, &request.template)?;
        let template = self.templates.read(tenant, &request.template).await?;
        let template = template.ok_or_else(|| {
            let detail = format!("there is no template {:?}: save it first", request.template);
            Error::bad_request(id, detail)
        })?;
        let rendered = template.render(&request.variables);
        let rendered = rendered.map_err(|mistake| request::mistake("email.Send.variables", mistake))?;
        let or = |given: String, made: String| if given.is_empty() { made } else { given };
        Ok(proto::SendRequest {
            subject: or(request.subject, rendered.subject),
            text_body: or(request.text_body, rendered.text),
            html_body: or(request.html_body, rendered.html),
            ..request
        })
    }
}

fn limit(id: &str, asked: u32) -> Result<usize> {
    match usize::try_from(asked).unwrap_or(usize::MAX) {
        0 => Ok(USUAL_LIMIT),
        limit if limit <= LARGEST_LIMIT => Ok(limit),
        limit => {
            let detail = format!("a list has at most {LARGEST_LIMIT} entries, not {limit}");
            Err(Error::bad_request(id, detail))
        }
    }
}

fn offset(asked: u32) -> usize {
    usize::try_from(asked).unwrap_or(usize::MAX)
}
