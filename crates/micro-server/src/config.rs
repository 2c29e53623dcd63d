//! The config service: checks who asks, and keeps the documents on the store.

mod seal;

use std::path::Path;
use std::sync::Arc;

use micro::config::document::{Document, Leaf, masked, plain};
use micro::store::{Change, ErrorKind, Record, Store, Table};
use micro_proto::config as proto;
use micro_proto::config::{
    ChangeSet, DeleteRequest, DeleteResponse, GetRequest, GetResponse, ReadRequest, ReadResponse, SetRequest,
    SetResponse, WatchRequest, WatchResponse,
};
use micro_rpc::futures_util::stream;
use micro_rpc::{Context, Error, Result, Streaming};
use serde_json::Value;

use crate::drain::Draining;
use crate::namespace::{self, PLATFORM};
use crate::secret::SecretKey;
use seal::Seal;

/// So often a change is tried again when others changed the same document in between.
const ATTEMPTS: usize = 100;

/// Answers the config contract from a store: one record per namespace.
#[derive(Clone)]
pub struct ConfigHandler {
    documents: Table,
    seal: Arc<Seal>,
    draining: Draining,
}

impl ConfigHandler {
    /// On a store, with the key for secrets from the environment or from a file in `home`; watches end with the drain.
    ///
    /// # Errors
    ///
    /// When there is no key to be had, and why.
    pub fn open(store: Arc<dyn Store>, home: &Path, draining: Draining) -> std::io::Result<Self> {
        Ok(Self::sealed(store, Seal::open(home)?, draining))
    }

    /// On a store that other servers use too, with the key for secrets from the environment, or else the one that all of them have.
    ///
    /// # Errors
    ///
    /// When the environment gives a key that is none.
    pub fn shared(store: Arc<dyn Store>, key: &SecretKey, draining: Draining) -> std::io::Result<Self> {
        Ok(Self::sealed(store, Seal::shared(key)?, draining))
    }

    fn sealed(store: Arc<dyn Store>, seal: Seal, draining: Draining) -> Self {
        Self {
            documents: Table::new(store, micro::store::Scope::platform("config")),
            seal: Arc::new(seal),
            draining,
        }
    }

    /// Tells the key that secrets are sealed with from others, and nothing of it.
    pub(crate) fn fingerprint(&self) -> String {
        self.seal.fingerprint.clone()
    }

    /// The setting at a path as text, decrypted; `None` where there is none. For the platform itself: nobody is asked for.
    pub(crate) async fn text(&self, namespace: &str, path: &str) -> Result<Option<String>> {
        const ID: &str = "config";
        let Some((document, _)) = self.load(namespace, ID).await? else {
            return Ok(None);
        };
        Ok(match self.value(namespace, &document, path, true)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        })
    }

    /// Encrypts a text with the key of the settings, bound to a namespace and a place.
    pub(crate) fn seal(&self, namespace: &str, place: &str, text: &str) -> Result<String> {
        let sealed = self
            .seal
            .seal_leaf(namespace, place, &Value::from(text).to_string());
        sealed.map(|leaf| leaf.value)
    }

    /// What was encrypted for the same namespace and place.
    pub(crate) fn open_sealed(&self, namespace: &str, place: &str, sealed: &str) -> Result<String> {
        let leaf = Leaf {
            value: sealed.to_owned(),
            secret: true,
        };
        let text = self.seal.open_leaf(namespace, place, &leaf)?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// The document of a namespace and its version; `None` when nothing was ever set.
    async fn load(&self, namespace: &str, id: &str) -> Result<Option<(Document, u64)>> {
        match self.documents.read(namespace).await {
            Ok(record) => Ok(Some((read(&record, id)?, record.version))),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(id, error)),
        }
    }

    /// Changes a document, and begins again where somebody else did in between.
    async fn change(
        &self,
        namespace: &str,
        id: &str,
        change: impl Fn(Option<Document>) -> Result<Document>,
    ) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let loaded = self.load(namespace, id).await?;
            let (before, version) = loaded.map_or((None, None), |(document, version)| {
                (Some(document), Some(version))
            });
            let record = Record::new(namespace, change(before)?.to_kept().to_string());
            let step = match version {
                Some(version) => Change::PutIf(record, version),
                None => Change::PutNew(record),
            };
            match self.documents.commit(vec![step]).await {
                Ok(()) => return Ok(()),
                Err(error) if matches!(error.kind, ErrorKind::Exists | ErrorKind::Conflict) => {}
                Err(error) => return Err(failed(id, error)),
            }
        }
        Err(Error::unavailable(
            id,
            "too many change the settings of this namespace at once: try again",
        ))
    }

    fn value(&self, namespace: &str, document: &Document, path: &str, shown: bool) -> Result<Value> {
        let show = |path: &str, leaf: &Leaf| {
            if leaf.secret && shown {
                self.seal.open_leaf(namespace, path, leaf)
            } else {
                masked(path, leaf)
            }
        };
        Ok(document.get(path, &show)?.unwrap_or_default())
    }

    /// The value at a path, and again whenever it has changed. For the platform itself, which nobody has to let pass.
    pub(crate) async fn follow(&self, namespace: &str, path: &str) -> Result<Streaming<Value>> {
        Ok(self.draining.bound(self.values(namespace, path, false).await?))
    }

    async fn values(&self, namespace: &str, path: &str, shown: bool) -> Result<Streaming<Value>> {
        const ID: &str = "config.Config.Watch";
        let changes = self
            .documents
            .watch(namespace)
            .await
            .map_err(|error| failed(ID, error))?;
        let document = self.load(namespace, ID).await?.unwrap_or_default().0;
        let first = self.value(namespace, &document, path, shown);
        let following = Following {
            handler: self.clone(),
            changes,
            namespace: namespace.to_owned(),
            path: path.to_owned(),
            shown,
            first: Some(first.map_err(|error| with_id(error, ID))?),
            last: Value::Null,
        };
        let values = stream::try_unfold(following, |mut following| async move {
            let value = following.next().await?;
            Ok(value.map(|value| (value, following)))
        });
        Ok(Streaming::new(values))
    }

    async fn get_value(&self, namespace: &str, path: &str, shown: bool, id: &str) -> Result<String> {
        let loaded = self.load(namespace, id).await?;
        let (document, _) = loaded.ok_or_else(|| Error::not_found(id, "Not found"))?;
        let value = self.value(namespace, &document, path, shown);
        value
            .map(|value| value.to_string())
            .map_err(|error| with_id(error, id))
    }
}

