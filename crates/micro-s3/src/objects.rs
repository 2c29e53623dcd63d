//! The bytes of blobs as objects.

use std::sync::Arc;

use micro::blob::Pieces;
use micro::bytes::{Bytes, BytesMut};
use micro::futures_util::StreamExt;
use micro::store;
use micro::{Backend, Result, Streaming, async_trait};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::task::{JoinHandle, JoinSet};

use crate::config::Config;
use crate::health::Health;

/// A blob of no more is one request. The smallest part that S3 takes; of one size, as some servers want.
const PART: usize = 5 * 1024 * 1024;
/// Parts of one blob under way at a time.
const AT_ONCE: usize = 2;

pub struct Objects {
    client: AmazonS3,
    prefix: Path,
    health: Arc<Health>,
    watch: JoinHandle<()>,
}

impl Objects {
    pub fn open(config: &Config) -> store::Result<Self> {
        let (client, health) = (config.client()?, Health::new());
        let prefix = Path::from(config.prefix.as_str());
        let (asked, seen, nobody) = (client.clone(), health.clone(), prefix.clone().join("none"));
        let watch = tokio::spawn(async move {
            seen.watch(|| async {
                // A bucket that is not there is noticed, other than by a look at an object.
                let mut none = asked.list(Some(&nobody));
                none.next().await.transpose().map(drop)
            })
            .await;
        });
        Ok(Self {
            client,
            prefix,
            health,
            watch,
        })
    }

    pub fn backend(&self) -> Backend {
        self.health.backend.clone()
    }

    fn path(&self, id: &str) -> Path {
        self.prefix.clone().join(id)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

#[async_trait]
impl Pieces for Objects {
    async fn write(&self, id: &str, mut data: Streaming<Bytes>) -> Result<()> {
        let (path, mut waiting) = (self.path(id), BytesMut::new());
        let mut upload: Option<Upload> = None;
        while let Some(piece) = data.next().await {
            waiting.extend_from_slice(&piece?);
            while waiting.len() > PART {
                let begun = match &mut upload {
                    Some(begun) => begun,
                    None => upload.insert(Upload::begin(self, &path).await?),
                };
                begun.put(waiting.split_to(PART).freeze()).await?;
            }
        }
        match upload {
            Some(begun) => begun.finish(waiting.freeze()).await,
            None => {
                let whole = PutPayload::from(waiting.freeze());
                self.health.call(self.client.put(&path, whole)).await.map(drop)
            }
        }
    }

    async fn read(&self, id: &str, _size: u64) -> Result<Streaming<Bytes>> {
        let path = self.path(id);
        let found = self.health.call(self.client.get(&path)).await?;
        let health = self.health.clone();
        let pieces = found
            .into_stream()
            .map(move |piece| piece.map_err(|error| health.failed(&error)));
        Ok(Streaming::new(pieces))
    }

    async fn remove(&self, id: &str) -> Result<()> {
        let path = self.path(id);
        let removed = async {
            match self.client.delete(&path).await {
                Err(object_store::Error::NotFound { .. }) => Ok(()),
                removed => removed,
            }
        };
        self.health.call(removed).await
    }
}

/// An object that is sent in parts. Where it is given up, so are its parts.
struct Upload<'a> {
    health: &'a Health,
    // `None` once it is finished.
    upload: Option<Box<dyn MultipartUpload>>,
    parts: JoinSet<object_store::Result<()>>,
}

impl<'a> Upload<'a> {
    async fn begin(objects: &'a Objects, path: &Path) -> Result<Self> {
        let upload = objects.health.call(objects.client.put_multipart(path)).await?;
        Ok(Self {
            health: &objects.health,
            upload: Some(upload),
            parts: JoinSet::new(),
        })
    }

    async fn put(&mut self, part: Bytes) -> Result<()> {
        while self.parts.len() >= AT_ONCE {
            self.join().await?;
        }
        if let Some(upload) = &mut self.upload {
            self.parts.spawn(upload.put_part(part.into()));
        }
        Ok(())
    }

    async fn join(&mut self) -> Result<()> {
        let Some(part) = self
            .health
            .call(async { Ok(self.parts.join_next().await) })
            .await?
        else {
            return Ok(());
        };
        let part = part.map_err(|error| micro::Error::internal("store", error.to_string()))?;
        part.map_err(|error| self.health.failed(&error))
    }

    async fn finish(mut self, rest: Bytes) -> Result<()> {
        self.put(rest).await?;
        while !self.parts.is_empty() {
            self.join().await?;
        }
        if let Some(upload) = &mut self.upload {
            self.health.call(upload.complete()).await?;
        }
        self.upload = None;
        Ok(())
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        self.parts.abort_all();
        let runtime = tokio::runtime::Handle::try_current();
        if let (Some(mut upload), Ok(runtime)) = (self.upload.take(), runtime) {
            // Nobody waits for it; the bucket's rule takes what it cannot.
            runtime.spawn(async move { upload.abort().await });
        }
    }
}
