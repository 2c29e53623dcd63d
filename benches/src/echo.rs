//! The message that every side carries: helloworld's, written by hand, so that no side has an advantage.

use serde::{Deserialize, Serialize};

/// Who is greeted.
#[derive(Clone, PartialEq, Serialize, Deserialize, prost::Message)]
#[serde(default)]
pub struct Request {
    /// The name.
    #[prost(string, tag = "1")]
    pub name: String,
}

/// The greeting.
#[derive(Clone, PartialEq, Serialize, Deserialize, prost::Message)]
#[serde(default)]
pub struct Response {
    /// Its text.
    #[prost(string, tag = "1")]
    pub msg: String,
}

/// What every handler does.
pub fn greet(request: Request) -> Response {
    Response {
        msg: format!("Hello {}", request.name),
    }
}

/// What every caller sends.
pub fn request() -> Request {
    Request {
        name: "Alice".to_owned(),
    }
}
