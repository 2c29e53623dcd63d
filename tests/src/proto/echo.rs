// @generated from echo.proto by micro; edit that file instead of this one.

//! Says what it was told, and misbehaves as asked: what clients are tried on.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Everything {
    #[prost(double, tag = "1")]
    #[serde(with = "json::As::<json::Double>", alias = "aDouble")]
    pub a_double: f64,
    #[prost(float, tag = "2")]
    #[serde(with = "json::As::<json::Float>", alias = "aFloat")]
    pub a_float: f32,
    #[prost(int32, tag = "3")]
    #[serde(with = "json::As::<json::Int32>", alias = "anInt32")]
    pub an_int32: i32,
    #[prost(int64, tag = "4")]
    #[serde(with = "json::As::<json::Int64>", alias = "anInt64")]
    pub an_int64: i64,
    #[prost(uint32, tag = "5")]
    #[serde(with = "json::As::<json::UInt32>", alias = "aUint32")]
    pub a_uint32: u32,
    #[prost(uint64, tag = "6")]
    #[serde(with = "json::As::<json::UInt64>", alias = "aUint64")]
    pub a_uint64: u64,
    #[prost(bool, tag = "7")]
    #[serde(with = "json::As::<json::Bool>", alias = "aBool")]
    pub a_bool: bool,
    /// Any text. eg. "Grüße"
    #[prost(string, tag = "8")]
    #[serde(with = "json::As::<json::Text>", alias = "aString")]
    pub a_string: String,
    #[prost(bytes = "bytes", tag = "9")]
    #[serde(with = "json::As::<json::Bytes>", alias = "someBytes")]
    pub some_bytes: micro_rpc::bytes::Bytes,
    #[prost(enumeration = "Colour", tag = "10")]
    #[serde(with = "json::As::<json::Enum<Colour>>")]
    pub colour: i32,
    #[prost(message, optional, tag = "11")]
    pub inner: Option<everything::Inner>,
    #[prost(int64, repeated, tag = "12")]
    #[serde(with = "json::As::<json::List<json::Int64>>")]
    pub numbers: Vec<i64>,
    #[prost(bytes = "bytes", repeated, tag = "13")]
    #[serde(with = "json::As::<json::List<json::Bytes>>")]
    pub blobs: Vec<micro_rpc::bytes::Bytes>,
    #[prost(enumeration = "Colour", repeated, tag = "14")]
    #[serde(with = "json::As::<json::List<json::Enum<Colour>>>")]
    pub colours: Vec<i32>,
    #[prost(message, repeated, tag = "15")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub inners: Vec<everything::Inner>,
    #[prost(btree_map = "string, string", tag = "16")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub labels: std::collections::BTreeMap<String, String>,
    #[prost(btree_map = "int64, bytes", tag = "17")]
    #[serde(with = "json::As::<json::Map<json::Int64, json::Bytes>>", alias = "blobsById")]
    pub blobs_by_id: std::collections::BTreeMap<i64, micro_rpc::bytes::Bytes>,
    #[prost(btree_map = "bool, enumeration(Colour)", tag = "18")]
    #[serde(
        with = "json::As::<json::Map<json::Bool, json::Enum<Colour>>>",
        alias = "coloursByFlag"
    )]
    pub colours_by_flag: std::collections::BTreeMap<bool, i32>,
    #[prost(btree_map = "string, message", tag = "19")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Msg>>", alias = "innersByName")]
    pub inners_by_name: std::collections::BTreeMap<String, everything::Inner>,
    #[prost(int64, optional, tag = "20")]
    #[serde(
        with = "json::As::<json::Opt<json::Int64>>",
        skip_serializing_if = "Option::is_none",
        alias = "maybeNumber"
    )]
    pub maybe_number: Option<i64>,
    #[prost(string, optional, tag = "21")]
    #[serde(
        with = "json::As::<json::Opt<json::Text>>",
        skip_serializing_if = "Option::is_none",
        alias = "maybeText"
    )]
    pub maybe_text: Option<String>,
    /// One of several.
    #[prost(oneof = "everything::Choice", tags = "22, 23, 24, 25")]
    #[serde(flatten)]
    pub choice: Option<everything::Choice>,
    #[prost(message, optional, tag = "26")]
    pub at: Option<micro_rpc::wkt::Timestamp>,
    #[prost(message, optional, tag = "27")]
    pub after: Option<micro_rpc::wkt::Duration>,
    #[prost(message, optional, tag = "28")]
    pub mask: Option<micro_rpc::wkt::FieldMask>,
    #[prost(message, optional, tag = "29")]
    pub nothing: Option<micro_rpc::wkt::Empty>,
    /// A word that languages keep to themselves.
    #[prost(string, tag = "30")]
    #[serde(with = "json::As::<json::Text>")]
    pub class: String,
    #[prost(string, tag = "31")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    #[prost(string, tag = "32")]
    #[serde(with = "json::As::<json::Text>", rename = "userId")]
    pub user_id: String,
}

