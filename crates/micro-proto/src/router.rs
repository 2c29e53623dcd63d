// @generated from router.proto by micro; edit that file instead of this one.

//! Which addresses lead to a service.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-router")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub service: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub routes: Vec<Route>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LookupRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub service: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<LookupOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LookupResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub routes: Vec<Route>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WatchRequest {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CreateResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct UpdateResponse {}

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
    pub route: Option<Route>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LookupOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub address: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub gateway: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub network: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub router: String,
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>")]
    pub link: String,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Route {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub service: String,
    /// host:port
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub address: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub gateway: String,
    /// The namespace that the service is in.
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub network: String,
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>")]
    pub router: String,
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>")]
    pub link: String,
    /// The lower the nearer.
    #[prost(int64, tag = "7")]
    #[serde(with = "json::As::<json::Int64>")]
    pub metric: i64,
    #[prost(btree_map = "string, string", tag = "8")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
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

/// What reflection and the registry say of `Router`.
pub static ROUTER_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "router",
    name: "Router",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Lookup",
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
pub trait Router: Send + Sync + 'static {
    /// Lookup returns the routes to a service.
    async fn lookup(
        &self,
        ctx: &micro_rpc::Context,
        request: LookupRequest,
    ) -> micro_rpc::Result<LookupResponse>;

    /// Watch sends each change from now on.
    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: WatchRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Event>>;
}

/// [`Router`] over the network.
#[derive(Clone)]
pub struct RouterClient(micro_rpc::ServiceClient);

impl RouterClient {
    /// Calls the service `router`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "router")
    }

    /// Calls the service `name`, which speaks the contract of `router`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Router for RouterClient {
    async fn lookup(
        &self,
        ctx: &micro_rpc::Context,
        request: LookupRequest,
    ) -> micro_rpc::Result<LookupResponse> {
        self.0.unary(ctx, "Router.Lookup", &request).await
    }

    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: WatchRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Event>> {
        self.0.server_stream(ctx, "Router.Watch", &request).await
    }
}

/// Mounts a [`Router`] on a server.
#[derive(Clone)]
pub struct RouterServer(std::sync::Arc<dyn Router>);

impl RouterServer {
    pub fn new(service: impl Router) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Router>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for RouterServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &ROUTER_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Lookup" => {
                let request = call.request().await?;
                let response = service.lookup(ctx, request).await?;
                call.reply(&response)
            }
            "Watch" => {
                let request = call.request().await?;
                let responses = service.watch(ctx, request).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "router.Router",
                "unknown method",
            )),
        }
    }
}

/// What reflection and the registry say of `Table`.
pub static TABLE_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "router",
    name: "Table",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Create",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Delete",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Update",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Read",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Table: Send + Sync + 'static {
    /// Create adds a route.
    async fn create(&self, ctx: &micro_rpc::Context, request: Route) -> micro_rpc::Result<CreateResponse>;

    /// Delete takes a route away.
    async fn delete(&self, ctx: &micro_rpc::Context, request: Route) -> micro_rpc::Result<DeleteResponse>;

    /// Update changes a route.
    async fn update(&self, ctx: &micro_rpc::Context, request: Route) -> micro_rpc::Result<UpdateResponse>;

    /// Read returns the routes to a service, or all.
    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse>;
}

/// [`Table`] over the network.
#[derive(Clone)]
pub struct TableClient(micro_rpc::ServiceClient);

impl TableClient {
    /// Calls the service `router`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "router")
    }

    /// Calls the service `name`, which speaks the contract of `router`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Table for TableClient {
    async fn create(&self, ctx: &micro_rpc::Context, request: Route) -> micro_rpc::Result<CreateResponse> {
        self.0.unary(ctx, "Table.Create", &request).await
    }

    async fn delete(&self, ctx: &micro_rpc::Context, request: Route) -> micro_rpc::Result<DeleteResponse> {
        self.0.unary(ctx, "Table.Delete", &request).await
    }

    async fn update(&self, ctx: &micro_rpc::Context, request: Route) -> micro_rpc::Result<UpdateResponse> {
        self.0.unary(ctx, "Table.Update", &request).await
    }

    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse> {
        self.0.unary(ctx, "Table.Read", &request).await
    }
}

/// Mounts a [`Table`] on a server.
#[derive(Clone)]
pub struct TableServer(std::sync::Arc<dyn Table>);

impl TableServer {
    pub fn new(service: impl Table) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Table>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for TableServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &TABLE_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Create" => {
                let request = call.request().await?;
                let response = service.create(ctx, request).await?;
                call.reply(&response)
            }
            "Delete" => {
                let request = call.request().await?;
                let response = service.delete(ctx, request).await?;
                call.reply(&response)
            }
            "Update" => {
                let request = call.request().await?;
                let response = service.update(ctx, request).await?;
                call.reply(&response)
            }
            "Read" => {
                let request = call.request().await?;
                let response = service.read(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "router.Table",
                "unknown method",
            )),
        }
    }
}
