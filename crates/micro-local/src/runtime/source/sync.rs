//! Brings one tree into the state of another, touching only what differs.

use std::fs::{self, File, FileType};
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::SystemTime;

/// Moves what is new or different in `from` over to `to`, and removes from `to` what `from` has not. A `Cargo.lock` that
/// only `to` has stays: cargo wrote it there.
pub fn sync(from: &Path, to: &Path) -> io::Result<()> {
    if kind(to)?.is_some_and(|kind| !kind.is_dir()) {
        remove(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        let wanted = kind(&from.join(entry.file_name()))?;
        let is_lock = wanted.is_none() && entry.file_name() == "Cargo.lock";
        if wanted != Some(entry.file_type()?) && !is_lock {
            remove(&entry.path())?;
        }
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync(&from, &to)?;
        } else if kind.is_symlink() {
            sync_link(&from, &to)?;
        } else if !is_equal(&from, &to)? {
            // Now, not when it was uploaded: a build that began in between has not seen it.
            File::options()
                .append(true)
                .open(&from)?
                .set_modified(SystemTime::now())?;
            fs::rename(&from, &to)?;
        }
    }
    Ok(())
}

/// Copies a tree to a place where nothing is yet. Links are copied as links.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&from, &to)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&from)?, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// Removes whatever is at a path, if anything is; links are not followed.
pub fn remove(path: &Path) -> io::Result<()> {
    match kind(path)? {
        Some(kind) if kind.is_dir() => fs::remove_dir_all(path),
        Some(_) => fs::remove_file(path),
        None => Ok(()),
    }
}

fn kind(path: &Path) -> io::Result<Option<FileType>> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata.file_type())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn sync_link(from: &Path, to: &Path) -> io::Result<()> {
    let target = fs::read_link(from)?;
    if fs::read_link(to).is_ok_and(|existing| existing == target) {
        return Ok(());
    }
    remove(to)?;
    symlink(target, to)
}

fn is_equal(one: &Path, other: &Path) -> io::Result<bool> {
    let Some(_) = kind(other)? else { return Ok(false) };
    let (first, second) = (fs::metadata(one)?, fs::metadata(other)?);
    Ok(first.len() == second.len() && first.mode() == second.mode() && fs::read(one)? == fs::read(other)?)
}
