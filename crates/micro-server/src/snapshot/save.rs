//! Sending what there is.
//!
//! Blobs and events come before records, and what is to run last: who writes it back in this order starts no service before what it
//! needs is there.

use std::sync::Arc;

use micro::store::{Record, Scan, Scope};
use micro_proto::snapshot::item::Part;
use micro_proto::snapshot::{Blob, Item, Origin, Records, SaveRequest};
use micro_rpc::{Error, Result, Sender, Streaming};

use super::own::{self, Own};
use super::{SAVE, Shared, namespace, of_call, topics};

/// The bytes of one message, as far as its parts allow.
const MESSAGE: usize = 2 << 20;
/// Messages that wait for the reader.
const WAITING: usize = 2;
const MOST: usize = 200;

/// How many things to ask for, so that they make about one message.
pub(super) struct Pace(usize);

impl Default for Pace {
    fn default() -> Self {
        Self(8)
    }
}

impl Pace {
    pub fn limit(&self) -> usize {
        self.0
    }

    /// So many came, of so many bytes.
    pub fn saw(&mut self, count: usize, bytes: usize) {
        let each = (bytes / count.max(1)).max(1);
        self.0 = (MESSAGE / each).clamp(1, MOST).min(self.0 * 2);
    }
}

pub(super) struct Save {
    pub shared: Arc<Shared>,
    pub wanted: SaveRequest,
    sender: Sender<Item>,
}

impl Save {
    pub fn start(shared: Arc<Shared>, wanted: SaveRequest) -> Streaming<Item> {
        let (sender, items) = Streaming::channel(WAITING);
        let save = Self {
            shared,
            wanted,
            sender,
        };
        // It ends when nobody reads any more.
        tokio::spawn(async move {
            if let Err(error) = save.all().await {
                save.sender.fail(of_call(error, SAVE)).await;
            }
        });
        items
    }

    pub async fn send(&self, part: Part) -> Result<()> {
        // Cut short it would look like the end to nobody: it fails.
        if self.shared.draining.has_begun() {
            return Err(Error::unavailable(
                SAVE,
                "the server is being stopped: begin again",
            ));
        }
        self.sender.send(Item { part: Some(part) }).await
    }

    async fn all(&self) -> Result<()> {
        let own = Own::look(&*self.shared.store).await?;
        let sealed_with = match own.has_secrets && self.is_whole() {
            true => self.shared.sealed_with.clone(),
            false => String::new(),
        };
        let version = self.shared.version.clone();
        self.send(Part::Origin(Origin { version, sealed_with })).await?;
        if self.wanted.table.is_empty() {
            self.blobs().await?;
            topics::save(self).await?;
        }
        for database in self.databases().await? {
            for table in self.shared.store.tables(&database).await? {
                if self.wanted.table.is_empty() || self.wanted.table == table {
                    self.table(&Scope::new(&database, table), Some).await?;
                }
            }
        }
        if self.is_whole() && self.wanted.table.is_empty() {
            for table in own::TABLES {
                let scope = Scope::new(own::database(), table);
                self.table(&scope, |record| own.moved(table, record)).await?;
            }
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.wanted.namespace.is_empty()
    }

    /// Whether what is of a namespace is asked for.
    pub fn wants(&self, namespace: &str) -> bool {
        self.is_whole() || self.wanted.namespace == namespace
    }

    async fn databases(&self) -> Result<Vec<String>> {
        let mut databases = self.shared.store.databases().await?;
        databases.retain(|name| self.wants(name) && namespace::named(name, "", SAVE).is_ok());
        Ok(databases)
    }

    async fn table(&self, scope: &Scope, moved: impl Fn(Record) -> Option<Record>) -> Result<()> {
        let (mut pace, mut after) = (Pace::default(), String::new());
        loop {
            let page = Scan {
                limit: Some(pace.limit()),
                after,
                ..Scan::default()
            };
            let records = self.shared.store.scan(scope, &page).await?;
            let Some(last) = records.last() else {
                return Ok(());
            };
            after = last.key.clone();
            pace.saw(records.len(), records.iter().map(size).sum());
            let mut waiting = Records::default();
            let mut bytes = 0;
            for record in records.into_iter().filter_map(&moved) {
                bytes += size(&record);
                waiting.records.push(record.into());
                if bytes >= MESSAGE {
                    self.records(scope, std::mem::take(&mut waiting)).await?;
                    bytes = 0;
                }
            }
            self.records(scope, waiting).await?;
        }
    }

    async fn records(&self, scope: &Scope, records: Records) -> Result<()> {
        if records.records.is_empty() {
            return Ok(());
        }
        self.send(Part::Records(Records {
            database: scope.database.clone(),
            table: scope.table.clone(),
            ..records
        }))
        .await
    }

    async fn blobs(&self) -> Result<()> {
        let blobs = &self.shared.blobs;
        for namespace in blobs.namespaces().await? {
            if !self.wants(&namespace) {
                continue;
            }
            for listed in blobs.list(&namespace, "").await? {
                self.blob(&namespace, &listed.key).await?;
            }
        }
        Ok(())
    }

    async fn blob(&self, namespace: &str, key: &str) -> Result<()> {
        let (info, mut pieces) = match self.shared.blobs.read(namespace, key).await {
            // Deleted since it was listed.
            Err(error) if error.code == 404 => return Ok(()),
            read => read?,
        };
        let namespace = namespace.to_owned();
        let head = Blob {
            namespace,
            info: Some(info),
        };
        self.send(Part::Blob(head)).await?;
        while let Some(piece) = pieces.next().await {
            self.send(Part::Piece(piece?)).await?;
        }
        Ok(())
    }
}

fn size(record: &Record) -> usize {
    record.key.len() + record.value.len()
}
