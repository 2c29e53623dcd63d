//! Entities as records, whatever their type.
//!
//! | key | holds |
//! |---|---|
//! | `<name>/<id>` | the entity, and in its metadata the keys of its index entries |
//! | `<name>.<index>/<value>` | of a unique index: the id |
//! | `<name>.<index>/<value><id>` | of an ordered index: the id |
//!
//! The record names its entries, so that those which an earlier version of the service made are found when they are to go.

use std::time::SystemTime;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;

use super::super::{Change, Error, ErrorKind, Record, Result, Scan, Table};
use super::index::{Index, Value, check_name};
use super::query::Query;

/// The metadata that names the index entries of a record.
const ENTRIES: &str = "indexes";
/// Entities that a list reads at once.
const AT_ONCE: usize = 16;
/// The end of a prefix's keys: the last character there is.
const LAST: char = char::MAX;

#[derive(Clone)]
pub(super) struct Rows {
    table: Table,
    name: &'static str,
}

/// An entity that is to be kept.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub id: String,
    pub value: Bytes,
    pub indexes: Vec<Index>,
    pub expires_at: Option<SystemTime>,
}

/// An entity that is there.
#[derive(Clone, Debug)]
pub(super) struct There {
    /// Without indexes, which only its type can tell.
    pub row: Row,
    version: u64,
    entries: Vec<String>,
}

/// A record of an index.
struct Entry {
    key: String,
    is_unique: bool,
}

impl Rows {
    pub fn new(table: Table, name: &'static str) -> Self {
        Self { table, name }
    }

    pub async fn create(&self, new: Row) -> Result<()> {
        self.create_beside(new, &[]).await
    }

    /// Keeps a new row, and makes other changes of the table in the same commit.
    pub async fn create_beside(&self, new: Row, beside: &[Change]) -> Result<()> {
        match self.replace_beside(None, new.clone(), beside).await? {
            true => Ok(()),
            false => Err(Error::exists(&format!("{} {:?}", self.name, new.id))),
        }
    }

