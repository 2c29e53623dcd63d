// @generated from web.proto by micro; edit that file instead of this one.

//! Pages: what a browser asks of a service, carried over RPC as everything else is.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-web")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

/// An HTTP request, without what belongs to the connection. Who asks, and in which namespace, is said by the call's context.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Request {
    /// Upper-case: GET, HEAD, POST.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub method: String,
    /// Below the service, escapes read, without empty parts and dots: begins with a slash, and ends with one for a folder.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub path: String,
    /// What follows the question mark, as it was sent.
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub query: String,
    #[prost(message, repeated, tag = "4")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub headers: Vec<Header>,
    #[prost(bytes = "bytes", tag = "5")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub body: micro_rpc::bytes::Bytes,
}

/// An HTTP answer. The gateway adds what protects a browser where it is not set, and leaves out what is not for a service to
/// say: what belongs to the connection, what holds for all services of the gateway, and the cookie with the token.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Response {
    /// From 200 to 599.
    #[prost(int32, tag = "1")]
    #[serde(with = "json::As::<json::Int32>")]
    pub status: i32,
    #[prost(message, repeated, tag = "2")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub headers: Vec<Header>,
    /// With HEAD none; content-length may say then how long it would be.
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub body: micro_rpc::bytes::Bytes,
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
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub value: String,
}

/// What reflection and the registry say of `Web`.
pub static WEB_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "web",
    name: "Web",
    methods: &[micro_rpc::MethodDescriptor {
        name: "Serve",
        client_streaming: false,
        server_streaming: false,
    }],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

/// A service with pages answers this contract beside its own, and the web gateway asks it.
#[micro_rpc::async_trait]
pub trait Web: Send + Sync + 'static {
    /// Serve answers a request as an HTTP server would; an error is shown as a page with its status.
    async fn serve(&self, ctx: &micro_rpc::Context, request: Request) -> micro_rpc::Result<Response>;
}

/// [`Web`] over the network.
#[derive(Clone)]
pub struct WebClient(micro_rpc::ServiceClient);

impl WebClient {
    /// Calls the service `web`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "web")
    }

    /// Calls the service `name`, which speaks the contract of `web`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Web for WebClient {
    async fn serve(&self, ctx: &micro_rpc::Context, request: Request) -> micro_rpc::Result<Response> {
        self.0.unary(ctx, "Web.Serve", &request).await
    }
}

/// Mounts a [`Web`] on a server.
#[derive(Clone)]
pub struct WebServer(std::sync::Arc<dyn Web>);

impl WebServer {
    pub fn new(service: impl Web) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Web>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for WebServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &WEB_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Serve" => {
                let request = call.request().await?;
                let response = service.serve(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented("web.Web", "unknown method")),
        }
    }
}
