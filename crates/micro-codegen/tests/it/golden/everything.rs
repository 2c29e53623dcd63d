// @generated from everything.proto by micro; edit that file instead of this one.

//! Everything that a contract can say.
//!
//! Indented text is no test:
//!
//!    let x = list\[0\];

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

/// Scalars are all there are.
/// ```text
/// let fenced = [1];
/// ```
/// See \<b>this\</b> and list\[1\], or `list[2]`.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Scalars {
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
    #[prost(sint32, tag = "7")]
    #[serde(with = "json::As::<json::Int32>", alias = "aSint32")]
    pub a_sint32: i32,
    #[prost(sint64, tag = "8")]
    #[serde(with = "json::As::<json::Int64>", alias = "aSint64")]
    pub a_sint64: i64,
    #[prost(fixed32, tag = "9")]
    #[serde(with = "json::As::<json::UInt32>", alias = "aFixed32")]
    pub a_fixed32: u32,
    #[prost(fixed64, tag = "10")]
    #[serde(with = "json::As::<json::UInt64>", alias = "aFixed64")]
    pub a_fixed64: u64,
    #[prost(sfixed32, tag = "11")]
    #[serde(with = "json::As::<json::Int32>", alias = "aSfixed32")]
    pub a_sfixed32: i32,
    #[prost(sfixed64, tag = "12")]
    #[serde(with = "json::As::<json::Int64>", alias = "aSfixed64")]
    pub a_sfixed64: i64,
    #[prost(bool, tag = "13")]
    #[serde(with = "json::As::<json::Bool>", alias = "aBool")]
    pub a_bool: bool,
    #[prost(string, tag = "14")]
    #[serde(with = "json::As::<json::Text>", alias = "aString")]
    pub a_string: String,
    #[prost(bytes = "bytes", tag = "15")]
    #[serde(with = "json::As::<json::Bytes>", alias = "someBytes")]
    pub some_bytes: micro_rpc::bytes::Bytes,
    /// Before the field.
    ///
    /// Behind the field.
    #[prost(enumeration = "Colour", tag = "16")]
    #[serde(with = "json::As::<json::Enum<Colour>>")]
    pub colour: i32,
    /// Keywords.
    #[prost(string, tag = "17")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    #[prost(string, tag = "18")]
    #[serde(with = "json::As::<json::Text>", rename = "self")]
    pub self_: String,
    #[prost(string, tag = "19")]
    #[serde(with = "json::As::<json::Text>", rename = "userId")]
    pub user_id: String,
    #[prost(string, tag = "20")]
    #[serde(with = "json::As::<json::Text>", alias = "otherName")]
    pub renamed: String,
    #[prost(message, optional, boxed, tag = "21")]
    pub inner: Option<Box<scalars::Inner>>,
    #[prost(enumeration = "scalars::inner::Kind", tag = "22")]
    #[serde(with = "json::As::<json::Enum<scalars::inner::Kind>>")]
    pub kind: i32,
}

/// What [`Scalars`] declares inside.
pub mod scalars {
    use micro_rpc::{json, prost, serde};

    #[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[serde(crate = "micro_rpc::serde", default)]
    pub struct Inner {
        #[prost(string, tag = "1")]
        #[serde(with = "json::As::<json::Text>")]
        pub name: String,
        #[prost(enumeration = "inner::Kind", repeated, tag = "2")]
        #[serde(with = "json::As::<json::List<json::Enum<inner::Kind>>>")]
        pub kinds: Vec<i32>,
        #[prost(message, optional, boxed, tag = "3")]
        pub deep: Option<Box<inner::Deep>>,
    }

    /// What [`Inner`] declares inside.
    pub mod inner {
        use micro_rpc::{json, prost, serde};

