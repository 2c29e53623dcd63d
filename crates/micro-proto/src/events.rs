// @generated from events.proto by micro; edit that file instead of this one.

//! Keeps events and hands each to every group of consumers, at least once.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-events")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct PublishRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    #[prost(btree_map = "string, string", tag = "2")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub payload: micro_rpc::bytes::Bytes,
    /// Unix seconds; 0 is now.
    #[prost(int64, tag = "4")]
    #[serde(with = "json::As::<json::Int64>")]
    pub timestamp: i64,
    /// The same id again, while the event is kept, is acknowledged and not kept twice. Made when empty.
    #[prost(string, tag = "100")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub id: String,
    /// The caller's own when empty.
    #[prost(string, tag = "101")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub namespace: String,
    /// Publishes these instead, each as if it came alone; only the namespace is that of all. At most 1,024.
    #[prost(message, repeated, tag = "102")]
    #[serde(
        with = "json::As::<json::List<json::Msg>>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub events: Vec<Event>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct PublishResponse {
    #[prost(string, tag = "100")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub id: String,
    /// Where the event stands in its topic, from 1.
    #[prost(uint64, tag = "101")]
    #[serde(
        with = "json::As::<json::UInt64>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub position: u64,
    /// What became of each of several events, in their order.
    #[prost(message, repeated, tag = "102")]
    #[serde(
        with = "json::As::<json::List<json::Msg>>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub outcomes: Vec<Outcome>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Outcome {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(uint64, tag = "2")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub position: u64,
    /// Why it was not published.
    #[prost(message, optional, tag = "3")]
    pub error: Option<super::errors::Error>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ConsumeRequest {
    /// One of the members of a group gets each event; empty is a group of its own that is forgotten at the end.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub group: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    /// Unix seconds: where a new group begins; 0 and less is now.
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub offset: i64,
    #[prost(bool, tag = "4")]
    #[serde(with = "json::As::<json::Bool>", alias = "autoAck")]
    pub auto_ack: bool,
    /// Nanoseconds until an event without an answer is sent again.
    #[prost(int64, tag = "5")]
    #[serde(with = "json::As::<json::Int64>", alias = "ackWait")]
    pub ack_wait: i64,
    /// So often an event is sent again before it is a dead letter; -1 is without end.
    #[prost(int64, tag = "6")]
    #[serde(with = "json::As::<json::Int64>", alias = "retryLimit")]
    pub retry_limit: i64,
    /// Where a new group begins; counts before offset where it is set.
    #[prost(uint64, tag = "100")]
    #[serde(
        with = "json::As::<json::UInt64>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub position: u64,
    #[prost(string, tag = "101")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub namespace: String,
    /// Send a first event with nothing in it, once the group stands.
    #[prost(bool, tag = "102")]
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
pub struct Event {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    #[prost(btree_map = "string, string", tag = "3")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
    #[prost(bytes = "bytes", tag = "4")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub payload: micro_rpc::bytes::Bytes,
    #[prost(int64, tag = "5")]
    #[serde(with = "json::As::<json::Int64>")]
    pub timestamp: i64,
    /// Where it stands in its topic, from 1.
    #[prost(uint64, tag = "100")]
    #[serde(
        with = "json::As::<json::UInt64>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub position: u64,
    /// How often this group was sent it, this time included.
    #[prost(uint32, tag = "101")]
    #[serde(
        with = "json::As::<json::UInt32>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub attempt: u32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct AckRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(bool, tag = "2")]
    #[serde(with = "json::As::<json::Bool>")]
    pub success: bool,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    /// 250 when 0.
    #[prost(uint64, tag = "2")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub limit: u64,
    /// So many are skipped first.
    #[prost(uint64, tag = "3")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub offset: u64,
    #[prost(string, tag = "100")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub events: Vec<Event>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WriteRequest {
    #[prost(message, optional, tag = "1")]
    pub event: Option<Event>,
    #[prost(int64, tag = "2")]
    #[serde(with = "json::As::<json::Int64>")]
    pub ttl: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WriteResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct TopicsRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct TopicsResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub topics: Vec<Topic>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Topic {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    /// The position of the last event.
    #[prost(uint64, tag = "2")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub last: u64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GroupsRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GroupsResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub groups: Vec<Group>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Group {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    /// The position of the next event that it has not seen.
    #[prost(uint64, tag = "2")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub next: u64,
    /// Sent and not yet answered.
    #[prost(uint64, tag = "3")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub pending: u64,
    /// Not yet done with: those to come and those pending.
    #[prost(uint64, tag = "4")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub lag: u64,
    /// Consumers that are connected.
    #[prost(uint32, tag = "5")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub members: u32,
    /// Dead letters.
    #[prost(uint64, tag = "6")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub dead: u64,
    /// The position before which it is done with all.
    #[prost(uint64, tag = "7")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub first: u64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeadLettersRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    /// All groups when empty.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub group: String,
    /// 250 when 0.
    #[prost(uint64, tag = "3")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub limit: u64,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeadLettersResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub letters: Vec<DeadLetter>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeadLetter {
    #[prost(message, optional, tag = "1")]
    pub event: Option<Event>,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub group: String,
    /// When it was given up, in Unix seconds.
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub died: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RedriveRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub group: String,
    #[prost(uint64, tag = "3")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub position: u64,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RedriveResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DiscardRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub topic: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub group: String,
    #[prost(uint64, tag = "3")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub position: u64,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DiscardResponse {}

/// What reflection and the registry say of `Stream`.
pub static STREAM_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "events",
    name: "Stream",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Publish",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Consume",
            client_streaming: false,
            server_streaming: true,
        },
        micro_rpc::MethodDescriptor {
            name: "Topics",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Groups",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "DeadLetters",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Redrive",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Discard",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Stream: Send + Sync + 'static {
    /// Publish keeps an event; once it is answered the event is durable.
    async fn publish(
        &self,
        ctx: &micro_rpc::Context,
        request: PublishRequest,
    ) -> micro_rpc::Result<PublishResponse>;

    /// Consume sends the events of a topic. Without auto_ack the caller sends an AckRequest for each on the same stream.
    async fn consume(
        &self,
        ctx: &micro_rpc::Context,
        request: ConsumeRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Event>>;

    /// Topics returns the topics of the namespace.
    async fn topics(
        &self,
        ctx: &micro_rpc::Context,
        request: TopicsRequest,
    ) -> micro_rpc::Result<TopicsResponse>;

    /// Groups returns the groups that consume a topic and how far each is.
    async fn groups(
        &self,
        ctx: &micro_rpc::Context,
        request: GroupsRequest,
    ) -> micro_rpc::Result<GroupsResponse>;

    /// DeadLetters returns what a group has given up, oldest first.
    async fn dead_letters(
        &self,
        ctx: &micro_rpc::Context,
        request: DeadLettersRequest,
    ) -> micro_rpc::Result<DeadLettersResponse>;

    /// Redrive hands a dead letter to its group once more.
    async fn redrive(
        &self,
        ctx: &micro_rpc::Context,
        request: RedriveRequest,
    ) -> micro_rpc::Result<RedriveResponse>;

    /// Discard removes a dead letter for good.
    async fn discard(
        &self,
        ctx: &micro_rpc::Context,
        request: DiscardRequest,
    ) -> micro_rpc::Result<DiscardResponse>;
}

/// [`Stream`] over the network.
#[derive(Clone)]
pub struct StreamClient(micro_rpc::ServiceClient);

impl StreamClient {
    /// Calls the service `events`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "events")
    }

    /// Calls the service `name`, which speaks the contract of `events`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Stream for StreamClient {
    async fn publish(
        &self,
        ctx: &micro_rpc::Context,
        request: PublishRequest,
    ) -> micro_rpc::Result<PublishResponse> {
        self.0.unary(ctx, "Stream.Publish", &request).await
    }

    async fn consume(
        &self,
        ctx: &micro_rpc::Context,
        request: ConsumeRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Event>> {
        self.0.server_stream(ctx, "Stream.Consume", &request).await
    }

    async fn topics(
        &self,
        ctx: &micro_rpc::Context,
        request: TopicsRequest,
    ) -> micro_rpc::Result<TopicsResponse> {
        self.0.unary(ctx, "Stream.Topics", &request).await
    }

    async fn groups(
        &self,
        ctx: &micro_rpc::Context,
        request: GroupsRequest,
    ) -> micro_rpc::Result<GroupsResponse> {
        self.0.unary(ctx, "Stream.Groups", &request).await
    }

    async fn dead_letters(
        &self,
        ctx: &micro_rpc::Context,
        request: DeadLettersRequest,
    ) -> micro_rpc::Result<DeadLettersResponse> {
        self.0.unary(ctx, "Stream.DeadLetters", &request).await
    }

    async fn redrive(
        &self,
        ctx: &micro_rpc::Context,
        request: RedriveRequest,
    ) -> micro_rpc::Result<RedriveResponse> {
        self.0.unary(ctx, "Stream.Redrive", &request).await
    }

    async fn discard(
        &self,
        ctx: &micro_rpc::Context,
        request: DiscardRequest,
    ) -> micro_rpc::Result<DiscardResponse> {
        self.0.unary(ctx, "Stream.Discard", &request).await
    }
}

/// Mounts a [`Stream`] on a server.
#[derive(Clone)]
pub struct StreamServer(std::sync::Arc<dyn Stream>);

impl StreamServer {
    pub fn new(service: impl Stream) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Stream>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for StreamServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &STREAM_SERVICE
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
            "Consume" => {
                let request = call.request().await?;
                let responses = service.consume(ctx, request).await?;
                call.reply_stream(responses)
            }
            "Topics" => {
                let request = call.request().await?;
                let response = service.topics(ctx, request).await?;
                call.reply(&response)
            }
            "Groups" => {
                let request = call.request().await?;
                let response = service.groups(ctx, request).await?;
                call.reply(&response)
            }
            "DeadLetters" => {
                let request = call.request().await?;
                let response = service.dead_letters(ctx, request).await?;
                call.reply(&response)
            }
            "Redrive" => {
                let request = call.request().await?;
                let response = service.redrive(ctx, request).await?;
                call.reply(&response)
            }
            "Discard" => {
                let request = call.request().await?;
                let response = service.discard(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "events.Stream",
                "unknown method",
            )),
        }
    }
}

/// What reflection and the registry say of `Store`.
pub static STORE_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "events",
    name: "Store",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Read",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Write",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Store: Send + Sync + 'static {
    /// Read returns events that are kept, oldest first.
    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse>;

    /// Write is not supported: events are published.
    async fn write(
        &self,
        ctx: &micro_rpc::Context,
        request: WriteRequest,
    ) -> micro_rpc::Result<WriteResponse>;
}

/// [`Store`] over the network.
#[derive(Clone)]
pub struct StoreClient(micro_rpc::ServiceClient);

impl StoreClient {
    /// Calls the service `events`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "events")
    }

    /// Calls the service `name`, which speaks the contract of `events`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Store for StoreClient {
    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse> {
        self.0.unary(ctx, "Store.Read", &request).await
    }

    async fn write(
        &self,
        ctx: &micro_rpc::Context,
        request: WriteRequest,
    ) -> micro_rpc::Result<WriteResponse> {
        self.0.unary(ctx, "Store.Write", &request).await
    }
}

/// Mounts a [`Store`] on a server.
#[derive(Clone)]
pub struct StoreServer(std::sync::Arc<dyn Store>);

impl StoreServer {
    pub fn new(service: impl Store) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Store>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for StoreServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &STORE_SERVICE
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
                let response = service.read(ctx, request).await?;
                call.reply(&response)
            }
            "Write" => {
                let request = call.request().await?;
                let response = service.write(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "events.Store",
                "unknown method",
            )),
        }
    }
}
