//! `auth.Accounts`: the accounts of a namespace.

use std::sync::Arc;

use micro_proto::auth::{
    Accounts, ChangeSecretRequest, ChangeSecretResponse, DeleteAccountRequest, DeleteAccountResponse,
    ListAccountsRequest, ListAccountsResponse,
};
use micro_rpc::{Account, Context, Error, Result};

use super::account::to_proto;
use super::auth_handler::{check_not_default, namespace};
use super::state::{State, directory_error};
use crate::namespace::{ADMIN_SCOPE, PLATFORM, authorize, authorize_admin, named};

const LIST: &str = "auth.Accounts.List";
const DELETE: &str = "auth.Accounts.Delete";
const CHANGE_SECRET: &str = "auth.Accounts.ChangeSecret";

/// Serves `auth.Accounts`.
pub struct AccountsHandler {
    state: Arc<State>,
}

impl AccountsHandler {
    pub(super) fn new(state: Arc<State>) -> AccountsHandler {
        AccountsHandler { state }
    }
}

#[micro_rpc::async_trait]
impl Accounts for AccountsHandler {
    async fn list(&self, ctx: &Context, request: ListAccountsRequest) -> Result<ListAccountsResponse> {
        let ns = named(namespace(&request.options), "", LIST)?;
        authorize_admin(ctx, ns, LIST)?;
        self.state.ensure_default_admin().await?;
        let accounts = self
            .state
            .directory
            .list(ns)
            .await
            .map_err(|error| directory_error(LIST, error))?;
        Ok(ListAccountsResponse {
            accounts: accounts
                .iter()
                .map(|account| to_proto(&account.identity()))
                .collect(),
        })
    }

    async fn delete(&self, ctx: &Context, request: DeleteAccountRequest) -> Result<DeleteAccountResponse> {
        let ns = named(namespace(&request.options), "", DELETE)?;
        authorize_admin(ctx, ns, DELETE)?;
        if request.id.is_empty() {
            return Err(Error::bad_request(DELETE, "Missing ID"));
        }
        if ctx
            .account()
            .is_some_and(|caller| caller.issuer == ns && is_called(caller, &request.id))
        {
            return Err(Error::bad_request(DELETE, "Can't delete your own account"));
        }
        let account = self.state.find_account(ns, &request.id, DELETE).await?;
        let deleted = self.state.directory.delete(ns, &account.id).await;
        deleted.map_err(|error| directory_error(DELETE, error))?;
        self.state.users.forget();
        Ok(DeleteAccountResponse {})
    }

    async fn change_secret(
        &self,
        ctx: &Context,
        request: ChangeSecretRequest,
    ) -> Result<ChangeSecretResponse> {
        let ns = named(namespace(&request.options), "", CHANGE_SECRET)?;
        authorize(ctx, ns, CHANGE_SECRET)?;
        if request.new_secret.is_empty() {
            return Err(Error::bad_request(
                CHANGE_SECRET,
                "New secret should not be blank",
            ));
        }
        let account = self.state.find_account(ns, &request.id, CHANGE_SECRET).await?;
        check_not_default(&self.state, ns, &account.id, &request.new_secret, CHANGE_SECRET)?;
        if !ctx.account().is_some_and(|caller| may_reset_secrets(caller, ns)) {
            self.state
                .check_secret(&account, &request.old_secret, CHANGE_SECRET)
                .await?;
        }
        let hash = self.state.hash_secret(&request.new_secret, CHANGE_SECRET).await?;
        let changed = self.state.directory.set_secret(ns, &account.id, hash).await;
        changed.map_err(|error| directory_error(CHANGE_SECRET, error))?;
        Ok(ChangeSecretResponse {})
    }
}

fn is_called(account: &Account, id_or_name: &str) -> bool {
    account.id == id_or_name || account.name == id_or_name
}

/// Whether the caller need not know a secret to replace it: the platform's administrators, and the namespace's services.
fn may_reset_secrets(caller: &Account, ns: &str) -> bool {
    let is_platform_admin = caller.issuer == PLATFORM && caller.has_scope(ADMIN_SCOPE);
    let is_own_service = caller.issuer == ns && caller.kind == "service";
    is_platform_admin || is_own_service
}
