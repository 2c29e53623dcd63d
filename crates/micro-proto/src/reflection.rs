// @generated from reflection.proto by micro; edit that file instead of this one.

//! The gRPC server reflection protocol.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-reflection")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ServerReflectionRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub host: String,
    #[prost(oneof = "server_reflection_request::MessageRequest", tags = "3, 4, 5, 6, 7")]
    #[serde(flatten)]
    pub message_request: Option<server_reflection_request::MessageRequest>,
}

/// What [`ServerReflectionRequest`] declares inside.
pub mod server_reflection_request {
    use micro_rpc::{json, prost, serde};

    #[derive(Clone, PartialEq, prost::Oneof, serde::Serialize, serde::Deserialize)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[serde(crate = "micro_rpc::serde")]
    pub enum MessageRequest {
        #[prost(string, tag = "3")]
        #[serde(
            with = "json::As::<json::Text>",
            rename = "file_by_filename",
            alias = "fileByFilename"
        )]
        FileByFilename(String),
        #[prost(string, tag = "4")]
        #[serde(
            with = "json::As::<json::Text>",
            rename = "file_containing_symbol",
            alias = "fileContainingSymbol"
        )]
        FileContainingSymbol(String),
        #[prost(message, tag = "5")]
        #[serde(rename = "file_containing_extension", alias = "fileContainingExtension")]
        FileContainingExtension(super::ExtensionRequest),
        #[prost(string, tag = "6")]
        #[serde(
            with = "json::As::<json::Text>",
            rename = "all_extension_numbers_of_type",
            alias = "allExtensionNumbersOfType"
        )]
        AllExtensionNumbersOfType(String),
        #[prost(string, tag = "7")]
        #[serde(
            with = "json::As::<json::Text>",
            rename = "list_services",
            alias = "listServices"
        )]
        ListServices(String),
    }
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ExtensionRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>", alias = "containingType")]
    pub containing_type: String,
    #[prost(int32, tag = "2")]
    #[serde(with = "json::As::<json::Int32>", alias = "extensionNumber")]
    pub extension_number: i32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ServerReflectionResponse {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>", alias = "validHost")]
    pub valid_host: String,
    #[prost(message, optional, tag = "2")]
    #[serde(alias = "originalRequest")]
    pub original_request: Option<ServerReflectionRequest>,
    #[prost(oneof = "server_reflection_response::MessageResponse", tags = "4, 5, 6, 7")]
    #[serde(flatten)]
    pub message_response: Option<server_reflection_response::MessageResponse>,
}

/// What [`ServerReflectionResponse`] declares inside.
pub mod server_reflection_response {
    use micro_rpc::{prost, serde};

    #[derive(Clone, PartialEq, prost::Oneof, serde::Serialize, serde::Deserialize)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[serde(crate = "micro_rpc::serde")]
    pub enum MessageResponse {
        #[prost(message, tag = "4")]
        #[serde(rename = "file_descriptor_response", alias = "fileDescriptorResponse")]
        FileDescriptorResponse(super::FileDescriptorResponse),
        #[prost(message, tag = "5")]
        #[serde(
            rename = "all_extension_numbers_response",
            alias = "allExtensionNumbersResponse"
        )]
        AllExtensionNumbersResponse(super::ExtensionNumberResponse),
        #[prost(message, tag = "6")]
        #[serde(rename = "list_services_response", alias = "listServicesResponse")]
        ListServicesResponse(super::ListServiceResponse),
        #[prost(message, tag = "7")]
        #[serde(rename = "error_response", alias = "errorResponse")]
        ErrorResponse(super::ErrorResponse),
    }
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct FileDescriptorResponse {
    /// Serialised FileDescriptorProto messages: the file and what it imports.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Bytes>>", alias = "fileDescriptorProto")]
    pub file_descriptor_proto: Vec<micro_rpc::bytes::Bytes>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ExtensionNumberResponse {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>", alias = "baseTypeName")]
    pub base_type_name: String,
    #[prost(int32, repeated, tag = "2")]
    #[serde(with = "json::As::<json::List<json::Int32>>", alias = "extensionNumber")]
    pub extension_number: Vec<i32>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListServiceResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub service: Vec<ServiceResponse>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ServiceResponse {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ErrorResponse {
    /// A gRPC status code.
    #[prost(int32, tag = "1")]
    #[serde(with = "json::As::<json::Int32>", alias = "errorCode")]
    pub error_code: i32,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>", alias = "errorMessage")]
    pub error_message: String,
}

/// What reflection and the registry say of `ServerReflection`.
pub static SERVER_REFLECTION_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "grpc.reflection.v1",
    name: "ServerReflection",
    methods: &[micro_rpc::MethodDescriptor {
        name: "ServerReflectionInfo",
        client_streaming: true,
        server_streaming: true,
    }],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait ServerReflection: Send + Sync + 'static {
    /// ServerReflectionInfo answers questions about the contracts that a server speaks.
    async fn server_reflection_info(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<ServerReflectionRequest>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<ServerReflectionResponse>>;
}

/// [`ServerReflection`] over the network.
#[derive(Clone)]
pub struct ServerReflectionClient(micro_rpc::ServiceClient);

impl ServerReflectionClient {
    /// Calls the service `reflection`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "reflection")
    }

    /// Calls the service `name`, which speaks the contract of `reflection`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl ServerReflection for ServerReflectionClient {
    async fn server_reflection_info(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<ServerReflectionRequest>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<ServerReflectionResponse>> {
        self.0
            .bidi(ctx, "ServerReflection.ServerReflectionInfo", requests)
            .await
    }
}

/// Mounts a [`ServerReflection`] on a server.
#[derive(Clone)]
pub struct ServerReflectionServer(std::sync::Arc<dyn ServerReflection>);

impl ServerReflectionServer {
    pub fn new(service: impl ServerReflection) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn ServerReflection>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for ServerReflectionServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &SERVER_REFLECTION_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "ServerReflectionInfo" => {
                let requests = call.requests();
                let responses = service.server_reflection_info(ctx, requests).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "reflection.ServerReflection",
                "unknown method",
            )),
        }
    }
}
