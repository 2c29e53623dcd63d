//! What the store knows of blobs: their names, and which ids have none.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro_rpc::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Pieces;
use crate::blob::Info;
use crate::secret;
use crate::store::{self, Change, ErrorKind, Record, Scan, Table};

/// No namespace and no name of a blob holds this character.
const BETWEEN: char = '\u{1}';

/// The character behind that one.
const BEHIND: char = '\u{2}';

/// What a note says once its id is being removed.
const CLAIMED: &str = "claimed";

/// So many records are removed at once.
const REMOVED: usize = 256;

/// How often a name is written anew where others write it at the same time.
const TRIES: usize = 32;

#[derive(Clone)]
pub struct Names {
    /// Names, and the notes on ids without one.
    pub table: Table,
    pub pieces: Arc<dyn Pieces>,
    pub keep: Duration,
    pub abandon: Duration,
}

/// What a name's record says.
#[derive(Clone, Serialize, Deserialize)]
pub struct Entry {
    pub id: String,
    pub size: u64,
    pub sha256: String,
    pub content_type: String,
    pub public: bool,
    pub modified: i64,
}

pub fn name(namespace: &str, key: &str) -> String {
    format!("name{BETWEEN}{namespace}{BETWEEN}{key}")
}

impl Names {
    /// The namespaces that have names, sorted: one is looked at of each.
    pub async fn namespaces(&self) -> Result<Vec<String>> {
        let beginning = format!("name{BETWEEN}");
        let mut namespaces: Vec<String> = Vec::new();
        let mut next = Scan {
            limit: Some(1),
            keys_only: true,
            ..Scan::prefix(&beginning)
        };
        while let Some(record) = self.table.scan(&next).await?.first() {
            let rest = record.key.strip_prefix(&beginning).unwrap_or_default();
            let (namespace, _) = rest.split_once(BETWEEN).unwrap_or((rest, ""));
            // Behind all of its names, since no letter of a name comes between these two.
            next.after = format!("{beginning}{namespace}{BEHIND}");
            namespaces.push(namespace.to_owned());
        }
        Ok(namespaces)
    }
}

/// Notes are in the order in which they are due.
fn note(due: u64, id: &str) -> Record {
    Record::new(format!("due{BETWEEN}{due:020}{BETWEEN}{id}"), "")
}

pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

pub fn entry(record: &Record) -> Result<Entry> {
    serde_json::from_slice(&record.value)
        .map_err(|error| Error::internal("store", format!("what a blob is cannot be read: {error}")))
}

impl Entry {
    pub fn info(&self, key: &str) -> Info {
        Info {
            key: key.to_owned(),
            size: self.size,
            sha256: self.sha256.clone(),
            content_type: self.content_type.clone(),
            public: self.public,
            modified: self.modified,
        }
    }
}

/// An id without a name, and the note that says so.
pub struct Draft {
    pub id: String,
    pub note: Record,
}

impl Names {
    pub async fn draft(&self) -> store::Result<Draft> {
        let id = secret::letters(b"0123456789abcdefghijklmnopqrstuvwxyz", 25);
        let note = note(now() + self.abandon.as_secs(), &id);
        self.table.write(note.clone()).await?;
        Ok(Draft { id, note })
    }

    /// Says that it is written still.
    pub async fn renew(&self, draft: &mut Draft) -> store::Result<()> {
        let next = note(now() + self.abandon.as_secs(), &draft.id);
        let there = self.note(draft).await?;
        let moved = vec![
            Change::DeleteIf(there.key, there.version),
            Change::Put(next.clone()),
        ];
        self.table.commit(moved).await?;
        draft.note = next;
        Ok(())
    }

    /// What was written of it is of no use. What cannot be removed now is found by its note.
    pub async fn forget(&self, draft: &Draft) {
        if self.pieces.remove(&draft.id).await.is_ok() {
            let _ = self.table.delete(&draft.note.key).await;
        }
    }

    /// The note as it is; an error once somebody has taken the draft for abandoned.
    pub async fn note(&self, draft: &Draft) -> store::Result<Record> {
        let gone = "the blob was written so slowly that its beginning has been removed: write it again";
        match self.table.read(&draft.note.key).await {
            Err(error) if error.kind == ErrorKind::NotFound => Err(store::Error::unavailable(gone)),
            Ok(note) if note.value == CLAIMED => Err(store::Error::unavailable(gone)),
            there => there,
        }
    }

    pub async fn named(&self, name: &str) -> Result<Option<Record>> {
        match self.table.read(name).await {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The former blob of a name is old from now on.
    pub fn retire(&self, former: &Record) -> Result<Change> {
        let due = now() + self.keep.as_secs();
        Ok(Change::Put(note(due, &self::entry(former)?.id)))
    }

    /// Gives a draft its name.
    pub async fn publish(&self, name: &str, draft: &Draft, entry: &Entry) -> Result<()> {
        let text = serde_json::to_vec(entry).map_err(|error| Error::internal("store", error.to_string()))?;
        for _ in 0..TRIES {
            let note = self.note(draft).await?;
            let former = self.named(name).await?;
            let record = Record::new(name, text.clone());
            let mut changes = vec![Change::DeleteIf(note.key, note.version)];
            match &former {
                Some(former) => changes.extend([Change::PutIf(record, former.version), self.retire(former)?]),
                None => changes.push(Change::PutNew(record)),
            }
            match self.table.commit(changes).await {
                Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Exists) => {}
                done => return done.map_err(Error::from),
            }
        }
        Err(contended())
    }

    pub async fn unname(&self, name: &str) -> Result<()> {
        for _ in 0..TRIES {
            let Some(former) = self.named(name).await? else {
                return Ok(());
            };
            let changes = vec![
                Change::DeleteIf(former.key.clone(), former.version),
                self.retire(&former)?,
            ];
            match self.table.commit(changes).await {
                Err(error) if error.kind == ErrorKind::Conflict => {}
                done => return done.map_err(Error::from),
            }
        }
        Err(contended())
    }

    /// Removes what is due.
    pub async fn clean(&self) -> Result<()> {
        let beginning = format!("due{BETWEEN}");
        let first = Scan {
            limit: Some(REMOVED),
            ..Scan::prefix(&beginning)
        };
        loop {
            let notes = self.table.scan(&first).await?;
            let is_last = notes.len() < REMOVED;
            for note in notes {
                let said = note
                    .key
                    .strip_prefix(&beginning)
                    .and_then(|rest| rest.split_once(BETWEEN));
                let due = said.and_then(|(due, id)| Some((due.parse::<u64>().ok()?, id)));
                let Some((_, id)) = due.filter(|(due, _)| *due <= now()) else {
                    return Ok(());
                };
                // Whoever is about to give it a name finds the note changed from here on.
                let claimed = Record::new(note.key.clone(), CLAIMED);
                match self
                    .table
                    .commit(vec![Change::PutIf(claimed, note.version)])
                    .await
                {
                    Err(error) if error.kind == ErrorKind::Conflict => continue,
                    claimed => claimed?,
                }
                self.pieces.remove(id).await?;
                self.table.delete(&note.key).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

fn contended() -> Error {
    Error::unavailable("store", "the blob is written by many at once: try again")
}