    pub async fn read(&self, id: &str) -> Result<Option<There>> {
        check_name(self.name)?;
        if id.is_empty() {
            return Ok(None);
        }
        match self.table.read(&self.key(id)).await {
            Ok(record) => self.there(record).map(Some),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub async fn find(&self, index: &str, value: &Value) -> Result<Option<There>> {
        check_name(index)?;
        let key = format!("{}{}", self.entries(index), value.encode());
        let entry = match self.table.read(&key).await {
            Ok(entry) => entry,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = self.read(&id_of(&entry)?).await?;
        // Between the two reads it may have got another value, or gone.
        Ok(found.filter(|found| found.entries.contains(&key)))
    }

    /// Puts a row in the place of what was read, and its index entries with it; `false` when that has changed meanwhile.
    pub async fn replace(&self, there: Option<&There>, new: Row) -> Result<bool> {
        self.replace_beside(there, new, &[]).await
    }

    /// The same with other changes of the table in the same commit.
    pub async fn replace_beside(&self, there: Option<&There>, new: Row, beside: &[Change]) -> Result<bool> {
        check_name(self.name)?;
        if new.id.is_empty() {
            return Err(Error::invalid(format!("{}: an id is required", self.name)));
        }
        let entries = self.wanted(&new)?;
        let mut changes = vec![self.record(there, &new, &entries)?];
        let before = there.map_or(&[][..], |there| &there.entries);
        let stale = before
            .iter()
            .filter(|key| !entries.iter().any(|entry| entry.key == **key));
        changes.extend(stale.map(|key| Change::Delete(key.clone())));
        for entry in &entries {
            let record = Record {
                expires_at: new.expires_at,
                ..Record::new(&entry.key, new.id.clone())
            };
            // What is its own already is written again, since it may expire at another time now.
            let is_free = entry.is_unique && !before.contains(&entry.key);
            changes.push(if is_free {
                Change::PutNew(record)
            } else {
                Change::Put(record)
            });
        }
        match self.table.commit_beside(changes, beside.to_vec()).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind == ErrorKind::Conflict => Ok(false),
            Err(error) if error.kind == ErrorKind::Exists => {
                self.taken(&new).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    pub async fn remove(&self, there: &There) -> Result<bool> {
        self.remove_beside(there, &[]).await
    }

    /// The same with other changes of the table in the same commit.
    pub async fn remove_beside(&self, there: &There, beside: &[Change]) -> Result<bool> {
        let entity = Change::DeleteIf(self.key(&there.row.id), there.version);
        let entries = there.entries.iter().cloned().map(Change::Delete);
        let changes = [entity].into_iter().chain(entries).collect();
        match self.table.commit_beside(changes, beside.to_vec()).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A page, and the cursor of the next one.
    pub async fn list(&self, query: &Query) -> Result<(Vec<There>, Option<String>)> {
        check_name(self.name)?;
        let prefix = match &query.index {
            Some(index) => {
                check_name(index)?;
                self.entries(index)
            }
            None => self.key(""),
        };
        if query.limit == 0 {
            return Ok((Vec::new(), query.after.clone()));
        }
        let (records, next) = self.page(&prefix, query).await?;
        if query.index.is_none() {
            let rows = records.into_iter().map(|record| self.there(record));
            return Ok((rows.collect::<Result<_>>()?, next));
        }
        let rows: Vec<_> = stream::iter(records)
            .map(|entry| async move {
                let found = self.read(&id_of(&entry)?).await?;
                Ok::<_, Error>(found.filter(|found| found.entries.contains(&entry.key)))
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let rows = rows
            .into_iter()
            .filter_map(Result::transpose)
            .collect::<Result<_>>()?;
        Ok((rows, next))
    }

    /// The records of a page. Almost always one scan; more where its first records lie before the bound.
    async fn page(&self, prefix: &str, query: &Query) -> Result<(Vec<Record>, Option<String>)> {
        let mut scan = Scan {
            after: start(prefix, query),
            // One more tells whether there is a next page.
            limit: Some(query.limit.saturating_add(1)),
            descending: query.descending,
            ..Scan::prefix(prefix)
        };
        let mut page: Vec<Record> = Vec::new();
        let mut to_skip = query.offset;
        if query.from.is_none() && query.to.is_none() {
            // All that is found counts, so the store can skip it.
            scan.offset = std::mem::take(&mut to_skip);
        }
        loop {
            let records = self.table.scan(&scan).await?;
            scan.offset = 0;
            let is_last = records.len() < query.limit.saturating_add(1);
            for record in records {
                scan.after.clone_from(&record.key);
                let value = &record.key[prefix.len()..];
                if is_past(value, query) {
                    return Ok((page, None));
                }
                if !is_reached(value, query) {
                    continue;
                }
                if to_skip > 0 {
                    to_skip -= 1;
                    continue;
                }
                if page.len() == query.limit {
                    let next = page.last().map(|last| last.key[prefix.len()..].to_owned());
                    return Ok((page, next));
                }
                page.push(record);
            }
            if is_last {
                return Ok((page, None));
            }
        }
    }

    fn key(&self, id: &str) -> String {
        format!("{}/{id}", self.name)
    }

    fn entries(&self, index: &str) -> String {
        format!("{}.{index}/", self.name)
    }

    fn wanted(&self, row: &Row) -> Result<Vec<Entry>> {
        let entry = |index: &Index| {
            check_name(&index.name)?;
            let mut key = format!("{}{}", self.entries(&index.name), index.value.encode());
            if !index.is_unique {
                key.push_str(&row.id);
            }
            Ok(Entry {
                key,
                is_unique: index.is_unique,
            })
        };
        row.indexes.iter().map(entry).collect()
    }

    fn record(&self, there: Option<&There>, new: &Row, entries: &[Entry]) -> Result<Change> {
        let keys: Vec<&String> = entries.iter().map(|entry| &entry.key).collect();
        let keys = serde_json::to_string(&keys)
            .map_err(|error| Error::invalid("index entries are no JSON").caused_by(error))?;
        let mut record = Record {
            expires_at: new.expires_at,
            ..Record::new(self.key(&new.id), new.value.clone())
        };
        if !entries.is_empty() {
            record.metadata.insert(ENTRIES.to_owned(), keys);
        }
        Ok(match there {
            Some(there) => Change::PutIf(record, there.version),
            None => Change::PutNew(record),
        })
    }

    fn there(&self, record: Record) -> Result<There> {
        let entries = match record.metadata.get(ENTRIES) {
            Some(keys) => serde_json::from_str(keys).map_err(|error| {
                Error::unavailable(format!("the index entries of {:?} cannot be read", record.key))
                    .caused_by(error)
            })?,
            None => Vec::new(),
        };
        Ok(There {
            row: Row {
                id: record.key[self.name.len() + 1..].to_owned(),
                value: record.value,
                indexes: Vec::new(),
                expires_at: record.expires_at,
            },
            version: record.version,
            entries,
        })
    }

    /// Which unique value of a row another one has; well when none has it by now.
    async fn taken(&self, row: &Row) -> Result<()> {
        for index in row.indexes.iter().filter(|index| index.is_unique) {
            let found = self.find(&index.name, &index.value).await?;
            if found.is_some_and(|found| found.row.id != row.id) {
                let what = match &index.value {
                    Value::Text(text) => format!("{} with {} {text:?}", self.name, index.name),
                    _ => format!("{} with this {}", self.name, index.name),
                };
                return Err(Error::exists(&what));
            }
        }
        Ok(())
    }
}

fn id_of(entry: &Record) -> Result<String> {
    String::from_utf8(entry.value.to_vec()).map_err(|error| {
        Error::unavailable(format!("the index entry {:?} cannot be read", entry.key)).caused_by(error)
    })
}

/// What a scan begins behind.
fn start(prefix: &str, query: &Query) -> String {
    if let Some(cursor) = &query.after {
        return format!("{prefix}{cursor}");
    }
    if query.descending {
        let bound = query.to.as_ref().map(|to| format!("{prefix}{to}{LAST}"));
        return bound.unwrap_or_default();
    }
    match query.from.as_deref() {
        // Behind a key that sorts just before all that begin so: the same with its last character one less and the most after it.
        Some(from) => before(prefix, from),
        None => String::new(),
    }
}

/// A key behind which the first that can come is `prefix + from`.
fn before(prefix: &str, from: &str) -> String {
    let mut key = format!("{prefix}{from}");
    let Some(last) = key.pop() else { return key };
    let less = (last as u32).checked_sub(1).and_then(char::from_u32);
    match less {
        Some('\0') | None => key,
        Some(less) => {
            key.push(less);
            key.push(LAST);
            key
        }
    }
}

/// Whether a value, and all behind it in the query's direction, lie outside.
fn is_past(value: &str, query: &Query) -> bool {
    match query.descending {
        true => is_below(value, query),
        false => is_above(value, query),
    }
}

fn is_reached(value: &str, query: &Query) -> bool {
    !is_below(value, query) && !is_above(value, query)
}

fn is_below(value: &str, query: &Query) -> bool {
    query.from.as_ref().is_some_and(|from| value < from.as_str())
}

fn is_above(value: &str, query: &Query) -> bool {
    let exceeds = |to: &String| value > to.as_str() && !value.starts_with(to.as_str());
    query.to.as_ref().is_some_and(exceeds)
}
