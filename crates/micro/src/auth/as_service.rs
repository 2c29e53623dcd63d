//! Accounts, tokens and rules as a service asks for them: in its own name, and of its own namespace.

use async_trait::async_trait;
use micro_proto::auth::{
    Accounts, AccountsClient, Auth, AuthClient, ChangeSecretRequest, ChangeSecretResponse, CreateRequest,
    CreateResponse, DeleteAccountRequest, DeleteAccountResponse, DeleteRequest, DeleteResponse,
    GenerateRequest, GenerateResponse, InspectRequest, InspectResponse, KeysRequest, KeysResponse,
    ListAccountsRequest, ListAccountsResponse, ListRequest, ListResponse, Options, RotateKeysRequest,
    RotateKeysResponse, Rules, RulesClient, TokenRequest, TokenResponse,
};
use micro_rpc::{Client, Context, Result, Streaming};

/// The platform's `auth` over RPC.
///
/// A user who signs up has no account yet, and one who is logged in may not make others: so these calls carry the service's token
/// and never the caller's. A request that names no namespace is about the service's.
#[derive(Clone)]
pub struct AsService {
    auth: AuthClient,
    accounts: AccountsClient,
    rules: RulesClient,
    namespace: String,
}

impl AsService {
    /// Over a client that leads to the platform with the service's account.
    pub fn new(client: &Client, namespace: &str) -> AsService {
        AsService {
            auth: AuthClient::new(client),
            accounts: AccountsClient::new(client),
            rules: RulesClient::new(client),
            namespace: namespace.to_owned(),
        }
    }

    fn options(&self, options: Option<Options>) -> Option<Options> {
        options
            .filter(|options| !options.namespace.is_empty())
            .or_else(|| {
                Some(Options {
                    namespace: self.namespace.clone(),
                })
            })
    }
}

/// The platform's own services are found in its namespace.
fn own(ctx: &Context) -> Context {
    ctx.on_own_behalf().with_namespace("micro")
}

#[async_trait]
impl Auth for AsService {
    async fn generate(&self, ctx: &Context, mut request: GenerateRequest) -> Result<GenerateResponse> {
        request.options = self.options(request.options);
        self.auth.generate(&own(ctx), request).await
    }

    async fn inspect(&self, ctx: &Context, mut request: InspectRequest) -> Result<InspectResponse> {
        request.options = self.options(request.options);
        self.auth.inspect(&own(ctx), request).await
    }

    async fn token(&self, ctx: &Context, mut request: TokenRequest) -> Result<TokenResponse> {
        request.options = self.options(request.options);
        self.auth.token(&own(ctx), request).await
    }

    async fn keys(&self, ctx: &Context, request: KeysRequest) -> Result<KeysResponse> {
        self.auth.keys(&own(ctx), request).await
    }

    async fn rotate_keys(&self, ctx: &Context, request: RotateKeysRequest) -> Result<RotateKeysResponse> {
        self.auth.rotate_keys(&own(ctx), request).await
    }
}

#[async_trait]
impl Accounts for AsService {
    async fn list(&self, ctx: &Context, mut request: ListAccountsRequest) -> Result<ListAccountsResponse> {
        request.options = self.options(request.options);
        self.accounts.list(&own(ctx), request).await
    }

    async fn delete(
        &self,
        ctx: &Context,
        mut request: DeleteAccountRequest,
    ) -> Result<DeleteAccountResponse> {
        request.options = self.options(request.options);
        self.accounts.delete(&own(ctx), request).await
    }

    async fn change_secret(
        &self,
        ctx: &Context,
        mut request: ChangeSecretRequest,
    ) -> Result<ChangeSecretResponse> {
        request.options = self.options(request.options);
        self.accounts.change_secret(&own(ctx), request).await
    }
}

#[async_trait]
impl Rules for AsService {
    async fn create(&self, ctx: &Context, mut request: CreateRequest) -> Result<CreateResponse> {
        request.options = self.options(request.options);
        self.rules.create(&own(ctx), request).await
    }

    async fn delete(&self, ctx: &Context, mut request: DeleteRequest) -> Result<DeleteResponse> {
        request.options = self.options(request.options);
        self.rules.delete(&own(ctx), request).await
    }

    async fn list(&self, ctx: &Context, mut request: ListRequest) -> Result<ListResponse> {
        request.options = self.options(request.options);
        self.rules.list(&own(ctx), request).await
    }

    async fn watch(&self, ctx: &Context, mut request: ListRequest) -> Result<Streaming<ListResponse>> {
        request.options = self.options(request.options);
        self.rules.watch(&own(ctx), request).await
    }
}
