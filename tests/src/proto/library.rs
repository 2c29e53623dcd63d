// @generated from library.proto by micro; edit that file instead of this one.

//! Calls with routes of their own over HTTP: each answers what it was asked, so that it shows what became of a request.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Book {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub title: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub shelf: String,
    #[prost(int32, tag = "4")]
    #[serde(with = "json::As::<json::Int32>")]
    pub pages: i32,
    #[prost(int64, tag = "5")]
    #[serde(with = "json::As::<json::Int64>")]
    pub copies: i64,
    #[prost(bool, tag = "6")]
    #[serde(with = "json::As::<json::Bool>", alias = "isLent")]
    pub is_lent: bool,
    #[prost(enumeration = "Kind", tag = "7")]
    #[serde(with = "json::As::<json::Enum<Kind>>")]
    pub kind: i32,
    #[prost(string, repeated, tag = "8")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub tags: Vec<String>,
    #[prost(message, optional, boxed, tag = "9")]
    pub sequel: Option<Box<Book>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[prost(prost_path = "micro_rpc::prost")]
#[repr(i32)]
pub enum Kind {
    Unspecified = 0,
    Novel = 1,
}

impl json::Enumeration for Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Unspecified => "KIND_UNSPECIFIED",
            Self::Novel => "NOVEL",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "KIND_UNSPECIFIED" => Some(Self::Unspecified),
            "NOVEL" => Some(Self::Novel),
            _ => None,
        }
    }
}

/// What reflection and the registry say of `Library`.
pub static LIBRARY_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "library",
    name: "Library",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Get",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Put",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "List",
            client_streaming: false,
            server_streaming: true,
        },
        micro_rpc::MethodDescriptor {
            name: "Follow",
            client_streaming: true,
            server_streaming: true,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Library: Send + Sync + 'static {
    /// Get has a route of each kind that has no body.
    async fn get(&self, ctx: &micro_rpc::Context, request: Book) -> micro_rpc::Result<Book>;

    /// Put has those with one.
    async fn put(&self, ctx: &micro_rpc::Context, request: Book) -> micro_rpc::Result<Book>;

    /// List streams a book for each tag.
    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: Book,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Book>>;

    /// Follow answers each line at once.
    async fn follow(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Book>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Book>>;
}

/// [`Library`] over the network.
#[derive(Clone)]
pub struct LibraryClient(micro_rpc::ServiceClient);

impl LibraryClient {
    /// Calls the service `library`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "library")
    }

    /// Calls the service `name`, which speaks the contract of `library`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Library for LibraryClient {
    async fn get(&self, ctx: &micro_rpc::Context, request: Book) -> micro_rpc::Result<Book> {
        self.0.unary(ctx, "Library.Get", &request).await
    }

    async fn put(&self, ctx: &micro_rpc::Context, request: Book) -> micro_rpc::Result<Book> {
        self.0.unary(ctx, "Library.Put", &request).await
    }

    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: Book,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Book>> {
        self.0.server_stream(ctx, "Library.List", &request).await
    }

    async fn follow(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Book>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Book>> {
        self.0.bidi(ctx, "Library.Follow", requests).await
    }
}

/// Mounts a [`Library`] on a server.
#[derive(Clone)]
pub struct LibraryServer(std::sync::Arc<dyn Library>);

impl LibraryServer {
    pub fn new(service: impl Library) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Library>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for LibraryServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &LIBRARY_SERVICE
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
            "Put" => {
                let request = call.request().await?;
                let response = service.put(ctx, request).await?;
                call.reply(&response)
            }
            "List" => {
                let request = call.request().await?;
                let responses = service.list(ctx, request).await?;
                call.reply_stream(responses)
            }
            "Follow" => {
                let requests = call.requests();
                let responses = service.follow(ctx, requests).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "library.Library",
                "unknown method",
            )),
        }
    }
}
