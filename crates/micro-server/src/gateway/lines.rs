//! Requests that are streams: one JSON value a line, each handed on as it comes.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use micro_rpc::bytes::{Bytes, BytesMut};
use micro_rpc::futures_util::stream;
use micro_rpc::memory_budget::Held;
use micro_rpc::{Error, MemoryBudget, Result, Streaming};

use super::body::{no_room, too_large};
use super::inflate::{Coding, Inflater};
use super::{ID, Limits, message};

/// The content type of lines.
pub(super) const NDJSON: &str = "application/x-ndjson";

/// The messages of a body, of at most so many bytes each as a message may have. Lines without anything are passed over. How long the caller
/// takes from one to the next is his affair: the call stands for as long as he stays.
pub(super) fn messages(
    body: Incoming,
    coding: Coding,
    limits: &Limits,
    bodies: &MemoryBudget,
) -> Streaming<Bytes> {
    values(body, coding, limits, bodies).map(|line| message::json(line, None))
}

/// The same, whatever JSON each line is.
pub(super) fn values(
    body: Incoming,
    coding: Coding,
    limits: &Limits,
    bodies: &MemoryBudget,
) -> Streaming<Bytes> {
    let lines = Lines {
        body,
        inflater: (coding == Coding::Gzip).then(Inflater::default),
        kept: BytesMut::new(),
        held: bodies.hold(),
        searched: 0,
        patience: limits.patience,
        limit: limits.message,
        at_end: false,
    };
    Streaming::new(stream::try_unfold(lines, |mut lines| async move {
        Ok(lines.next().await?.map(|message| (message, lines)))
    }))
}

struct Lines {
    body: Incoming,
    /// Undoes what the body is coded with.
    inflater: Option<Inflater>,
    /// What has come and was not handed on, and how much of it holds no end of a line.
    kept: BytesMut,
    held: Held,
    searched: usize,
    /// How slowly a large one may come.
    patience: Duration,
    limit: usize,
    at_end: bool,
}

impl Lines {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        self.held.resume();
        loop {
            let Some(line) = self.line().await? else {
                return Ok(None);
            };
            if line.trim_ascii().is_empty() {
                continue;
            }
            return Ok(Some(line));
        }
    }

    /// The next line, without its end.
    async fn line(&mut self) -> Result<Option<Bytes>> {
        loop {
            let end = self.kept[self.searched..].iter().position(|byte| *byte == b'\n');
            if let Some(end) = end {
                let (mut line, held) = self.held.split(&mut self.kept, self.searched + end + 1);
                line.truncate(line.len() - 1);
                self.searched = 0;
                return self.checked(line, held);
            }
            self.searched = self.kept.len();
            if self.searched > self.limit {
                return Err(too_large(self.limit));
            }
            if self.at_end {
                self.searched = 0;
                let length = self.kept.len();
                let (rest, held) = self.held.split(&mut self.kept, length);
                return if rest.is_empty() {
                    Ok(None)
                } else {
                    self.checked(rest, held)
                };
            }
            self.read().await?;
        }
    }

    fn checked(&self, line: Bytes, held: Held) -> Result<Option<Bytes>> {
        match line.len() > self.limit {
            true => Err(too_large(self.limit)),
            false => Ok(Some(held.count(line))),
        }
    }

    fn keep(&mut self, data: &[u8]) -> Result<()> {
        self.held.grow(self.kept.len() + data.len()).map_err(no_room)?;
        self.kept.extend_from_slice(data);
        Ok(())
    }

    async fn read(&mut self) -> Result<()> {
        if let Some(inflater) = &mut self.inflater
            && let Some(plain) = inflater.step()?
        {
            self.keep(&plain)?;
            tokio::task::yield_now().await;
            return Ok(());
        }
        let frame = self.held.more(self.patience, self.body.frame()).await;
        let frame = frame.ok_or_else(|| Error::timeout(ID, "the line came too slowly"))?;
        match (frame, &mut self.inflater) {
            (None, inflater) => {
                inflater.as_ref().map_or(Ok(()), Inflater::end)?;
                self.at_end = true;
            }
            (Some(Ok(frame)), inflater) => {
                let data = frame.into_data().unwrap_or_default();
                match inflater {
                    Some(inflater) => inflater.feed(data),
                    None => self.keep(&data)?,
                }
            }
            (Some(Err(error)), _) => {
                let detail = format!("the request's body cannot be read: {error}");
                return Err(Error::bad_request(ID, detail));
            }
        }
        Ok(())
    }
}