fn read(record: &Record, id: &str) -> Result<Document> {
    let kept = serde_json::from_slice(&record.value).ok();
    kept.as_ref()
        .and_then(Document::from_kept)
        .ok_or_else(|| Error::internal(id, "the settings of this namespace cannot be read"))
}

fn failed(id: &str, error: micro::store::Error) -> Error {
    with_id(error.into(), id)
}

fn with_id(error: Error, id: &str) -> Error {
    Error {
        id: id.to_owned(),
        ..error
    }
}

/// The namespace of a request, once the caller may change it.
fn authorised<'a>(ctx: &Context, named: &'a str, id: &str) -> Result<&'a str> {
    let namespace = namespace::named(named, PLATFORM, id)?;
    namespace::authorize_admin(ctx, namespace, id)?;
    Ok(namespace)
}

fn json(value: String) -> Option<proto::Value> {
    Some(proto::Value {
        data: value,
        format: String::new(),
    })
}

#[micro_rpc::async_trait]
impl proto::Config for ConfigHandler {
    async fn get(&self, ctx: &Context, request: GetRequest) -> Result<GetResponse> {
        const ID: &str = "config.Config.Get";
        let namespace = authorised(ctx, &request.namespace, ID)?;
        let shown = request.options.is_some_and(|options| options.secret);
        let value = self.get_value(namespace, &request.path, shown, ID).await?;
        Ok(GetResponse { value: json(value) })
    }

    async fn set(&self, ctx: &Context, request: SetRequest) -> Result<SetResponse> {
        const ID: &str = "config.Config.Set";
        let value = request
            .value
            .ok_or_else(|| Error::bad_request("config.Config.Update", "invalid change"))?;
        let namespace = authorised(ctx, &request.namespace, ID)?;
        let value: Value = serde_json::from_str(&value.data)
            .map_err(|error| Error::bad_request(ID, format!("Request is invalid JSON: {error}")))?;
        let secret = request.options.is_some_and(|options| options.secret);
        let change = |before: Option<Document>| {
            let mut document = before.unwrap_or_default();
            let keep = |path: &str, text: String| {
                if secret {
                    self.seal.seal_leaf(namespace, path, &text)
                } else {
                    plain(path, text)
                }
            };
            document
                .set(&request.path, &value, &keep)
                .map_err(|error| with_id(error, ID))?;
            Ok(document)
        };
        self.change(namespace, ID, change).await?;
        Ok(SetResponse::default())
    }

    async fn delete(&self, ctx: &Context, request: DeleteRequest) -> Result<DeleteResponse> {
        const ID: &str = "config.Config.Delete";
        let namespace = authorised(ctx, &request.namespace, ID)?;
        let change = |before: Option<Document>| {
            let mut document = before.ok_or_else(|| Error::not_found(ID, "Not found"))?;
            document
                .delete(&request.path)
                .map_err(|error| with_id(error, ID))?;
            Ok(document)
        };
        self.change(namespace, ID, change).await?;
        Ok(DeleteResponse::default())
    }

    async fn read(&self, ctx: &Context, request: ReadRequest) -> Result<ReadResponse> {
        const ID: &str = "config.Config.Read";
        let namespace = authorised(ctx, &request.namespace, ID)?;
        let data = self.get_value(namespace, &request.path, false, ID).await?;
        Ok(ReadResponse {
            change: Some(proto::Change {
                namespace: request.namespace.clone(),
                path: request.path,
                change_set: Some(ChangeSet {
                    data,
                    format: "json".to_owned(),
                    ..ChangeSet::default()
                }),
            }),
        })
    }

    async fn watch(&self, ctx: &Context, request: WatchRequest) -> Result<Streaming<WatchResponse>> {
        const ID: &str = "config.Config.Watch";
        let namespace = authorised(ctx, &request.namespace, ID)?;
        let shown = request.options.is_some_and(|options| options.secret);
        let values = self.values(namespace, &request.path, shown).await?;
        let values = values.map(|value| {
            Ok(WatchResponse {
                value: json(value.to_string()),
            })
        });
        Ok(self.draining.bound(values))
    }
}

/// One who watches.
struct Following {
    handler: ConfigHandler,
    changes: Streaming<micro::store::Event>,
    namespace: String,
    path: String,
    shown: bool,
    first: Option<Value>,
    last: Value,
}

impl Following {
    async fn next(&mut self) -> Result<Option<Value>> {
        if let Some(first) = self.first.take() {
            self.last = first.clone();
            return Ok(Some(first));
        }
        while let Some(event) = self.changes.next().await {
            let event = event?;
            if event.key != self.namespace {
                continue;
            }
            let document = match &event.record {
                Some(record) => read(record, "config.Config.Watch")?,
                None => Document::default(),
            };
            let value = self
                .handler
                .value(&self.namespace, &document, &self.path, self.shown)?;
            if value != self.last {
                self.last = value.clone();
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
