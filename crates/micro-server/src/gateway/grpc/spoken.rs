//! How a caller speaks gRPC, which is how he is answered.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Version};
use micro_rpc::{Codec, Error, Result};

use super::super::ID;

const GRPC: &str = "application/grpc";

/// How a call is spoken.
pub(in super::super) struct Spoken {
    content_type: HeaderValue,
}

impl Spoken {
    /// `None` where the request is no call of gRPC. What is sent so over HTTP/1.1 is a protobuf message and nothing else, as it
    /// always was: gRPC needs trailers, which HTTP/1.1 mostly loses.
    pub(in super::super) fn by(parts: &Parts) -> Option<Self> {
        if parts.method != Method::POST || parts.version != Version::HTTP_2 {
            return None;
        }
        let content_type = parts.headers.get(CONTENT_TYPE)?;
        content_type
            .as_bytes()
            .starts_with(GRPC.as_bytes())
            .then(|| Self {
                content_type: content_type.clone(),
            })
    }

    /// How the messages are encoded.
    pub(super) fn codec(&self) -> Result<Codec> {
        let said = self.content_type.to_str().unwrap_or_default();
        Codec::from_content_type(said).ok_or_else(|| {
            let detail =
                format!("{said} is not spoken here: send application/grpc+proto or application/grpc+json");
            Error::bad_request(ID, detail)
        })
    }

    /// What an answer is, which is what was sent.
    pub(super) fn answer_type(&self) -> HeaderValue {
        match self.codec() {
            // Said as it was asked for, though both mean the same.
            Ok(codec) if self.content_type != GRPC => HeaderValue::from_static(codec.content_type()),
            _ => HeaderValue::from_static(GRPC),
        }
    }
}
