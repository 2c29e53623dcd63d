//! The gateway over RPC: whom it refuses.

mod block_list;

use std::sync::Arc;

use micro_proto::api::{
    AddToBlockListRequest, AddToBlockListResponse, Api, ReadBlockListRequest, ReadBlockListResponse,
    RemoveFromBlockListRequest, RemoveFromBlockListResponse,
};
use micro_rpc::{Context, Error, Result};

use crate::namespace::{PLATFORM, authorize_admin};

pub use block_list::{BlockList, Following};

/// Under which name who may not is refused. It is the same for all three methods.
const LABEL: &str = "api.API.AddToBlockList";
const ADD: &str = "api.AddToBlockList";
const REMOVE: &str = "api.RemoveFromBlockList";
const READ: &str = "api.ReadBlockList";

/// Serves `api.Api`.
pub struct ApiHandler {
    block_list: Arc<BlockList>,
}

impl ApiHandler {
    /// On a block list.
    pub fn new(block_list: Arc<BlockList>) -> ApiHandler {
        ApiHandler { block_list }
    }
}

#[micro_rpc::async_trait]
impl Api for ApiHandler {
    async fn add_to_block_list(
        &self,
        ctx: &Context,
        request: AddToBlockListRequest,
    ) -> Result<AddToBlockListResponse> {
        authorize_admin(ctx, PLATFORM, LABEL)?;
        check(&request.id, &request.namespace, ADD)?;
        let added = self.block_list.add(&request.namespace, &request.id).await;
        added.map_err(|error| failed(ADD, error))?;
        Ok(AddToBlockListResponse {})
    }

    async fn remove_from_block_list(
        &self,
        ctx: &Context,
        request: RemoveFromBlockListRequest,
    ) -> Result<RemoveFromBlockListResponse> {
        authorize_admin(ctx, PLATFORM, LABEL)?;
        check(&request.id, &request.namespace, REMOVE)?;
        let removed = self.block_list.remove(&request.namespace, &request.id).await;
        removed.map_err(|error| failed(REMOVE, error))?;
        Ok(RemoveFromBlockListResponse {})
    }

    async fn read_block_list(
        &self,
        ctx: &Context,
        _request: ReadBlockListRequest,
    ) -> Result<ReadBlockListResponse> {
        authorize_admin(ctx, PLATFORM, LABEL)?;
        let ids = self.block_list.read().await;
        Ok(ReadBlockListResponse {
            ids: ids.map_err(|error| failed(READ, error))?,
        })
    }
}

fn check(id: &str, namespace: &str, label: &str) -> Result<()> {
    for (what, text) in [("ID", id), ("Namespace", namespace)] {
        if text.is_empty() {
            return Err(Error::bad_request(label, format!("Missing {what} field")));
        }
    }
    Ok(())
}

fn failed(label: &str, error: micro::store::Error) -> Error {
    Error {
        id: label.to_owned(),
        ..Error::from(error)
    }
}

#[cfg(test)]
mod tests {
    use micro::store::Memory;
    use micro_rpc::Account;

    use super::*;

    fn caller(issuer: &str, scope: &str) -> Context {
        Context::background().with_account(Arc::new(Account {
            id: "x".into(),
            kind: "user".into(),
            issuer: issuer.into(),
            scopes: vec![scope.into()],
            ..Account::default()
        }))
    }

    #[tokio::test]
    async fn the_platforms_administrators_keep_the_list() {
        let list = BlockList::open(Arc::new(Memory::default())).await.unwrap();
        let api = ApiHandler::new(list);
        let add = async |ctx: &Context, namespace: &str, id: &str| {
            let (namespace, id) = (namespace.to_owned(), id.to_owned());
            api.add_to_block_list(ctx, AddToBlockListRequest { id, namespace })
                .await
                .map_err(|error| (error.code, error.id, error.detail))
        };
        let refused = |code, id: &str, detail: &str| Err((code, id.to_owned(), detail.to_owned()));
        let admin = caller("micro", "admin");
        let nobody = Context::background();
        assert_eq!(
            add(&nobody, "", "").await,
            refused(401, LABEL, "an account is required")
        );
        assert_eq!(
            add(&caller("acme", "admin"), "acme", "ada").await,
            refused(403, LABEL, "access denied to namespace")
        );
        assert_eq!(
            add(&caller("micro", "dev"), "acme", "ada").await,
            refused(401, LABEL, "Unauthorized")
        );
        assert_eq!(
            add(&admin, "acme", "").await,
            refused(400, ADD, "Missing ID field")
        );
        assert_eq!(
            add(&admin, "", "ada").await,
            refused(400, ADD, "Missing Namespace field")
        );
        for _ in 0..2 {
            add(&admin, "acme", "ada").await.unwrap();
        }
        add(&admin, "acme", "bob").await.unwrap();
        let read = async || {
            api.read_block_list(&admin, ReadBlockListRequest {})
                .await
                .unwrap()
                .ids
        };
        assert_eq!(read().await, ["acme:ada", "acme:bob"]);
        let request = RemoveFromBlockListRequest {
            id: "ada".into(),
            namespace: "acme".into(),
        };
        for _ in 0..2 {
            api.remove_from_block_list(&admin, request.clone()).await.unwrap();
        }
        assert_eq!(read().await, ["acme:bob"]);
        let missing = api
            .remove_from_block_list(&admin, RemoveFromBlockListRequest::default())
            .await;
        assert_eq!(
            missing.unwrap_err(),
            Error::bad_request(REMOVE, "Missing ID field")
        );
        let read = api
            .read_block_list(&nobody, ReadBlockListRequest {})
            .await
            .unwrap_err();
        assert_eq!((read.code, read.id.as_str()), (401, LABEL));
    }
}
