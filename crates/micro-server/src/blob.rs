//! The blob service: checks who asks, and asks the driver.

use std::sync::Arc;

use micro::blob::{Blobs, Options};
use micro_proto::store::{
    BlobDeleteRequest, BlobDeleteResponse, BlobListRequest, BlobListResponse, BlobOptions, BlobReadRequest,
    BlobReadResponse, BlobStore, BlobWriteRequest, BlobWriteResponse,
};
use micro_rpc::futures_util::{StreamExt, stream};
use micro_rpc::{Context, Error, Result, Streaming};

use crate::namespace;

/// Answers the contract `BlobStore` from a driver.
pub struct BlobHandler {
    blobs: Arc<dyn Blobs>,
}

impl BlobHandler {
    /// Over a driver.
    pub fn new(blobs: Arc<dyn Blobs>) -> Self {
        Self { blobs }
    }
}

/// The namespace of a request, once the caller may.
fn home(ctx: &Context, named: &str, id: &str) -> Result<String> {
    let namespace = namespace::named(named, ctx.namespace(), id)?;
    namespace::authorize_admin(ctx, namespace, id)?;
    Ok(namespace.to_owned())
}

fn of(options: Option<BlobOptions>) -> BlobOptions {
    options.unwrap_or_default()
}

fn with_id(error: Error, id: &str) -> Error {
    Error {
        id: id.to_owned(),
        ..error
    }
}

#[micro_rpc::async_trait]
impl BlobStore for BlobHandler {
    async fn read(&self, ctx: &Context, request: BlobReadRequest) -> Result<Streaming<BlobReadResponse>> {
        const ID: &str = "store.Blob.Read";
        let namespace = home(ctx, &of(request.options).namespace, ID)?;
        let found = self.blobs.read(&namespace, &request.key).await;
        let (info, mut pieces) = found.map_err(|error| with_id(error, ID))?;
        // The first piece comes with what the blob is, so that an empty one has a message too.
        let first = pieces
            .next()
            .await
            .transpose()
            .map_err(|error| with_id(error, ID))?;
        let head = BlobReadResponse {
            blob: first.unwrap_or_default(),
            info: Some(info),
        };
        let rest = pieces.map(|blob| Ok(BlobReadResponse { blob, info: None }));
        Ok(Streaming::new(stream::iter([Ok(head)]).chain(rest)))
    }

    async fn write(
        &self,
        ctx: &Context,
        mut requests: Streaming<BlobWriteRequest>,
    ) -> Result<BlobWriteResponse> {
        const ID: &str = "store.Blob.Write";
        let first = requests
            .next()
            .await
            .ok_or_else(|| Error::bad_request(ID, "No blob was sent"))??;
        let wanted = of(first.options);
        let namespace = home(ctx, &wanted.namespace, ID)?;
        let options = Options {
            content_type: wanted.content_type,
            public: wanted.public,
        };
        let begun = (!first.blob.is_empty()).then_some(Ok(first.blob));
        let rest = requests.map(|request| Ok(request.blob));
        let data = Streaming::new(stream::iter(begun).chain(rest));
        let written = self.blobs.write(&namespace, &first.key, options, data).await;
        let info = written.map_err(|error| with_id(error, ID))?;
        Ok(BlobWriteResponse { info: Some(info) })
    }

    async fn delete(&self, ctx: &Context, request: BlobDeleteRequest) -> Result<BlobDeleteResponse> {
        const ID: &str = "store.Blob.Delete";
        let namespace = home(ctx, &of(request.options).namespace, ID)?;
        let deleted = self.blobs.delete(&namespace, &request.key).await;
        deleted.map_err(|error| with_id(error, ID))?;
        Ok(BlobDeleteResponse::default())
    }

    async fn list(&self, ctx: &Context, request: BlobListRequest) -> Result<BlobListResponse> {
        const ID: &str = "store.Blob.List";
        let options = request.options.unwrap_or_default();
        let namespace = home(ctx, &options.namespace, ID)?;
        let listed = self.blobs.list(&namespace, &options.prefix).await;
        let infos = listed.map_err(|error| with_id(error, ID))?;
        Ok(BlobListResponse {
            keys: infos.iter().map(|info| info.key.clone()).collect(),
            infos,
        })
    }
}

#[cfg(test)]
mod tests {
    use micro::Handler;
    use micro::blob::{Memory, Remote, conformance};
    use micro_proto::store::{BlobStoreClient, BlobStoreServer};

    use super::*;
    use crate::peer;

    fn handler() -> Arc<dyn Handler> {
        Arc::new(BlobStoreServer::new(BlobHandler::new(
            Arc::new(Memory::default()),
        )))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn over_the_network_the_promise_is_the_same() {
        conformance::run(&Remote::new(&peer::client(handler(), "micro user admin").await)).await;
    }

    #[tokio::test]
    async fn the_words_of_the_contract() {
        let acme = BlobStoreClient::new(&peer::client(handler(), "acme user admin").await);
        let ctx = Context::background().with_namespace("acme");
        let told = |error: Error| (error.code, error.id, error.detail);
        let nothing = acme.write(&ctx, Streaming::empty()).await.map_err(told);
        assert_eq!(
            nothing,
            Err((400, "store.Blob.Write".into(), "No blob was sent".into()))
        );
        let mut missing = acme.read(&ctx, BlobReadRequest::default()).await.unwrap();
        let missing = missing.next().await.unwrap().map_err(told);
        assert_eq!(
            missing,
            Err((400, "store.Blob.Read".into(), "Missing key".into()))
        );
        let elsewhere = BlobListRequest {
            options: Some(micro_proto::store::BlobListOptions {
                namespace: "other".to_owned(),
                ..Default::default()
            }),
        };
        let elsewhere = acme.list(&ctx, elsewhere).await.map_err(told);
        assert_eq!(
            elsewhere,
            Err((403, "store.Blob.List".into(), "access denied to namespace".into()))
        );
    }
}
