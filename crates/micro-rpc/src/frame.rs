//! gRPC frames over an HTTP/2 stream: a flag, a length of four bytes, a message.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use h2::{RecvStream, SendStream};

use crate::codec::FRAME_HEADER;
use crate::memory_budget::{Full, Held, MemoryBudget, split};
use crate::{Error, Result, Streaming};

/// The largest message that is accepted or sent unless configured otherwise.
pub(crate) const MESSAGE_LIMIT: usize = 32 * 1024 * 1024;

/// A peer that takes nothing for this long is given up.
const STALL: Duration = Duration::from_secs(30);

/// Reads the messages of a stream.
pub(crate) struct Frames {
    source: Source,
    chunk: Bytes,
    partial: BytesMut,
    limit: usize,
    counted: Option<Counted>,
}

/// What of a common budget is for what has come, and for the message that was taken last.
struct Counted {
    held: Held,
    taken: Option<Held>,
    /// How slowly what is large may come.
    patience: Duration,
}

enum Source {
    Network(RecvStream),
    /// Never locked: it is for a call that is lent to several threads.
    Here(Mutex<Streaming<Bytes>>),
    /// There was one message, which came with the call.
    Nothing,
}

impl Source {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        let stream = match self {
            Self::Network(stream) => stream,
            Self::Here(frames) => {
                let frames = frames.get_mut().unwrap_or_else(PoisonError::into_inner);
                return frames.next().await;
            }
            Self::Nothing => return None,
        };
        Some(match stream.data().await? {
            Ok(chunk) => {
                // The window opens again at once: how much may pile up is bounded by the message limit.
                let _ = stream.flow_control().release_capacity(chunk.len());
                Ok(chunk)
            }
            Err(error) => Err(broken(&error)),
        })
    }
}

impl Frames {
    pub(crate) fn new(stream: RecvStream, limit: usize) -> Self {
        Self::from(Source::Network(stream), Bytes::new(), limit)
    }

    /// Those of a call from this process.
    pub(crate) fn here(frames: Streaming<Bytes>, limit: usize) -> Self {
        Self::from(Source::Here(Mutex::new(frames)), Bytes::new(), limit)
    }

    /// That of a call that came with it.
    pub(crate) fn one(frame: Bytes, limit: usize) -> Self {
        Self::from(Source::Nothing, frame, limit)
    }

    fn from(source: Source, chunk: Bytes, limit: usize) -> Self {
        Self {
            source,
            chunk,
            partial: BytesMut::new(),
            limit,
            counted: None,
        }
    }

    /// The same, with what has come counted until the next message is asked for or all is over; so a call counts with what it was sent.
    pub(crate) fn within(self, budget: &MemoryBudget, patience: Duration) -> Self {
        let counted = Counted {
            held: budget.hold(),
            taken: None,
            patience,
        };
        Self {
            counted: Some(counted),
            ..self
        }
    }

