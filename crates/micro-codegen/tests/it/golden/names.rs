// @generated from names.proto by micro; edit that file instead of this one.

//! Names that mean something else in Rust, or in the framework.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Option {
    #[prost(string, optional, tag = "1")]
    #[serde(
        with = "json::As::<json::Opt<json::Text>>",
        skip_serializing_if = "std::option::Option::is_none"
    )]
    pub value: std::option::Option<std::string::String>,
    #[prost(message, optional, tag = "2")]
    pub string: std::option::Option<String>,
    #[prost(btree_map = "string, message", tag = "3")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Msg>>")]
    pub strings: std::collections::BTreeMap<std::string::String, String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct String {
    #[prost(string, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub values: std::vec::Vec<std::string::String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Result {
    #[prost(message, optional, tag = "1")]
    pub context: std::option::Option<Context>,
    #[prost(message, optional, tag = "2")]
    pub vec: std::option::Option<Vec>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Context {
    #[prost(enumeration = "json_::r#type::Self_", tag = "1")]
    #[serde(with = "json::As::<json::Enum<json_::r#type::Self_>>", rename = "self")]
    pub self_: i32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Vec {
    #[prost(string, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub strings: std::vec::Vec<std::string::String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Json {
    #[prost(message, optional, tag = "1")]
    pub r#type: std::option::Option<json_::Type>,
}

/// What [`Json`] declares inside.
pub mod json_ {
    use micro_rpc::{json, prost, serde};

    #[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[serde(crate = "micro_rpc::serde", default)]
    pub struct Type {
        #[prost(enumeration = "r#type::Self_", tag = "1")]
        #[serde(with = "json::As::<json::Enum<r#type::Self_>>", rename = "self")]
        pub self_: i32,
    }

    /// What [`Type`] declares inside.
    pub mod r#type {
        use micro_rpc::{json, prost};

        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
        #[prost(prost_path = "micro_rpc::prost")]
        #[repr(i32)]
        pub enum Self_ {
            Self_ = 0,
            Type = 1,
        }

        impl json::Enumeration for Self_ {
            fn name(&self) -> &'static str {
                match self {
                    Self::Self_ => "SELF",
                    Self::Type => "TYPE",
                }
            }

            fn from_name(name: &str) -> std::option::Option<Self> {
                match name {
                    "SELF" => Some(Self::Self_),
                    "TYPE" => Some(Self::Type),
                    _ => None,
                }
            }
        }
    }
}

/// What reflection and the registry say of `Send`.
pub static SEND_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "names",
    name: "Send",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Move",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Clone",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Into",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Type",
            client_streaming: true,
            server_streaming: true,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

/// Words that Rust keeps for itself, or that smart pointers answer to.
#[micro_rpc::async_trait]
pub trait Send: std::marker::Send + Sync + 'static {
    async fn r#move(
        &self,
        ctx: &micro_rpc::Context,
        request: micro_rpc::wkt::Empty,
    ) -> micro_rpc::Result<Option>;
    async fn clone(&self, ctx: &micro_rpc::Context, request: Option) -> micro_rpc::Result<Option>;
    async fn into(
        &self,
        ctx: &micro_rpc::Context,
        request: json_::Type,
    ) -> micro_rpc::Result<super::shared::place::Place>;
    async fn r#type(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<String>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Result>>;
}

/// [`Send`] over the network.
#[derive(Clone)]
pub struct SendClient(micro_rpc::ServiceClient);

impl SendClient {
    /// Calls the service `names`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "names")
    }

    /// Calls the service `name`, which speaks the contract of `names`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Send for SendClient {
    async fn r#move(
        &self,
        ctx: &micro_rpc::Context,
        request: micro_rpc::wkt::Empty,
    ) -> micro_rpc::Result<Option> {
        self.0.unary(ctx, "Send.Move", &request).await
    }

    async fn clone(&self, ctx: &micro_rpc::Context, request: Option) -> micro_rpc::Result<Option> {
        self.0.unary(ctx, "Send.Clone", &request).await
    }

    async fn into(
        &self,
        ctx: &micro_rpc::Context,
        request: json_::Type,
    ) -> micro_rpc::Result<super::shared::place::Place> {
        self.0.unary(ctx, "Send.Into", &request).await
    }

    async fn r#type(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<String>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Result>> {
        self.0.bidi(ctx, "Send.Type", requests).await
    }
}

/// Mounts a [`Send`] on a server.
#[derive(Clone)]
pub struct SendServer(std::sync::Arc<dyn Send>);

impl SendServer {
    pub fn new(service: impl Send) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Send>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for SendServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &SEND_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Move" => {
                let request = call.request().await?;
                let response = service.r#move(ctx, request).await?;
                call.reply(&response)
            }
            "Clone" => {
                let request = call.request().await?;
                let response = service.clone(ctx, request).await?;
                call.reply(&response)
            }
            "Into" => {
                let request = call.request().await?;
                let response = service.into(ctx, request).await?;
                call.reply(&response)
            }
            "Type" => {
                let requests = call.requests();
                let responses = service.r#type(ctx, requests).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented("names.Send", "unknown method")),
        }
    }
}
