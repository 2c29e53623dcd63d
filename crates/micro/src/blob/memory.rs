//! Blobs that are forgotten: for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use micro_rpc::{Result, Streaming};

use super::{Blobs, Checksum, Info, Options, PIECE, check_key, not_found};

type Kept = BTreeMap<(String, String), (Info, Bytes)>;

/// Blobs in memory; they end with it.
#[derive(Default)]
pub struct Memory(Mutex<Kept>);

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Blobs for Memory {
    async fn write(
        &self,
        namespace: &str,
        key: &str,
        options: Options,
        mut data: Streaming<Bytes>,
    ) -> Result<Info> {
        check_key(key)?;
        let (mut whole, mut checksum) = (BytesMut::new(), Checksum::default());
        while let Some(piece) = data.next().await {
            let piece = piece?;
            checksum.update(&piece);
            whole.extend_from_slice(&piece);
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let info = Info {
            key: key.to_owned(),
            size: whole.len() as u64,
            sha256: checksum.finish(),
            content_type: options.content_type,
            public: options.public,
            modified: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        };
        let name = (namespace.to_owned(), key.to_owned());
        self.kept().insert(name, (info.clone(), whole.freeze()));
        Ok(info)
    }

    async fn read(&self, namespace: &str, key: &str) -> Result<(Info, Streaming<Bytes>)> {
        check_key(key)?;
        let name = (namespace.to_owned(), key.to_owned());
        let (info, whole) = self.kept().get(&name).cloned().ok_or_else(not_found)?;
        let pieces: Vec<Bytes> = whole.chunks(PIECE).map(|piece| whole.slice_ref(piece)).collect();
        Ok((info, Streaming::from_iter(pieces)))
    }

    async fn list(&self, namespace: &str, prefix: &str) -> Result<Vec<Info>> {
        let kept = self.kept();
        let found = kept
            .iter()
            .filter(|((of, key), _)| of == namespace && key.starts_with(prefix));
        Ok(found.map(|(_, (info, _))| info.clone()).collect())
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<()> {
        check_key(key)?;
        self.kept().remove(&(namespace.to_owned(), key.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        super::super::conformance::run(&Memory::default()).await;
    }
}
