// @generated from email.proto by micro; edit that file instead of this one.

//! What the service email says. Fields numbered from 100 are beyond the public API of that name: its programs neither send
//! nor see them.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

/// StatusChanged is what is published on the topic email whenever a mail is queued, sent, or failed.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct StatusChanged {
    /// Of the mail.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// queued, sent or failed.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub status: String,
    /// Why it failed.
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub error: String,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SendRequest {
    /// The name that the mail is from; its address is a setting of the service.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub from: String,
    /// Whom the mail is for: bob@example.org, or Bob \<bob@example.org>.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub to: String,
    /// Where answers go.
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "replyTo")]
    pub reply_to: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub subject: String,
    /// A mail has a text, HTML, or both.
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>", alias = "textBody")]
    pub text_body: String,
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>", alias = "htmlBody")]
    pub html_body: String,
    /// The same key again is answered with the mail that it sent the first time, and sends none.
    #[prost(string, tag = "100")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions",
        alias = "idempotencyKey"
    )]
    pub idempotency_key: String,
    #[prost(message, repeated, tag = "101")]
    #[serde(
        with = "json::As::<json::List<json::Msg>>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub attachments: Vec<Attachment>,
    /// The name of a template, from which the mail's subject, text and HTML are made where they are not given.
    #[prost(string, tag = "102")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub template: String,
    /// What stands in the template in the places of {{name}}.
    #[prost(btree_map = "string, string", tag = "103")]
    #[serde(
        with = "json::As::<json::Map<json::Text, json::Text>>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub variables: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SendResponse {
    /// Of the mail.
    #[prost(string, tag = "100")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub id: String,
    /// queued, sent or failed.
    #[prost(string, tag = "101")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub status: String,
}

/// A file that goes with a mail.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Attachment {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    /// application/octet-stream when empty.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>", alias = "contentType")]
    pub content_type: String,
    /// Left out of lists.
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub content: micro_rpc::bytes::Bytes,
    /// Of the content, in bytes; what is sent with it is ignored.
    #[prost(int64, tag = "4")]
    #[serde(with = "json::As::<json::Int64>")]
    pub size: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ParseRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub address: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ParseResponse {
    /// The name beside the address; empty without one.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub address: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ValidateRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub address: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ValidateResponse {
    #[prost(bool, tag = "1")]
    #[serde(with = "json::As::<json::Bool>", alias = "isValid")]
    pub is_valid: bool,
}

