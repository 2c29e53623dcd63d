// @generated from runtime.proto by micro; edit that file instead of this one.

//! Runs services from their source and says how they are.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-runtime")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Resource {
    #[prost(message, optional, tag = "1")]
    pub namespace: Option<Namespace>,
    #[prost(message, optional, tag = "2")]
    pub networkpolicy: Option<NetworkPolicy>,
    #[prost(message, optional, tag = "3")]
    pub service: Option<Service>,
    #[prost(message, optional, tag = "4")]
    pub resourcequota: Option<ResourceQuota>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Namespace {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct NetworkPolicy {
    #[prost(btree_map = "string, string", tag = "1")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub allowedlabels: std::collections::BTreeMap<String, String>,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ResourceQuota {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(message, optional, tag = "3")]
    pub requests: Option<Resources>,
    #[prost(message, optional, tag = "4")]
    pub limits: Option<Resources>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Resources {
    #[prost(int32, tag = "1")]
    #[serde(with = "json::As::<json::Int32>", rename = "Memory")]
    pub memory: i32,
    #[prost(int32, tag = "2")]
    #[serde(with = "json::As::<json::Int32>", rename = "CPU")]
    pub cpu: i32,
    #[prost(int32, tag = "3")]
    #[serde(with = "json::As::<json::Int32>", rename = "EphemeralStorage")]
    pub ephemeral_storage: i32,
}

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
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub source: String,
    #[prost(btree_map = "string, string", tag = "4")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
    /// 0 unknown, 1 pending, 2 building, 3 starting, 4 running, 5 stopping, 6 stopped, 7 error
    #[prost(int32, tag = "5")]
    #[serde(with = "json::As::<json::Int32>")]
    pub status: i32,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CreateOptions {
    #[prost(string, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub command: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub args: Vec<String>,
    /// KEY=VALUE
    #[prost(string, repeated, tag = "3")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub env: Vec<String>,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub output: String,
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>")]
    pub image: String,
    #[prost(string, tag = "7")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(btree_map = "string, string", tag = "8")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub secrets: std::collections::BTreeMap<String, String>,
    /// The service's folder within the uploaded source.
    #[prost(string, tag = "9")]
    #[serde(with = "json::As::<json::Text>")]
    pub entrypoint: String,
    #[prost(btree_map = "string, string", tag = "10")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub volumes: std::collections::BTreeMap<String, String>,
    #[prost(int64, tag = "11")]
    #[serde(with = "json::As::<json::Int64>")]
    pub instances: i64,
    #[prost(bool, tag = "12")]
    #[serde(with = "json::As::<json::Bool>")]
    pub force: bool,
    /// Environment whose values are settings of the namespace: name to path. Read anew whenever an instance starts.
    #[prost(btree_map = "string, string", tag = "100")]
    #[serde(
        with = "json::As::<json::Map<json::Text, json::Text>>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions",
        alias = "configSecrets"
    )]
    pub config_secrets: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CreateRequest {
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    #[prost(message, optional, tag = "2")]
    pub options: Option<CreateOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CreateResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub service: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub version: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadRequest {
    #[prost(message, optional, tag = "1")]
    pub options: Option<ReadOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub services: Vec<Service>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteRequest {
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    #[prost(message, optional, tag = "2")]
    pub options: Option<DeleteOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct UpdateOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub entrypoint: String,
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub instances: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct UpdateRequest {
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    #[prost(message, optional, tag = "2")]
    pub options: Option<UpdateOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct UpdateResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LogsOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LogsRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub service: String,
    /// Follow the log as it grows.
    #[prost(bool, tag = "2")]
    #[serde(with = "json::As::<json::Bool>")]
    pub stream: bool,
    /// Lines from the end; 0 asks for all that is kept.
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub count: i64,
    /// Unix seconds.
    #[prost(int64, tag = "4")]
    #[serde(with = "json::As::<json::Int64>")]
    pub since: i64,
    #[prost(message, optional, tag = "5")]
    pub options: Option<LogsOptions>,
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>")]
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LogRecord {
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
pub struct UploadRequest {
    #[prost(message, optional, tag = "1")]
    pub service: Option<Service>,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub data: micro_rpc::bytes::Bytes,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct UploadResponse {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BuildReadResponse {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub data: micro_rpc::bytes::Bytes,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ResourcesRequest {
    #[prost(message, optional, tag = "1")]
    pub options: Option<ListOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ResourcesResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub resources: Vec<ResourceState>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ResourceState {
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    /// What of it is kept on this platform, in words; empty when all of it is.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub note: String,
}

/// What reflection and the registry say of `Runtime`.
pub static RUNTIME_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "runtime",
    name: "Runtime",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Create",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Read",
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
            name: "Logs",
            client_streaming: false,
            server_streaming: true,
        },
        micro_rpc::MethodDescriptor {
            name: "Resources",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// Create builds and starts a service.
    async fn create(
        &self,
        ctx: &micro_rpc::Context,
        request: CreateRequest,
    ) -> micro_rpc::Result<CreateResponse>;

    /// Read returns the services that were asked to run and their state.
    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse>;

    /// Delete stops a service and forgets it.
    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse>;

    /// Update builds the uploaded source anew and replaces the running instances.
    async fn update(
        &self,
        ctx: &micro_rpc::Context,
        request: UpdateRequest,
    ) -> micro_rpc::Result<UpdateResponse>;

    /// Logs sends what a service printed.
    async fn logs(
        &self,
        ctx: &micro_rpc::Context,
        request: LogsRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<LogRecord>>;

    /// Resources returns the namespaces, network policies and resource quotas that were asked for.
    async fn resources(
        &self,
        ctx: &micro_rpc::Context,
        request: ResourcesRequest,
    ) -> micro_rpc::Result<ResourcesResponse>;
}

/// [`Runtime`] over the network.
#[derive(Clone)]
pub struct RuntimeClient(micro_rpc::ServiceClient);

impl RuntimeClient {
    /// Calls the service `runtime`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "runtime")
    }

    /// Calls the service `name`, which speaks the contract of `runtime`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Runtime for RuntimeClient {
    async fn create(
        &self,
        ctx: &micro_rpc::Context,
        request: CreateRequest,
    ) -> micro_rpc::Result<CreateResponse> {
        self.0.unary(ctx, "Runtime.Create", &request).await
    }

    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse> {
        self.0.unary(ctx, "Runtime.Read", &request).await
    }

    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse> {
        self.0.unary(ctx, "Runtime.Delete", &request).await
    }

    async fn update(
        &self,
        ctx: &micro_rpc::Context,
        request: UpdateRequest,
    ) -> micro_rpc::Result<UpdateResponse> {
        self.0.unary(ctx, "Runtime.Update", &request).await
    }

    async fn logs(
        &self,
        ctx: &micro_rpc::Context,
        request: LogsRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<LogRecord>> {
        self.0.server_stream(ctx, "Runtime.Logs", &request).await
    }

    async fn resources(
        &self,
        ctx: &micro_rpc::Context,
        request: ResourcesRequest,
    ) -> micro_rpc::Result<ResourcesResponse> {
        self.0.unary(ctx, "Runtime.Resources", &request).await
    }
}

/// Mounts a [`Runtime`] on a server.
#[derive(Clone)]
pub struct RuntimeServer(std::sync::Arc<dyn Runtime>);

impl RuntimeServer {
    pub fn new(service: impl Runtime) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Runtime>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for RuntimeServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &RUNTIME_SERVICE
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
            "Read" => {
                let request = call.request().await?;
                let response = service.read(ctx, request).await?;
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
            "Logs" => {
                let request = call.request().await?;
                let responses = service.logs(ctx, request).await?;
                call.reply_stream(responses)
            }
            "Resources" => {
                let request = call.request().await?;
                let response = service.resources(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "runtime.Runtime",
                "unknown method",
            )),
        }
    }
}

/// What reflection and the registry say of `Source`.
pub static SOURCE_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "runtime",
    name: "Source",
    methods: &[micro_rpc::MethodDescriptor {
        name: "Upload",
        client_streaming: true,
        server_streaming: false,
    }],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Source: Send + Sync + 'static {
    /// Upload takes an uncompressed tar of a service's source; the first message names the service.
    async fn upload(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<UploadRequest>,
    ) -> micro_rpc::Result<UploadResponse>;
}

/// [`Source`] over the network.
#[derive(Clone)]
pub struct SourceClient(micro_rpc::ServiceClient);

impl SourceClient {
    /// Calls the service `runtime`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "runtime")
    }

    /// Calls the service `name`, which speaks the contract of `runtime`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Source for SourceClient {
    async fn upload(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<UploadRequest>,
    ) -> micro_rpc::Result<UploadResponse> {
        self.0.client_stream(ctx, "Source.Upload", requests).await
    }
}

/// Mounts a [`Source`] on a server.
#[derive(Clone)]
pub struct SourceServer(std::sync::Arc<dyn Source>);

impl SourceServer {
    pub fn new(service: impl Source) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Source>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for SourceServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &SOURCE_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Upload" => {
                let requests = call.requests();
                let response = service.upload(ctx, requests).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "runtime.Source",
                "unknown method",
            )),
        }
    }
}

/// What reflection and the registry say of `Build`.
pub static BUILD_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "runtime",
    name: "Build",
    methods: &[micro_rpc::MethodDescriptor {
        name: "Read",
        client_streaming: false,
        server_streaming: true,
    }],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Build: Send + Sync + 'static {
    /// Read sends what was built of a service: a program, or a tar of the folder that its command runs in.
    async fn read(
        &self,
        ctx: &micro_rpc::Context,
        request: Service,
    ) -> micro_rpc::Result<micro_rpc::Streaming<BuildReadResponse>>;
}

/// [`Build`] over the network.
#[derive(Clone)]
pub struct BuildClient(micro_rpc::ServiceClient);

impl BuildClient {
    /// Calls the service `runtime`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "runtime")
    }

    /// Calls the service `name`, which speaks the contract of `runtime`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Build for BuildClient {
    async fn read(
        &self,
        ctx: &micro_rpc::Context,
        request: Service,
    ) -> micro_rpc::Result<micro_rpc::Streaming<BuildReadResponse>> {
        self.0.server_stream(ctx, "Build.Read", &request).await
    }
}

/// Mounts a [`Build`] on a server.
#[derive(Clone)]
pub struct BuildServer(std::sync::Arc<dyn Build>);

impl BuildServer {
    pub fn new(service: impl Build) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Build>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for BuildServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &BUILD_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Read" => {
                let request = call.request().await?;
                let responses = service.read(ctx, request).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "runtime.Build",
                "unknown method",
            )),
        }
    }
}
