// @generated from api.proto by micro; edit that file instead of this one.

//! The gateway over RPC: whom it refuses, and what it hands to handlers that take whole requests.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-api")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Endpoint {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, repeated, tag = "2")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub host: Vec<String>,
    #[prost(string, repeated, tag = "3")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub path: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub method: Vec<String>,
    #[prost(bool, tag = "5")]
    #[serde(with = "json::As::<json::Bool>")]
    pub stream: bool,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct EmptyResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Pair {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
    #[prost(string, repeated, tag = "2")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub values: Vec<String>,
}

/// Request is one over HTTP.
#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Request {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub method: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub path: String,
    #[prost(btree_map = "string, message", tag = "3")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Msg>>")]
    pub header: std::collections::BTreeMap<String, Pair>,
    #[prost(btree_map = "string, message", tag = "4")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Msg>>")]
    pub get: std::collections::BTreeMap<String, Pair>,
    #[prost(btree_map = "string, message", tag = "5")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Msg>>")]
    pub post: std::collections::BTreeMap<String, Pair>,
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>")]
    pub body: String,
    #[prost(string, tag = "7")]
    #[serde(with = "json::As::<json::Text>")]
    pub url: String,
}

/// Response is the answer to one over HTTP.
#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Response {
    #[prost(int32, tag = "1")]
    #[serde(with = "json::As::<json::Int32>", rename = "statusCode")]
    pub status_code: i32,
    #[prost(btree_map = "string, message", tag = "2")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Msg>>")]
    pub header: std::collections::BTreeMap<String, Pair>,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub body: String,
}

/// Event is a request that is published instead of answered.
#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Event {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// Unix seconds.
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub timestamp: i64,
    #[prost(btree_map = "string, message", tag = "4")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Msg>>")]
    pub header: std::collections::BTreeMap<String, Pair>,
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>")]
    pub data: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct AddToBlockListRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct AddToBlockListResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RemoveFromBlockListRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RemoveFromBlockListResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadBlockListRequest {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadBlockListResponse {
    /// Each as namespace:id.
    #[prost(string, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub ids: Vec<String>,
}

/// What reflection and the registry say of `Api`.
pub static API_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "api",
    name: "Api",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "AddToBlockList",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "RemoveFromBlockList",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "ReadBlockList",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Api: Send + Sync + 'static {
    /// AddToBlockList has the gateway refuse an account.
    async fn add_to_block_list(
        &self,
        ctx: &micro_rpc::Context,
        request: AddToBlockListRequest,
    ) -> micro_rpc::Result<AddToBlockListResponse>;

    /// RemoveFromBlockList ends that.
    async fn remove_from_block_list(
        &self,
        ctx: &micro_rpc::Context,
        request: RemoveFromBlockListRequest,
    ) -> micro_rpc::Result<RemoveFromBlockListResponse>;

    /// ReadBlockList returns the accounts that are refused.
    async fn read_block_list(
        &self,
        ctx: &micro_rpc::Context,
        request: ReadBlockListRequest,
    ) -> micro_rpc::Result<ReadBlockListResponse>;
}

/// [`Api`] over the network.
#[derive(Clone)]
pub struct ApiClient(micro_rpc::ServiceClient);

impl ApiClient {
    /// Calls the service `api`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "api")
    }

    /// Calls the service `name`, which speaks the contract of `api`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Api for ApiClient {
    async fn add_to_block_list(
        &self,
        ctx: &micro_rpc::Context,
        request: AddToBlockListRequest,
    ) -> micro_rpc::Result<AddToBlockListResponse> {
        self.0.unary(ctx, "Api.AddToBlockList", &request).await
    }

    async fn remove_from_block_list(
        &self,
        ctx: &micro_rpc::Context,
        request: RemoveFromBlockListRequest,
    ) -> micro_rpc::Result<RemoveFromBlockListResponse> {
        self.0.unary(ctx, "Api.RemoveFromBlockList", &request).await
    }

    async fn read_block_list(
        &self,
        ctx: &micro_rpc::Context,
        request: ReadBlockListRequest,
    ) -> micro_rpc::Result<ReadBlockListResponse> {
        self.0.unary(ctx, "Api.ReadBlockList", &request).await
    }
}

/// Mounts a [`Api`] on a server.
#[derive(Clone)]
pub struct ApiServer(std::sync::Arc<dyn Api>);

impl ApiServer {
    pub fn new(service: impl Api) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Api>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for ApiServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &API_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "AddToBlockList" => {
                let request = call.request().await?;
                let response = service.add_to_block_list(ctx, request).await?;
                call.reply(&response)
            }
            "RemoveFromBlockList" => {
                let request = call.request().await?;
                let response = service.remove_from_block_list(ctx, request).await?;
                call.reply(&response)
            }
            "ReadBlockList" => {
                let request = call.request().await?;
                let response = service.read_block_list(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented("api.Api", "unknown method")),
        }
    }
}
