//! Hears from the system that something has happened in folders.
//!
//! Folders are listened in one by one, so that none is among them that tools fill. Where the system refuses, because it has
//! no more room for listeners, and where it tells nothing, as on disks that are elsewhere, looking now and then has to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::picture::{Folders, is_ignored};

/// How often to look where nothing is told.
const SILENT: Duration = Duration::from_millis(200);
/// How often to look all the same where changes are told.
const TOLD: Duration = Duration::from_secs(2);

pub(super) struct Alarm {
    watcher: Option<RecommendedWatcher>,
    folders: Folders,
    bell: Arc<Notify>,
}

impl Alarm {
    pub(super) fn new() -> Self {
        let bell = Arc::new(Notify::new());
        let rung = bell.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| !matters(&event)) {
                return;
            }
            rung.notify_one();
        });
        Self {
            watcher: watcher.ok(),
            folders: Folders::new(),
            bell,
        }
    }

    /// Listens in these folders, and in no others. `true` when some are new: what happened in them before was not told.
    pub(super) fn listen(&mut self, folders: &Folders) -> bool {
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        if folders == &self.folders {
            return false;
        }
        let new: Vec<&(PathBuf, u64)> = folders.difference(&self.folders).collect();
        let mut change = || {
            let mut paths = watcher.paths_mut();
            for (gone, _) in self.folders.difference(folders) {
                // It went by itself, mostly.
                let _ = paths.remove(gone);
            }
            for (folder, _) in &new {
                match paths.add(folder, RecursiveMode::NonRecursive) {
                    // One that has gone again is no longer there the next time.
                    Err(error) if !is_absent(&error) => return Err(error),
                    _ => {}
                }
            }
            paths.commit()
        };
        let (listened, is_new) = (change(), !new.is_empty());
        self.folders = folders.clone();
        if let Err(error) = listened {
            eprintln!("the system does not tell of changes ({error}): looking for them instead");
            self.watcher = None;
        }
        is_new
    }

    /// Waits until it is time to look; `true` when something was told.
    pub(super) async fn rings(&self) -> bool {
        let pace = if self.watcher.is_some() { TOLD } else { SILENT };
        tokio::time::timeout(pace, self.told()).await.is_ok()
    }

    /// Waits until something is told.
    pub(super) async fn told(&self) {
        self.bell.notified().await;
    }

    #[cfg(test)]
    pub(super) fn is_told(&self) -> bool {
        self.watcher.is_some()
    }

    #[cfg(test)]
    pub(super) fn fall_silent(&mut self) {
        self.watcher = None;
    }
}

fn is_absent(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// That a file was opened or read is nothing new, and most of what tools and editors leave is not meant to stay.
fn matters(event: &Event) -> bool {
    let is_change = match event.kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let is_kept = |path: &PathBuf| path.file_name().is_none_or(|name| !is_ignored(Path::new(name)));
    is_change && (event.paths.is_empty() || event.paths.iter().any(is_kept))
}
