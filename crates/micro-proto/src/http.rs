// @generated from http.proto by micro; edit that file instead of this one.

//! What has no message of its own over HTTP: webhooks, uploads, redirects, carried over RPC as everything else is.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-http")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

/// A piece of a request. The first has the head, all may have data. Who asks, and in which namespace, is said by the call's
/// context.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Request {
    #[prost(message, optional, tag = "1")]
    pub head: Option<RequestHead>,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub data: micro_rpc::bytes::Bytes,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RequestHead {
    /// As it was sent: GET, POST.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub method: String,
    /// Path and query as they were sent, escapes and all.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub uri: String,
    /// Without what belongs to the connection.
    #[prost(message, repeated, tag = "3")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub headers: Vec<Header>,
}

/// A piece of an answer. The first has the head, all may have data.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Response {
    #[prost(message, optional, tag = "1")]
    pub head: Option<ResponseHead>,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub data: micro_rpc::bytes::Bytes,
}

/// The gateway leaves out what is not for a service to say: what belongs to the connection, what holds for all services of
/// the gateway, and the cookie with the token.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ResponseHead {
    /// From 200 to 599.
    #[prost(int32, tag = "1")]
    #[serde(with = "json::As::<json::Int32>")]
    pub status: i32,
    /// With content-length where the length is known.
    #[prost(message, repeated, tag = "2")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub headers: Vec<Header>,
}

/// One line; a header with several values may have several.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Header {
    /// In any case.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub value: micro_rpc::bytes::Bytes,
}

/// What reflection and the registry say of `Http`.
pub static HTTP_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "http",
    name: "Http",
    methods: &[micro_rpc::MethodDescriptor {
        name: "Handle",
        client_streaming: true,
        server_streaming: true,
    }],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

/// A service with handlers of HTTP answers this contract beside its own, and the gateway asks it.
#[micro_rpc::async_trait]
pub trait Http: Send + Sync + 'static {
    /// Handle answers one request as an HTTP server would. An error before the answer has begun is answered with its status.
    async fn handle(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Request>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Response>>;
}

/// [`Http`] over the network.
#[derive(Clone)]
pub struct HttpClient(micro_rpc::ServiceClient);

impl HttpClient {
    /// Calls the service `http`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "http")
    }

    /// Calls the service `name`, which speaks the contract of `http`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Http for HttpClient {
    async fn handle(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Request>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Response>> {
        self.0.bidi(ctx, "Http.Handle", requests).await
    }
}

/// Mounts a [`Http`] on a server.
#[derive(Clone)]
pub struct HttpServer(std::sync::Arc<dyn Http>);

impl HttpServer {
    pub fn new(service: impl Http) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Http>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for HttpServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &HTTP_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Handle" => {
                let requests = call.requests();
                let responses = service.handle(ctx, requests).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented("http.Http", "unknown method")),
        }
    }
}
