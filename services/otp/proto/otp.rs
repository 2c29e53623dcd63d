// @generated from otp.proto by micro; edit that file instead of this one.

//! What the service otp says.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GenerateRequest {
    /// Whose code it is: an address, the id of a user.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// Digits of the code: 6 when 0, otherwise 4 to 16.
    #[prost(int64, tag = "2")]
    #[serde(with = "json::As::<json::Int64>")]
    pub size: i64,
    /// Seconds for which it is good: 60 when 0, otherwise up to 86400.
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub expiry: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GenerateResponse {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub code: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ValidateRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub code: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ValidateResponse {
    /// false for a code that is wrong, used, too old, or was tried too often.
    #[prost(bool, tag = "1")]
    #[serde(with = "json::As::<json::Bool>")]
    pub success: bool,
}

/// What reflection and the registry say of `Otp`.
pub static OTP_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "otp",
    name: "Otp",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Generate",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Validate",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Otp: Send + Sync + 'static {
    /// Generate makes a code for an id, in the place of one that was made before. It is the caller who sends it to somebody.
    async fn generate(
        &self,
        ctx: &micro_rpc::Context,
        request: GenerateRequest,
    ) -> micro_rpc::Result<GenerateResponse>;

    /// Validate tells whether it is the code of an id, which ends with that.
    async fn validate(
        &self,
        ctx: &micro_rpc::Context,
        request: ValidateRequest,
    ) -> micro_rpc::Result<ValidateResponse>;
}

/// [`Otp`] over the network.
#[derive(Clone)]
pub struct OtpClient(micro_rpc::ServiceClient);

impl OtpClient {
    /// Calls the service `otp`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "otp")
    }

    /// Calls the service `name`, which speaks the contract of `otp`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Otp for OtpClient {
    async fn generate(
        &self,
        ctx: &micro_rpc::Context,
        request: GenerateRequest,
    ) -> micro_rpc::Result<GenerateResponse> {
        self.0.unary(ctx, "Otp.Generate", &request).await
    }

    async fn validate(
        &self,
        ctx: &micro_rpc::Context,
        request: ValidateRequest,
    ) -> micro_rpc::Result<ValidateResponse> {
        self.0.unary(ctx, "Otp.Validate", &request).await
    }
}

/// Mounts a [`Otp`] on a server.
#[derive(Clone)]
pub struct OtpServer(std::sync::Arc<dyn Otp>);

impl OtpServer {
    pub fn new(service: impl Otp) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Otp>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for OtpServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &OTP_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Generate" => {
                let request = call.request().await?;
                let response = service.generate(ctx, request).await?;
                call.reply(&response)
            }
            "Validate" => {
                let request = call.request().await?;
                let response = service.validate(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented("otp.Otp", "unknown method")),
        }
    }
}
