//! A blob as it comes in, piece by piece.

use micro::blob::{Checksum, Info, Options};
use micro_proto::snapshot::Blob;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Error, Result, Sender, Streaming};
use tokio::task::JoinHandle;

use super::{RESTORE, Shared};
use crate::namespace;

/// Pieces that wait to be written.
const WAITING: usize = 8;

pub(super) struct Incoming {
    pieces: Sender<Bytes>,
    writing: JoinHandle<Result<Info>>,
}

impl Incoming {
    pub fn begin(shared: &Shared, blob: Blob) -> Result<Self> {
        let named = (!blob.namespace.is_empty()).then_some(blob.namespace);
        let (Some(namespace), Some(info)) = (named, blob.info) else {
            return Err(Error::bad_request(
                RESTORE,
                "a blob has neither namespace nor name",
            ));
        };
        namespace::named(&namespace, "", RESTORE)?;
        let (pieces, data) = Streaming::channel(WAITING);
        let blobs = shared.blobs.clone();
        let writing = tokio::spawn(async move {
            let options = Options {
                content_type: info.content_type.clone(),
                public: info.public,
            };
            let key = info.key.clone();
            blobs.write(&namespace, &key, options, whole(data, info)).await
        });
        Ok(Self { pieces, writing })
    }

    pub async fn take(&self, piece: Bytes) -> Result<()> {
        // Where nobody takes it any more, the end says why.
        let _ = self.pieces.send(piece).await;
        Ok(())
    }

    /// Once it is kept.
    pub async fn end(self) -> Result<()> {
        drop(self.pieces);
        let written = self.writing.await;
        let broken = |_| Error::internal(RESTORE, "writing a blob broke off; the server's log says how");
        written.map_err(broken)?.map(drop)
    }
}

/// The same stream, which fails at its end unless it was the blob that was announced: one that fails changes nothing, whoever broke off.
fn whole(mut data: Streaming<Bytes>, info: Info) -> Streaming<Bytes> {
    let (sender, checked) = Streaming::channel(1);
    tokio::spawn(async move {
        let (mut checksum, mut size) = (Checksum::default(), 0);
        while let Some(Ok(piece)) = data.next().await {
            checksum.update(&piece);
            size += piece.len() as u64;
            if sender.send(piece).await.is_err() {
                return;
            }
        }
        if size != info.size || checksum.finish() != info.sha256 {
            let detail = format!("the blob {} did not come as it was announced", info.key);
            sender.fail(Error::bad_request(RESTORE, detail)).await;
        }
    });
    checked
}
