//! The bytes of blobs as records of a store.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use micro_rpc::{Result, Streaming};

use super::{Pieces, gone};
use crate::store::{Change, ErrorKind, Record, Scan, Table};

/// Bytes of one record.
pub const PART: usize = 512 * 1024;

/// So many records are removed at once.
const REMOVED: usize = 256;

pub struct Parts(pub Table);

fn prefix(id: &str) -> String {
    format!("{id}/")
}

fn part(id: &str, number: u64) -> String {
    format!("{}{number:08}", prefix(id))
}

#[async_trait]
impl Pieces for Parts {
    async fn write(&self, id: &str, mut data: Streaming<Bytes>) -> Result<()> {
        let (mut number, mut waiting) = (0, BytesMut::new());
        while let Some(piece) = data.next().await {
            waiting.extend_from_slice(&piece?);
            while waiting.len() >= PART {
                let full = waiting.split_to(PART).freeze();
                self.0.write(Record::new(part(id, number), full)).await?;
                number += 1;
            }
        }
        if !waiting.is_empty() {
            let rest = Record::new(part(id, number), waiting.freeze());
            self.0.write(rest).await?;
        }
        Ok(())
    }

    async fn read(&self, id: &str, size: u64) -> Result<Streaming<Bytes>> {
        let numbers = 0..size.div_ceil(PART as u64);
        let state = (self.0.clone(), id.to_owned(), numbers);
        Ok(Streaming::new(stream::unfold(
            state,
            |(table, id, mut numbers)| async move {
                let read = table.read(&part(&id, numbers.next()?)).await;
                let bytes = match read {
                    Ok(record) => Ok(record.value),
                    Err(error) if error.kind == ErrorKind::NotFound => Err(gone()),
                    Err(error) => Err(error.into()),
                };
                Some((bytes, (table, id, numbers)))
            },
        )))
    }

    async fn remove(&self, id: &str) -> Result<()> {
        let all = Scan {
            limit: Some(REMOVED),
            keys_only: true,
            ..Scan::prefix(prefix(id))
        };
        loop {
            let found = self.0.scan(&all).await?;
            let is_last = found.len() < REMOVED;
            let removed = found.into_iter().map(|record| Change::Delete(record.key));
            self.0.commit(removed.collect()).await?;
            if is_last {
                return Ok(());
            }
        }
    }
}
