//! The file of a snapshot.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use micro_proto::snapshot::{Item, SaveRequest};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checksum::{Tally, hex};
use crate::errors::{Failure, Result};

const FORMAT: &str = "micro-snapshot";
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    /// Of which namespace alone, and of which table, it is.
    #[serde(default)]
    of: SaveRequest,
}

#[derive(Serialize, Deserialize)]
struct Tail {
    items: u64,
    holds: Value,
    checksum: String,
    sha256: String,
}

/// Writes lines and keeps their checksum. What is dropped unfinished leaves nothing.
pub struct Writer {
    file: BufWriter<File>,
    unfinished: Unfinished,
    target: PathBuf,
    digest: Context,
    items: u64,
}

/// A file that is removed unless it was given its name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Writer {
    pub fn create(target: &Path, of: &SaveRequest) -> Result<Self> {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".part-{}", std::process::id()));
        let path = PathBuf::from(name);
        // It holds what only an administrator may read.
        let mut private = OpenOptions::new();
        private.write(true).create(true).truncate(true).mode(0o600);
        let file = private.open(&path).map_err(|error| {
            let text = format!("cannot write the snapshot {}: {error}", target.display());
            Failure::new(1, text)
        })?;
        let mut writer = Self {
            file: BufWriter::new(file),
            unfinished: Unfinished(path),
            target: target.to_owned(),
            digest: Context::new(&SHA256),
            items: 0,
        };
        writer.line(&Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            of: of.clone(),
        })?;
        Ok(writer)
    }

    pub fn item(&mut self, item: &Item) -> Result<()> {
        self.items += 1;
        self.line(item)
    }

    fn line(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string(line).map_err(|error| Failure::new(1, error.to_string()))?;
        text.push('\n');
        self.digest.update(text.as_bytes());
        self.file.write_all(text.as_bytes()).map_err(|error| {
            let text = format!("cannot write the snapshot {}: {error}", self.target.display());
            Failure::new(1, text)
        })
    }

    /// Gives the file its name, once all of it is on the disk.
    pub fn finish(mut self, tally: &Tally) -> Result<()> {
        let tail = Tail {
            items: self.items,
            holds: tally.counts(),
            checksum: tally.checksum(),
            sha256: hex(self.digest.clone().finish().as_ref()),
        };
        self.line(&tail)?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        Ok(std::fs::rename(&self.unfinished.0, &self.target)?)
    }
}

/// A file that is as it was written.
pub struct Checked {
    path: PathBuf,
    pub of: SaveRequest,
    items: u64,
}

impl Checked {
    /// Reads all of it once; nothing of one that is damaged is used.
    pub fn open(path: &Path) -> Result<Self> {
        let mut all = lines(path)?;
        let damaged = |what: &str| damaged(path, what);
        let mut digest = Context::new(&SHA256);
        let first = all.next().transpose()?.unwrap_or_default();
        let head: Head =
            serde_json::from_str(&first).map_err(|_| damaged("it does not begin as a snapshot"))?;
        if head.format != FORMAT || head.version != VERSION {
            let what = format!(
                "it is {} version {}, not {FORMAT} version {VERSION}",
                head.format, head.version
            );
            return Err(damaged(&what));
        }
        let (mut last, mut items) = (first, 0);
        for line in all {
            let line = line?;
            digest.update(last.as_bytes());
            digest.update(b"\n");
            last = line;
            items += 1;
        }
        let tail: Tail = serde_json::from_str(&last).map_err(|_| damaged("its end is missing"))?;
        if tail.sha256 != hex(digest.finish().as_ref()) || tail.items + 1 != items {
            return Err(damaged("its checksum does not match"));
        }
        Ok(Self {
            path: path.to_owned(),
            of: head.of,
            items: tail.items,
        })
    }

    /// What is in it, from the beginning.
    pub fn items(&self) -> Result<impl Iterator<Item = Result<Item>> + Send + 'static> {
        let path = self.path.clone();
        let count = usize::try_from(self.items).unwrap_or(usize::MAX);
        Ok(lines(&self.path)?.skip(1).take(count).map(move |line| {
            serde_json::from_str(&line?).map_err(|error| damaged(&path, &error.to_string()))
        }))
    }
}

fn lines(file: &Path) -> Result<impl Iterator<Item = std::io::Result<String>> + Send + 'static> {
    let opened = File::open(file)
        .map_err(|error| Failure::new(1, format!("cannot read the snapshot {}: {error}", file.display())))?;
    Ok(BufReader::new(opened).lines())
}

fn damaged(file: &Path, what: &str) -> Failure {
    Failure::new(1, format!("{} is not restored: {what}", file.display()))
        .with_hint("nothing was written; take another snapshot")
}