        #[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
        #[prost(prost_path = "micro_rpc::prost")]
        #[prost(skip_debug)]
        #[serde(crate = "micro_rpc::serde", default)]
        pub struct Deep {
            #[prost(enumeration = "super::super::Colour", tag = "1")]
            #[serde(with = "json::As::<json::Enum<super::super::Colour>>")]
            pub colour: i32,
            #[prost(btree_map = "string, message", tag = "2")]
            #[serde(with = "json::As::<json::Map<json::Text, json::Msg>>")]
            pub deeper: std::collections::BTreeMap<String, Deep>,
            #[prost(oneof = "deep::Choice", tags = "3, 4")]
            #[serde(flatten)]
            pub choice: Option<deep::Choice>,
        }

        /// What [`Deep`] declares inside.
        pub mod deep {
            use micro_rpc::{json, prost, serde};

            #[derive(Clone, PartialEq, prost::Oneof, serde::Serialize, serde::Deserialize)]
            #[prost(prost_path = "micro_rpc::prost")]
            #[serde(crate = "micro_rpc::serde")]
            pub enum Choice {
                #[prost(message, boxed, tag = "3")]
                #[serde(rename = "scalars")]
                Scalars(Box<super::super::super::Scalars>),
                #[prost(string, tag = "4")]
                #[serde(with = "json::As::<json::Text>", rename = "text")]
                Text(String),
            }
        }

        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
        #[prost(prost_path = "micro_rpc::prost")]
        #[repr(i32)]
        pub enum Kind {
            Unknown = 0,
            Kind404 = 1,
        }

        impl json::Enumeration for Kind {
            fn name(&self) -> &'static str {
                match self {
                    Self::Unknown => "KIND_UNKNOWN",
                    Self::Kind404 => "KIND_404",
                }
            }

            fn from_name(name: &str) -> Option<Self> {
                match name {
                    "KIND_UNKNOWN" => Some(Self::Unknown),
                    "KIND_404" => Some(Self::Kind404),
                    _ => None,
                }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Lists {
    #[prost(double, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Double>>")]
    pub doubles: Vec<f64>,
    #[prost(int64, repeated, packed = "false", tag = "2")]
    #[serde(with = "json::As::<json::List<json::Int64>>")]
    pub loose: Vec<i64>,
    #[prost(string, repeated, tag = "3")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub texts: Vec<String>,
    #[prost(bytes = "bytes", repeated, tag = "4")]
    #[serde(with = "json::As::<json::List<json::Bytes>>")]
    pub blobs: Vec<micro_rpc::bytes::Bytes>,
    #[prost(enumeration = "Colour", repeated, tag = "5")]
    #[serde(with = "json::As::<json::List<json::Enum<Colour>>>")]
    pub colours: Vec<i32>,
    #[prost(message, repeated, tag = "6")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub inners: Vec<scalars::Inner>,
    #[prost(btree_map = "string, string", tag = "7")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub labels: std::collections::BTreeMap<String, String>,
    #[prost(btree_map = "int64, bytes", tag = "8")]
    #[serde(with = "json::As::<json::Map<json::Int64, json::Bytes>>", alias = "blobsById")]
    pub blobs_by_id: std::collections::BTreeMap<i64, micro_rpc::bytes::Bytes>,
    #[prost(btree_map = "bool, enumeration(Colour)", tag = "9")]
    #[serde(
        with = "json::As::<json::Map<json::Bool, json::Enum<Colour>>>",
        alias = "coloursByFlag"
    )]
    pub colours_by_flag: std::collections::BTreeMap<bool, i32>,
    #[prost(btree_map = "uint32, message", tag = "10")]
    #[serde(
        with = "json::As::<json::Map<json::UInt32, json::Msg>>",
        alias = "scalarsByNumber"
    )]
    pub scalars_by_number: std::collections::BTreeMap<u32, Scalars>,
    #[prost(btree_map = "string, message", tag = "11")]
    #[serde(
        with = "json::As::<json::Map<json::Text, json::Msg>>",
        alias = "placesByNameAndByTheTimeAtWhichTheyWereLastSeen"
    )]
    pub places_by_name_and_by_the_time_at_which_they_were_last_seen:
        std::collections::BTreeMap<String, super::shared::place::Place>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Optionals {
    #[prost(string, optional, tag = "1")]
    #[serde(
        with = "json::As::<json::Opt<json::Text>>",
        skip_serializing_if = "Option::is_none"
    )]
    pub text: Option<String>,
    #[prost(int64, optional, tag = "2")]
    #[serde(
        with = "json::As::<json::Opt<json::Int64>>",
        skip_serializing_if = "Option::is_none"
    )]
    pub number: Option<i64>,
    #[prost(enumeration = "Colour", optional, tag = "3")]
    #[serde(
        with = "json::As::<json::Opt<json::Enum<Colour>>>",
        skip_serializing_if = "Option::is_none"
    )]
    pub colour: Option<i32>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    #[serde(
        with = "json::As::<json::Opt<json::Bytes>>",
        skip_serializing_if = "Option::is_none"
    )]
    pub blob: Option<micro_rpc::bytes::Bytes>,
    #[prost(message, optional, tag = "5")]
    pub scalars: Option<Scalars>,
    #[prost(message, optional, tag = "6")]
    #[serde(alias = "createdAt")]
    pub created_at: Option<micro_rpc::wkt::Timestamp>,
    #[prost(message, optional, tag = "7")]
    #[serde(alias = "timeToLive")]
    pub time_to_live: Option<micro_rpc::wkt::Duration>,
    #[prost(message, optional, tag = "8")]
    pub mask: Option<micro_rpc::wkt::FieldMask>,
    #[prost(enumeration = "super::shared::place::place::Side", tag = "9")]
    #[serde(with = "json::As::<json::Enum<super::shared::place::place::Side>>")]
    pub side: i32,
}

