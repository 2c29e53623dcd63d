//! A disk that loses what was not synced.
//!
//! A server is run under `strace`, which notes every change that it makes to files, and when. From these notes the folder
//! is put together again as a power cut at some moment could have left it:
//!
//! - What was written to a file before an `fsync` of it began, and that `fsync` had ended, is there. Of what was written later
//!   anything may be there: each write may be lost, and be torn at a sector, in whatever order they were made.
//! - Names (created, renamed, removed) are kept in the order in which they were changed, as journalling file systems
//!   do, at least up to the last `fsync` of anything.

pub mod strace;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::random::Random;
use strace::Call;

const SECTOR: usize = 512;

/// What happened to files.
#[derive(Default)]
pub struct Recording {
    /// Each through all its names.
    files: Vec<File>,
    names: Vec<(Span, Renaming)>,
    /// Of anything.
    syncs: Vec<Span>,
}

/// Unix nanoseconds.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    end: u64,
}

/// A change of names.
enum Renaming {
    Create(PathBuf, Entry),
    Move(PathBuf, PathBuf),
    Remove(PathBuf),
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Entry {
    Folder,
    File(usize),
}

type Names = BTreeMap<PathBuf, Entry>;

#[derive(Default)]
struct File {
    changes: Vec<(Span, Change)>,
    syncs: Vec<Span>,
}

/// A change of a file's content.
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Truncate { length: u64 },
}

impl Recording {
    /// Reads the notes that `strace` left in a folder; it must have ended.
    ///
    /// # Panics
    /// When there are none, or one cannot be understood.
    pub fn read(notes: &Path) -> Self {
        let mut reader = Reader::default();
        for call in strace::read(notes) {
            reader.take(&call);
        }
        assert!(
            !reader.recording.syncs.is_empty(),
            "nothing was synced: {}",
            notes.display()
        );
        reader.recording
    }

    /// When the last sync ended.
    pub fn end(&self) -> u64 {
        self.syncs.iter().map(|sync| sync.end).max().unwrap_or(0)
    }

    /// Puts together under `to` what of the folder `from` a power cut at `moment` (Unix nanoseconds) could have left.
    ///
    /// # Panics
    /// When files cannot be written.
    pub fn after_power_cut(&self, from: &Path, to: &Path, moment: u64, random: &mut Random) {
        for (path, entry) in self.names_at(moment, random) {
            let Ok(below) = path.strip_prefix(from) else {
                continue;
            };
            let target = to.join(below);
            match entry {
                Entry::Folder => std::fs::create_dir_all(&target).unwrap(),
                Entry::File(file) => {
                    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                    std::fs::write(&target, self.files[file].content_at(moment, random)).unwrap();
                }
            }
        }
    }

    fn names_at(&self, moment: u64, random: &mut Random) -> Names {
        let safe_before = safe_before(&self.syncs, moment);
        let began: Vec<_> = self
            .names
            .iter()
            .filter(|(span, _)| span.start < moment)
            .collect();
        let safe = began.partition_point(|(span, _)| span.end < safe_before);
        let kept = safe + random.below(began.len() - safe + 1);
        let mut names = Names::new();
        for (_, renaming) in &began[..kept] {
            renaming.apply(&mut names);
        }
        names
    }
}

/// What ended before this was on the disk at `moment`.
fn safe_before(syncs: &[Span], moment: u64) -> u64 {
    let ended = syncs.iter().filter(|sync| sync.end <= moment);
    ended.map(|sync| sync.start).max().unwrap_or(0)
}

impl Renaming {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Create(path, entry) => drop(names.insert(path.clone(), *entry)),
            Self::Remove(path) => drop(names.remove(path)),
            Self::Move(from, to) => {
                let moved: Vec<PathBuf> = names
                    .keys()
                    .filter(|path| path.starts_with(from))
                    .cloned()
                    .collect();
                for path in moved {
                    let rest = path.strip_prefix(from).expect("it starts so").to_owned();
                    let entry = names.remove(&path).expect("it was listed");
                    let target = if rest.as_os_str().is_empty() {
                        to.clone()
                    } else {
                        to.join(rest)
                    };
                    names.insert(target, entry);
                }
            }
        }
    }
}

impl File {
    fn content_at(&self, moment: u64, random: &mut Random) -> Vec<u8> {
        let safe_before = safe_before(&self.syncs, moment);
        let mut content = Vec::new();
        for (span, change) in self.changes.iter().filter(|(span, _)| span.start < moment) {
            let is_safe = span.end < safe_before;
            if !is_safe && random.below(2) == 0 {
                continue;
            }
            match change {
                Change::Truncate { length } => content.resize(size(*length), 0),
                Change::Write { offset, bytes } => {
                    let offset = size(*offset);
                    let is_whole = is_safe || random.below(3) > 0;
                    let length = if is_whole {
                        bytes.len()
                    } else {
                        torn(offset, bytes.len(), random)
                    };
                    if content.len() < offset + length {
                        content.resize(offset + length, 0);
                    }
                    content[offset..offset + length].copy_from_slice(&bytes[..length]);
                }
            }
        }
        content
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).expect("files of tests are small")
}

