// @generated from broker.proto by micro; edit that file instead of this one.

//! Hands messages to those who listen now, at most once.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-broker")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Empty {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct PublishRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    #[prost(message, optional, tag = "2")]
    pub message: Option<Message>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SubscribeRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub queue: String,
    /// Send a first message with nothing in it, once none is missed from there on.
    #[prost(bool, tag = "100")]
    #[serde(
        with = "json::As::<json::Bool>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub confirm: bool,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Message {
    #[prost(btree_map = "string, string", tag = "1")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub header: std::collections::BTreeMap<String, String>,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub body: micro_rpc::bytes::Bytes,
}

/// What reflection and the registry say of `Broker`.
pub static BROKER_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "broker",
    name: "Broker",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Publish",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Subscribe",
            client_streaming: false,
            server_streaming: true,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Broker: Send + Sync + 'static {
    /// Publish hands a message to the subscribers of a topic.
    async fn publish(&self, ctx: &micro_rpc::Context, request: PublishRequest) -> micro_rpc::Result<Empty>;

    /// Subscribe sends the messages of a topic; of the subscribers of one queue each message reaches one.
    async fn subscribe(
        &self,
        ctx: &micro_rpc::Context,
        request: SubscribeRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Message>>;
}

/// [`Broker`] over the network.
#[derive(Clone)]
pub struct BrokerClient(micro_rpc::ServiceClient);

impl BrokerClient {
    /// Calls the service `broker`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "broker")
    }

    /// Calls the service `name`, which speaks the contract of `broker`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Broker for BrokerClient {
    async fn publish(&self, ctx: &micro_rpc::Context, request: PublishRequest) -> micro_rpc::Result<Empty> {
        self.0.unary(ctx, "Broker.Publish", &request).await
    }

    async fn subscribe(
        &self,
        ctx: &micro_rpc::Context,
        request: SubscribeRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Message>> {
        self.0.server_stream(ctx, "Broker.Subscribe", &request).await
    }
}

/// Mounts a [`Broker`] on a server.
#[derive(Clone)]
pub struct BrokerServer(std::sync::Arc<dyn Broker>);

impl BrokerServer {
    pub fn new(service: impl Broker) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Broker>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for BrokerServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &BROKER_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Publish" => {
                let request = call.request().await?;
                let response = service.publish(ctx, request).await?;
                call.reply(&response)
            }
            "Subscribe" => {
                let request = call.request().await?;
                let responses = service.subscribe(ctx, request).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "broker.Broker",
                "unknown method",
            )),
        }
    }
}
