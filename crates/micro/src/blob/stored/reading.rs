//! A blob on its way: what it is, and whether it is as it was written.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use micro_rpc::{Error, Result, Streaming};

use super::names::Entry;
use crate::blob::{Checksum, PIECE};

/// Size and checksum of what has passed.
#[derive(Clone, Default)]
pub struct Measure(Arc<Mutex<(u64, Checksum)>>);

impl Measure {
    /// The same stream, measured as it passes.
    pub fn along(&self, data: Streaming<Bytes>) -> Streaming<Bytes> {
        let measure = self.clone();
        data.map(move |piece| {
            measure.take(&piece);
            Ok(piece)
        })
    }

    fn take(&self, piece: &[u8]) {
        let mut measure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        measure.0 += piece.len() as u64;
        measure.1.update(piece);
    }

    /// The size, and the checksum in hexadecimal.
    pub fn result(&self) -> (u64, String) {
        let mut measure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (size, checksum) = std::mem::take(&mut *measure);
        (size, checksum.finish())
    }
}

/// In small pieces, and at the end an error where they are not those that were written.
pub fn verified(data: Streaming<Bytes>, entry: Entry) -> Streaming<Bytes> {
    let measure = Measure::default();
    let data = measure.along(data);
    let state = Some((data, entry, measure, VecDeque::new()));
    Streaming::new(stream::unfold(state, |state| async move {
        let (mut data, entry, measure, mut waiting) = state?;
        loop {
            if let Some(piece) = waiting.pop_front() {
                return Some((Ok(piece), Some((data, entry, measure, waiting))));
            }
            match data.next().await {
                Some(Ok(next)) => waiting.extend(next.chunks(PIECE).map(|piece| next.slice_ref(piece))),
                Some(Err(error)) => return Some((Err(error), None)),
                None => return verify(&measure, &entry).err().map(|error| (Err(error), None)),
            }
        }
    }))
}

fn verify(measure: &Measure, entry: &Entry) -> Result<()> {
    if measure.result() == (entry.size, entry.sha256.clone()) {
        return Ok(());
    }
    tracing::error!(id = entry.id, "a blob is not as it was written");
    let detail = "the blob is damaged: it is not as it was written";
    Err(Error::internal("store", detail))
}
