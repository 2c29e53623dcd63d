//! What a service printed, in files that do not grow for ever.
//!
//! A line is `<time> <text>`, the time 24 characters of RFC 3339 in UTC. When a file has grown to its limit it becomes
//! `<name>.log.1`, in place of the one before, and a new one begins. Lines are always written whole.
//!
//! A reader that follows keeps its file open: a file that was moved aside is still read to its end. That the path names
//! another file by then is what tells it to go on there.

mod reader;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use micro::Streaming;
use micro::runtime::{LogRecord, LogsQuery};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, watch};
use tracing::warn;

use super::status::rfc3339;

/// A file is moved aside when it has grown to this.
const FILE_BYTES: u64 = 10 * 1024 * 1024;
/// Longer lines are cut into several.
const LINE_BYTES: usize = 16 * 1024;
/// Batches of lines that wait for the disk; then the service waits with its output.
const QUEUE: usize = 64;

/// Writes and reads the log of one service. Cheap to clone; the writing task ends with the last clone.
#[derive(Clone)]
pub struct Log {
    path: PathBuf,
    lines: mpsc::Sender<Vec<String>>,
    /// Batches that were handed to the writing task, and those that it has written.
    handed: Arc<AtomicU64>,
    written: watch::Receiver<u64>,
}

impl Log {
    /// Opens the log at a path, to which will be added.
    pub fn open(path: PathBuf) -> std::io::Result<Self> {
        Self::with_limit(path, FILE_BYTES)
    }

    fn with_limit(path: PathBuf, limit: u64) -> std::io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let (lines, queue) = mpsc::channel(QUEUE);
        let (tip, written) = watch::channel(0);
        let writer = Writer::open(path.clone(), limit)?;
        tokio::spawn(write(writer, queue, tip));
        Ok(Self {
            path,
            lines,
            handed: Arc::default(),
            written,
        })
    }

    /// Adds a remark of the runtime's own.
    pub async fn note(&self, text: &str) {
        self.add(text.lines().map(|line| format!("[micro] {line}")).collect())
            .await;
    }

    /// Adds lines. They are lost only if the disk refuses them, which is logged elsewhere.
    pub async fn add(&self, lines: Vec<String>) {
        if let Ok(room) = self.lines.reserve().await {
            self.handed.fetch_add(1, Ordering::SeqCst);
            room.send(lines);
        }
    }

    /// Adds all that comes out of a pipe, until its end. `seen` is shown each line.
    pub async fn add_from(&self, mut pipe: impl AsyncRead + Unpin, mut seen: impl FnMut(&str)) {
        let mut lines = Lines::default();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = pipe.read(&mut buffer).await.unwrap_or(0);
            let complete = if read == 0 {
                lines.rest()
            } else {
                lines.feed(&buffer[..read])
            };
            complete.iter().for_each(|line| seen(line));
            if !complete.is_empty() {
                self.add(complete).await;
            }
            if read == 0 {
                return;
            }
        }
    }

    /// The lines that were asked for; those are among them that were added before.
    pub fn read(&self, query: LogsQuery) -> Streaming<LogRecord> {
        let handed = self.handed.load(Ordering::SeqCst);
        reader::read(self.path.clone(), query, self.written.clone(), handed)
    }
}

/// The file beside it that holds what came before.
fn aside(path: &Path) -> PathBuf {
    path.with_added_extension("1")
}

/// Removes a log. Whoever reads it goes on with the files that were.
pub fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
    let _ = std::fs::remove_file(aside(path));
}

async fn write(writer: Writer, mut queue: mpsc::Receiver<Vec<String>>, tip: watch::Sender<u64>) {
    let mut writer = Some(writer);
    while let Some(lines) = queue.recv().await {
        let Some(mut current) = writer.take() else { return };
        let step = tokio::task::spawn_blocking(move || {
            let written = current.write(&lines);
            (current, written)
        });
        let Ok((current, written)) = step.await else {
            return;
        };
        if let Err(error) = written {
            warn!(path = %current.path.display(), %error, "cannot write a service's log");
        }
        writer = Some(current);
        tip.send_modify(|batches| *batches += 1);
    }
}

struct Writer {
    path: PathBuf,
    limit: u64,
    file: File,
    size: u64,
}

impl Writer {
    fn open(path: PathBuf, limit: u64) -> std::io::Result<Self> {
        let mut file = open_to_append(&path)?;
        let mut size = file.metadata()?.len();
        if size > 0 && !ends_with_newline(&path)? {
            // A crash in the middle of a line: the next one begins on its own.
            file.write_all(b"\n")?;
            size += 1;
        }
        Ok(Self {
            path,
            limit,
            file,
            size,
        })
    }

    fn write(&mut self, lines: &[String]) -> std::io::Result<()> {
        let time = rfc3339(SystemTime::now());
        for lines in lines.chunks(256) {
            let text: String = lines.iter().map(|line| format!("{time} {line}\n")).collect();
            if self.size > 0 && self.size + text.len() as u64 > self.limit {
                self.rotate()?;
            }
            self.file.write_all(text.as_bytes())?;
            self.size += text.len() as u64;
        }
        Ok(())
    }

    fn rotate(&mut self) -> std::io::Result<()> {
        std::fs::rename(&self.path, aside(&self.path))?;
        self.file = open_to_append(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn open_to_append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

fn ends_with_newline(path: &Path) -> std::io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Cuts bytes into lines.
#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut complete = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial.len() >= LINE_BYTES {
                complete.extend(self.rest());
            }
        }
        complete
    }

    /// What has come since the last line's end.
    fn rest(&mut self) -> Vec<String> {
        let bytes = std::mem::take(&mut self.partial);
        if bytes.is_empty() {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&bytes);
        vec![text.trim_end_matches(['\n', '\r']).to_owned()]
    }
}

#[cfg(test)]
mod tests;
