//! The store service: checks who asks, and asks the driver.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use micro::store::{self, Change, ErrorKind, Record, Scan, Scope, Store};
use micro_proto::store as proto;
use micro_proto::store::{
    CommitRequest, CommitResponse, DatabasesRequest, DatabasesResponse, DeleteRequest, DeleteResponse,
    ListRequest, ListResponse, ReadOptions, ReadRequest, ReadResponse, TablesRequest, TablesResponse,
    WatchRequest, WatchResponse, WriteOptions, WriteRequest, WriteResponse,
};
use micro_rpc::{Context, Error, Result, Streaming, futures_util};

use crate::drain::Draining;
use crate::namespace::{self, PLATFORM};

/// The table of requests that name none.
const TABLE: &str = "micro";

/// What one answer may hold; messages are limited to 32 MiB.
const ANSWER_BYTES: usize = 24 << 20;

/// So many keys are looked for at a time where there are several: what is found has to be held at once.
const KEYS: usize = 128;

/// Answers the store's contract from a driver.
pub struct StoreHandler {
    store: Arc<dyn Store>,
    draining: Draining,
}

impl StoreHandler {
    /// Over a driver; watches end with the drain.
    pub fn new(store: Arc<dyn Store>, draining: Draining) -> Self {
        Self { store, draining }
    }

    async fn found(&self, scope: &Scope, scan: &Scan, id: &str) -> Result<Vec<Record>> {
        let records = self
            .store
            .scan(scope, scan)
            .await
            .map_err(|error| failed(id, error))?;
        let bytes: usize = records.iter().map(size).sum();
        if bytes > ANSWER_BYTES {
            let detail = format!(
                "{bytes} bytes match, more than one answer holds: read in pages with limit and after"
            );
            return Err(Error::payload_too_large(id, detail));
        }
        Ok(records)
    }

    /// The records of the first keys, as many as one answer holds, but one at least.
    async fn each(&self, scope: &Scope, keys: &[String], id: &str) -> Result<ReadResponse> {
        let (mut records, mut looked_for, mut bytes) = (Vec::new(), 0, 0);
        for keys in keys.chunks(KEYS) {
            let found = self.store.read_all(scope, keys).await;
            for record in found.map_err(|error| failed(id, error))? {
                bytes += record.as_ref().map_or(0, size);
                if bytes > ANSWER_BYTES && looked_for > 0 {
                    return Ok(ReadResponse { records, looked_for });
                }
                records.extend(record.map(Into::into));
                looked_for += 1;
            }
        }
        Ok(ReadResponse { records, looked_for })
    }
}

fn size(record: &Record) -> usize {
    record.key.len() + record.value.len()
}

/// The table of a request, once the caller may reach into its database.
fn scope(ctx: &Context, database: &str, table: &str, id: &str) -> Result<Scope> {
    let database = namespace::named(database, PLATFORM, id)?;
    namespace::authorize_admin(ctx, database, id)?;
    Ok(Scope::new(database, if table.is_empty() { TABLE } else { table }))
}

fn write_scope(ctx: &Context, options: Option<WriteOptions>, id: &str) -> Result<Scope> {
    let options = options.unwrap_or_default();
    scope(ctx, &options.database, &options.table, id)
}

fn failed(id: &str, error: store::Error) -> Error {
    let id = match error.kind {
        ErrorKind::Exists => format!("{id}.exists"),
        ErrorKind::Conflict => format!("{id}.conflict"),
        _ => id.to_owned(),
    };
    if let Some(cause) = &error.source {
        tracing::error!(id, %error, %cause, "the store failed");
    }
    Error {
        id,
        ..Error::from(error)
    }
}

fn record(record: Option<proto::Record>, id: &str) -> Result<Record> {
    let wire = record.ok_or_else(|| Error::bad_request(id, "no record specified"))?;
    let expiry = wire.expiry;
    let mut record = Record::from(wire);
    if record.expires_at.is_none() && expiry != 0 {
        let wrong = || Error::bad_request(id, format!("{expiry} seconds is no time until a record is gone"));
        let left = u64::try_from(expiry).map_err(|_| wrong())?;
        let at = SystemTime::now().checked_add(Duration::from_secs(left));
        record.expires_at = Some(at.ok_or_else(wrong)?);
    }
    Ok(record)
}

fn change(change: proto::Change, id: &str) -> Result<Change> {
    match (change.record, change.delete, change.if_version) {
        (Some(_), delete, _) if !delete.is_empty() => Err(Error::bad_request(
            id,
            "a change either writes a record or deletes a key, not both",
        )),
        (None, delete, _) if delete.is_empty() => Err(Error::bad_request(id, "key required")),
        (None, delete, None) => Ok(Change::Delete(delete)),
        (None, delete, Some(version)) => Ok(Change::DeleteIf(delete, version)),
        (written, _, None) => Ok(Change::Put(record(written, id)?)),
        (written, _, Some(0)) => Ok(Change::PutNew(record(written, id)?)),
        (written, _, Some(version)) => Ok(Change::PutIf(record(written, id)?, version)),
    }
}

