// @generated from store.proto by micro; edit that file instead of this one.

//! Keeps records under keys, in tables of databases, and blobs under names.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-store")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobOptions {
    /// That of the call when empty.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    /// Anybody may read it over HTTP, at /blob/NAMESPACE/KEY of the gateway.
    #[prost(bool, tag = "2")]
    #[serde(with = "json::As::<json::Bool>")]
    pub public: bool,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", rename = "contentType")]
    pub content_type: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobInfo {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
    /// Bytes
    #[prost(uint64, tag = "2")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub size: u64,
    /// Hexadecimal
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub sha256: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>", alias = "contentType")]
    pub content_type: String,
    #[prost(bool, tag = "5")]
    #[serde(with = "json::As::<json::Bool>")]
    pub public: bool,
    /// Unix seconds
    #[prost(int64, tag = "6")]
    #[serde(with = "json::As::<json::Int64>")]
    pub modified: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobReadRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<BlobOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobReadResponse {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub blob: micro_rpc::bytes::Bytes,
    /// In the first message.
    #[prost(message, optional, tag = "100")]
    #[serde(skip_serializing_if = "micro_rpc::json::leaves_out_extensions")]
    pub info: Option<BlobInfo>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobWriteRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<BlobOptions>,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub blob: micro_rpc::bytes::Bytes,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobWriteResponse {
    #[prost(message, optional, tag = "100")]
    #[serde(skip_serializing_if = "micro_rpc::json::leaves_out_extensions")]
    pub info: Option<BlobInfo>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobDeleteRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<BlobOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobDeleteResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobListRequest {
    #[prost(message, optional, tag = "1")]
    pub options: Option<BlobListOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobListOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub prefix: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct BlobListResponse {
    #[prost(string, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub keys: Vec<String>,
    #[prost(message, repeated, tag = "100")]
    #[serde(
        with = "json::As::<json::List<json::Msg>>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub infos: Vec<BlobInfo>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Field {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Record {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub value: micro_rpc::bytes::Bytes,
    /// Seconds until the record is gone; 0 keeps it for good.
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub expiry: i64,
    #[prost(btree_map = "string, message", tag = "4")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Msg>>")]
    pub metadata: std::collections::BTreeMap<String, Field>,
    /// Which write this is. Ignored when writing.
    #[prost(uint64, tag = "100")]
    #[serde(
        with = "json::As::<json::UInt64>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub version: u64,
    /// When the record is gone, in Unix nanoseconds; counts before expiry where it is set.
    #[prost(int64, tag = "101")]
    #[serde(
        with = "json::As::<json::Int64>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions",
        alias = "expiresAt"
    )]
    pub expires_at: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadOptions {
    /// micro when empty.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub database: String,
    /// micro when empty.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub table: String,
    /// The key is how keys begin.
    #[prost(bool, tag = "3")]
    #[serde(with = "json::As::<json::Bool>")]
    pub prefix: bool,
    /// The key is how keys end.
    #[prost(bool, tag = "4")]
    #[serde(with = "json::As::<json::Bool>")]
    pub suffix: bool,
    /// 0 is no limit.
    #[prost(uint64, tag = "5")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub limit: u64,
    #[prost(uint64, tag = "6")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub offset: u64,
    /// asc or desc.
    #[prost(string, tag = "7")]
    #[serde(with = "json::As::<json::Text>")]
    pub order: String,
    /// Only keys behind this one: the last key of the page before.
    #[prost(string, tag = "100")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub after: String,
    /// How keys end besides the prefix.
    #[prost(string, tag = "101")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub ending: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<ReadOptions>,
    /// Reads these instead, each as if it were asked for alone; the key is empty then.
    #[prost(string, repeated, tag = "100")]
    #[serde(
        with = "json::As::<json::List<json::Text>>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub keys: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadResponse {
    /// Of several keys those that are there, in the order of the keys.
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub records: Vec<Record>,
    /// So many of the keys were looked for, from the first on. The records of the others would have made the answer too large.
    #[prost(uint64, tag = "100")]
    #[serde(
        with = "json::As::<json::UInt64>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions",
        alias = "lookedFor"
    )]
    pub looked_for: u64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WriteOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub database: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub table: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WriteRequest {
    #[prost(message, optional, tag = "1")]
    pub record: Option<Record>,
    #[prost(message, optional, tag = "2")]
    pub options: Option<WriteOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WriteResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub database: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub table: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
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
pub struct ListOptions {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub database: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub table: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub prefix: String,
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub suffix: String,
    #[prost(uint64, tag = "5")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub limit: u64,
    #[prost(uint64, tag = "6")]
    #[serde(with = "json::As::<json::UInt64>")]
    pub offset: u64,
    #[prost(string, tag = "7")]
    #[serde(with = "json::As::<json::Text>")]
    pub order: String,
    /// Only keys behind this one: the last key of the page before.
    #[prost(string, tag = "100")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub after: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListRequest {
    #[prost(message, optional, tag = "1")]
    pub options: Option<ListOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListResponse {
    #[prost(string, repeated, tag = "2")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub keys: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DatabasesRequest {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DatabasesResponse {
    #[prost(string, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub databases: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct TablesRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub database: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct TablesResponse {
    #[prost(string, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub tables: Vec<String>,
}

/// One step of a commit.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Change {
    /// Written, unless the step deletes.
    #[prost(message, optional, tag = "1")]
    pub record: Option<Record>,
    /// The key to delete.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub delete: String,
    /// The version that must be there, 0 for no record at all; absent for whatever there is.
    #[prost(uint64, optional, tag = "3")]
    #[serde(
        with = "json::As::<json::Opt<json::UInt64>>",
        skip_serializing_if = "Option::is_none",
        alias = "ifVersion"
    )]
    pub if_version: Option<u64>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CommitRequest {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub changes: Vec<Change>,
    #[prost(message, optional, tag = "2")]
    pub options: Option<WriteOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CommitResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WatchRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub prefix: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<WriteOptions>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct WatchResponse {
    /// Empty in the first message.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub key: String,
    /// What is there now; absent when it was removed or has expired.
    #[prost(message, optional, tag = "2")]
    pub record: Option<Record>,
}

/// What reflection and the registry say of `Store`.
pub static STORE_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "store",
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
        micro_rpc::MethodDescriptor {
            name: "Delete",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "List",
            client_streaming: false,
            server_streaming: true,
        },
        micro_rpc::MethodDescriptor {
            name: "Databases",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Tables",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Commit",
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
pub trait Store: Send + Sync + 'static {
    /// Read returns the record of a key, or those whose keys begin or end so.
    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse>;

    /// Write writes a record, whether or not there was one.
    async fn write(
        &self,
        ctx: &micro_rpc::Context,
        request: WriteRequest,
    ) -> micro_rpc::Result<WriteResponse>;

    /// Delete removes the record of a key, if there is one.
    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse>;

    /// List returns keys, all in one message.
    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: ListRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<ListResponse>>;

    /// Databases returns the names of the databases that hold records.
    async fn databases(
        &self,
        ctx: &micro_rpc::Context,
        request: DatabasesRequest,
    ) -> micro_rpc::Result<DatabasesResponse>;

    /// Tables returns the names of the tables of a database that hold records.
    async fn tables(
        &self,
        ctx: &micro_rpc::Context,
        request: TablesRequest,
    ) -> micro_rpc::Result<TablesResponse>;

    /// Commit applies all changes in order, or none of them.
    async fn commit(
        &self,
        ctx: &micro_rpc::Context,
        request: CommitRequest,
    ) -> micro_rpc::Result<CommitResponse>;

    /// Watch sends the changes of keys that begin so, after a first message that has none and tells that it has begun.
    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: WatchRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<WatchResponse>>;
}

/// [`Store`] over the network.
#[derive(Clone)]
pub struct StoreClient(micro_rpc::ServiceClient);

impl StoreClient {
    /// Calls the service `store`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "store")
    }

    /// Calls the service `name`, which speaks the contract of `store`.
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

    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse> {
        self.0.unary(ctx, "Store.Delete", &request).await
    }

    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: ListRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<ListResponse>> {
        self.0.server_stream(ctx, "Store.List", &request).await
    }

    async fn databases(
        &self,
        ctx: &micro_rpc::Context,
        request: DatabasesRequest,
    ) -> micro_rpc::Result<DatabasesResponse> {
        self.0.unary(ctx, "Store.Databases", &request).await
    }

    async fn tables(
        &self,
        ctx: &micro_rpc::Context,
        request: TablesRequest,
    ) -> micro_rpc::Result<TablesResponse> {
        self.0.unary(ctx, "Store.Tables", &request).await
    }

    async fn commit(
        &self,
        ctx: &micro_rpc::Context,
        request: CommitRequest,
    ) -> micro_rpc::Result<CommitResponse> {
        self.0.unary(ctx, "Store.Commit", &request).await
    }

    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: WatchRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<WatchResponse>> {
        self.0.server_stream(ctx, "Store.Watch", &request).await
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
            "Delete" => {
                let request = call.request().await?;
                let response = service.delete(ctx, request).await?;
                call.reply(&response)
            }
            "List" => {
                let request = call.request().await?;
                let responses = service.list(ctx, request).await?;
                call.reply_stream(responses)
            }
            "Databases" => {
                let request = call.request().await?;
                let response = service.databases(ctx, request).await?;
                call.reply(&response)
            }
            "Tables" => {
                let request = call.request().await?;
                let response = service.tables(ctx, request).await?;
                call.reply(&response)
            }
            "Commit" => {
                let request = call.request().await?;
                let response = service.commit(ctx, request).await?;
                call.reply(&response)
            }
            "Watch" => {
                let request = call.request().await?;
                let responses = service.watch(ctx, request).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented("store.Store", "unknown method")),
        }
    }
}

/// What reflection and the registry say of `BlobStore`.
pub static BLOB_STORE_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "store",
    name: "BlobStore",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Read",
            client_streaming: false,
            server_streaming: true,
        },
        micro_rpc::MethodDescriptor {
            name: "Write",
            client_streaming: true,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Delete",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "List",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Read sends a blob in pieces; the first says what it is.
    async fn read(
        &self,
        ctx: &micro_rpc::Context,
        request: BlobReadRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<BlobReadResponse>>;

    /// Write replaces a blob as a whole; the first message names it.
    async fn write(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<BlobWriteRequest>,
    ) -> micro_rpc::Result<BlobWriteResponse>;

    /// Delete removes a blob, if there is one.
    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: BlobDeleteRequest,
    ) -> micro_rpc::Result<BlobDeleteResponse>;

    /// List returns the names of blobs.
    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: BlobListRequest,
    ) -> micro_rpc::Result<BlobListResponse>;
}