    /// The next message; `None` at the end of the stream. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(counted) = &mut self.counted {
            counted.taken = None;
            counted.held.resume();
        }
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            match self.come().await? {
                Some(chunk) => self.append(chunk?)?,
                None if self.partial.is_empty() && self.chunk.is_empty() => return Ok(None),
                None => {
                    return Err(Error::bad_request(
                        "go.micro.server",
                        "the stream ended within a message",
                    ));
                }
            }
        }
    }

    async fn come(&mut self) -> Result<Option<Result<Bytes>>> {
        let next = self.source.next();
        match &self.counted {
            None => Ok(next.await),
            Some(counted) => counted.held.more(counted.patience, next).await.ok_or_else(|| {
                let detail = "the message came too slowly";
                Error::timeout("go.micro.server", detail)
            }),
        }
    }

    pub(crate) async fn trailers(&mut self) -> Result<Option<http::HeaderMap>> {
        match &mut self.source {
            Source::Network(stream) => stream.trailers().await.map_err(|error| broken(&error)),
            Source::Here(_) | Source::Nothing => Ok(None),
        }
    }

    fn append(&mut self, chunk: Bytes) -> Result<()> {
        if let Some(counted) = &mut self.counted {
            let bytes = self.chunk.len() + self.partial.len() + chunk.len();
            counted.held.grow(bytes).map_err(|Full| {
                let detail = "overloaded: there is no room for another large message just now, try another instance or later";
                Error::too_many_requests("go.micro.server", detail)
            })?;
        }
        if self.partial.is_empty() && self.chunk.is_empty() {
            self.chunk = chunk;
            return Ok(());
        }
        if !self.chunk.is_empty() {
            self.partial.extend_from_slice(&self.chunk);
            self.chunk = Bytes::new();
        }
        self.partial.extend_from_slice(&chunk);
        Ok(())
    }

    // A message that arrived in one piece is handed out without a copy.
    fn take(&mut self) -> Result<Option<Bytes>> {
        let available: &[u8] = if self.partial.is_empty() {
            &self.chunk
        } else {
            &self.partial
        };
        let Some(length) = length(available, self.limit)? else {
            return Ok(None);
        };
        let whole = FRAME_HEADER + length;
        if available.len() < whole {
            return Ok(None);
        }
        let mut message = match (&mut self.counted, self.partial.is_empty()) {
            (_, true) => self.chunk.split_to(whole),
            (None, false) => split(&mut self.partial, whole),
            (Some(counted), false) => {
                let (message, taken) = counted.held.split(&mut self.partial, whole);
                counted.taken = Some(taken);
                message
            }
        };
        message.advance(FRAME_HEADER);
        Ok(Some(message))
    }
}

/// The message of a frame that is whole.
pub(crate) fn message(mut frame: Bytes) -> Result<Bytes> {
    let is_whole = length(&frame, MESSAGE_LIMIT)?.is_some_and(|length| FRAME_HEADER + length == frame.len());
    if !is_whole {
        let detail = "the answer is no message";
        return Err(Error::internal("go.micro.client", detail));
    }
    frame.advance(FRAME_HEADER);
    Ok(frame)
}

fn length(bytes: &[u8], limit: usize) -> Result<Option<usize>> {
    let Some(header) = bytes.first_chunk::<FRAME_HEADER>() else {
        return Ok(None);
    };
    let [flag, a, b, c, d] = *header;
    if flag != 0 {
        return Err(Error::not_implemented(
            "go.micro.server",
            "compressed messages are not supported",
        ));
    }
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > limit {
        let detail = format!("message of {length} bytes is larger than the limit of {limit} bytes");
        return Err(Error::payload_too_large("go.micro.server", detail));
    }
    Ok(Some(length))
}

/// Sends bytes as fast as the peer takes them.
pub(crate) async fn send(stream: &mut SendStream<Bytes>, mut data: Bytes, end: bool) -> Result<()> {
    const AT_ONCE: usize = 64 * 1024;
    if data.len() <= AT_ONCE && stream.capacity() >= data.len() {
        return stream.send_data(data, end).map_err(|error| broken(&error));
    }
    loop {
        stream.reserve_capacity(data.len());
        let granted = tokio::time::timeout(STALL, poll_fn(|cx| stream.poll_capacity(cx)))
            .await
            .map_err(|_| Error::timeout("go.micro.server", "the peer stopped reading"))?
            .ok_or_else(|| Error::unavailable("go.micro.server", "the stream was closed"))?
            .map_err(|error| broken(&error))?;
        let last = granted >= data.len();
        let piece = data.split_to(granted.min(data.len()));
        stream
            .send_data(piece, end && last)
            .map_err(|error| broken(&error))?;
        if last {
            return Ok(());
        }
    }
}

/// Sends a small answer or request without waiting for the peer's window.
pub(crate) async fn send_unary(stream: &mut SendStream<Bytes>, data: Bytes, end: bool) -> Result<()> {
    if data.len() <= 32 * 1024 {
        return stream.send_data(data, end).map_err(|error| broken(&error));
    }
    send(stream, data, end).await
}

pub(crate) fn broken(error: &h2::Error) -> Error {
    if error.reason() == Some(h2::Reason::CANCEL) {
        return Error::new("go.micro.client", 499, "the call was cancelled");
    }
    Error::unavailable("go.micro.client", format!("connection broke: {error}"))
}
