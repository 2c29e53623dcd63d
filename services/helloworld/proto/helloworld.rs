// @generated from helloworld.proto by micro; edit that file instead of this one.

//! What the service helloworld says.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

/// Message is what is published on the topic helloworld.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Message {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub say: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Request {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Response {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub msg: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct StreamingRequest {
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub count: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct StreamingResponse {
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub count: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Ping {
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub stroke: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Pong {
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub stroke: i64,
}

/// What reflection and the registry say of `Helloworld`.
pub static HELLOWORLD_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "helloworld",
    name: "Helloworld",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Call",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Stream",
            client_streaming: false,
            server_streaming: true,
        },
        micro_rpc::MethodDescriptor {
            name: "PingPong",
            client_streaming: true,
            server_streaming: true,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Helloworld: Send + Sync + 'static {
    /// Call greets whoever is named.
    async fn call(&self, ctx: &micro_rpc::Context, request: Request) -> micro_rpc::Result<Response>;

    /// Stream counts from 0 to one less than asked for.
    async fn stream(
        &self,
        ctx: &micro_rpc::Context,
        request: StreamingRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<StreamingResponse>>;

    /// PingPong sends each stroke back.
    async fn ping_pong(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Ping>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Pong>>;
}

/// [`Helloworld`] over the network.
#[derive(Clone)]
pub struct HelloworldClient(micro_rpc::ServiceClient);

impl HelloworldClient {
    /// Calls the service `helloworld`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "helloworld")
    }

    /// Calls the service `name`, which speaks the contract of `helloworld`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Helloworld for HelloworldClient {
    async fn call(&self, ctx: &micro_rpc::Context, request: Request) -> micro_rpc::Result<Response> {
        self.0.unary(ctx, "Helloworld.Call", &request).await
    }

    async fn stream(
        &self,
        ctx: &micro_rpc::Context,
        request: StreamingRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<StreamingResponse>> {
        self.0.server_stream(ctx, "Helloworld.Stream", &request).await
    }

    async fn ping_pong(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Ping>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Pong>> {
        self.0.bidi(ctx, "Helloworld.PingPong", requests).await
    }
}

/// Mounts a [`Helloworld`] on a server.
#[derive(Clone)]
pub struct HelloworldServer(std::sync::Arc<dyn Helloworld>);

impl HelloworldServer {
    pub fn new(service: impl Helloworld) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Helloworld>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for HelloworldServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &HELLOWORLD_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Call" => {
                let request = call.request().await?;
                let response = service.call(ctx, request).await?;
                call.reply(&response)
            }
            "Stream" => {
                let request = call.request().await?;
                let responses = service.stream(ctx, request).await?;
                call.reply_stream(responses)
            }
            "PingPong" => {
                let requests = call.requests();
                let responses = service.ping_pong(ctx, requests).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "helloworld.Helloworld",
                "unknown method",
            )),
        }
    }
}
