// @generated from network.proto by micro; edit that file instead of this one.

//! Which servers make up the platform, and which routes they know.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-network")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

/// Query selects routes; an empty field selects all.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Query {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub service: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub address: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub gateway: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub router: String,
    /// The namespace; the caller's when it is empty.
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>")]
    pub network: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ConnectRequest {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub nodes: Vec<Node>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ConnectResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct NodesRequest {
    #[prost(uint32, tag = "1")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub depth: u32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct NodesResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub nodes: Vec<Node>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GraphRequest {
    /// Levels of the tree; 0, and more than 3, are 3.
    #[prost(uint32, tag = "1")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub depth: u32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GraphResponse {
    #[prost(message, optional, tag = "1")]
    pub root: Option<Peer>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RoutesRequest {
    #[prost(message, optional, tag = "1")]
    pub query: Option<Query>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RoutesResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub routes: Vec<super::router::Route>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ServicesRequest {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ServicesResponse {
    #[prost(string, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub services: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct StatusRequest {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct StatusResponse {
    #[prost(message, optional, tag = "1")]
    pub status: Option<Status>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Error {
    #[prost(uint32, tag = "1")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub count: u32,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub msg: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Status {
    #[prost(message, optional, tag = "1")]
    pub error: Option<Error>,
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
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub network: String,
    #[prost(btree_map = "string, string", tag = "4")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
    #[prost(message, optional, tag = "5")]
    pub status: Option<Status>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Connect {
    #[prost(message, optional, tag = "1")]
    pub node: Option<Node>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Close {
    #[prost(message, optional, tag = "1")]
    pub node: Option<Node>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Peer {
    #[prost(message, optional, tag = "1")]
    pub node: Option<Node>,
    #[prost(message, repeated, tag = "2")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub peers: Vec<Peer>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Sync {
    #[prost(message, optional, tag = "1")]
    pub peer: Option<Peer>,
    #[prost(message, repeated, tag = "2")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub routes: Vec<super::router::Route>,
}

/// What reflection and the registry say of `Network`.
pub static NETWORK_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "network",
    name: "Network",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Connect",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Graph",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Nodes",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Routes",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Services",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Status",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Network: Send + std::marker::Sync + 'static {
    /// Connect adds the addresses of other nodes.
    async fn connect(
        &self,
        ctx: &micro_rpc::Context,
        request: ConnectRequest,
    ) -> micro_rpc::Result<ConnectResponse>;

    /// Graph returns this node and what it is connected to.
    async fn graph(
        &self,
        ctx: &micro_rpc::Context,
        request: GraphRequest,
    ) -> micro_rpc::Result<GraphResponse>;

    /// Nodes returns this node and the others that it knows.
    async fn nodes(
        &self,
        ctx: &micro_rpc::Context,
        request: NodesRequest,
    ) -> micro_rpc::Result<NodesResponse>;

    /// Routes returns the routes that match a query.
    async fn routes(
        &self,
        ctx: &micro_rpc::Context,
        request: RoutesRequest,
    ) -> micro_rpc::Result<RoutesResponse>;

    /// Services returns the names of all services that there are routes to.
    async fn services(
        &self,
        ctx: &micro_rpc::Context,
        request: ServicesRequest,
    ) -> micro_rpc::Result<ServicesResponse>;

    /// Status is in the contract, and answered by nobody.
    async fn status(
        &self,
        ctx: &micro_rpc::Context,
        request: StatusRequest,
    ) -> micro_rpc::Result<StatusResponse>;
}

/// [`Network`] over the network.
#[derive(Clone)]
pub struct NetworkClient(micro_rpc::ServiceClient);

impl NetworkClient {
    /// Calls the service `network`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "network")
    }

    /// Calls the service `name`, which speaks the contract of `network`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Network for NetworkClient {
    async fn connect(
        &self,
        ctx: &micro_rpc::Context,
        request: ConnectRequest,
    ) -> micro_rpc::Result<ConnectResponse> {
        self.0.unary(ctx, "Network.Connect", &request).await
    }

    async fn graph(
        &self,
        ctx: &micro_rpc::Context,
        request: GraphRequest,
    ) -> micro_rpc::Result<GraphResponse> {
        self.0.unary(ctx, "Network.Graph", &request).await
    }

    async fn nodes(
        &self,
        ctx: &micro_rpc::Context,
        request: NodesRequest,
    ) -> micro_rpc::Result<NodesResponse> {
        self.0.unary(ctx, "Network.Nodes", &request).await
    }

    async fn routes(
        &self,
        ctx: &micro_rpc::Context,
        request: RoutesRequest,
    ) -> micro_rpc::Result<RoutesResponse> {
        self.0.unary(ctx, "Network.Routes", &request).await
    }

    async fn services(
        &self,
        ctx: &micro_rpc::Context,
        request: ServicesRequest,
    ) -> micro_rpc::Result<ServicesResponse> {
        self.0.unary(ctx, "Network.Services", &request).await
    }

    async fn status(
        &self,
        ctx: &micro_rpc::Context,
        request: StatusRequest,
    ) -> micro_rpc::Result<StatusResponse> {
        self.0.unary(ctx, "Network.Status", &request).await
    }
}

/// Mounts a [`Network`] on a server.
#[derive(Clone)]
pub struct NetworkServer(std::sync::Arc<dyn Network>);

impl NetworkServer {
    pub fn new(service: impl Network) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Network>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for NetworkServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &NETWORK_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Connect" => {
                let request = call.request().await?;
                let response = service.connect(ctx, request).await?;
                call.reply(&response)
            }
            "Graph" => {
                let request = call.request().await?;
                let response = service.graph(ctx, request).await?;
                call.reply(&response)
            }
            "Nodes" => {
                let request = call.request().await?;
                let response = service.nodes(ctx, request).await?;
                call.reply(&response)
            }
            "Routes" => {
                let request = call.request().await?;
                let response = service.routes(ctx, request).await?;
                call.reply(&response)
            }
            "Services" => {
                let request = call.request().await?;
                let response = service.services(ctx, request).await?;
                call.reply(&response)
            }
            "Status" => {
                let request = call.request().await?;
                let response = service.status(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "network.Network",
                "unknown method",
            )),
        }
    }
}
