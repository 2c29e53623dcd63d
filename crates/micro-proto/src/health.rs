// @generated from health.proto by micro; edit that file instead of this one.

//! The gRPC health checking protocol.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-health")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub service: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct HealthCheckResponse {
    #[prost(enumeration = "health_check_response::ServingStatus", tag = "1")]
    #[serde(with = "json::As::<json::Enum<health_check_response::ServingStatus>>")]
    pub status: i32,
}

/// What [`HealthCheckResponse`] declares inside.
pub mod health_check_response {
    use micro_rpc::{json, prost};

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[repr(i32)]
    pub enum ServingStatus {
        Unknown = 0,
        Serving = 1,
        NotServing = 2,
        ServiceUnknown = 3,
    }

    impl json::Enumeration for ServingStatus {
        fn name(&self) -> &'static str {
            match self {
                Self::Unknown => "UNKNOWN",
                Self::Serving => "SERVING",
                Self::NotServing => "NOT_SERVING",
                Self::ServiceUnknown => "SERVICE_UNKNOWN",
            }
        }

        fn from_name(name: &str) -> Option<Self> {
            match name {
                "UNKNOWN" => Some(Self::Unknown),
                "SERVING" => Some(Self::Serving),
                "NOT_SERVING" => Some(Self::NotServing),
                "SERVICE_UNKNOWN" => Some(Self::ServiceUnknown),
                _ => None,
            }
        }
    }
}

/// What reflection and the registry say of `Health`.
pub static HEALTH_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "grpc.health.v1",
    name: "Health",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Check",
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
pub trait Health: Send + Sync + 'static {
    /// Check answers how a service is; an empty name asks for the whole server.
    async fn check(
        &self,
        ctx: &micro_rpc::Context,
        request: HealthCheckRequest,
    ) -> micro_rpc::Result<HealthCheckResponse>;

    /// Watch sends the state at once, and again after each change.
    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: HealthCheckRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<HealthCheckResponse>>;
}

/// [`Health`] over the network.
#[derive(Clone)]
pub struct HealthClient(micro_rpc::ServiceClient);

impl HealthClient {
    /// Calls the service `health`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "health")
    }

    /// Calls the service `name`, which speaks the contract of `health`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Health for HealthClient {
    async fn check(
        &self,
        ctx: &micro_rpc::Context,
        request: HealthCheckRequest,
    ) -> micro_rpc::Result<HealthCheckResponse> {
        self.0.unary(ctx, "Health.Check", &request).await
    }

    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: HealthCheckRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<HealthCheckResponse>> {
        self.0.server_stream(ctx, "Health.Watch", &request).await
    }
}

/// Mounts a [`Health`] on a server.
#[derive(Clone)]
pub struct HealthServer(std::sync::Arc<dyn Health>);

impl HealthServer {
    pub fn new(service: impl Health) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Health>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for HealthServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &HEALTH_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Check" => {
                let request = call.request().await?;
                let response = service.check(ctx, request).await?;
                call.reply(&response)
            }
            "Watch" => {
                let request = call.request().await?;
                let responses = service.watch(ctx, request).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "health.Health",
                "unknown method",
            )),
        }
    }
}
