//! How records lie in the engine.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use micro::store::{Error, Record, Result, Scope};

/// The first byte of a value. The former format knew no versions; its records are read as ones of version 1.
const FORMAT: u8 = 2;
const WITHOUT_VERSION: u8 = 1;

/// `database 0 table 0 key`; names and keys hold no zero byte.
pub fn record_key(scope: &Scope, key: &str) -> Vec<u8> {
    [
        scope.database.as_bytes(),
        b"\0",
        scope.table.as_bytes(),
        b"\0",
        key.as_bytes(),
    ]
    .concat()
}

/// The table and the key of a [`record_key`].
pub fn split_record_key(key: &[u8]) -> Option<(Scope, String)> {
    let mut parts = key
        .splitn(3, |byte| *byte == 0)
        .map(|part| String::from_utf8(part.to_vec()).ok());
    let (database, table, key) = (parts.next()??, parts.next()??, parts.next()??);
    Some((Scope { database, table }, key))
}

/// Nanoseconds since the epoch, at least 1; 0 stands for never.
pub fn nanoseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX).max(1)
}

/// The entry that finds a record when its time has come.
pub fn expiry_key(at: u64, record_key: &[u8]) -> Vec<u8> {
    [&at.to_be_bytes(), record_key].concat()
}

/// Time and record of such an entry.
pub fn split_expiry_key(key: &[u8]) -> Option<(u64, &[u8])> {
    let (at, record_key) = key.split_first_chunk()?;
    Some((u64::from_be_bytes(*at), record_key))
}

/// Format, expiry, version, metadata, value.
pub fn encode(record: &Record, version: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(24 + record.value.len());
    out.push(FORMAT);
    out.extend(record.expires_at.map_or(0, nanoseconds).to_le_bytes());
    out.extend(version.to_le_bytes());
    put_length(&mut out, record.metadata.len());
    for text in record.metadata.iter().flat_map(|(name, value)| [name, value]) {
        put_length(&mut out, text.len());
        out.extend(text.as_bytes());
    }
    out.extend(&record.value);
    out
}

/// A length of more than four bytes cannot occur: the engine takes no such value.
fn put_length(out: &mut Vec<u8>, length: usize) {
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

/// The record of a key from the value that [`encode`] made.
pub fn decode(key: String, value: &[u8]) -> Result<Record> {
    let mut rest = value;
    read(&mut rest)
        .map(|(expires_at, version, metadata)| Record {
            key,
            value: Bytes::copy_from_slice(rest),
            metadata,
            expires_at,
            version,
        })
        .ok_or_else(|| Error::unavailable("the store holds a record that it cannot read"))
}

/// When the record of an encoded value expires; 0 is never.
pub fn expiry_of(value: &[u8]) -> u64 {
    value
        .get(1..9)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}

/// Which write an encoded value is.
pub fn version_of(value: &[u8]) -> u64 {
    let version = value.get(9..17).and_then(|bytes| bytes.try_into().ok());
    match value.first() {
        Some(&FORMAT) => version.map_or(0, u64::from_le_bytes),
        _ => 1,
    }
}

type Head = (Option<SystemTime>, u64, BTreeMap<String, String>);

fn read(rest: &mut &[u8]) -> Option<Head> {
    let format = take(rest, 1)?[0];
    let at = u64::from_le_bytes(take(rest, 8)?.try_into().ok()?);
    let version = match format {
        FORMAT => u64::from_le_bytes(take(rest, 8)?.try_into().ok()?),
        WITHOUT_VERSION => 1,
        _ => return None,
    };
    let expires_at = (at > 0).then(|| UNIX_EPOCH + Duration::from_nanos(at));
    let mut metadata = BTreeMap::new();
    for _ in 0..take_length(rest)? {
        metadata.insert(take_text(rest)?, take_text(rest)?);
    }
    Some((expires_at, version, metadata))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    let bytes = take(rest, 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    let length = take_length(rest)?;
    String::from_utf8(take(rest, length)?.to_vec()).ok()
}

/// The beginning that the keys of a table, of a database, or of all of them share.
pub struct Prefix(Vec<u8>);

impl Prefix {
    pub fn everything() -> Self {
        Self(Vec::new())
    }

    pub fn database(database: &str) -> Self {
        Self([database.as_bytes(), b"\0"].concat())
    }

    pub fn table(scope: &Scope) -> Self {
        Self(record_key(scope, ""))
    }

    /// The record's key within the table.
    pub fn strip(&self, key: &[u8]) -> Result<String> {
        let rest = key
            .strip_prefix(self.0.as_slice())
            .and_then(|rest| std::str::from_utf8(rest).ok());
        rest.map(str::to_owned).ok_or_else(unreadable)
    }

    /// The name that follows the prefix, up to the next zero byte.
    pub fn first_name(&self, key: &[u8]) -> Result<String> {
        let rest = key.strip_prefix(self.0.as_slice()).ok_or_else(unreadable)?;
        let name = rest
            .split(|byte| *byte == 0)
            .next()
            .and_then(|name| std::str::from_utf8(name).ok());
        name.map(str::to_owned).ok_or_else(unreadable)
    }

    /// Where the keys of this prefix begin.
    pub fn start(&self) -> Vec<u8> {
        self.0.clone()
    }

    /// Where they have ended: no key holds the byte 255, which UTF-8 does not have.
    pub fn end(&self) -> Vec<u8> {
        [self.0.as_slice(), &[255]].concat()
    }

    /// The first key behind all those of a name.
    pub fn after_name(&self, name: &str) -> Vec<u8> {
        [self.0.as_slice(), name.as_bytes(), &[1]].concat()
    }
}

fn unreadable() -> Error {
    Error::unavailable("the store holds a key that it cannot read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_survive_encoding(
            value in prop::collection::vec(any::<u8>(), 0..200),
            metadata in prop::collection::btree_map(".*", ".*", 0..4),
            expires_at in prop::option::of(1..u64::MAX),
            version in any::<u64>(),
        ) {
            let expires_at = expires_at.map(|at| UNIX_EPOCH + Duration::from_nanos(at));
            let record = Record { key: "k".to_owned(), value: value.into(), metadata, expires_at, version };
            let encoded = encode(&record, version);
            prop_assert_eq!(version_of(&encoded), version);
            prop_assert_eq!(expiry_of(&encoded), record.expires_at.map_or(0, nanoseconds));
            prop_assert_eq!(decode("k".to_owned(), &encoded).unwrap(), record);
        }

        #[test]
        fn records_of_the_former_format_are_read(value in prop::collection::vec(any::<u8>(), 0..50)) {
            let former = [&[WITHOUT_VERSION][..], &7_u64.to_le_bytes(), &0_u32.to_le_bytes(), &value].concat();
            let record = decode("k".to_owned(), &former).unwrap();
            prop_assert_eq!((record.version, version_of(&former), expiry_of(&former)), (1, 1, 7));
            prop_assert_eq!(&record.value[..], &value[..]);
        }

        #[test]
        fn any_bytes_are_read_or_refused(value in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode("k".to_owned(), &value);
        }
    }
}
