//! Unpacks a tar that somebody sent.
//!
//! Files are written into a new, empty tree that holds no links yet, so no path of the tar can lead out of it. Links
//! come last, one by one, and each only if what it really leads to lies within the tree.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use micro::{Error, Result};
use tar::{Archive, Entry, EntryType};

/// More entries than any service has.
const ENTRIES: usize = 20_000;

/// Unpacks the tar at a path into a folder that it makes.
pub fn unpack(tar: &Path, tree: &Path) -> Result<()> {
    std::fs::create_dir(tree).map_err(broken)?;
    let mut archive = Archive::new(BufReader::new(File::open(tar).map_err(broken)?));
    let mut links = Vec::new();
    for (number, entry) in archive.entries().map_err(broken)?.enumerate() {
        if number >= ENTRIES {
            return Err(refused(format!("the source has more than {ENTRIES} files")));
        }
        let mut entry = entry.map_err(broken)?;
        let path = safe_path(&entry.path().map_err(broken)?)?;
        if is_left_out(&path) {
            continue;
        }
        match entry.header().entry_type() {
            EntryType::Directory => std::fs::create_dir_all(tree.join(&path)).map_err(broken)?,
            EntryType::Regular | EntryType::Continuous => write(&mut entry, tree, &path)?,
            EntryType::Symlink => links.push((path, target(&entry)?)),
            EntryType::XGlobalHeader => {}
            other => {
                return Err(refused(format!(
                    "{} is of a kind that a source has no need for: {other:?}",
                    path.display()
                )));
            }
        }
    }
    let root = tree.canonicalize().map_err(broken)?;
    links
        .iter()
        .try_for_each(|(path, target)| link(&root, path, target))
}

/// The framework's link and git's own files are no part of a source.
fn is_left_out(path: &Path) -> bool {
    path.components()
        .any(|part| [".micro", ".git"].iter().any(|name| part.as_os_str() == *name))
}

fn safe_path(path: &Path) -> Result<PathBuf> {
    let mut safe = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => safe.push(part),
            Component::CurDir => {}
            _ => return Err(refused(format!("{} leads out of the source", path.display()))),
        }
    }
    Ok(safe)
}

fn write(entry: &mut Entry<impl std::io::Read>, tree: &Path, path: &Path) -> Result<()> {
    let target = tree.join(path);
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(broken)?;
    }
    let is_program = entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0);
    let mode = if is_program { 0o700 } else { 0o600 };
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&target)
        .map_err(|error| refused(format!("cannot unpack {}: {error}", path.display())))?;
    std::io::copy(entry, &mut file).map_err(broken)?;
    Ok(())
}

fn target(entry: &Entry<impl std::io::Read>) -> Result<PathBuf> {
    let target = entry.link_name().map_err(broken)?;
    target
        .map(|target| target.into_owned())
        .ok_or_else(|| refused("a link leads nowhere"))
}

/// Makes a link, if it stays within the tree. One that leads nowhere is left out: what it led to was not uploaded.
fn link(root: &Path, path: &Path, target: &Path) -> Result<()> {
    let at = root.join(path);
    let parent = at.parent().unwrap_or(root);
    if target.is_absolute() || lexically_leaves(path, target) {
        return Err(refused(format!(
            "the link {} leads out of the source",
            path.display()
        )));
    }
    std::fs::create_dir_all(parent).map_err(broken)?;
    let leads_out = |real: &Path| !real.starts_with(root);
    match (parent.canonicalize(), parent.join(target).canonicalize()) {
        (Ok(parent), Ok(real)) if leads_out(&parent) || leads_out(&real) => Err(refused(format!(
            "the link {} leads out of the source",
            path.display()
        ))),
        (Ok(_), Ok(_)) if at.symlink_metadata().is_err() => symlink(target, &at).map_err(broken),
        _ => Ok(()),
    }
}

/// Whether a link that leads nowhere was at least meant to lead out.
fn lexically_leaves(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}

fn broken(error: std::io::Error) -> Error {
    refused(format!("the uploaded tar cannot be unpacked: {error}"))
}

fn refused(detail: impl Into<String>) -> Error {
    Error::bad_request("runtime.Upload", detail)
}