/// Makes of calls what they do to files.
#[derive(Default)]
struct Reader {
    recording: Recording,
    /// As the program sees them.
    names: Names,
    open: HashMap<String, Open>,
}

/// What a descriptor stands for.
enum Open {
    Folder(PathBuf),
    File {
        file: usize,
        position: u64,
        appends: bool,
    },
}

impl Reader {
    fn take(&mut self, call: &Call) {
        let span = Span {
            start: call.start,
            end: call.end,
        };
        let argument = |index: usize| call.arguments[index].as_str();
        let number = |index: usize| {
            argument(index)
                .parse::<u64>()
                .expect("strace writes numbers in full")
        };
        match call.name.as_str() {
            "openat" => self.open(span, call),
            "close" => drop(self.open.remove(argument(0))),
            "read" => self.advance(argument(0), call.result),
            "lseek" => self.seek(argument(0), call.result),
            "write" | "writev" => self.write(span, argument(0), None, written(call)),
            "pwrite64" | "pwritev" => {
                let offset = number(call.arguments.len() - 1);
                self.write(span, argument(0), Some(offset), written(call));
            }
            "ftruncate" => self.change(span, argument(0), Change::Truncate { length: number(1) }),
            "fsync" | "fdatasync" => self.sync(span, argument(0)),
            "rename" => self.rename(
                span,
                Renaming::Move(strace::path(argument(0)), strace::path(argument(1))),
            ),
            "renameat" | "renameat2" => {
                let (from, to) = (
                    self.at(argument(0), argument(1)),
                    self.at(argument(2), argument(3)),
                );
                self.rename(span, Renaming::Move(from, to));
            }
            "link" => self.link(span, &strace::path(argument(0)), strace::path(argument(1))),
            "linkat" => {
                let from = self.at(argument(0), argument(1));
                self.link(span, &from, self.at(argument(2), argument(3)));
            }
            "unlink" | "rmdir" => self.rename(span, Renaming::Remove(strace::path(argument(0)))),
            "unlinkat" => {
                let path = self.at(argument(0), argument(1));
                self.rename(span, Renaming::Remove(path));
            }
            "mkdir" => self.rename(span, Renaming::Create(strace::path(argument(0)), Entry::Folder)),
            "mkdirat" => {
                let path = self.at(argument(0), argument(1));
                self.rename(span, Renaming::Create(path, Entry::Folder));
            }
            other => panic!("{other} is traced and not understood"),
        }
    }

    fn at(&self, folder: &str, name: &str) -> PathBuf {
        let path = strace::path(name);
        match self.open.get(folder) {
            Some(Open::Folder(folder)) => folder.join(path),
            _ => path,
        }
    }

    fn open(&mut self, span: Span, call: &Call) {
        let path = self.at(&call.arguments[0], &call.arguments[1]);
        let flags = &call.arguments[2];
        let has = |flag: &str| flags.split('|').any(|other| other == flag);
        let opened =
            if has("O_DIRECTORY") || path.is_dir() || matches!(self.names.get(&path), Some(Entry::Folder)) {
                Open::Folder(path)
            } else {
                let file = match self.names.get(&path) {
                    Some(Entry::File(file)) => *file,
                    _ if has("O_CREAT") => self.create(span, path),
                    // It was there before, like a library: nothing that a test looks at.
                    _ => return drop(self.open.remove(&call.result.to_string())),
                };
                if has("O_TRUNC") {
                    self.recording.files[file]
                        .changes
                        .push((span, Change::Truncate { length: 0 }));
                }
                Open::File {
                    file,
                    position: 0,
                    appends: has("O_APPEND"),
                }
            };
        self.open.insert(call.result.to_string(), opened);
    }

    fn create(&mut self, span: Span, path: PathBuf) -> usize {
        self.recording.files.push(File::default());
        let file = self.recording.files.len() - 1;
        self.rename(span, Renaming::Create(path, Entry::File(file)));
        file
    }

    /// A second name of the same file.
    fn link(&mut self, span: Span, from: &Path, to: PathBuf) {
        if let Some(entry) = self.names.get(from).copied() {
            self.rename(span, Renaming::Create(to, entry));
        }
    }

    fn rename(&mut self, span: Span, renaming: Renaming) {
        renaming.apply(&mut self.names);
        self.recording.names.push((span, renaming));
    }

