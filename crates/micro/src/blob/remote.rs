//! Blobs as services and the command line reach them: over RPC.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, future, stream};
use micro_proto::store::{
    BlobDeleteRequest, BlobListOptions, BlobListRequest, BlobOptions, BlobReadRequest, BlobStore as _,
    BlobStoreClient, BlobWriteRequest,
};
use micro_rpc::{Client, Context, Error, Result, Streaming};

use super::{Blobs, Info, Options, PIECE, check_key};

/// Asks the platform's store service.
#[derive(Clone)]
pub struct Remote {
    client: BlobStoreClient,
}

impl Remote {
    /// Over a client that leads to the platform with an account.
    pub fn new(client: &Client) -> Self {
        Self {
            client: BlobStoreClient::new(client),
        }
    }
}

fn context() -> Context {
    Context::background().with_namespace("micro")
}

fn options(namespace: &str, options: Options) -> Option<BlobOptions> {
    Some(BlobOptions {
        namespace: namespace.to_owned(),
        public: options.public,
        content_type: options.content_type,
    })
}

fn unsaid() -> Error {
    Error::internal("go.micro.client", "the store did not say what the blob is")
}

#[async_trait]
impl Blobs for Remote {
    async fn write(
        &self,
        namespace: &str,
        key: &str,
        wanted: Options,
        data: Streaming<Bytes>,
    ) -> Result<Info> {
        check_key(key)?;
        let head = BlobWriteRequest {
            key: key.to_owned(),
            options: options(namespace, wanted),
            ..BlobWriteRequest::default()
        };
        let pieces = data.flat_map(|piece| match piece {
            Ok(piece) => stream::iter(split(&piece)).map(Ok).left_stream(),
            Err(error) => stream::once(future::ready(Err(error))).right_stream(),
        });
        let requests = pieces.map(|piece| {
            Ok(BlobWriteRequest {
                blob: piece?,
                ..BlobWriteRequest::default()
            })
        });
        let all = stream::iter([Ok(head)]).chain(requests);
        let answer = self.client.write(&context(), Streaming::new(all)).await?;
        answer.info.ok_or_else(unsaid)
    }

    async fn read(&self, namespace: &str, key: &str) -> Result<(Info, Streaming<Bytes>)> {
        check_key(key)?;
        let request = BlobReadRequest {
            key: key.to_owned(),
            options: options(namespace, Options::default()),
        };
        let mut answers = self.client.read(&context(), request).await?;
        let first = answers.next().await.ok_or_else(unsaid)??;
        let info = first.info.ok_or_else(unsaid)?;
        let begun = (!first.blob.is_empty()).then_some(Ok(first.blob));
        let rest = answers.map(|answer| Ok(answer.blob));
        Ok((info, Streaming::new(stream::iter(begun).chain(rest))))
    }

    async fn list(&self, namespace: &str, prefix: &str) -> Result<Vec<Info>> {
        let request = BlobListRequest {
            options: Some(BlobListOptions {
                namespace: namespace.to_owned(),
                prefix: prefix.to_owned(),
            }),
        };
        Ok(self.client.list(&context(), request).await?.infos)
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<()> {
        check_key(key)?;
        let request = BlobDeleteRequest {
            key: key.to_owned(),
            options: options(namespace, Options::default()),
        };
        self.client.delete(&context(), request).await.map(drop)
    }
}

/// Into messages that no limit refuses.
fn split(piece: &Bytes) -> Vec<Bytes> {
    piece.chunks(PIECE).map(|part| piece.slice_ref(part)).collect()
}
