//! What a transaction writes, as arrays: one statement for any number of records.

use micro::store::Record;

use super::super::batch::{Batch, Logged};
use super::super::encoding::{metadata, nanoseconds};
use super::super::watch::{INLINE, Kind};
use crate::connection::Connection;

fn expiry(record: &Record) -> Option<i64> {
    record.expires_at.map(nanoseconds)
}

/// The records that are written, column by column, and the keys that are removed.
#[derive(Default)]
pub struct Rows<'a> {
    keys: Vec<&'a [u8]>,
    values: Vec<&'a [u8]>,
    metadata: Vec<Option<String>>,
    expiry: Vec<Option<i64>>,
    versions: Vec<i64>,
    removed: Vec<&'a [u8]>,
}

impl<'a> Rows<'a> {
    pub fn of(batch: &Batch<'a>) -> Self {
        let mut rows = Self::default();
        for (key, outcome) in &batch.outcomes {
            let Some((record, version)) = outcome else {
                rows.removed.push(key.as_bytes());
                continue;
            };
            rows.keys.push(key.as_bytes());
            rows.values.push(&record.value);
            rows.metadata.push(metadata(&record.metadata));
            rows.expiry.push(expiry(record));
            rows.versions.push(*version);
        }
        rows
    }

    pub async fn put(&self, on: &Connection, name: &[u8]) -> Result<(), tokio_postgres::Error> {
        if self.keys.is_empty() {
            return Ok(());
        }
        on.client
            .execute(
                &on.statements.put,
                &[
                    &name,
                    &self.keys,
                    &self.values,
                    &self.metadata,
                    &self.expiry,
                    &self.versions,
                ],
            )
            .await
            .map(drop)
    }

    pub async fn remove(&self, on: &Connection, name: &[u8]) -> Result<(), tokio_postgres::Error> {
        if self.removed.is_empty() {
            return Ok(());
        }
        on.client
            .execute(&on.statements.remove, &[&name, &self.removed])
            .await
            .map(drop)
    }
}

/// The log of the changes, column by column.
#[derive(Default)]
pub struct Changes<'a> {
    revisions: Vec<i64>,
    ordinals: Vec<i64>,
    kinds: Vec<i64>,
    keys: Vec<&'a [u8]>,
    values: Vec<Option<&'a [u8]>>,
    metadata: Vec<Option<String>>,
    expiry: Vec<Option<i64>>,
}

impl<'a> Changes<'a> {
    pub fn of(batch: &Batch<'a>, is_watched: bool) -> Self {
        let mut changes = Self::default();
        for logged in batch.log.iter().filter(|_| is_watched) {
            changes.add(logged);
        }
        changes
    }

    fn add(&mut self, logged: &Logged<'a>) {
        let kind = match (logged.key, logged.record) {
            (None, _) => Kind::Nothing,
            (Some(_), None) => Kind::Removed,
            (Some(_), Some(record)) if record.value.len() > INLINE => Kind::Large,
            (Some(_), Some(_)) => Kind::Put,
        };
        let value = logged.record.filter(|_| kind == Kind::Put);
        self.revisions.push(logged.revision);
        self.ordinals.push(logged.ordinal);
        self.kinds.push(kind as i64);
        self.keys.push(logged.key.unwrap_or_default().as_bytes());
        self.values.push(value.map(|record| &record.value[..]));
        self.metadata
            .push(logged.record.and_then(|record| metadata(&record.metadata)));
        self.expiry.push(logged.record.and_then(expiry));
    }

    pub async fn log(&self, on: &Connection, name: &[u8]) -> Result<(), tokio_postgres::Error> {
        if self.keys.is_empty() {
            return Ok(());
        }
        on.client
            .execute(
                &on.statements.log,
                &[
                    &name,
                    &self.revisions,
                    &self.ordinals,
                    &self.kinds,
                    &self.keys,
                    &self.values,
                    &self.metadata,
                    &self.expiry,
                ],
            )
            .await
            .map(drop)
    }
}
