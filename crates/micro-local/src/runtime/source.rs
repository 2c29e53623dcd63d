//! Sources: uploaded, or fetched from a git repository.
//!
//! An upload is unpacked into a folder of its own and, when it is complete, becomes the `incoming` source of its service
//! in one rename. The next build takes it over into the `source` folder: only files that changed are written, so that
//! the compiler's notion of what is new stays right. A broken upload therefore changes nothing, and neither does one in
//! the middle of a build.

mod git;
mod manifest;
mod sync;
mod unpack;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use micro::blob::{self, Blobs};
use micro::runtime::{Key, UPLOADED};
use micro::{Error, Result, Streaming};
use tokio::io::AsyncWriteExt;
use tracing::warn;

pub use git::Wanted;
pub use manifest::package_folder;
pub use sync::{copy, remove};

/// The largest tar that is taken.
const TAR_BYTES: u64 = 64 * 1024 * 1024;

/// The folders that sources pass through, and the blobs that they are kept as: `source://<name>:<version>`.
#[derive(Clone)]
pub struct Sources {
    build: PathBuf,
    framework: PathBuf,
    blobs: Arc<dyn Blobs>,
    /// Whether other servers take uploads too, so that what is in the folders may be old.
    is_shared: bool,
}

impl Sources {
    /// Sources under `build`, which will be built with the framework whose sources lie in `framework`.
    pub fn new(build: PathBuf, framework: PathBuf, blobs: Arc<dyn Blobs>) -> Self {
        Self {
            build,
            framework,
            blobs,
            is_shared: false,
        }
    }

    /// The same where other servers take uploads too.
    pub fn shared(self) -> Self {
        Self {
            is_shared: true,
            ..self
        }
    }

    /// Makes the folders, and removes uploads that a crash left behind.
    pub fn prepare(&self) -> std::io::Result<()> {
        sync::remove(&self.build.join("upload"))?;
        std::fs::create_dir_all(self.build.join("upload"))
    }

    /// Where a service is built.
    pub fn folder(&self, key: &Key) -> PathBuf {
        place(&self.build.join("source"), key)
    }

    fn incoming(&self, key: &Key) -> PathBuf {
        place(&self.build.join("incoming"), key)
    }

    /// Whether there is anything to build. Who kept a source as a blob without uploading it, or lost the folders since,
    /// finds it brought into place.
    pub async fn find(&self, key: &Key) -> Result<bool> {
        if self.exists(key) && self.is_newest(key).await? {
            return Ok(true);
        }
        let (info, pieces) = match self.blobs.read(&key.namespace, &blob_key(key)).await {
            Ok(found) => found,
            Err(error) if error.code == 404 => return Ok(self.exists(key)),
            Err(error) => return Err(error),
        };
        let (staging, tar) = self.receive(pieces).await?;
        self.accept(key, staging, tar).await?;
        self.mark(key, &info).map_err(unwritable)?;
        Ok(true)
    }

    /// Whether the folders hold what was uploaded last, wherever that was.
    async fn is_newest(&self, key: &Key) -> Result<bool> {
        if !self.is_shared {
            return Ok(true);
        }
        let name = blob_key(key);
        let kept = self.blobs.list(&key.namespace, &name).await?;
        let newest = kept.into_iter().find(|info| info.key == name);
        let here = std::fs::read_to_string(self.mark_of(key)).unwrap_or_default();
        Ok(newest.is_none_or(|newest| newest.sha256 == here))
    }

    /// Notes which upload the folders hold.
    fn mark(&self, key: &Key, info: &blob::Info) -> std::io::Result<()> {
        let mark = self.mark_of(key);
        if let Some(folder) = mark.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(mark, &info.sha256)
    }

    fn mark_of(&self, key: &Key) -> PathBuf {
        place(&self.build.join("marks"), key)
    }

    /// Whether it is in its folders.
    pub fn exists(&self, key: &Key) -> bool {
        self.folder(key).is_dir() || self.incoming(key).is_dir()
    }

    /// Takes an upload; the source of before stays if anything about it is wrong.
    pub async fn upload(&self, key: &Key, tar: Streaming<Bytes>) -> Result<()> {
        let (staging, tar) = self.receive(tar).await?;
        let _staging = self.accept(key, staging, tar.clone()).await?;
        let options = blob::Options {
            content_type: "application/x-tar".to_owned(),
            public: false,
        };
        let pieces = super::built::read(tar).await?;
        let name = blob_key(key);
        let kept = self.blobs.write(&key.namespace, &name, options, pieces).await?;
        self.mark(key, &kept).map_err(unwritable)
    }

    async fn receive(&self, tar: Streaming<Bytes>) -> Result<(Staging, PathBuf)> {
        let staging = self.staging();
        std::fs::create_dir_all(&staging.0).map_err(unwritable)?;
        let file = staging.0.join("tar");
        receive(tar, &file).await?;
        Ok((staging, file))
    }

