// @generated from snapshot.proto by micro; edit that file instead of this one.

//! All that a platform keeps, for backups and for moving to other systems.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-snapshot")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SaveRequest {
    /// Only what is of this namespace; empty for all, and what the platform itself keeps.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    /// Only the records of this table.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub table: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Item {
    #[prost(oneof = "item::Part", tags = "1, 2, 3, 4, 5, 6, 7, 8")]
    #[serde(flatten)]
    pub part: Option<item::Part>,
}

/// What [`Item`] declares inside.
pub mod item {
    use micro_rpc::{json, prost, serde};

    #[derive(Clone, PartialEq, prost::Oneof, serde::Serialize, serde::Deserialize)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[serde(crate = "micro_rpc::serde")]
    pub enum Part {
        /// First: where all this is from.
        #[prost(message, tag = "1")]
        #[serde(rename = "origin")]
        Origin(super::Origin),
        #[prost(message, tag = "2")]
        #[serde(rename = "records")]
        Records(super::Records),
        /// What a blob is; its bytes follow.
        #[prost(message, tag = "3")]
        #[serde(rename = "blob")]
        Blob(super::Blob),
        /// The next bytes of the blob.
        #[prost(bytes = "bytes", tag = "4")]
        #[serde(with = "json::As::<json::Bytes>", rename = "piece")]
        Piece(micro_rpc::bytes::Bytes),
        /// What follows is of this topic.
        #[prost(message, tag = "5")]
        #[serde(rename = "topic")]
        Topic(super::Topic),
        /// The next events of the topic.
        #[prost(message, tag = "6")]
        #[serde(rename = "events")]
        Events(super::Events),
        /// A group for which the next event is the first that it is not done with; none follows where it is done with all.
        #[prost(string, tag = "7")]
        #[serde(with = "json::As::<json::Text>", rename = "group")]
        Group(String),
        /// What a group of the topic has given up.
        #[prost(message, tag = "8")]
        #[serde(rename = "letter")]
        Letter(super::super::events::DeadLetter),
    }
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Origin {
    /// The version of the server.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub version: String,
    /// Tells the key that secrets are sealed with from others; empty where there is no secret.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>", alias = "sealedWith")]
    pub sealed_with: String,
}

/// Some records of one table, in the order of their keys.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Records {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub database: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub table: String,
    #[prost(message, repeated, tag = "3")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub records: Vec<super::store::Record>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Blob {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(message, optional, tag = "2")]
    pub info: Option<super::store::BlobInfo>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Topic {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Events {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub events: Vec<super::events::Event>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RestoreResponse {
    #[prost(uint64, tag = "1")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub records: u64,
    #[prost(uint64, tag = "2")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub blobs: u64,
    /// Written now; those that were there already are not counted.
    #[prost(uint64, tag = "3")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub events: u64,
}

/// What reflection and the registry say of `Snapshot`.
pub static SNAPSHOT_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "snapshot",
    name: "Snapshot",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Save",
            client_streaming: false,
            server_streaming: true,
        },
        micro_rpc::MethodDescriptor {
            name: "Restore",
            client_streaming: true,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait Snapshot: Send + Sync + 'static {
    /// Save sends what there is, each kind in order. Only an administrator of the platform may ask.
    async fn save(
        &self,
        ctx: &micro_rpc::Context,
        request: SaveRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Item>>;

    /// Restore writes what Save has sent: records and blobs in place of those of the same name, events that are not there yet.
    /// What else is there stays.
    async fn restore(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Item>,
    ) -> micro_rpc::Result<RestoreResponse>;
}

/// [`Snapshot`] over the network.
#[derive(Clone)]
pub struct SnapshotClient(micro_rpc::ServiceClient);

impl SnapshotClient {
    /// Calls the service `snapshot`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "snapshot")
    }

    /// Calls the service `name`, which speaks the contract of `snapshot`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Snapshot for SnapshotClient {
    async fn save(
        &self,
        ctx: &micro_rpc::Context,
        request: SaveRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Item>> {
        self.0.server_stream(ctx, "Snapshot.Save", &request).await
    }

    async fn restore(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Item>,
    ) -> micro_rpc::Result<RestoreResponse> {
        self.0.client_stream(ctx, "Snapshot.Restore", requests).await
    }
}

/// Mounts a [`Snapshot`] on a server.
#[derive(Clone)]
pub struct SnapshotServer(std::sync::Arc<dyn Snapshot>);

impl SnapshotServer {
    pub fn new(service: impl Snapshot) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Snapshot>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for SnapshotServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &SNAPSHOT_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Save" => {
                let request = call.request().await?;
                let responses = service.save(ctx, request).await?;
                call.reply_stream(responses)
            }
            "Restore" => {
                let requests = call.requests();
                let response = service.restore(ctx, requests).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "snapshot.Snapshot",
                "unknown method",
            )),
        }
    }
}
