//! Tells when files have changed, by what they contain.
//!
//! That something has happened is heard from the system; what it was is found by looking, so that nothing is lost whatever
//! way an editor saves in, and a save that changes nothing is no change.

mod alarm;
mod picture;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::errors::Result;
use alarm::Alarm;
use picture::Picture;

/// Files that never come to rest are looked at all the same after this long.
const PATIENCE: Duration = Duration::from_secs(3);

/// The files below some folders.
pub(super) struct Files {
    roots: Vec<PathBuf>,
    rest: Duration,
    alarm: Alarm,
    seen: Arc<Picture>,
}

/// Files that are not what they were.
pub(super) struct Changed {
    pub(super) paths: Vec<PathBuf>,
    /// When the first change was noticed.
    pub(super) since: Instant,
}

impl Files {
    /// The files below these folders as they are now. They have changed once nothing more happens to them for `rest`.
    pub(super) async fn below(roots: Vec<PathBuf>, rest: Duration) -> Result<Self> {
        let mut files = Self {
            roots,
            rest,
            alarm: Alarm::new(),
            seen: Arc::default(),
        };
        files.seen = files.look(&Arc::default()).await?;
        Ok(files)
    }

    /// From now on the files below these folders. What is there already is no change.
    pub(super) async fn move_to(&mut self, roots: Vec<PathBuf>) -> Result<()> {
        if roots != self.roots {
            self.roots = roots;
            self.seen = self.look(&self.seen.clone()).await?;
        }
        Ok(())
    }

    /// Waits until files have changed and are at rest again.
    pub(super) async fn changed(&mut self) -> Result<Changed> {
        loop {
            let is_told = self.alarm.rings().await;
            let since = Instant::now();
            let seen = self.seen.clone();
            let mut last = self.look(&seen).await?;
            if !is_told && last.same_as(&seen) {
                continue;
            }
            loop {
                let is_quiet = tokio::time::timeout(self.rest, self.alarm.told()).await.is_err();
                let now = self.look(&last).await?;
                let is_at_rest = is_quiet && now.same_as(&last);
                last = now;
                if is_at_rest || since.elapsed() > PATIENCE {
                    break;
                }
            }
            let paths = last.changes(&seen);
            self.seen = last;
            if !paths.is_empty() {
                return Ok(Changed { paths, since });
            }
        }
    }

    /// Looks until there is no folder that would not be heard of.
    async fn look(&mut self, before: &Arc<Picture>) -> Result<Arc<Picture>> {
        let mut before = before.clone();
        loop {
            let (roots, known) = (self.roots.clone(), before.clone());
            let look = tokio::task::spawn_blocking(move || Picture::take(&roots, &known));
            let now = Arc::new(look.await.map_err(io::Error::other)??);
            if !self.alarm.listen(now.folders()) {
                return Ok(now);
            }
            before = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);
    const REST: Duration = Duration::from_millis(30);

    async fn files(root: &Path) -> Files {
        Files::below(vec![root.to_owned()], REST).await.unwrap()
    }

    async fn changed(files: &mut Files, root: &Path) -> Vec<String> {
        let changed = tokio::time::timeout(SOON, files.changed())
            .await
            .unwrap()
            .unwrap();
        let within = changed.paths.iter().map(|path| path.strip_prefix(root).unwrap());
        within.map(|path| path.display().to_string()).collect()
    }

    /// Whether or not the system tells of changes.
    async fn are_noticed(mut files: Files, root: &Path) {
        fs::write(root.join("a.rs"), "2").unwrap();
        assert_eq!(changed(&mut files, root).await, ["a.rs"]);
        // As editors do it: a new file takes the old one's place.
        fs::write(root.join("a.rs~"), "3").unwrap();
        fs::rename(root.join("a.rs~"), root.join("a.rs")).unwrap();
        assert_eq!(changed(&mut files, root).await, ["a.rs"]);
        // A folder that is filled before anybody listens in it.
        fs::create_dir_all(root.join("new/deep")).unwrap();
        fs::write(root.join("new/deep/b.rs"), "1").unwrap();
        assert_eq!(changed(&mut files, root).await, ["new/deep/b.rs"]);
        fs::write(root.join("new/deep/b.rs"), "2").unwrap();
        assert_eq!(changed(&mut files, root).await, ["new/deep/b.rs"]);
        // None of these is a change, and so what comes after them is told alone.
        fs::write(root.join("a.rs"), "3").unwrap();
        for name in [
            "a.rs~",
            ".a.rs.swp",
            "4913",
            "#a.rs#",
            "target/x",
            ".git/x",
            ".micro/x",
        ] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "x").unwrap();
        }
        fs::remove_dir_all(root.join("new")).unwrap();
        assert_eq!(changed(&mut files, root).await, ["new/deep/b.rs"]);
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rs"), "1").unwrap();
        folder
    }

    #[tokio::test]
    async fn changes_are_heard_of() {
        let folder = folder();
        let files = files(folder.path()).await;
        assert!(files.alarm.is_told());
        are_noticed(files, folder.path()).await;
    }

    #[tokio::test]
    async fn where_the_system_tells_nothing_they_are_looked_for() {
        let folder = folder();
        let mut files = files(folder.path()).await;
        files.alarm.fall_silent();
        are_noticed(files, folder.path()).await;
    }
}
