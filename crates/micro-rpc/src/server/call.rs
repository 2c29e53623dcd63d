//! One call as a handler sees it, and its answer.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;

use crate::frame::Frames;
use crate::{Codec, Error, Message, Result, Streaming};

/// An inbound call: its messages, not yet decoded.
pub struct Call {
    codec: Codec,
    frames: Option<Frames>,
    patience: Duration,
}

/// The answer to a call, encoded.
pub struct Reply(pub(super) Body);

pub(super) enum Body {
    Message(Bytes),
    Stream(Streaming<Bytes>),
}

impl Call {
    pub(super) fn new(codec: Codec, frames: Frames, patience: Duration) -> Self {
        Self {
            codec,
            frames: Some(frames),
            patience,
        }
    }

    /// The only, or first, request message. The stream need not have ended.
    pub async fn request<T: Message>(&mut self) -> Result<T> {
        let body = self.first().await?;
        self.codec.decode(&body)
    }

    /// The request messages as they come.
    pub fn requests<T: Message>(&mut self) -> Streaming<T> {
        let codec = self.codec;
        self.raw_requests().map(move |body| codec.decode(&body))
    }

    /// Encodes the answer.
    pub fn reply<T: Message>(&self, message: &T) -> Result<Reply> {
        Ok(Reply(Body::Message(self.codec.frame(message)?)))
    }

    /// Encodes a stream of answers as they come.
    pub fn reply_stream<T: Message>(&self, messages: Streaming<T>) -> Result<Reply> {
        let codec = self.codec;
        Ok(Reply(Body::Stream(
            messages.map(move |message| codec.frame(&message)),
        )))
    }

    pub(super) fn raw_requests(&mut self) -> Streaming<Bytes> {
        let Some(frames) = self.frames.take() else {
            return Streaming::empty();
        };
        Streaming::new(stream::unfold(Some(frames), |frames| async move {
            let mut frames = frames?;
            match frames.next().await {
                Ok(Some(body)) => Some((Ok(body), Some(frames))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    async fn first(&mut self) -> Result<Bytes> {
        let Some(frames) = self.frames.as_mut() else {
            return Ok(Bytes::new());
        };
        match tokio::time::timeout(self.patience, frames.next()).await {
            Ok(body) => Ok(body?.unwrap_or_default()),
            Err(_) => Err(Error::timeout(
                "go.micro.server",
                "the request did not arrive in time",
            )),
        }
    }
}
