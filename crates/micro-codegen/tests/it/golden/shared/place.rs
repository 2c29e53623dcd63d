// @generated from place.proto by micro; edit that file instead of this one.

//! Imported by another contract, and without a service.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Place {
    #[prost(double, tag = "1")]
    #[serde(with = "json::As::<json::Double>")]
    pub latitude: f64,
    #[prost(double, tag = "2")]
    #[serde(with = "json::As::<json::Double>")]
    pub longitude: f64,
}

/// What [`Place`] declares inside.
pub mod place {
    use micro_rpc::{json, prost};

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
    #[prost(prost_path = "micro_rpc::prost")]
    #[repr(i32)]
    pub enum Side {
        Unspecified = 0,
        Left = 1,
    }

    impl json::Enumeration for Side {
        fn name(&self) -> &'static str {
            match self {
                Self::Unspecified => "SIDE_UNSPECIFIED",
                Self::Left => "SIDE_LEFT",
            }
        }

        fn from_name(name: &str) -> Option<Self> {
            match name {
                "SIDE_UNSPECIFIED" => Some(Self::Unspecified),
                "SIDE_LEFT" => Some(Self::Left),
                _ => None,
            }
        }
    }
}
