// @generated from registry.proto by micro; edit that file instead of this one.

//! Which services run where, and what they answer.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-registry")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Service {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub version: String,
    #[prost(btree_map = "string, string", tag = "3")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
    #[prost(message, repeated, tag = "4")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub endpoints: Vec<Endpoint>,
    #[prost(message, repeated, tag = "5")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub nodes: Vec<Node>,
    #[prost(message, optional, tag = "6")]
    pub options: Option<Options>,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Node {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// host:port
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub address: String,
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub port: i64,
    #[prost(btree_map = "string, string", tag = "4")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Endpoint {
    /// Handler.Method
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub request: Option<Value>,
    #[prost(message, optional, tag = "3")]
    pub response: Option<Value>,
    #[prost(btree_map = "string, string", tag = "4")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
}

/// Value is the shape of a message or of one of its fields.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Value {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    #[prost(message, repeated, tag = "3")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub values: Vec<Value>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Options {
    /// Seconds until a registration expires; 0 never.
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub ttl: i64,
    /// The namespace; `*` for all where that is allowed.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub domain: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Result {
    /// create, update or delete
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub action: String,
    #[prost(message, optional, tag = "2")]
    pub service: Option<Service>,
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub timestamp: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct EmptyResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GetRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub service: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GetResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub services: Vec<Service>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListRequest {
    #[prost(message, optional, tag = "1")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub services: Vec<Service>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WatchRequest {
    /// Empty for all services.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub service: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Event {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(enumeration = "EventType", tag = "2")]
    #[serde(with = "json::As::<json::Enum<EventType>>")]
    pub r#type: i32,
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub timestamp: i64,
    #[prost(message, optional, tag = "4")]
    pub service: Option<Service>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[prost(prost_path = "micro_rpc::prost")]
#[repr(i32)]
pub enum EventType {
    Create = 0,
    Delete = 1,
    Update = 2,
}

impl json::Enumeration for EventType {
    fn name(&self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Delete => "Delete",
            Self::Update => "Update",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "Create" => Some(Self::Create),
            "Delete" => Some(Self::Delete),
            "Update" => Some(Self::Update),
            _ => None,
        }
    }
}

/// What reflection and the registry say of `Registry`.
pub static REGISTRY_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "registry",
    name: "Registry",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "GetService",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Register",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Deregister",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "ListServices",
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
pub trait Registry: Send + Sync + 'static {
    /// GetService returns each version of a service with its nodes.
    async fn get_service(
        &self,
        ctx: &micro_rpc::Context,
        request: GetRequest,
    ) -> micro_rpc::Result<GetResponse>;

    /// Register announces the nodes of a service until their time to live has passed.
    async fn register(&self, ctx: &micro_rpc::Context, request: Service) -> micro_rpc::Result<EmptyResponse>;

    /// Deregister takes the given nodes of a service back.
    async fn deregister(
        &self,
        ctx: &micro_rpc::Context,
        request: Service,
    ) -> micro_rpc::Result<EmptyResponse>;

    /// ListServices returns every version of every service of a namespace.
    async fn list_services(
        &self,
        ctx: &micro_rpc::Context,
        request: ListRequest,
    ) -> micro_rpc::Result<ListResponse>;

    /// Watch sends each change from now on.
    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: WatchRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Result>>;
}

/// [`Registry`] over the network.
#[derive(Clone)]
pub struct RegistryClient(micro_rpc::ServiceClient);

impl RegistryClient {
    /// Calls the service `registry`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "registry")
    }

    /// Calls the service `name`, which speaks the contract of `registry`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Registry for RegistryClient {
    async fn get_service(
        &self,
        ctx: &micro_rpc::Context,
        request: GetRequest,
    ) -> micro_rpc::Result<GetResponse> {
        self.0.unary(ctx, "Registry.GetService", &request).await
    }

    async fn register(&self, ctx: &micro_rpc::Context, request: Service) -> micro_rpc::Result<EmptyResponse> {
        self.0.unary(ctx, "Registry.Register", &request).await
    }

    async fn deregister(
        &self,
        ctx: &micro_rpc::Context,
        request: Service,
    ) -> micro_rpc::Result<EmptyResponse> {
        self.0.unary(ctx, "Registry.Deregister", &request).await
    }

    async fn list_services(
        &self,
        ctx: &micro_rpc::Context,
        request: ListRequest,
    ) -> micro_rpc::Result<ListResponse> {
        self.0.unary(ctx, "Registry.ListServices", &request).await
    }

    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: WatchRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Result>> {
        self.0.server_stream(ctx, "Registry.Watch", &request).await
    }
}

/// Mounts a [`Registry`] on a server.
#[derive(Clone)]
pub struct RegistryServer(std::sync::Arc<dyn Registry>);

impl RegistryServer {
    pub fn new(service: impl Registry) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Registry>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for RegistryServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &REGISTRY_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "GetService" => {
                let request = call.request().await?;
                let response = service.get_service(ctx, request).await?;
                call.reply(&response)
            }
            "Register" => {
                let request = call.request().await?;
                let response = service.register(ctx, request).await?;
                call.reply(&response)
            }
            "Deregister" => {
                let request = call.request().await?;
                let response = service.deregister(ctx, request).await?;
                call.reply(&response)
            }
            "ListServices" => {
                let request = call.request().await?;
                let response = service.list_services(ctx, request).await?;
                call.reply(&response)
            }
            "Watch" => {
                let request = call.request().await?;
                let responses = service.watch(ctx, request).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "registry.Registry",
                "unknown method",
            )),
        }
    }
}
