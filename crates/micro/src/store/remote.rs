//! The store as services and the command line reach it: over RPC.

mod reads;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use micro_proto::store as proto;
use micro_proto::store::{Store as _, StoreClient};
use micro_rpc::{Client, Context, Streaming};

use super::{Change, Error, ErrorKind, Event, Record, Result, Scan, Scope, Store, check_key};
use crate::together::Together;
use reads::{Read, Reads};

/// Asks the platform's store service. Clones share their reads: where many are under way at once, several travel as one call.
#[derive(Clone)]
pub struct Remote {
    client: StoreClient,
    reads: Together<Reads>,
}

impl Remote {
    /// Over a client that leads to the platform with an account.
    pub fn new(client: &Client) -> Self {
        let client = StoreClient::new(client);
        Self {
            reads: Together::new(Reads::new(client.clone())),
            client,
        }
    }
}

fn context() -> Context {
    Context::background().with_namespace("micro")
}

fn failed(error: micro_rpc::Error) -> Error {
    let kind = match error.code {
        404 => ErrorKind::NotFound,
        409 if error.id.ends_with(".exists") => ErrorKind::Exists,
        409 => ErrorKind::Conflict,
        400..=499 if error.code != 408 && error.code != 429 && error.code != 499 => ErrorKind::Invalid,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, error.detail.clone()).caused_by(error)
}

/// Unix nanoseconds, at least 1.
fn nanoseconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX).max(1)
}

/// A record of the wire.
impl From<proto::Record> for Record {
    fn from(record: proto::Record) -> Self {
        let at = u64::try_from(record.expires_at).ok().filter(|at| *at > 0);
        let metadata = record
            .metadata
            .into_iter()
            .map(|(name, field)| (name, field.value));
        Self {
            key: record.key,
            value: record.value,
            metadata: metadata.collect(),
            expires_at: at.map(|at| UNIX_EPOCH + Duration::from_nanos(at)),
            version: record.version,
        }
    }
}

impl From<Record> for proto::Record {
    fn from(record: Record) -> Self {
        // The wire has whole seconds, and 0 is for ever: less than one second is one.
        let left = |at: SystemTime| at.duration_since(SystemTime::now()).unwrap_or_default();
        let seconds = |left: Duration| (left.as_secs() + u64::from(left.subsec_nanos() > 0)).max(1);
        let field = |value| proto::Field {
            r#type: "string".to_owned(),
            value,
        };
        let metadata = record
            .metadata
            .into_iter()
            .map(|(name, value)| (name, field(value)));
        Self {
            key: record.key,
            value: record.value,
            expiry: record
                .expires_at
                .map_or(0, |at| i64::try_from(seconds(left(at))).unwrap_or(i64::MAX)),
            metadata: metadata.collect(),
            version: record.version,
            expires_at: record.expires_at.map_or(0, nanoseconds),
        }
    }
}

impl From<Change> for proto::Change {
    fn from(change: Change) -> Self {
        let written = |record: Record, if_version| Self {
            record: Some(record.into()),
            if_version,
            ..Self::default()
        };
        let deleted = |delete, if_version| Self {
            delete,
            if_version,
            ..Self::default()
        };
        match change {
            Change::Put(record) => written(record, None),
            Change::PutNew(record) => written(record, Some(0)),
            Change::PutIf(record, version) => written(record, Some(version)),
            Change::Delete(key) => deleted(key, None),
            Change::DeleteIf(key, version) => deleted(key, Some(version)),
        }
    }
}

fn write_options(scope: &Scope) -> Option<proto::WriteOptions> {
    Some(proto::WriteOptions {
        database: scope.database.clone(),
        table: scope.table.clone(),
    })
}

fn read_options(scope: &Scope) -> proto::ReadOptions {
    proto::ReadOptions {
        database: scope.database.clone(),
        table: scope.table.clone(),
        ..proto::ReadOptions::default()
    }
}

impl Remote {
    async fn keys(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>> {
        let options = proto::ListOptions {
            database: scope.database.clone(),
            table: scope.table.clone(),
            prefix: scan.prefix.clone(),
            suffix: scan.suffix.clone(),
            limit: scan.limit.map_or(0, |limit| limit as u64),
            offset: scan.offset as u64,
            order: order(scan),
            after: scan.after.clone(),
        };
        let request = proto::ListRequest {
            options: Some(options),
        };
        let mut answers = self.client.list(&context(), request).await.map_err(failed)?;
        let mut records = Vec::new();
        while let Some(answer) = answers.next().await {
            let keys = answer.map_err(failed)?.keys;
            records.extend(keys.into_iter().map(|key| Record::new(key, "")));
        }
        Ok(records)
    }
}

fn order(scan: &Scan) -> String {
    if scan.descending { "desc" } else { "asc" }.to_owned()
}

#[async_trait]
impl Store for Remote {
    async fn read(&self, scope: &Scope, key: &str) -> Result<Record> {
        scope.check()?;
        check_key(key)?;
        let read = Read {
            scope: scope.clone(),
            key: key.to_owned(),
        };
        let record = self.reads.call(read).await.map_err(failed)?;
        record.ok_or_else(Error::not_found)
    }

    async fn read_all(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<Record>>> {
        scope.check()?;
        keys.iter().try_for_each(|key| check_key(key))?;
        self.reads
            .calls()
            .read_all(scope, keys.to_vec())
            .await
            .map_err(failed)
    }

    async fn scan(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>> {
        scope.check()?;
        // On the wire 0 is no limit.
        if scan.limit == Some(0) {
            return Ok(Vec::new());
        }
        if scan.keys_only {
            return self.keys(scope, scan).await;
        }
        let options = proto::ReadOptions {
            prefix: true,
            limit: scan.limit.map_or(0, |limit| limit as u64),
            offset: scan.offset as u64,
            order: order(scan),
            after: scan.after.clone(),
            ending: scan.suffix.clone(),
            ..read_options(scope)
        };
        let request = proto::ReadRequest {
            key: scan.prefix.clone(),
            options: Some(options),
            ..proto::ReadRequest::default()
        };
        let answer = self.client.read(&context(), request).await.map_err(failed)?;
        Ok(answer.records.into_iter().map(Record::from).collect())
    }

    async fn commit(&self, scope: &Scope, changes: Vec<Change>) -> Result<()> {
        scope.check()?;
        changes.iter().try_for_each(|change| check_key(change.key()))?;
        let request = proto::CommitRequest {
            changes: changes.into_iter().map(Into::into).collect(),
            options: write_options(scope),
        };
        self.client
            .commit(&context(), request)
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn watch(&self, scope: &Scope, prefix: &str) -> Result<Streaming<Event>> {
        scope.check()?;
        let request = proto::WatchRequest {
            prefix: prefix.to_owned(),
            options: write_options(scope),
        };
        let mut changes = self.client.watch(&context(), request).await.map_err(failed)?;
        // The first message says that nothing is missed from here on.
        match changes.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(failed(error)),
            None => return Err(Error::unavailable("the watch ended before it began")),
        }
        Ok(changes.map(|change| {
            Ok(Event {
                key: change.key,
                record: change.record.map(Record::from),
            })
        }))
    }

    async fn databases(&self) -> Result<Vec<String>> {
        let answer = self
            .client
            .databases(&context(), proto::DatabasesRequest::default())
            .await;
        Ok(answer.map_err(failed)?.databases)
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        let request = proto::TablesRequest {
            database: database.to_owned(),
        };
        Ok(self
            .client
            .tables(&context(), request)
            .await
            .map_err(failed)?
            .tables)
    }
}
