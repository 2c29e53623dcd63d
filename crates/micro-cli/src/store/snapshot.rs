//! All records in a file, and back.
//!
//! Lines of JSON: a head that names the format, a line per record, and a tail with their number and the SHA-256 of all bytes before
//! it, so that a file that was cut or changed is refused before anything is written. It says nothing of the backend.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use micro::store::{Change, Record, Remote, Scan, Scope, Store};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::explain;
use crate::errors::{Failure, Result};
use crate::output;

const FORMAT: &str = "micro-store-snapshot";
const VERSION: u32 = 1;
/// Records that are read at once, and written in one commit.
const PAGE: usize = 500;

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Line {
    database: String,
    table: String,
    key: String,
    value: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    /// Unix nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Tail {
    records: u64,
    sha256: String,
}

/// Writes the snapshot beside the file and puts it in its place when it is whole.
pub async fn save(
    store: &Remote,
    file: &Path,
    database: Option<String>,
    table: Option<String>,
) -> Result<()> {
    let databases = match database {
        Some(database) => vec![database],
        None => store.databases().await.map_err(explain)?,
    };
    let unfinished = with_suffix(file, ".part");
    let mut writer = Writer::create(&unfinished)?;
    for database in databases {
        let tables = store.tables(&database).await.map_err(explain)?;
        let is_wanted = |name: &String| table.as_ref().is_none_or(|wanted| wanted == name);
        for table in tables.into_iter().filter(is_wanted) {
            save_table(store, &Scope::new(&database, table), &mut writer).await?;
        }
    }
    let records = writer.finish()?;
    std::fs::rename(&unfinished, file)?;
    output::line(&format!("{records} records saved to {}", file.display()))
}

async fn save_table(store: &Remote, scope: &Scope, writer: &mut Writer) -> Result<()> {
    let mut page = Scan {
        limit: Some(PAGE),
        ..Scan::default()
    };
    loop {
        let records = store.scan(scope, &page).await.map_err(explain)?;
        let Some(last) = records.last() else {
            return Ok(());
        };
        page.after.clone_from(&last.key);
        for record in records {
            writer.record(scope, record)?;
        }
    }
}

/// Checks the whole file, then writes its records. What has expired since is left out.
pub async fn restore(store: &Remote, file: &Path) -> Result<()> {
    let expected = check(file)?;
    let mut waiting: (Option<Scope>, Vec<Change>) = (None, Vec::new());
    for line in lines(file)?
        .skip(1)
        .take(usize::try_from(expected).unwrap_or(usize::MAX))
    {
        let line: Line = serde_json::from_str(&line?).map_err(|error| damaged(file, &error.to_string()))?;
        let scope = Scope::new(&line.database, &line.table);
        if waiting.1.len() >= PAGE || waiting.0.as_ref().is_some_and(|other| *other != scope) {
            commit(store, &mut waiting).await?;
        }
        waiting.1.push(Change::Put(
            record(line).ok_or_else(|| damaged(file, "a value is no base64"))?,
        ));
        waiting.0 = Some(scope);
    }
    commit(store, &mut waiting).await?;
    output::line(&format!("{expected} records restored from {}", file.display()))
}

async fn commit(store: &Remote, waiting: &mut (Option<Scope>, Vec<Change>)) -> Result<()> {
    let Some(scope) = waiting.0.take() else {
        return Ok(());
    };
    let changes = std::mem::take(&mut waiting.1);
    store.commit(&scope, changes).await.map_err(explain)
}

/// How many records the file holds, if it is as it was written.
fn check(file: &Path) -> Result<u64> {
    let mut all = lines(file)?;
    let mut digest = Context::new(&SHA256);
    let first = all.next().transpose()?.unwrap_or_default();
    let head: Head =
        serde_json::from_str(&first).map_err(|_| damaged(file, "it does not begin as a snapshot"))?;
    if head.format != FORMAT || head.version != VERSION {
        let what = format!(
            "it is {} version {}, not {FORMAT} version {VERSION}",
            head.format, head.version
        );
        return Err(damaged(file, &what));
    }
    let (mut last, mut records) = (first, 0);
    for line in all {
        let line = line?;
        digest.update(last.as_bytes());
        digest.update(b"\n");
        last = line;
        records += 1;
    }
    let tail: Tail = serde_json::from_str(&last).map_err(|_| damaged(file, "its end is missing"))?;
    if tail.sha256 != hex(digest) || tail.records != records - 1 {
        return Err(damaged(file, "its checksum does not match"));
    }
    Ok(tail.records)
}

fn lines(file: &Path) -> Result<impl Iterator<Item = std::io::Result<String>>> {
    let opened = File::open(file)
        .map_err(|error| Failure::new(1, format!("cannot read the snapshot {}: {error}", file.display())))?;
    Ok(BufReader::new(opened).lines())
}

fn damaged(file: &Path, what: &str) -> Failure {
    Failure::new(1, format!("{} is not restored: {what}", file.display()))
        .with_hint("nothing was written; take another snapshot")
}

fn record(line: Line) -> Option<Record> {
    let at = |at| UNIX_EPOCH.checked_add(Duration::from_nanos(at));
    Some(Record {
        key: line.key,
        value: STANDARD.decode(line.value).ok()?.into(),
        metadata: line.metadata,
        expires_at: line.expires_at.and_then(at),
        version: 0,
    })
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn hex(digest: Context) -> String {
    digest
        .finish()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Writes lines and keeps their checksum.
struct Writer {
    file: BufWriter<File>,
    digest: Context,
    records: u64,
}

impl Writer {
    fn create(file: &Path) -> Result<Self> {
        // It holds what only an administrator may read.
        let mut private = OpenOptions::new();
        private.write(true).create(true).truncate(true).mode(0o600);
        let created = private.open(file).map_err(|error| {
            Failure::new(
                1,
                format!("cannot write the snapshot {}: {error}", file.display()),
            )
        })?;
        let mut writer = Self {
            file: BufWriter::new(created),
            digest: Context::new(&SHA256),
            records: 0,
        };
        writer.line(&Head {
            format: FORMAT.to_owned(),
            version: VERSION,
        })?;
        Ok(writer)
    }

    fn record(&mut self, scope: &Scope, record: Record) -> Result<()> {
        let nanoseconds = |at: SystemTime| {
            let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        };
        self.records += 1;
        self.line(&Line {
            database: scope.database.clone(),
            table: scope.table.clone(),
            key: record.key,
            value: STANDARD.encode(&record.value),
            metadata: record.metadata,
            expires_at: record.expires_at.map(nanoseconds),
        })
    }

    fn line(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string(line).map_err(|error| Failure::new(1, error.to_string()))?;
        text.push('\n');
        self.digest.update(text.as_bytes());
        Ok(self.file.write_all(text.as_bytes())?)
    }

    /// On the disk when it returns.
    fn finish(mut self) -> Result<u64> {
        let tail = Tail {
            records: self.records,
            sha256: hex(self.digest.clone()),
        };
        self.line(&tail)?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        Ok(self.records)
    }
}
