// @generated from debug.proto by micro; edit that file instead of this one.

//! What every service tells about itself.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-debug")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct HealthRequest {}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct HealthResponse {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub status: String,
    /// The systems outside Micro that the platform stands on: ok, or why it is away. Other services have none.
    #[prost(btree_map = "string, string", tag = "100")]
    #[serde(
        with = "json::As::<json::Map<json::Text, json::Text>>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub backends: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct StatsRequest {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct StatsResponse {
    /// Unix seconds.
    #[prost(uint64, tag = "1")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub timestamp: u64,
    /// Unix seconds.
    #[prost(uint64, tag = "2")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub started: u64,
    /// Seconds.
    #[prost(uint64, tag = "3")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub uptime: u64,
    /// Bytes resident.
    #[prost(uint64, tag = "4")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub memory: u64,
    #[prost(uint64, tag = "5")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub threads: u64,
    /// Nanoseconds spent collecting garbage: always 0.
    #[prost(uint64, tag = "6")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub gc: u64,
    #[prost(uint64, tag = "7")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub requests: u64,
    #[prost(uint64, tag = "8")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub errors: u64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LogRequest {
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub count: i64,
    /// Unix seconds.
    #[prost(int64, tag = "2")]
    #[serde(with = "json::As::<json::Int64>")]
    pub since: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LogResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub records: Vec<Record>,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Record {
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub timestamp: i64,
    #[prost(btree_map = "string, string", tag = "2")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub message: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct TraceRequest {
    /// Only spans of this trace; empty for all that are kept.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct TraceResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub spans: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Span {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub trace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub parent: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    /// Unix nanoseconds.
    #[prost(uint64, tag = "5")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub started: u64,
    /// Nanoseconds.
    #[prost(uint64, tag = "6")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub duration: u64,
    #[prost(btree_map = "string, string", tag = "7")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
    #[prost(enumeration = "SpanType", tag = "8")]
    #[serde(with = "json::As::<json::Enum<SpanType>>")]
    pub r#type: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[prost(prost_path = "micro_rpc::prost")]
#[repr(i32)]
pub enum SpanType {
    Inbound = 0,
    Outbound = 1,
}

impl json::Enumeration for SpanType {
    fn name(&self) -> &'static str {
        match self {
            Self::Inbound => "INBOUND",
            Self::Outbound => "OUTBOUND",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "INBOUND" => Some(Self::Inbound),
            "OUTBOUND" => Some(Self::Outbound),
            _ => None,
        }
    }
}

/// What reflection and the registry say of `Debug`.
pub static DEBUG_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "debug",
    name: "Debug",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Log",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Health",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Stats",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Trace",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Debug: Send + Sync + 'static {
    async fn log(&self, ctx: &micro_rpc::Context, request: LogRequest) -> micro_rpc::Result<LogResponse>;
    async fn health(
        &self,
        ctx: &micro_rpc::Context,
        request: HealthRequest,
    ) -> micro_rpc::Result<HealthResponse>;
    async fn stats(
        &self,
        ctx: &micro_rpc::Context,
        request: StatsRequest,
    ) -> micro_rpc::Result<StatsResponse>;
    async fn trace(
        &self,
        ctx: &micro_rpc::Context,
        request: TraceRequest,
    ) -> micro_rpc::Result<TraceResponse>;
}

/// [`Debug`] over the network.
#[derive(Clone)]
pub struct DebugClient(micro_rpc::ServiceClient);

impl DebugClient {
    /// Calls the service `debug`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "debug")
    }

    /// Calls the service `name`, which speaks the contract of `debug`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Debug for DebugClient {
    async fn log(&self, ctx: &micro_rpc::Context, request: LogRequest) -> micro_rpc::Result<LogResponse> {
        self.0.unary(ctx, "Debug.Log", &request).await
    }

    async fn health(
        &self,
        ctx: &micro_rpc::Context,
        request: HealthRequest,
    ) -> micro_rpc::Result<HealthResponse> {
        self.0.unary(ctx, "Debug.Health", &request).await
    }

    async fn stats(
        &self,
        ctx: &micro_rpc::Context,
        request: StatsRequest,
    ) -> micro_rpc::Result<StatsResponse> {
        self.0.unary(ctx, "Debug.Stats", &request).await
    }

    async fn trace(
        &self,
        ctx: &micro_rpc::Context,
        request: TraceRequest,
    ) -> micro_rpc::Result<TraceResponse> {
        self.0.unary(ctx, "Debug.Trace", &request).await
    }
}

/// Mounts a [`Debug`] on a server.
#[derive(Clone)]
pub struct DebugServer(std::sync::Arc<dyn Debug>);

impl DebugServer {
    pub fn new(service: impl Debug) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Debug>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for DebugServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &DEBUG_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Log" => {
                let request = call.request().await?;
                let response = service.log(ctx, request).await?;
                call.reply(&response)
            }
            "Health" => {
                let request = call.request().await?;
                let response = service.health(ctx, request).await?;
                call.reply(&response)
            }
            "Stats" => {
                let request = call.request().await?;
                let response = service.stats(ctx, request).await?;
                call.reply(&response)
            }
            "Trace" => {
                let request = call.request().await?;
                let response = service.trace(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented("debug.Debug", "unknown method")),
        }
    }
}
