//! How scopes and records lie in rows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro::serde_json;
use micro::store::{Error, Record, Result, Scope};
use tokio_postgres::Row;

/// `database 0 table`: no name holds the byte 0.
pub fn scope_name(scope: &Scope) -> Vec<u8> {
    [scope.database.as_bytes(), scope.table.as_bytes()].join(&0)
}

/// What a name stands for.
pub fn scope(name: &[u8]) -> Result<Scope> {
    let text = text(name)?;
    let (database, table) = text.split_once('\0').ok_or_else(|| damaged("a scope's name"))?;
    Ok(Scope::new(database, table))
}

/// One part of the names in the first column, sorted, each once.
pub fn names(rows: &[Row], part: impl Fn((String, String)) -> String) -> Result<Vec<String>> {
    let all = rows.iter().map(|row| {
        let scope = scope(row.get(0))?;
        Ok(part((scope.database, scope.table)))
    });
    Ok(all.collect::<Result<BTreeSet<String>>>()?.into_iter().collect())
}

pub fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| damaged("a name or key"))
}

/// Unix nanoseconds: what is before 1970 has expired in any case, and what is after 2262 does not matter to us.
pub fn nanoseconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

pub fn time(nanoseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

pub fn version(version: i64) -> u64 {
    u64::try_from(version).unwrap_or(0)
}

/// As JSON; none where there is nothing to note, which is usual.
pub fn metadata(metadata: &BTreeMap<String, String>) -> Option<String> {
    let text = || serde_json::to_string(metadata).expect("texts by texts are JSON");
    (!metadata.is_empty()).then(text)
}

pub fn parse_metadata(text: Option<&str>) -> Result<BTreeMap<String, String>> {
    match text {
        Some(text) => serde_json::from_str(text).map_err(|error| damaged("metadata").caused_by(error)),
        None => Ok(BTreeMap::new()),
    }
}

/// The record of a row whose value, metadata, expiry and version begin at a column.
pub fn record(key: String, row: &Row, first: usize) -> Result<Record> {
    let value: &[u8] = row.get(first);
    let expires_at: Option<i64> = row.get(first + 2);
    Ok(Record {
        key,
        value: value.to_vec().into(),
        metadata: parse_metadata(row.get(first + 1))?,
        expires_at: expires_at.map(time),
        version: version(row.get(first + 3)),
    })
}

fn damaged(what: &str) -> Error {
    Error::unavailable(format!(
        "{what} in the database cannot be read: somebody else has written it"
    ))
}