/// A mail and what became of it.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Mail {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub from: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub to: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>", alias = "replyTo")]
    pub reply_to: String,
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>")]
    pub subject: String,
    /// Left out of lists, as is html_body.
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>", alias = "textBody")]
    pub text_body: String,
    #[prost(string, tag = "7")]
    #[serde(with = "json::As::<json::Text>", alias = "htmlBody")]
    pub html_body: String,
    #[prost(message, repeated, tag = "8")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub attachments: Vec<Attachment>,
    /// queued, sent or failed.
    #[prost(string, tag = "9")]
    #[serde(with = "json::As::<json::Text>")]
    pub status: String,
    /// Why the last attempt failed.
    #[prost(string, tag = "10")]
    #[serde(with = "json::As::<json::Text>")]
    pub error: String,
    /// How often it was tried.
    #[prost(uint32, tag = "11")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub attempts: u32,
    /// How it was sent: smtp, or outbox where it was only kept here.
    #[prost(string, tag = "12")]
    #[serde(with = "json::As::<json::Text>")]
    pub via: String,
    /// Unix seconds.
    #[prost(int64, tag = "13")]
    #[serde(with = "json::As::<json::Int64>")]
    pub created: i64,
    /// Unix seconds of the last change of its status.
    #[prost(int64, tag = "14")]
    #[serde(with = "json::As::<json::Int64>")]
    pub updated: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadResponse {
    #[prost(message, optional, tag = "1")]
    pub mail: Option<Mail>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListRequest {
    /// 25 when 0; at most 1000.
    #[prost(uint32, tag = "1")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub limit: u32,
    /// So many are skipped first.
    #[prost(uint32, tag = "2")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub offset: u32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub mails: Vec<Mail>,
}

/// What mails are made from. {{name}} stands for a variable; in html_body its value is escaped.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Template {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub subject: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "textBody")]
    pub text_body: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>", alias = "htmlBody")]
    pub html_body: String,
    /// Unix seconds.
    #[prost(int64, tag = "5")]
    #[serde(with = "json::As::<json::Int64>")]
    pub created: i64,
    /// Unix seconds.
    #[prost(int64, tag = "6")]
    #[serde(with = "json::As::<json::Int64>")]
    pub updated: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SaveTemplateRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub subject: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "textBody")]
    pub text_body: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>", alias = "htmlBody")]
    pub html_body: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SaveTemplateResponse {
    #[prost(message, optional, tag = "1")]
    pub template: Option<Template>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadTemplateRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadTemplateResponse {
    #[prost(message, optional, tag = "1")]
    pub template: Option<Template>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListTemplatesRequest {
    /// 25 when 0; at most 1000.
    #[prost(uint32, tag = "1")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub limit: u32,
    /// So many are skipped first.
    #[prost(uint32, tag = "2")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub offset: u32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListTemplatesResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub templates: Vec<Template>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteTemplateRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteTemplateResponse {}

/// What reflection and the registry say of `Email`.
pub static EMAIL_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "email",
    name: "Email",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Send",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Parse",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Validate",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Read",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "List",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "SaveTemplate",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "ReadTemplate",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "ListTemplates",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "DeleteTemplate",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Email: Send + Sync + 'static {
    /// Send takes a mail, keeps it, and answers before it is delivered; Read tells what became of it.
    async fn send(&self, ctx: &micro_rpc::Context, request: SendRequest) -> micro_rpc::Result<SendResponse>;

    /// Parse takes an address apart, as it stands in a mail (RFC 5322).
    async fn parse(
        &self,
        ctx: &micro_rpc::Context,
        request: ParseRequest,
    ) -> micro_rpc::Result<ParseResponse>;

    /// Validate tells whether a mail can be addressed so. It does not tell whether somebody reads it.
    async fn validate(
        &self,
        ctx: &micro_rpc::Context,
        request: ValidateRequest,
    ) -> micro_rpc::Result<ValidateResponse>;

    /// Read returns a mail and what became of it.
    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse>;

    /// List returns mails without their contents, newest first.
    async fn list(&self, ctx: &micro_rpc::Context, request: ListRequest) -> micro_rpc::Result<ListResponse>;

    /// SaveTemplate keeps a template, in the place of one of that name.
    async fn save_template(
        &self,
        ctx: &micro_rpc::Context,
        request: SaveTemplateRequest,
    ) -> micro_rpc::Result<SaveTemplateResponse>;

    /// ReadTemplate returns a template.
    async fn read_template(
        &self,
        ctx: &micro_rpc::Context,
        request: ReadTemplateRequest,
    ) -> micro_rpc::Result<ReadTemplateResponse>;

    /// ListTemplates returns templates in the order of their names.
    async fn list_templates(
        &self,
        ctx: &micro_rpc::Context,
        request: ListTemplatesRequest,
    ) -> micro_rpc::Result<ListTemplatesResponse>;

    /// DeleteTemplate removes a template; mails that were made from it stay.
    async fn delete_template(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteTemplateRequest,
    ) -> micro_rpc::Result<DeleteTemplateResponse>;
}

/// [`Email`] over the network.
#[derive(Clone)]
pub struct EmailClient(micro_rpc::ServiceClient);

impl EmailClient {
    /// Calls the service `email`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "email")
    }

    /// Calls the service `name`, which speaks the contract of `email`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Email for EmailClient {
    async fn send(&self, ctx: &micro_rpc::Context, request: SendRequest) -> micro_rpc::Result<SendResponse> {
        self.0.unary(ctx, "Email.Send", &request).await
    }

    async fn parse(
        &self,
        ctx: &micro_rpc::Context,
        request: ParseRequest,
    ) -> micro_rpc::Result<ParseResponse> {
        self.0.idempotent(ctx, "Email.Parse", &request).await
    }

    async fn validate(
        &self,
        ctx: &micro_rpc::Context,
        request: ValidateRequest,
    ) -> micro_rpc::Result<ValidateResponse> {
        self.0.idempotent(ctx, "Email.Validate", &request).await
    }

    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse> {
        self.0.idempotent(ctx, "Email.Read", &request).await
    }

    async fn list(&self, ctx: &micro_rpc::Context, request: ListRequest) -> micro_rpc::Result<ListResponse> {
        self.0.idempotent(ctx, "Email.List", &request).await
    }

    async fn save_template(
        &self,
        ctx: &micro_rpc::Context,
        request: SaveTemplateRequest,
    ) -> micro_rpc::Result<SaveTemplateResponse> {
        self.0.idempotent(ctx, "Email.SaveTemplate", &request).await
    }

    async fn read_template(
        &self,
        ctx: &micro_rpc::Context,
        request: ReadTemplateRequest,
    ) -> micro_rpc::Result<ReadTemplateResponse> {
        self.0.idempotent(ctx, "Email.ReadTemplate", &request).await
    }

    async fn list_templates(
        &self,
        ctx: &micro_rpc::Context,
        request: ListTemplatesRequest,
    ) -> micro_rpc::Result<ListTemplatesResponse> {
        self.0.idempotent(ctx, "Email.ListTemplates", &request).await
    }

    async fn delete_template(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteTemplateRequest,
    ) -> micro_rpc::Result<DeleteTemplateResponse> {
        self.0.idempotent(ctx, "Email.DeleteTemplate", &request).await
    }
}

/// Mounts a [`Email`] on a server.
#[derive(Clone)]
pub struct EmailServer(std::sync::Arc<dyn Email>);

impl EmailServer {
    pub fn new(service: impl Email) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Email>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for EmailServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &EMAIL_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Send" => {
                let request = call.request().await?;
                let response = service.send(ctx, request).await?;
                call.reply(&response)
            }
            "Parse" => {
                let request = call.request().await?;
                let response = service.parse(ctx, request).await?;
                call.reply(&response)
            }
            "Validate" => {
                let request = call.request().await?;
                let response = service.validate(ctx, request).await?;
                call.reply(&response)
            }
            "Read" => {
                let request = call.request().await?;
                let response = service.read(ctx, request).await?;
                call.reply(&response)
            }
            "List" => {
                let request = call.request().await?;
                let response = service.list(ctx, request).await?;
                call.reply(&response)
            }
            "SaveTemplate" => {
                let request = call.request().await?;
                let response = service.save_template(ctx, request).await?;
                call.reply(&response)
            }
            "ReadTemplate" => {
                let request = call.request().await?;
                let response = service.read_template(ctx, request).await?;
                call.reply(&response)
            }
            "ListTemplates" => {
                let request = call.request().await?;
                let response = service.list_templates(ctx, request).await?;
                call.reply(&response)
            }
            "DeleteTemplate" => {
                let request = call.request().await?;
                let response = service.delete_template(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented("email.Email", "unknown method")),
        }
    }
}