/// A tree: it holds itself.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Tree {
    #[prost(message, optional, boxed, tag = "1")]
    pub left: Option<Box<Tree>>,
    #[prost(message, optional, boxed, tag = "2")]
    pub right: Option<Box<Tree>>,
    #[prost(message, repeated, tag = "3")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub others: Vec<Tree>,
    #[prost(message, optional, boxed, tag = "4")]
    pub branch: Option<Box<Branch>>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Branch {
    #[prost(message, optional, boxed, tag = "1")]
    pub tree: Option<Box<Tree>>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Oneofs {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// What it says.
    #[prost(oneof = "oneofs::Said", tags = "2, 3, 4, 5, 6, 7, 8")]
    #[serde(flatten)]
    pub said: Option<oneofs::Said>,
    #[prost(oneof = "oneofs::Other", tags = "9")]
    #[serde(flatten)]
    pub other: Option<oneofs::Other>,
}

/// What [`Oneofs`] declares inside.
pub mod oneofs {
    use micro_rpc::{json, prost, serde};

    /// What it says.
    #[derive(Clone, PartialEq, prost::Oneof, serde::Serialize, serde::Deserialize)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[serde(crate = "micro_rpc::serde")]
    pub enum Said {
        /// As text.
        #[prost(string, tag = "2")]
        #[serde(with = "json::As::<json::Text>", rename = "some_text", alias = "someText")]
        SomeText(String),
        #[prost(int64, tag = "3")]
        #[serde(with = "json::As::<json::Int64>", rename = "type")]
        Type(i64),
        #[prost(bytes = "bytes", tag = "4")]
        #[serde(with = "json::As::<json::Bytes>", rename = "raw_bytes", alias = "rawBytes")]
        RawBytes(micro_rpc::bytes::Bytes),
        #[prost(enumeration = "super::Colour", tag = "5")]
        #[serde(with = "json::As::<json::Enum<super::Colour>>", rename = "colour")]
        Colour(i32),
        #[prost(message, tag = "6")]
        #[serde(rename = "scalars")]
        Scalars(super::Scalars),
        #[prost(message, boxed, tag = "7")]
        #[serde(rename = "again")]
        Again(Box<super::Oneofs>),
        #[prost(message, tag = "8")]
        #[serde(rename = "nothing")]
        Nothing(micro_rpc::wkt::Empty),
    }

    #[derive(Clone, PartialEq, prost::Oneof, serde::Serialize, serde::Deserialize)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[serde(crate = "micro_rpc::serde")]
    pub enum Other {
        #[prost(bool, tag = "9")]
        #[serde(with = "json::As::<json::Bool>", rename = "yes")]
        Yes(bool),
    }
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct FindWhateverThereIsToBeFoundRequest {
    #[prost(string, tag = "1")]
    #[serde(
        with = "json::As::<json::Text>",
        alias = "whereItIsSupposedToBeFoundByWhoeverLooksForItInTheFirstPlace"
    )]
    pub where_it_is_supposed_to_be_found_by_whoever_looks_for_it_in_the_first_place: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct FindWhateverThereIsToBeFoundResponse {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Bytes>>", alias = "fileDescriptorProto")]
    pub file_descriptor_proto: Vec<micro_rpc::bytes::Bytes>,
}

/// Names with the enum's own in front, and two for one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[prost(prost_path = "micro_rpc::prost")]
#[repr(i32)]
pub enum Colour {
    Unspecified = 0,
    /// Warm.
    Red = 1,
    Self_ = 2,
}

impl json::Enumeration for Colour {
    fn name(&self) -> &'static str {
        match self {
            Self::Unspecified => "COLOUR_UNSPECIFIED",
            Self::Red => "COLOUR_RED",
            Self::Self_ => "COLOUR_SELF",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "COLOUR_UNSPECIFIED" => Some(Self::Unspecified),
            "COLOUR_RED" => Some(Self::Red),
            "COLOUR_SELF" => Some(Self::Self_),
            "COLOUR_CRIMSON" => Some(Self::Red),
            _ => None,
        }
    }
}

