//! What files contain, as far as it takes to see that they have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::source::SKIPPED;

/// A file that was written so short a time before it was read may be written again without a sign.
const UNSURE: Duration = Duration::from_millis(100);

/// All files of some folders but those that tools have made, and the folders that they are in.
#[derive(Default)]
pub(super) struct Picture {
    files: BTreeMap<PathBuf, File>,
    folders: Folders,
}

/// Folders, with their inodes: another one may have taken the place of one that was listened in.
pub(super) type Folders = BTreeSet<(PathBuf, u64)>;

#[derive(Clone, Copy)]
struct File {
    modified: SystemTime,
    length: u64,
    inode: u64,
    /// Whether the three would be others if the content were.
    is_sure: bool,
    content: u64,
}

impl Picture {
    /// The files as they are now. Those are not read again that seem to be what they were. Blocks.
    pub(super) fn take(roots: &[PathBuf], before: &Self) -> io::Result<Self> {
        let mut picture = Self::default();
        for root in roots {
            picture.add(root, before)?;
        }
        Ok(picture)
    }

    pub(super) fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The files that are new, gone, or contain something else.
    pub(super) fn changes(&self, before: &Self) -> Vec<PathBuf> {
        let gone = before.files.keys().filter(|path| !self.files.contains_key(*path));
        let is_other = |path: &PathBuf, file: &File| {
            let known = before.files.get(path);
            known.is_none_or(|known| known.content != file.content)
        };
        let other = self.files.iter().filter(|(path, file)| is_other(path, file));
        let changes: BTreeSet<&PathBuf> = other.map(|(path, _)| path).chain(gone).collect();
        changes.into_iter().cloned().collect()
    }

    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.files.len() == other.files.len() && self.changes(other).is_empty()
    }

    fn add(&mut self, folder: &Path, before: &Self) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        let inode = folder.metadata().map_or(0, |metadata| metadata.ino());
        // Roots may lie within each other.
        if !self.folders.insert((folder.to_owned(), inode)) {
            return Ok(());
        }
        for entry in entries.flatten() {
            let (path, kind) = (entry.path(), entry.file_type()?);
            if is_ignored(Path::new(&entry.file_name())) {
                continue;
            }
            if kind.is_dir() {
                self.add(&path, before)?;
            } else if kind.is_file()
                // One that is gone by now is a change that the next look sees.
                && let Ok(metadata) = entry.metadata()
                && let Some(file) = File::look(&path, &metadata, before.files.get(&path))
            {
                self.files.insert(path, file);
            }
        }
        Ok(())
    }
}

impl File {
    fn look(path: &Path, metadata: &Metadata, before: Option<&Self>) -> Option<Self> {
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let (length, inode) = (metadata.len(), metadata.ino());
        let seems_same =
            |known: &&Self| (known.modified, known.length, known.inode) == (modified, length, inode);
        if let Some(known) = before.filter(seems_same).filter(|known| known.is_sure) {
            return Some(*known);
        }
        let now = SystemTime::now();
        let mut hasher = DefaultHasher::new();
        fs::read(path).ok()?.hash(&mut hasher);
        Some(Self {
            modified,
            length,
            inode,
            is_sure: now.duration_since(modified).is_ok_and(|age| age > UNSURE),
            content: hasher.finish(),
        })
    }
}

/// What no program is built of: folders that tools fill, and what editors leave beside a file that is open or being saved.
pub(super) fn is_ignored(name: &Path) -> bool {
    let name = name.to_string_lossy();
    let name = name.as_ref();
    let of_tools = SKIPPED.contains(&name) || matches!(name, "__pycache__" | ".DS_Store" | "4913");
    let is_hidden_with = |endings: &[&str]| {
        let ending = Path::new(name)
            .extension()
            .and_then(|extension| extension.to_str());
        name.starts_with('.') && ending.is_some_and(|ending| endings.contains(&ending))
    };
    of_tools
        || name.ends_with('~')
        || name.ends_with("___jb_tmp___")
        || name.ends_with("___jb_old___")
        || name.starts_with(".#")
        || name.starts_with(".goutputstream-")
        || (name.starts_with('#') && name.ends_with('#'))
        || is_hidden_with(&["swp", "swo", "swx", "swpx", "kate-swp"])
}
