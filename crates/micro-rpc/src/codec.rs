//! The two encodings of a message, chosen by content type.

use bytes::{BufMut, Bytes};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// A message of a contract: protobuf and proto3 JSON.
pub trait Message:
    prost::Message + Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

impl<T> Message for T where
    T: prost::Message + Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// How messages are encoded within a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Protocol Buffers.
    Proto,
    /// The JSON mapping of proto3, with proto names and all defaults present.
    Json,
    /// Whatever two programs have agreed on. It is relayed; no contract can be answered in it.
    Bytes,
}

pub(crate) const FRAME_HEADER: usize = 5;

const INTERNAL: u8 = 13;
/// What callers of the original are told.
const NO_MESSAGE: &str = "grpc: failed to unmarshal the received message invalid message";

impl Codec {
    /// The codec that a content type asks for; `None` when it is not ours.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let base = content_type.split(';').next().unwrap_or("").trim();
        match base.strip_prefix("application/grpc")? {
            "" | "+proto" => Some(Self::Proto),
            "+json" => Some(Self::Json),
            "+bytes" => Some(Self::Bytes),
            _ => None,
        }
    }

    /// The content type of a call in this codec.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Proto => "application/grpc+proto",
            Self::Json => "application/grpc+json",
            Self::Bytes => "application/grpc+bytes",
        }
    }

    /// Decodes a message. Nothing, and JSON `null`, is the empty message.
    pub fn decode<T: Message>(self, body: &[u8]) -> Result<T> {
        match self {
            Self::Proto => T::decode(body).map_err(|error| unreadable("protobuf", &error.to_string())),
            Self::Json if body.trim_ascii().is_empty() || body.trim_ascii() == b"null" => Ok(T::default()),
            Self::Json => {
                serde_json::from_slice(body).map_err(|error| unreadable("JSON", &error.to_string()))
            }
            Self::Bytes => Err(Error::plain(INTERNAL, NO_MESSAGE)),
        }
    }

    /// Encodes a message.
    pub fn encode<T: Message>(self, message: &T) -> Result<Bytes> {
        let mut bytes = Vec::with_capacity(self.length(message));
        self.put(message, &mut bytes)?;
        Ok(bytes.into())
    }

    /// Encodes a message as one gRPC frame.
    pub(crate) fn frame<T: Message>(self, message: &T) -> Result<Bytes> {
        let mut frame = Vec::with_capacity(FRAME_HEADER + self.length(message));
        frame.put_bytes(0, FRAME_HEADER);
        self.put(message, &mut frame)?;
        seal(frame)
    }

    /// How long the message becomes: exactly, so that the buffer is what is sent, or about.
    fn length<T: Message>(self, message: &T) -> usize {
        match self {
            Self::Proto => message.encoded_len(),
            Self::Json | Self::Bytes => 59,
        }
    }

    fn put<T: Message>(self, message: &T, buffer: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Proto => message
                .encode(buffer)
                .map_err(|error| unwritable(&error.to_string())),
            Self::Json => {
                serde_json::to_writer(buffer, message).map_err(|error| unwritable(&error.to_string()))
            }
            Self::Bytes => Err(Error::plain(INTERNAL, NO_MESSAGE)),
        }
    }
}

/// Wraps bytes that are encoded already into a gRPC frame.
pub(crate) fn frame_raw(body: &[u8]) -> Result<Bytes> {
    let mut frame = Vec::with_capacity(FRAME_HEADER + body.len());
    frame.put_bytes(0, FRAME_HEADER);
    frame.put_slice(body);
    seal(frame)
}

fn seal(mut frame: Vec<u8>) -> Result<Bytes> {
    let length =
        u32::try_from(frame.len() - FRAME_HEADER).map_err(|_| unwritable("message is over 4 GiB"))?;
    frame[1..FRAME_HEADER].copy_from_slice(&length.to_be_bytes());
    Ok(frame.into())
}

fn unreadable(format: &str, cause: &str) -> Error {
    Error::bad_request(
        "go.micro.server",
        format!("request is not the {format} that the method takes: {cause}"),
    )
}

fn unwritable(cause: &str) -> Error {
    Error::internal("go.micro.server", format!("cannot encode the message: {cause}"))
}
