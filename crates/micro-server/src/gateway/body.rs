//! Reading the body of a request, within bounds of size and time.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use micro_rpc::bytes::{Bytes, BytesMut};
use micro_rpc::memory_budget::Full;
use micro_rpc::{Error, MemoryBudget, Result};
use tokio::time::Instant;

use super::ID;

/// After the patience is used up, a body has to keep up with this many bytes per second.
const SLOWEST: u64 = 16 * 1024;
/// What is set aside for a body before it has come, whatever length it claims.
const SET_ASIDE: usize = 64 * 1024;

/// How fast a body comes that is taken piece by piece.
pub(super) struct Pace {
    limit: usize,
    patience: Duration,
    began: Instant,
    /// Waiting for whoever takes the pieces is not the caller's fault.
    waited: Duration,
    handed_on: Instant,
    bytes: usize,
}

impl Pace {
    /// Of a body of at most `limit` bytes.
    pub(super) fn new(limit: usize, patience: Duration) -> Self {
        let now = Instant::now();
        Self {
            limit,
            patience,
            began: now,
            waited: Duration::ZERO,
            handed_on: now,
            bytes: 0,
        }
    }

    /// The next piece; `None` at the end. The errors are those of [`read`].
    pub(super) async fn next(&mut self, body: &mut Incoming) -> Result<Option<Bytes>> {
        self.waited += self.handed_on.elapsed();
        let earned = Duration::from_secs(self.bytes as u64 / SLOWEST);
        let piece = next(body, self.began + self.waited + self.patience + earned).await?;
        self.bytes += piece.as_ref().map_or(0, Bytes::len);
        self.handed_on = Instant::now();
        match self.bytes > self.limit {
            true => Err(too_large(self.limit)),
            false => Ok(piece),
        }
    }
}

/// Reads a whole body of at most `limit` bytes: 413 for a larger one, at once where it says its length; 408 for one that
/// comes too slowly; 400 for one that breaks off; 503 where there are too many large ones.
pub(crate) async fn read(
    mut body: Incoming,
    limit: usize,
    patience: Duration,
    bodies: &MemoryBudget,
) -> Result<Bytes> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(too_large(limit));
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let began = Instant::now();
    let mut held = bodies.hold();
    let first = next(&mut body, began + patience).await?.unwrap_or_default();
    held.grow(first.len()).map_err(no_room)?;
    // Most bodies come in one piece, which is handed on as it is.
    if body.is_end_stream() && first.len() <= limit {
        return Ok(held.count(first));
    }
    let announced = usize::try_from(announced).unwrap_or(limit);
    let mut whole = BytesMut::with_capacity(announced.clamp(first.len(), SET_ASIDE.max(first.len())));
    whole.extend_from_slice(&first);
    while whole.len() <= limit {
        let earned = Duration::from_secs(whole.len() as u64 / SLOWEST);
        // Who was fast has not earned a long silence.
        let until = (began + patience + earned).min(Instant::now() + patience);
        match next(&mut body, until).await? {
            Some(data) => {
                held.grow(whole.len() + data.len()).map_err(no_room)?;
                whole.extend_from_slice(&data);
            }
            None => return Ok(held.count(whole.freeze())),
        }
    }
    Err(too_large(limit))
}

/// The next data; `None` at the end.
async fn next(body: &mut Incoming, until: Instant) -> Result<Option<Bytes>> {
    loop {
        let frame = tokio::time::timeout_at(until, body.frame())
            .await
            .map_err(|_| Error::timeout(ID, "the request's body came too slowly"))?;
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                // Trailers say nothing that we hand on.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => {
                return Err(Error::bad_request(
                    ID,
                    format!("the request's body cannot be read: {error}"),
                ));
            }
        }
    }
}

/// The error where there are too many large ones.
pub(crate) fn no_room(_: Full) -> Error {
    let detail = "there is no room for another large request just now: try again in a moment";
    Error::unavailable(ID, detail)
}

/// The error for what is larger than it may be.
pub(crate) fn too_large(limit: usize) -> Error {
    let detail = format!(
        "the request is larger than the limit of {limit} bytes ({} MiB)",
        limit >> 20
    );
    Error::payload_too_large(ID, detail)
}
