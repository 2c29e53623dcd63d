// @generated from config.proto by micro; edit that file instead of this one.

//! Keeps a document of settings per namespace, read and changed by dotted paths.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-config")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Value {
    /// JSON
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub data: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub format: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Options {
    /// Set: keep it encrypted. Get: show it.
    #[prost(bool, tag = "1")]
    #[serde(with = "json::As::<json::Bool>")]
    pub secret: bool,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SetRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub path: String,
    #[prost(message, optional, tag = "3")]
    pub value: Option<Value>,
    #[prost(message, optional, tag = "4")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SetResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub path: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GetRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub path: String,
    #[prost(message, optional, tag = "3")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GetResponse {
    #[prost(message, optional, tag = "1")]
    pub value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub path: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadResponse {
    #[prost(message, optional, tag = "1")]
    pub change: Option<Change>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Change {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub path: String,
    #[prost(message, optional, tag = "3")]
    #[serde(rename = "changeSet")]
    pub change_set: Option<ChangeSet>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ChangeSet {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub data: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub checksum: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub format: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub source: String,
    #[prost(int64, tag = "5")]
    #[serde(with = "json::As::<json::Int64>")]
    pub timestamp: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WatchRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub path: String,
    /// As for Get.
    #[prost(message, optional, tag = "3")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WatchResponse {
    #[prost(message, optional, tag = "1")]
    pub value: Option<Value>,
}

/// What reflection and the registry say of `Config`.
pub static CONFIG_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "config",
    name: "Config",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Get",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Set",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Delete",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Read",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Watch",
            client_streaming: false,
            server_streaming: true,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Config: Send + Sync + 'static {
    /// Get returns the value at a path as JSON text; null where there is none.
    async fn get(&self, ctx: &micro_rpc::Context, request: GetRequest) -> micro_rpc::Result<GetResponse>;

    /// Set changes the value at a path: objects are merged leaf by leaf, all else replaces.
    async fn set(&self, ctx: &micro_rpc::Context, request: SetRequest) -> micro_rpc::Result<SetResponse>;

    /// Delete removes a path and all below it.
    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse>;

    /// Read is Get for programs of before version 3.1.
    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse>;

    /// Watch sends the value at a path, and again whenever it has changed. Secrets are masked.
    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: WatchRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<WatchResponse>>;
}

/// [`Config`] over the network.
#[derive(Clone)]
pub struct ConfigClient(micro_rpc::ServiceClient);

impl ConfigClient {
    /// Calls the service `config`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "config")
    }

    /// Calls the service `name`, which speaks the contract of `config`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Config for ConfigClient {
    async fn get(&self, ctx: &micro_rpc::Context, request: GetRequest) -> micro_rpc::Result<GetResponse> {
        self.0.unary(ctx, "Config.Get", &request).await
    }

    async fn set(&self, ctx: &micro_rpc::Context, request: SetRequest) -> micro_rpc::Result<SetResponse> {
        self.0.unary(ctx, "Config.Set", &request).await
    }

    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse> {
        self.0.unary(ctx, "Config.Delete", &request).await
    }

    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse> {
        self.0.unary(ctx, "Config.Read", &request).await
    }

    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: WatchRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<WatchResponse>> {
        self.0.server_stream(ctx, "Config.Watch", &request).await
    }
}

/// Mounts a [`Config`] on a server.
#[derive(Clone)]
pub struct ConfigServer(std::sync::Arc<dyn Config>);

impl ConfigServer {
    pub fn new(service: impl Config) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Config>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for ConfigServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &CONFIG_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Get" => {
                let request = call.request().await?;
                let response = service.get(ctx, request).await?;
                call.reply(&response)
            }
            "Set" => {
                let request = call.request().await?;
                let response = service.set(ctx, request).await?;
                call.reply(&response)
            }
            "Delete" => {
                let request = call.request().await?;
                let response = service.delete(ctx, request).await?;
                call.reply(&response)
            }
            "Read" => {
                let request = call.request().await?;
                let response = service.read(ctx, request).await?;
                call.reply(&response)
            }
            "Watch" => {
                let request = call.request().await?;
                let responses = service.watch(ctx, request).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "config.Config",
                "unknown method",
            )),
        }
    }
}
