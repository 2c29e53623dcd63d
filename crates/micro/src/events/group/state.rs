//! What is kept of a group.

use std::collections::BTreeMap;

use micro_rpc::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::store::Record;

/// Where a group is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::events) struct State {
    /// The position of the next event that it has not seen.
    pub next: u64,
    /// Those before it that are not yet done with, and how often each was sent.
    pub pending: BTreeMap<u64, u32>,
}

impl State {
    pub fn at(next: u64) -> Self {
        Self {
            next,
            pending: BTreeMap::new(),
        }
    }

    /// The position before which it is done with all.
    pub fn first(&self) -> u64 {
        self.pending.keys().next().copied().unwrap_or(self.next)
    }

    pub fn record(&self, key: &str) -> Record {
        // Numbers and no more: this cannot fail.
        Record::new(key, serde_json::to_vec(self).unwrap_or_default())
    }

    pub fn from_record(record: &Record) -> Result<Self> {
        serde_json::from_slice(&record.value).map_err(|error| {
            Error::internal("events", format!("a group on the store cannot be read: {error}"))
        })
    }
}