    fn advance(&mut self, descriptor: &str, by: u64) {
        if let Some(Open::File { position, .. }) = self.open.get_mut(descriptor) {
            *position += by;
        }
    }

    fn seek(&mut self, descriptor: &str, to: u64) {
        if let Some(Open::File { position, .. }) = self.open.get_mut(descriptor) {
            *position = to;
        }
    }

    fn write(&mut self, span: Span, descriptor: &str, at: Option<u64>, bytes: Vec<u8>) {
        let Some(Open::File {
            file,
            position,
            appends,
        }) = self.open.get_mut(descriptor)
        else {
            return;
        };
        let file = *file;
        let offset = match at {
            Some(offset) => offset,
            None => {
                let from = if *appends {
                    self.recording.files[file].length()
                } else {
                    *position
                };
                *position = from + bytes.len() as u64;
                from
            }
        };
        self.recording.files[file]
            .changes
            .push((span, Change::Write { offset, bytes }));
    }

    fn change(&mut self, span: Span, descriptor: &str, change: Change) {
        if let Some(Open::File { file, .. }) = self.open.get(descriptor) {
            self.recording.files[*file].changes.push((span, change));
        }
    }

    fn sync(&mut self, span: Span, descriptor: &str) {
        if let Some(open) = self.open.get(descriptor) {
            self.recording.syncs.push(span);
            if let Open::File { file, .. } = open {
                self.recording.files[*file].syncs.push(span);
            }
        }
    }
}

impl File {
    fn length(&self) -> u64 {
        self.changes.iter().fold(0, |length, (_, change)| match change {
            Change::Truncate { length } => *length,
            Change::Write { offset, bytes } => length.max(offset + bytes.len() as u64),
        })
    }
}

/// The bytes that a call took.
fn written(call: &Call) -> Vec<u8> {
    let mut bytes: Vec<u8> = call.arguments[1..]
        .iter()
        .flat_map(|argument| strace::bytes(argument))
        .collect();
    bytes.truncate(size(call.result));
    bytes
}

/// How much of a write is there when it ends with a sector.
fn torn(offset: usize, length: usize, random: &mut Random) -> usize {
    let sectors = (offset + length).div_ceil(SECTOR) - offset / SECTOR;
    let kept = (offset / SECTOR + random.below(sectors)) * SECTOR;
    kept.saturating_sub(offset).min(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(start: u64, name: &str, arguments: &[&str], result: u64) -> Call {
        Call {
            start,
            end: start + 1,
            name: name.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            result,
        }
    }

    fn text(text: &str) -> String {
        let hex: String = text.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
        format!("\"{hex}\"")
    }

    /// What is left in the folder after a power cut at a moment, in many worlds.
    fn worlds(calls: &[Call], moment: u64) -> Vec<BTreeMap<String, String>> {
        let mut reader = Reader::default();
        calls.iter().for_each(|call| reader.take(call));
        let world = |seed: u64| {
            let left = tempfile::tempdir().unwrap();
            let mut random = Random::new(seed);
            reader
                .recording
                .after_power_cut(Path::new("/data"), left.path(), moment, &mut random);
            let entries = std::fs::read_dir(left.path())
                .unwrap()
                .map(|entry| entry.unwrap());
            let named = |entry: std::fs::DirEntry| {
                let content = std::fs::read_to_string(entry.path()).unwrap();
                (entry.file_name().into_string().unwrap(), content)
            };
            entries.map(named).collect()
        };
        (1..100).map(world).collect()
    }

    #[test]
    fn what_was_synced_is_there_and_all_else_may_be() {
        let calls = [
            call(
                10,
                "openat",
                &["AT_FDCWD", &text("/data/new"), "O_WRONLY|O_CREAT", "0600"],
                5,
            ),
            call(20, "write", &["5", &text("safe"), "4"], 4),
            call(30, "fsync", &["5"], 0),
            call(40, "rename", &[&text("/data/new"), &text("/data/file")], 0),
            call(50, "write", &["5", &text("?"), "1"], 1),
            call(52, "link", &[&text("/data/file"), &text("/data/second")], 0),
        ];
        for world in worlds(&calls, 35) {
            assert_eq!(world.get("new").map(String::as_str), Some("safe"), "{world:?}");
        }
        let later = worlds(&calls, 60);
        for (name, content) in [
            ("new", "safe"),
            ("file", "safe"),
            ("file", "safe?"),
            ("second", "safe"),
        ] {
            assert!(
                later
                    .iter()
                    .any(|world| world.get(name).is_some_and(|is| is == content)),
                "{name} {content}"
            );
        }
        assert!(worlds(&calls, 25).iter().any(BTreeMap::is_empty));
    }
}
