//! How a blob is read.

use bytes::Bytes;
use futures_util::stream;
use micro_rpc::{Error, Result, Streaming};

use super::tables::{Entry, part};
use crate::blob::{Checksum, PIECE};
use crate::store::{self, ErrorKind, Table};

/// A blob on its way to a reader, one record at a time.
pub struct Reading {
    parts: Table,
    entry: Entry,
    next: usize,
    waiting: Bytes,
    size: u64,
    checksum: Checksum,
}

impl Reading {
    pub fn new(parts: Table, entry: Entry) -> Self {
        Self {
            parts,
            entry,
            next: 0,
            waiting: Bytes::new(),
            size: 0,
            checksum: Checksum::default(),
        }
    }

    pub fn stream(self) -> Streaming<Bytes> {
        Streaming::new(stream::unfold(Some(self), |reading| async move {
            let mut reading = reading?;
            match reading.piece().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(reading))),
                Ok(None) => reading.end().err().map(|error| (Err(error), None)),
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    async fn piece(&mut self) -> Result<Option<Bytes>> {
        if self.waiting.is_empty() {
            if self.next == self.entry.parts {
                return Ok(None);
            }
            let part = self.parts.read(&part(&self.entry.id, self.next)).await;
            self.waiting = part.map_err(|error| self.missing(error))?.value;
            self.checksum.update(&self.waiting);
            self.size += self.waiting.len() as u64;
            self.next += 1;
        }
        let length = self.waiting.len().min(PIECE);
        Ok(Some(self.waiting.split_to(length)))
    }

    fn missing(&self, error: store::Error) -> Error {
        match error.kind {
            ErrorKind::NotFound => Error::unavailable(
                "store",
                "the blob was replaced or deleted some time ago, so the rest of it is gone: read it again",
            ),
            _ => error.into(),
        }
    }

    fn end(self) -> Result<()> {
        if self.size == self.entry.size && self.checksum.finish() == self.entry.sha256 {
            return Ok(());
        }
        tracing::error!(id = self.entry.id, "a blob is not as it was written");
        let detail = "the blob is damaged: it is not as it was written";
        Err(Error::internal("store", detail))
    }
}