/// What [`Everything`] declares inside.
pub mod everything {
    use micro_rpc::{json, prost, serde};

    #[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[serde(crate = "micro_rpc::serde", default)]
    pub struct Inner {
        #[prost(string, tag = "1")]
        #[serde(with = "json::As::<json::Text>")]
        pub name: String,
        #[prost(int64, tag = "2")]
        #[serde(with = "json::As::<json::Int64>")]
        pub id: i64,
        #[prost(message, optional, boxed, tag = "3")]
        pub deeper: Option<Box<Inner>>,
    }

    /// One of several.
    #[derive(Clone, PartialEq, prost::Oneof, serde::Serialize, serde::Deserialize)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[serde(crate = "micro_rpc::serde")]
    pub enum Choice {
        #[prost(string, tag = "22")]
        #[serde(with = "json::As::<json::Text>", rename = "text")]
        Text(String),
        #[prost(int64, tag = "23")]
        #[serde(with = "json::As::<json::Int64>", rename = "number")]
        Number(i64),
        #[prost(message, tag = "24")]
        #[serde(rename = "message")]
        Message(Inner),
        #[prost(bytes = "bytes", tag = "25")]
        #[serde(with = "json::As::<json::Bytes>", rename = "raw")]
        Raw(micro_rpc::bytes::Bytes),
    }
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Identity {
    /// The caller's account; empty without one.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub account: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Failure {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(int32, tag = "2")]
    #[serde(with = "json::As::<json::Int32>")]
    pub code: i32,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub detail: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Pause {
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub milliseconds: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Attempts {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
    #[prost(int32, tag = "2")]
    #[serde(with = "json::As::<json::Int32>")]
    pub failures: i32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Attempted {
    #[prost(int32, tag = "1")]
    #[serde(with = "json::As::<json::Int32>")]
    pub calls: i32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Range {
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub from: i64,
    /// The last one.
    #[prost(int64, tag = "2")]
    #[serde(with = "json::As::<json::Int64>")]
    pub to: i64,
    /// Fail with 418 after so many; 0 does not.
    #[prost(int32, tag = "3")]
    #[serde(with = "json::As::<json::Int32>", alias = "failAfter")]
    pub fail_after: i32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Number {
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub value: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Text {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[prost(prost_path = "micro_rpc::prost")]
#[repr(i32)]
pub enum Colour {
    Unspecified = 0,
    /// Warm.
    Red = 1,
    Blue = 2,
}

impl json::Enumeration for Colour {
    fn name(&self) -> &'static str {
        match self {
            Self::Unspecified => "COLOUR_UNSPECIFIED",
            Self::Red => "COLOUR_RED",
            Self::Blue => "COLOUR_BLUE",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "COLOUR_UNSPECIFIED" => Some(Self::Unspecified),
            "COLOUR_RED" => Some(Self::Red),
            "COLOUR_BLUE" => Some(Self::Blue),
            _ => None,
        }
    }
}

/// What reflection and the registry say of `Echo`.
pub static ECHO_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "echo",
    name: "Echo",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Call",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Whoami",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Fail",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Wait",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Flaky",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Once",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Count",
            client_streaming: false,
            server_streaming: true,
        },
        micro_rpc::MethodDescriptor {
            name: "Sum",
            client_streaming: true,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Chat",
            client_streaming: true,
            server_streaming: true,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Echo: Send + Sync + 'static {
    /// Call answers what it was sent.
    async fn call(&self, ctx: &micro_rpc::Context, request: Everything) -> micro_rpc::Result<Everything>;

    /// Whoami tells what the call carried.
    async fn whoami(
        &self,
        ctx: &micro_rpc::Context,
        request: micro_rpc::wkt::Empty,
    ) -> micro_rpc::Result<Identity>;

    /// Fail fails as told.
    async fn fail(
        &self,
        ctx: &micro_rpc::Context,
        request: Failure,
    ) -> micro_rpc::Result<micro_rpc::wkt::Empty>;

    /// Wait answers after a while.
    async fn wait(
        &self,
        ctx: &micro_rpc::Context,
        request: Pause,
    ) -> micro_rpc::Result<micro_rpc::wkt::Empty>;

    /// Flaky fails with 503 as often as told, counted for each key, then answers how often it was called. It may be retried.
    async fn flaky(&self, ctx: &micro_rpc::Context, request: Attempts) -> micro_rpc::Result<Attempted>;

    /// Once is the same, and may not be retried.
    async fn once(&self, ctx: &micro_rpc::Context, request: Attempts) -> micro_rpc::Result<Attempted>;

    /// Count streams numbers, and fails in between if told.
    async fn count(
        &self,
        ctx: &micro_rpc::Context,
        request: Range,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Number>>;

    /// Sum adds up what it is sent.
    async fn sum(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Number>,
    ) -> micro_rpc::Result<Number>;

    /// Chat doubles each number that it is sent, at once.
    async fn chat(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Number>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Number>>;
}

/// [`Echo`] over the network.
#[derive(Clone)]
pub struct EchoClient(micro_rpc::ServiceClient);

impl EchoClient {
    /// Calls the service `echo`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "echo")
    }

    /// Calls the service `name`, which speaks the contract of `echo`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Echo for EchoClient {
    async fn call(&self, ctx: &micro_rpc::Context, request: Everything) -> micro_rpc::Result<Everything> {
        self.0.idempotent(ctx, "Echo.Call", &request).await
    }

    async fn whoami(
        &self,
        ctx: &micro_rpc::Context,
        request: micro_rpc::wkt::Empty,
    ) -> micro_rpc::Result<Identity> {
        self.0.idempotent(ctx, "Echo.Whoami", &request).await
    }

    async fn fail(
        &self,
        ctx: &micro_rpc::Context,
        request: Failure,
    ) -> micro_rpc::Result<micro_rpc::wkt::Empty> {
        self.0.unary(ctx, "Echo.Fail", &request).await
    }

    async fn wait(
        &self,
        ctx: &micro_rpc::Context,
        request: Pause,
    ) -> micro_rpc::Result<micro_rpc::wkt::Empty> {
        self.0.unary(ctx, "Echo.Wait", &request).await
    }

    async fn flaky(&self, ctx: &micro_rpc::Context, request: Attempts) -> micro_rpc::Result<Attempted> {
        self.0.idempotent(ctx, "Echo.Flaky", &request).await
    }

    async fn once(&self, ctx: &micro_rpc::Context, request: Attempts) -> micro_rpc::Result<Attempted> {
        self.0.unary(ctx, "Echo.Once", &request).await
    }

    async fn count(
        &self,
        ctx: &micro_rpc::Context,
        request: Range,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Number>> {
        self.0.server_stream(ctx, "Echo.Count", &request).await
    }

    async fn sum(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Number>,
    ) -> micro_rpc::Result<Number> {
        self.0.client_stream(ctx, "Echo.Sum", requests).await
    }

    async fn chat(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Number>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Number>> {
        self.0.bidi(ctx, "Echo.Chat", requests).await
    }
}

/// Mounts a [`Echo`] on a server.
#[derive(Clone)]
pub struct EchoServer(std::sync::Arc<dyn Echo>);

impl EchoServer {
    pub fn new(service: impl Echo) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Echo>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for EchoServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &ECHO_SERVICE
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
            "Whoami" => {
                let request = call.request().await?;
                let response = service.whoami(ctx, request).await?;
                call.reply(&response)
            }
            "Fail" => {
                let request = call.request().await?;
                let response = service.fail(ctx, request).await?;
                call.reply(&response)
            }
            "Wait" => {
                let request = call.request().await?;
                let response = service.wait(ctx, request).await?;
                call.reply(&response)
            }
            "Flaky" => {
                let request = call.request().await?;
                let response = service.flaky(ctx, request).await?;
                call.reply(&response)
            }
            "Once" => {
                let request = call.request().await?;
                let response = service.once(ctx, request).await?;
                call.reply(&response)
            }
            "Count" => {
                let request = call.request().await?;
                let responses = service.count(ctx, request).await?;
                call.reply_stream(responses)
            }
            "Sum" => {
                let requests = call.requests();
                let response = service.sum(ctx, requests).await?;
                call.reply(&response)
            }
            "Chat" => {
                let requests = call.requests();
                let responses = service.chat(ctx, requests).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented("echo.Echo", "unknown method")),
        }
    }
}

/// What reflection and the registry say of `Mirror`.
pub static MIRROR_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "echo",
    name: "Mirror",
    methods: &[micro_rpc::MethodDescriptor {
        name: "Turn",
        client_streaming: false,
        server_streaming: false,
    }],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

/// A second service of the same domain.
#[micro_rpc::async_trait]
pub trait Mirror: Send + Sync + 'static {
    /// Turn turns a text around.
    async fn turn(&self, ctx: &micro_rpc::Context, request: Text) -> micro_rpc::Result<Text>;
}

/// [`Mirror`] over the network.
#[derive(Clone)]
pub struct MirrorClient(micro_rpc::ServiceClient);

impl MirrorClient {
    /// Calls the service `echo`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "echo")
    }

    /// Calls the service `name`, which speaks the contract of `echo`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Mirror for MirrorClient {
    async fn turn(&self, ctx: &micro_rpc::Context, request: Text) -> micro_rpc::Result<Text> {
        self.0.unary(ctx, "Mirror.Turn", &request).await
    }
}

/// Mounts a [`Mirror`] on a server.
#[derive(Clone)]
pub struct MirrorServer(std::sync::Arc<dyn Mirror>);

impl MirrorServer {
    pub fn new(service: impl Mirror) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Mirror>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for MirrorServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &MIRROR_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Turn" => {
                let request = call.request().await?;
                let response = service.turn(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented("echo.Mirror", "unknown method")),
        }
    }
}
