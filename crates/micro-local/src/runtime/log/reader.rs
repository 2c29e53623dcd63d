//! Reads logs: so many lines from the end, then what comes.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro::runtime::{LogRecord, LogsQuery};
use micro::{Error, Sender, Streaming};
use tokio::sync::watch;

use super::super::status::parse_rfc3339;
use super::aside;

/// Lines on their way to the reader.
const QUEUE: usize = 256;
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads what has been written by the time that `handed` batches are.
pub fn read(
    path: PathBuf,
    query: LogsQuery,
    mut written: watch::Receiver<u64>,
    handed: u64,
) -> Streaming<LogRecord> {
    let (sender, stream) = Streaming::channel(QUEUE);
    tokio::spawn(async move {
        // A disk that is too slow for that is no reason to show nothing.
        let _ = tokio::time::timeout(PATIENCE, written.wait_for(|written| *written >= handed)).await;
        let reader = Reader {
            path,
            query,
            position: None,
        };
        if let Err(error) = reader.run(&sender, written).await {
            sender
                .fail(Error::internal(
                    "runtime.Logs",
                    format!("cannot read the log: {error}"),
                ))
                .await;
        }
    });
    stream
}

struct Reader {
    path: PathBuf,
    query: LogsQuery,
    /// Where it follows; `None` until the file is there.
    position: Option<Position>,
}

/// Up to where a file has been read. It always lies behind a whole line.
struct Position {
    file: File,
    offset: u64,
}

impl Reader {
    async fn run(
        mut self,
        sender: &Sender<LogRecord>,
        mut written: watch::Receiver<u64>,
    ) -> std::io::Result<()> {
        written.mark_unchanged();
        let mut records;
        (self, records) = blocking(move || self.tail()).await?;
        loop {
            for record in records {
                if sender.send(record).await.is_err() {
                    return Ok(());
                }
            }
            if !self.query.follow {
                return Ok(());
            }
            tokio::select! {
                changed = written.changed() => if changed.is_err() { return Ok(()) },
                () = sender.closed() => return Ok(()),
            }
            (self, records) = blocking(move || self.news()).await?;
        }
    }

    /// The last lines of both files.
    fn tail(mut self) -> std::io::Result<(Self, Vec<LogRecord>)> {
        let mut last = Last {
            lines: VecDeque::new(),
            count: self.query.count,
        };
        // Opened before the older one: if it is moved aside in between, it is found twice, and that can be seen.
        let current = open(&self.path)?;
        let older = open(&aside(&self.path))?;
        let is_moved = |older: &File| current.as_ref().is_some_and(|current| is_same(current, older));
        if let Some(older) = older.filter(|older| !is_moved(older)) {
            read_lines(&older, 0, |line| last.push(wanted(&self.query, line)))?;
        }
        if let Some(file) = current {
            let offset = read_lines(&file, 0, |line| last.push(wanted(&self.query, line)))?;
            self.position = Some(Position { file, offset });
        }
        Ok((self, last.lines.into()))
    }

    /// What has been written since.
    fn news(mut self) -> std::io::Result<(Self, Vec<LogRecord>)> {
        let mut records = Vec::new();
        // Whether there is a new file is asked before the rest of the old one is read: then that is all of it.
        let mut next = open(&self.path)?;
        if let Some(Position { file, offset }) = &mut self.position {
            next = next.filter(|next| !is_same(next, file));
            *offset = read_lines(file, *offset, |line| records.extend(wanted(&self.query, line)))?;
        }
        if let Some(file) = next {
            let offset = read_lines(&file, 0, |line| records.extend(wanted(&self.query, line)))?;
            self.position = Some(Position { file, offset });
        }
        Ok((self, records))
    }
}

/// The record of a line, unless it is too old.
fn wanted(query: &LogsQuery, line: &[u8]) -> Option<LogRecord> {
    let line = String::from_utf8_lossy(line);
    let time = line.get(..24).and_then(parse_rfc3339);
    let message = if time.is_some() {
        line.get(25..).unwrap_or("")
    } else {
        &line
    };
    let (seconds, thousandths) = time.unwrap_or((0, 0));
    let is_recent = query
        .since
        .is_none_or(|since| i128::from(seconds) * 1000 + i128::from(thousandths) >= milliseconds(since));
    is_recent.then(|| LogRecord {
        timestamp: seconds,
        message: message.to_owned(),
        ..LogRecord::default()
    })
}

fn milliseconds(at: SystemTime) -> i128 {
    at.duration_since(UNIX_EPOCH)
        .map_or(0, |since| i128::try_from(since.as_millis()).unwrap_or(i128::MAX))
}

/// The last `count` of what is pushed; everything when it is 0.
struct Last {
    lines: VecDeque<LogRecord>,
    count: usize,
}

impl Last {
    fn push(&mut self, record: Option<LogRecord>) {
        self.lines.extend(record);
        if self.count > 0 && self.lines.len() > self.count {
            self.lines.pop_front();
        }
    }
}

/// Shows each whole line from an offset on; answers the offset behind the last of them.
fn read_lines(mut file: &File, mut offset: u64, mut show: impl FnMut(&[u8])) -> std::io::Result<u64> {
    file.seek(SeekFrom::Start(offset))?;
    let mut input = BufReader::with_capacity(64 * 1024, file);
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        offset += line.len() as u64;
        show(&line[..line.len() - 1]);
        line.clear();
    }
    Ok(offset)
}

fn open(path: &Path) -> std::io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_same(one: &File, other: &File) -> bool {
    let id = |file: &File| {
        file.metadata()
            .map(|metadata| (metadata.dev(), metadata.ino()))
            .ok()
    };
    id(one).is_some() && id(one) == id(other)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(std::io::Error::other)?
}
