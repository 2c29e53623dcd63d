//! The messages that a caller sends: each a flag, a length of four bytes, and so many bytes.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use micro_rpc::bytes::{Buf, Bytes, BytesMut};
use micro_rpc::futures_util::stream;
use micro_rpc::memory_budget::Held;
use micro_rpc::{Context, Error, MemoryBudget, Result, Streaming};
use tokio::time::Instant;

use super::super::body::{no_room, too_large};
use super::super::{ID, Limits};
use super::spoken::Form;
use super::text::Text;

/// Before a message.
pub(super) const HEADER: usize = 5;
/// gRPC's status of a compression that is not understood.
const UNIMPLEMENTED: u8 = 12;

/// Reads the messages of a body.
pub(super) struct Frames {
    body: Incoming,
    /// What reads the body where it is text.
    text: Option<Text>,
    kept: BytesMut,
    held: Held,
    /// How slowly a large one may come.
    patience: Duration,
    limit: usize,
}

impl Frames {
    pub(super) fn new(body: Incoming, limits: &Limits, form: Form, bodies: &MemoryBudget) -> Self {
        Self {
            body,
            text: (form == Form::WebText).then(Text::default),
            kept: BytesMut::new(),
            held: bodies.hold(),
            patience: limits.patience,
            limit: limits.message,
        }
    }

    /// All of them as they come. How long the caller takes from one to the next is his affair: the call stands for as long as he stays.
    pub(super) fn stream(self) -> Streaming<Bytes> {
        Streaming::new(stream::try_unfold(self, |mut frames| async move {
            Ok(frames.next().await?.map(|message| (message, frames)))
        }))
    }

    /// The one message of a call that has one; without any the empty one. It has to come in time, and before the caller does
    /// not wait any more.
    pub(super) async fn only(mut self, ctx: &Context) -> Result<Bytes> {
        let patience = self.patience;
        let until = Instant::now() + ctx.remaining().map_or(patience, |left| left.min(patience));
        match tokio::time::timeout_at(until, self.next()).await {
            Ok(message) => Ok(message?.unwrap_or_default()),
            Err(_) => Err(Error::timeout(ID, "the call's message came too slowly")),
        }
    }

    /// The next message; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        self.held.resume();
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            let frame = self.held.more(self.patience, self.body.frame()).await;
            let frame = frame.ok_or_else(|| Error::timeout(ID, "the message came too slowly"))?;
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.append(data)?;
                    }
                }
                Some(Err(error)) => {
                    let detail = format!("the call's messages cannot be read: {error}");
                    return Err(Error::bad_request(ID, detail));
                }
                None if self.kept.is_empty() => {
                    return self.text.as_ref().map_or(Ok(()), Text::end).map(|()| None);
                }
                None => return Err(Error::bad_request(ID, "the call's messages end within one")),
            }
        }
    }

    fn append(&mut self, data: Bytes) -> Result<()> {
        // As text it is more than it becomes.
        let bytes = self.kept.len() + data.len();
        self.held.grow(bytes).map_err(no_room)?;
        if let Some(text) = &mut self.text {
            return text.read(&data, &mut self.kept);
        }
        // Most messages come in one piece, which is handed on as it is.
        match self.kept.is_empty() {
            true => self.kept = data.into(),
            false => self.kept.extend_from_slice(&data),
        }
        Ok(())
    }

    /// The next message, if it has come.
    fn take(&mut self) -> Result<Option<Bytes>> {
        let Some([flag, length @ ..]) = self.kept.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if *flag != 0 {
            return Err(Error::plain(
                UNIMPLEMENTED,
                "compressed messages are not understood: send them as they are",
            ));
        }
        if length > self.limit {
            return Err(too_large(self.limit));
        }
        if self.kept.len() < HEADER + length {
            return Ok(None);
        }
        self.kept.advance(HEADER);
        let (message, held) = self.held.split(&mut self.kept, length);
        Ok(Some(held.count(message)))
    }
}
