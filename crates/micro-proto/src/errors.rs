// @generated from errors.proto by micro; edit that file instead of this one.

//! The error that every service answers with.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Error {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// An HTTP status code.
    #[prost(int32, tag = "2")]
    #[serde(with = "json::As::<json::Int32>")]
    pub code: i32,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub detail: String,
    /// The reason phrase of the code.
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub status: String,
}