fn limit(limit: u64) -> Option<usize> {
    (limit > 0).then(|| usize::try_from(limit).unwrap_or(usize::MAX))
}

fn offset(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn scan(key: &str, options: &ReadOptions) -> Scan {
    Scan {
        prefix: if options.prefix {
            key.to_owned()
        } else {
            String::new()
        },
        suffix: if options.suffix {
            key.to_owned()
        } else {
            options.ending.clone()
        },
        after: options.after.clone(),
        offset: offset(options.offset),
        limit: limit(options.limit),
        descending: options.order == "desc",
        keys_only: false,
    }
}

#[micro_rpc::async_trait]
impl proto::Store for StoreHandler {
    async fn read(&self, ctx: &Context, request: ReadRequest) -> Result<ReadResponse> {
        const ID: &str = "store.Store.Read";
        let options = request.options.unwrap_or_default();
        let scope = scope(ctx, &options.database, &options.table, ID)?;
        if !request.keys.is_empty() {
            if !request.key.is_empty() || options.prefix || options.suffix {
                let detail = "keys are read alone: without key, prefix and suffix";
                return Err(Error::bad_request(ID, detail));
            }
            return self.each(&scope, &request.keys, ID).await;
        }
        let records = if options.prefix || options.suffix {
            self.found(&scope, &scan(&request.key, &options), ID).await?
        } else {
            let record = self.store.read(&scope, &request.key).await;
            vec![record.map_err(|error| failed(ID, error))?]
        };
        Ok(ReadResponse {
            records: records.into_iter().map(Into::into).collect(),
            looked_for: 0,
        })
    }

    async fn write(&self, ctx: &Context, request: WriteRequest) -> Result<WriteResponse> {
        const ID: &str = "store.Store.Write";
        let scope = write_scope(ctx, request.options, ID)?;
        let record = record(request.record, ID)?;
        let written = self.store.write(&scope, record).await;
        written.map_err(|error| failed(ID, error))?;
        Ok(WriteResponse::default())
    }

    async fn delete(&self, ctx: &Context, request: DeleteRequest) -> Result<DeleteResponse> {
        const ID: &str = "store.Store.Delete";
        let options = request.options.unwrap_or_default();
        let scope = scope(ctx, &options.database, &options.table, ID)?;
        let deleted = self.store.delete(&scope, &request.key).await;
        deleted.map_err(|error| failed(ID, error))?;
        Ok(DeleteResponse::default())
    }

    async fn list(&self, ctx: &Context, request: ListRequest) -> Result<Streaming<ListResponse>> {
        const ID: &str = "store.Store.List";
        let options = request.options.unwrap_or_default();
        let scope = scope(ctx, &options.database, &options.table, ID)?;
        let scan = Scan {
            prefix: options.prefix,
            suffix: options.suffix,
            after: options.after,
            offset: offset(options.offset),
            limit: limit(options.limit),
            descending: options.order == "desc",
            keys_only: true,
        };
        let records = self.found(&scope, &scan, ID).await?;
        let keys = records.into_iter().map(|record| record.key).collect();
        Ok(Streaming::from_iter([ListResponse { keys }]))
    }

    async fn databases(&self, ctx: &Context, _: DatabasesRequest) -> Result<DatabasesResponse> {
        const ID: &str = "store.Store.Database";
        namespace::authorize_admin(ctx, PLATFORM, ID)?;
        let mut databases = self.store.databases().await.map_err(|error| failed(ID, error))?;
        // The platform's own is reached by no request, so it is not named either.
        databases.retain(|database| namespace::named(database, "", ID).is_ok());
        Ok(DatabasesResponse { databases })
    }

    async fn tables(&self, ctx: &Context, request: TablesRequest) -> Result<TablesResponse> {
        const ID: &str = "store.Store.Tables";
        let scope = scope(ctx, &request.database, "", ID)?;
        let tables = self.store.tables(&scope.database).await;
        Ok(TablesResponse {
            tables: tables.map_err(|error| failed(ID, error))?,
        })
    }

    async fn commit(&self, ctx: &Context, request: CommitRequest) -> Result<CommitResponse> {
        const ID: &str = "store.Store.Commit";
        let scope = write_scope(ctx, request.options, ID)?;
        let changes: Result<Vec<_>> = request.changes.into_iter().map(|step| change(step, ID)).collect();
        let committed = self.store.commit(&scope, changes?).await;
        committed.map_err(|error| failed(ID, error))?;
        Ok(CommitResponse::default())
    }

    async fn watch(&self, ctx: &Context, request: WatchRequest) -> Result<Streaming<WatchResponse>> {
        const ID: &str = "store.Store.Watch";
        let scope = write_scope(ctx, request.options, ID)?;
        let events = self.store.watch(&scope, &request.prefix).await;
        let events = events.map_err(|error| failed(ID, error))?.map(|event| {
            Ok(WatchResponse {
                key: event.key,
                record: event.record.map(Into::into),
            })
        });
        let begun = futures_util::stream::iter([Ok(WatchResponse::default())]);
        let all = futures_util::StreamExt::chain(begun, events);
        Ok(self.draining.bound(Streaming::new(all)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use micro::store::{Memory, Remote, conformance};
    use micro::{Call, Handler, MethodDescriptor, Reply, ServiceDescriptor};
    use micro_proto::store::StoreServer;

    use super::*;
    use crate::drain::Drain;
    use crate::peer;

    fn handler(store: Arc<dyn Store>, drain: &Drain) -> Arc<dyn Handler> {
        Arc::new(StoreServer::new(StoreHandler::new(store, drain.signal())))
    }

    #[tokio::test]
    async fn over_the_network_the_promise_is_the_same() {
        let drain = Drain::new();
        let handler = handler(Arc::new(Memory::new()), &drain);
        conformance::run(&Remote::new(&peer::client(handler, "micro user admin").await)).await;
    }

    #[tokio::test]
    async fn several_keys_come_in_as_many_answers_as_they_need() {
        let drain = Drain::new();
        let memory: Arc<dyn Store> = Arc::new(Memory::new());
        let scope = Scope::new("micro", "large");
        for key in ["a", "b", "c"] {
            let record = Record::new(key, vec![b'x'; ANSWER_BYTES / 2]);
            memory.write(&scope, record).await.unwrap();
        }
        let client = peer::client(handler(memory, &drain), "micro user admin").await;
        let keys = ["a", "none", "b", "c", "d"].map(str::to_owned);
        let request = ReadRequest {
            options: Some(ReadOptions {
                table: "large".to_owned(),
                ..ReadOptions::default()
            }),
            keys: keys.to_vec(),
            ..ReadRequest::default()
        };
        let stub = proto::StoreClient::new(&client);
        let answer = proto::Store::read(&stub, &Context::background(), request.clone()).await;
        let answer = answer.unwrap();
        let found: Vec<_> = answer.records.iter().map(|record| record.key.as_str()).collect();
        assert_eq!((found, answer.looked_for), (vec!["a"], 2));
        let all = Remote::new(&client).read_all(&scope, &keys).await.unwrap();
        let there: Vec<_> = all.iter().map(Option::is_some).collect();
        assert_eq!(there, [true, false, true, true, false]);
        let both = ReadRequest {
            key: "a".to_owned(),
            ..request
        };
        let refused = proto::Store::read(&stub, &Context::background(), both).await;
        assert_eq!(refused.unwrap_err().code, 400);
    }

    /// A platform from before there were several keys in a request.
    struct Old(Arc<dyn proto::Store>);

    #[micro_rpc::async_trait]
    impl Handler for Old {
        fn descriptor(&self) -> &'static ServiceDescriptor {
            &proto::STORE_SERVICE
        }

        async fn call(
            &self,
            ctx: &Context,
            method: &'static MethodDescriptor,
            mut call: Call,
        ) -> Result<Reply> {
            if method.name != "Read" {
                return StoreServer::from_arc(self.0.clone())
                    .call(ctx, method, call)
                    .await;
            }
            let request: ReadRequest = call.request().await?;
            let known = ReadRequest {
                keys: Vec::new(),
                ..request
            };
            call.reply(&self.0.read(ctx, known).await?)
        }
    }

    #[tokio::test]
    async fn an_old_platform_is_asked_for_one_key_after_the_other() {
        let drain = Drain::new();
        let store = StoreHandler::new(Arc::new(Memory::new()), drain.signal());
        let old = Arc::new(Old(Arc::new(store)));
        conformance::run(&Remote::new(&peer::client(old, "micro user admin").await)).await;
    }

    #[tokio::test]
    async fn tenants_and_the_platform_stay_apart() {
        let drain = Drain::new();
        let memory: Arc<dyn Store> = Arc::new(Memory::new());
        memory
            .write(&Scope::platform("auth"), Record::new("secret", "1"))
            .await
            .unwrap();
        let acme = Remote::new(&peer::client(handler(memory.clone(), &drain), "acme user admin").await);
        let own = Scope::new("acme", "user");
        acme.write(&own, Record::new("1", "Alice")).await.unwrap();
        assert_eq!(acme.read(&own, "1").await.unwrap().value, "Alice");
        assert_eq!(acme.tables("acme").await.unwrap(), ["user"]);
        for other in [
            Scope::new("micro", "user"),
            Scope::new("other", "user"),
            Scope::platform("auth"),
        ] {
            let refused = acme.write(&other, Record::new("1", "Eve")).await.unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Invalid, "{other:?}: {refused}");
            assert!(acme.scan(&other, &Scan::default()).await.is_err());
        }
        assert!(acme.databases().await.is_err());
        let admin = Remote::new(&peer::client(handler(memory, &drain), "micro user admin").await);
        assert_eq!(admin.databases().await.unwrap(), ["acme"]);
        assert!(admin.read(&Scope::platform("auth"), "secret").await.is_err());
    }
}