/// [`BlobStore`] over the network.
#[derive(Clone)]
pub struct BlobStoreClient(micro_rpc::ServiceClient);

impl BlobStoreClient {
    /// Calls the service `store`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "store")
    }

    /// Calls the service `name`, which speaks the contract of `store`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl BlobStore for BlobStoreClient {
    async fn read(
        &self,
        ctx: &micro_rpc::Context,
        request: BlobReadRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<BlobReadResponse>> {
        self.0.server_stream(ctx, "BlobStore.Read", &request).await
    }

    async fn write(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<BlobWriteRequest>,
    ) -> micro_rpc::Result<BlobWriteResponse> {
        self.0.client_stream(ctx, "BlobStore.Write", requests).await
    }

    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: BlobDeleteRequest,
    ) -> micro_rpc::Result<BlobDeleteResponse> {
        self.0.unary(ctx, "BlobStore.Delete", &request).await
    }

    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: BlobListRequest,
    ) -> micro_rpc::Result<BlobListResponse> {
        self.0.unary(ctx, "BlobStore.List", &request).await
    }
}

/// Mounts a [`BlobStore`] on a server.
#[derive(Clone)]
pub struct BlobStoreServer(std::sync::Arc<dyn BlobStore>);

impl BlobStoreServer {
    pub fn new(service: impl BlobStore) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn BlobStore>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for BlobStoreServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &BLOB_STORE_SERVICE
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
            "Write" => {
                let requests = call.requests();
                let response = service.write(ctx, requests).await?;
                call.reply(&response)
            }
            "Delete" => {
                let request = call.request().await?;
                let response = service.delete(ctx, request).await?;
                call.reply(&response)
            }
            "List" => {
                let request = call.request().await?;
                let response = service.list(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "store.BlobStore",
                "unknown method",
            )),
        }
    }
}
