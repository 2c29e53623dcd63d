//! One call as a handler sees it, and its answer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::frame::Frames;
use crate::{Codec, Error, Message, Result, Streaming, json};

/// How soon a caller may close its side and stay. Most clients of a server stream do so with their one request; those of the
/// original framework keep it open, and closing it later is how they say that they leave.
pub const NOTHING_TO_SAY: Duration = Duration::from_secs(2);

/// An inbound call: its messages, not yet decoded.
pub struct Call {
    codec: Codec,
    /// Whether the caller wants the fields that the original contracts lack.
    extensions: bool,
    frames: Option<Frames>,
    patience: Duration,
}

/// Ready when the caller has closed its side later than with its request.
async fn left(mut frames: Frames) {
    let begun = Instant::now();
    loop {
        match frames.next().await {
            Ok(Some(_)) => {}
            Ok(None) if begun.elapsed() >= NOTHING_TO_SAY => return,
            // A connection that breaks ends the call by itself.
            Ok(None) | Err(_) => return std::future::pending().await,
        }
    }
}

fn framed<T: Message>(codec: Codec, extensions: bool, message: &T) -> Result<Bytes> {
    match codec {
        Codec::Json if !extensions => json::core_only(|| codec.frame(message)),
        _ => codec.frame(message),
    }
}

/// The answer to a call, encoded.
pub struct Reply(pub(super) Body);

pub(super) enum Body {
    Message(Bytes),
    Stream(Streaming<Bytes>),
}

/// The first of them, for who asked for one, once all have gone well.
pub(super) async fn first(mut frames: Streaming<Bytes>) -> Result<Option<Bytes>> {
    let first = frames.next().await.transpose()?;
    // Only the end says how it went.
    while frames.next().await.transpose()?.is_some() {}
    Ok(first)
}

impl Call {
    pub(super) fn new(codec: Codec, extensions: bool, frames: Frames, patience: Duration) -> Self {
        Self {
            codec,
            extensions,
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
        Ok(Reply(Body::Message(framed(
            self.codec,
            self.extensions,
            message,
        )?)))
    }

    /// Encodes a stream of answers as they come. It ends when the caller closes its side, unless that happens within
    /// [`NOTHING_TO_SAY`] or the handler has taken the requests.
    pub fn reply_stream<T: Message>(&mut self, messages: Streaming<T>) -> Result<Reply> {
        let (codec, extensions) = (self.codec, self.extensions);
        let encoded = messages.map(move |message| framed(codec, extensions, &message));
        Ok(Reply(Body::Stream(match self.frames.take() {
            Some(frames) => Streaming::new(encoded.take_until(left(frames))),
            None => encoded,
        })))
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