    /// Fetches a source and takes it like an upload; answers the commit.
    pub async fn fetch(&self, key: &Key, wanted: &Wanted<'_>) -> Result<String, String> {
        let staging = self.staging();
        std::fs::create_dir_all(&staging.0).map_err(|error| format!("cannot keep the source: {error}"))?;
        let fetched = git::fetch(wanted, &staging.0).await?;
        let size = std::fs::metadata(&fetched.tar).map_or(0, |metadata| metadata.len());
        if size > TAR_BYTES {
            return Err(format!(
                "{} is larger than {} MiB",
                wanted.address.repository,
                TAR_BYTES >> 20
            ));
        }
        let taken = self.accept(key, staging, fetched.tar).await;
        taken.map(|_| fetched.commit).map_err(|error| error.detail)
    }

    /// Unpacks a tar that lies in a staging folder, and makes it what the next build takes over.
    async fn accept(&self, key: &Key, staging: Staging, tar: PathBuf) -> Result<Staging> {
        let (sources, incoming) = (self.clone(), self.incoming(key));
        let task = tokio::task::spawn_blocking(move || {
            let tree = staging.0.join("tree");
            unpack::unpack(&tar, &tree)?;
            manifest::point_at_framework(&tree, &sources.framework)?;
            replace(&tree, &incoming, &staging.0.join("old")).map_err(unwritable)?;
            Ok(staging)
        });
        task.await
            .map_err(|error| Error::internal("runtime.Upload", error.to_string()))?
    }

    /// Brings what was uploaded last into the folder where it is built. Blocks; called by one build at a time.
    pub fn take_over(&self, key: &Key) -> std::io::Result<()> {
        let taken = self.staging();
        match std::fs::rename(self.incoming(key), &taken.0) {
            Ok(()) => sync::sync(&taken.0, &self.folder(key)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gives a service without a lock file the framework's, so that no version is resolved anew.
    pub fn lock(&self, package: &Path, source: &Path) -> std::io::Result<()> {
        let lock = manifest::workspace_root(package, source).join("Cargo.lock");
        let ours = self.framework.join("Cargo.lock");
        if !lock.exists() && ours.exists() {
            std::fs::copy(ours, lock)?;
        }
        Ok(())
    }

    /// Takes what was uploaded for a service away; it is gone when the answer is dropped. Processes that work in its folder
    /// keep it until then.
    pub async fn set_aside(&self, key: &Key) -> Staging {
        if let Err(error) = self.blobs.delete(&key.namespace, &blob_key(key)).await {
            warn!(service = %key, %error, "cannot remove a source");
        }
        self.set_folders_aside(key)
    }

    /// The same of what this server has of it: another has taken the rest away.
    pub fn set_folders_aside(&self, key: &Key) -> Staging {
        let aside = self.staging();
        if std::fs::create_dir_all(&aside.0).is_ok() {
            let _ = std::fs::remove_file(self.mark_of(key));
            let _ = std::fs::rename(self.incoming(key), aside.0.join("incoming"));
            let _ = std::fs::rename(self.folder(key), aside.0.join("source"));
        }
        aside
    }

    fn staging(&self) -> Staging {
        Staging(self.build.join("upload").join(uuid::Uuid::new_v4().to_string()))
    }
}

/// What to start for the first word of a command: a path is meant within the folder, a name is found by the system.
pub fn program_in(folder: &Path, name: &str) -> PathBuf {
    if name.contains('/') {
        folder.join(name)
    } else {
        PathBuf::from(name)
    }
}

fn blob_key(key: &Key) -> String {
    format!("{UPLOADED}{}:{}", key.name, key.version)
}

fn place(root: &Path, key: &Key) -> PathBuf {
    root.join(&key.namespace).join(&key.name).join(&key.version)
}

/// Puts a finished tree in the place of another; readers find one or the other.
fn replace(tree: &Path, at: &Path, old: &Path) -> std::io::Result<()> {
    if let Some(parent) = at.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::rename(at, old) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::rename(tree, at)
}

/// A folder that nobody else knows; gone when it is dropped.
pub struct Staging(PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = sync::remove(&self.0);
    }
}

async fn receive(mut tar: Streaming<Bytes>, path: &Path) -> Result<()> {
    let mut file = tokio::fs::File::create(path).await.map_err(unwritable)?;
    let mut size = 0;
    while let Some(chunk) = tar.next().await {
        let chunk = chunk?;
        size += chunk.len() as u64;
        if size > TAR_BYTES {
            let detail = format!(
                "the source is larger than {} MiB: leave out what is not needed to build it",
                TAR_BYTES >> 20
            );
            return Err(Error::payload_too_large("runtime.Upload", detail));
        }
        file.write_all(&chunk).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)
}

fn unwritable(error: std::io::Error) -> Error {
    Error::internal("runtime.Upload", format!("cannot keep the source: {error}"))
}

#[cfg(test)]
mod tests;
