//! Reads of keys, each as a call of its own or several of a scope as one.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::join_all;
use micro_proto::store as proto;
use micro_proto::store::{Store as _, StoreClient};
use micro_rpc::{Error, Result};

use super::{context, read_options};
use crate::store::{Record, Scope};
use crate::together::{Calls, Waiting};

/// So many keys one request has at most: few enough for it to be small, however long they are.
const KEYS: usize = 512;

/// One key.
pub(super) struct Read {
    pub(super) scope: Scope,
    pub(super) key: String,
}

/// Asks for records. What is not there is no error here, but no record.
pub(super) struct Reads {
    client: StoreClient,
}

/// The keys of a scope, and who waits for the records.
type Asked = (Vec<String>, Vec<Waiting<Option<Record>>>);

impl Reads {
    pub(super) fn new(client: StoreClient) -> Self {
        Self { client }
    }

    async fn read(&self, scope: &Scope, key: String) -> Result<Option<Record>> {
        let request = proto::ReadRequest {
            key,
            options: Some(read_options(scope)),
            ..proto::ReadRequest::default()
        };
        match self.client.read(&context(), request).await {
            Ok(answer) => Ok(answer.records.into_iter().next().map(Record::from)),
            Err(error) if error.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A record, or none, for each key.
    pub(super) async fn read_all(&self, scope: &Scope, mut keys: Vec<String>) -> Result<Vec<Option<Record>>> {
        let mut found = Vec::with_capacity(keys.len());
        while !keys.is_empty() {
            let later = keys.split_off(keys.len().min(KEYS));
            let (answered, left) = self.some(scope, keys).await?;
            found.extend(answered);
            keys = left;
            keys.extend(later);
        }
        Ok(found)
    }

    /// As many from the first on as fit into one answer, and the keys of the others.
    async fn some(&self, scope: &Scope, mut keys: Vec<String>) -> Result<(Vec<Option<Record>>, Vec<String>)> {
        let request = proto::ReadRequest {
            options: Some(read_options(scope)),
            keys: keys.clone(),
            ..proto::ReadRequest::default()
        };
        let answer = match self.client.read(&context(), request).await {
            Ok(answer) if answer.looked_for > 0 => answer,
            // A platform from before there were several keys misses the one, or takes it for empty.
            Ok(_) | Err(Error { code: 400, .. }) => return self.one_by_one(scope, keys).await,
            Err(error) => return Err(error),
        };
        let looked_for = usize::try_from(answer.looked_for).unwrap_or(usize::MAX);
        let left = keys.split_off(keys.len().min(looked_for));
        let mut records = answer.records.into_iter().peekable();
        let found = keys
            .iter()
            .map(|key| records.next_if(|record| record.key == *key).map(Record::from));
        Ok((found.collect(), left))
    }

    async fn one_by_one(
        &self,
        scope: &Scope,
        keys: Vec<String>,
    ) -> Result<(Vec<Option<Record>>, Vec<String>)> {
        let reads = keys.into_iter().map(|key| self.read(scope, key));
        let found: Result<Vec<_>> = join_all(reads).await.into_iter().collect();
        Ok((found?, Vec::new()))
    }

    async fn answer(&self, scope: Scope, (keys, waiting): Asked) {
        match self.read_all(&scope, keys).await {
            Ok(found) => {
                for (waits, found) in waiting.into_iter().zip(found) {
                    waits.answer(Ok(found));
                }
            }
            Err(error) => {
                for waits in waiting {
                    waits.answer(Err(error.clone()));
                }
            }
        }
    }
}

#[async_trait]
impl Calls for Reads {
    type Asked = Read;
    type Answer = Option<Record>;

    fn weight(read: &Read) -> usize {
        read.key.len()
    }

    async fn alone(&self, read: Read) -> Result<Option<Record>> {
        self.read(&read.scope, read.key).await
    }

    async fn together(&self, several: Vec<(Read, Waiting<Option<Record>>)>) {
        let mut scopes: BTreeMap<Scope, Asked> = BTreeMap::new();
        for (read, waits) in several {
            let (keys, waiting) = scopes.entry(read.scope).or_default();
            keys.push(read.key);
            waiting.push(waits);
        }
        join_all(scopes.into_iter().map(|(scope, asked)| self.answer(scope, asked))).await;
    }
}