/// What reflection and the registry say of `Everything`.
pub static EVERYTHING_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "go.micro.service.everything",
    name: "Everything",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Call",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "List",
            client_streaming: false,
            server_streaming: true,
        },
        micro_rpc::MethodDescriptor {
            name: "Upload",
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

/// Everything has every kind of call.
#[micro_rpc::async_trait]
pub trait Everything: Send + Sync + 'static {
    /// Call takes one and gives one.
    async fn call(&self, ctx: &micro_rpc::Context, request: Scalars) -> micro_rpc::Result<Scalars>;
    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: Lists,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Scalars>>;
    async fn upload(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Scalars>,
    ) -> micro_rpc::Result<Optionals>;
    async fn chat(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Oneofs>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Oneofs>>;
}

/// [`Everything`] over the network.
#[derive(Clone)]
pub struct EverythingClient(micro_rpc::ServiceClient);

impl EverythingClient {
    /// Calls the service `everything`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "everything")
    }

    /// Calls the service `name`, which speaks the contract of `everything`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Everything for EverythingClient {
    async fn call(&self, ctx: &micro_rpc::Context, request: Scalars) -> micro_rpc::Result<Scalars> {
        self.0.unary(ctx, "Everything.Call", &request).await
    }

    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: Lists,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Scalars>> {
        self.0.server_stream(ctx, "Everything.List", &request).await
    }

    async fn upload(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Scalars>,
    ) -> micro_rpc::Result<Optionals> {
        self.0.client_stream(ctx, "Everything.Upload", requests).await
    }

    async fn chat(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<Oneofs>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<Oneofs>> {
        self.0.bidi(ctx, "Everything.Chat", requests).await
    }
}

/// Mounts a [`Everything`] on a server.
#[derive(Clone)]
pub struct EverythingServer(std::sync::Arc<dyn Everything>);

impl EverythingServer {
    pub fn new(service: impl Everything) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Everything>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for EverythingServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &EVERYTHING_SERVICE
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
            "List" => {
                let request = call.request().await?;
                let responses = service.list(ctx, request).await?;
                call.reply_stream(responses)
            }
            "Upload" => {
                let requests = call.requests();
                let response = service.upload(ctx, requests).await?;
                call.reply(&response)
            }
            "Chat" => {
                let requests = call.requests();
                let responses = service.chat(ctx, requests).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "everything.Everything",
                "unknown method",
            )),
        }
    }
}

/// What reflection and the registry say of `EverythingElseThatThereIsInTheWorld`.
pub static EVERYTHING_ELSE_THAT_THERE_IS_IN_THE_WORLD_SERVICE: micro_rpc::ServiceDescriptor =
    micro_rpc::ServiceDescriptor {
        package: "go.micro.service.everything",
        name: "EverythingElseThatThereIsInTheWorld",
        methods: &[
            micro_rpc::MethodDescriptor {
                name: "FindWhateverThereIsToBeFoundSomewhereOutThere",
                client_streaming: false,
                server_streaming: false,
            },
            micro_rpc::MethodDescriptor {
                name: "Deepen",
                client_streaming: true,
                server_streaming: true,
            },
        ],
        file_descriptor_set: FILE_DESCRIPTOR_SET,
    };

/// EverythingElseThatThereIsInTheWorld has a call whose name is as long as its messages'.
#[micro_rpc::async_trait]
pub trait EverythingElseThatThereIsInTheWorld: Send + Sync + 'static {
    async fn find_whatever_there_is_to_be_found_somewhere_out_there(
        &self,
        ctx: &micro_rpc::Context,
        request: FindWhateverThereIsToBeFoundRequest,
    ) -> micro_rpc::Result<FindWhateverThereIsToBeFoundResponse>;
    async fn deepen(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<scalars::inner::Deep>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<super::shared::place::Place>>;
}

/// [`EverythingElseThatThereIsInTheWorld`] over the network.
#[derive(Clone)]
pub struct EverythingElseThatThereIsInTheWorldClient(micro_rpc::ServiceClient);

impl EverythingElseThatThereIsInTheWorldClient {
    /// Calls the service `everything`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "everything")
    }

    /// Calls the service `name`, which speaks the contract of `everything`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl EverythingElseThatThereIsInTheWorld for EverythingElseThatThereIsInTheWorldClient {
    async fn find_whatever_there_is_to_be_found_somewhere_out_there(
        &self,
        ctx: &micro_rpc::Context,
        request: FindWhateverThereIsToBeFoundRequest,
    ) -> micro_rpc::Result<FindWhateverThereIsToBeFoundResponse> {
        self.0
            .unary(
                ctx,
                "EverythingElseThatThereIsInTheWorld.FindWhateverThereIsToBeFoundSomewhereOutThere",
                &request,
            )
            .await
    }

    async fn deepen(
        &self,
        ctx: &micro_rpc::Context,
        requests: micro_rpc::Streaming<scalars::inner::Deep>,
    ) -> micro_rpc::Result<micro_rpc::Streaming<super::shared::place::Place>> {
        self.0
            .bidi(ctx, "EverythingElseThatThereIsInTheWorld.Deepen", requests)
            .await
    }
}

/// Mounts a [`EverythingElseThatThereIsInTheWorld`] on a server.
#[derive(Clone)]
pub struct EverythingElseThatThereIsInTheWorldServer(std::sync::Arc<dyn EverythingElseThatThereIsInTheWorld>);

impl EverythingElseThatThereIsInTheWorldServer {
    pub fn new(service: impl EverythingElseThatThereIsInTheWorld) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn EverythingElseThatThereIsInTheWorld>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for EverythingElseThatThereIsInTheWorldServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &EVERYTHING_ELSE_THAT_THERE_IS_IN_THE_WORLD_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "FindWhateverThereIsToBeFoundSomewhereOutThere" => {
                let request = call.request().await?;
                let response = service
                    .find_whatever_there_is_to_be_found_somewhere_out_there(ctx, request)
                    .await?;
                call.reply(&response)
            }
            "Deepen" => {
                let requests = call.requests();
                let responses = service.deepen(ctx, requests).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "everything.EverythingElseThatThereIsInTheWorld",
                "unknown method",
            )),
        }
    }
}
