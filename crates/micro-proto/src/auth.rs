// @generated from auth.proto by micro; edit that file instead of this one.

//! Accounts, tokens and rules: who may call what.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
#[cfg(feature = "fakes-auth")]
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListAccountsRequest {
    #[prost(message, optional, tag = "1")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListAccountsResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub accounts: Vec<Account>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteAccountRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteAccountResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Token {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>", alias = "accessToken")]
    pub access_token: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>", alias = "refreshToken")]
    pub refresh_token: String,
    /// Unix seconds.
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub created: i64,
    /// Unix seconds.
    #[prost(int64, tag = "4")]
    #[serde(with = "json::As::<json::Int64>")]
    pub expiry: i64,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Account {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// user, service, or a word of the owner's choice.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    #[prost(btree_map = "string, string", tag = "4")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
    #[prost(string, repeated, tag = "5")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub scopes: Vec<String>,
    /// The namespace that the account belongs to.
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>")]
    pub issuer: String,
    #[prost(string, tag = "7")]
    #[serde(with = "json::As::<json::Text>")]
    pub secret: String,
    #[prost(string, tag = "8")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Resource {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub endpoint: String,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GenerateRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(btree_map = "string, string", tag = "3")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub metadata: std::collections::BTreeMap<String, String>,
    #[prost(string, repeated, tag = "4")]
    #[serde(with = "json::As::<json::List<json::Text>>")]
    pub scopes: Vec<String>,
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>")]
    pub secret: String,
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    #[prost(string, tag = "7")]
    #[serde(with = "json::As::<json::Text>")]
    pub provider: String,
    #[prost(message, optional, tag = "8")]
    pub options: Option<Options>,
    #[prost(string, tag = "9")]
    #[serde(with = "json::As::<json::Text>")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GenerateResponse {
    #[prost(message, optional, tag = "1")]
    pub account: Option<Account>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GrantRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub scope: String,
    #[prost(message, optional, tag = "2")]
    pub resource: Option<Resource>,
    #[prost(message, optional, tag = "3")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct GrantResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RevokeRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub scope: String,
    #[prost(message, optional, tag = "2")]
    pub resource: Option<Resource>,
    #[prost(message, optional, tag = "3")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RevokeResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct InspectRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub token: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct InspectResponse {
    #[prost(message, optional, tag = "1")]
    pub account: Option<Account>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct TokenRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub secret: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "refreshToken")]
    pub refresh_token: String,
    /// Seconds that the access token is good for; 0 asks for 15 minutes.
    #[prost(int64, tag = "4")]
    #[serde(with = "json::As::<json::Int64>", alias = "tokenExpiry")]
    pub token_expiry: i64,
    #[prost(message, optional, tag = "5")]
    pub options: Option<Options>,
    /// The signature algorithm of the access token: RS256, which is also what empty means, or EdDSA.
    #[prost(string, tag = "100")]
    #[serde(
        with = "json::As::<json::Text>",
        skip_serializing_if = "micro_rpc::json::leaves_out_extensions"
    )]
    pub algorithm: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct TokenResponse {
    #[prost(message, optional, tag = "1")]
    pub token: Option<Token>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct KeysRequest {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct KeysResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub keys: Vec<Key>,
}

/// Key is a public key that tokens are verified with.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Key {
    /// The key id that a token names in its header.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// The signature algorithm as RFC 7518 and RFC 8037 name it.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub algorithm: String,
    /// The public key: of EdDSA its 32 bytes, of RS256 an RSAPublicKey of PKCS #1 in DER.
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(with = "json::As::<json::Bytes>")]
    pub key: micro_rpc::bytes::Bytes,
    /// Unix seconds from which on it signs.
    #[prost(int64, tag = "4")]
    #[serde(with = "json::As::<json::Int64>", alias = "signsFrom")]
    pub signs_from: i64,
    /// Unix seconds from which on it signs no more, another one taking its place; 0 when none is to.
    #[prost(int64, tag = "5")]
    #[serde(with = "json::As::<json::Int64>", alias = "replacedAt")]
    pub replaced_at: i64,
    /// Unix seconds until which the tokens that it signed may last; 0 while it may sign more.
    #[prost(int64, tag = "6")]
    #[serde(with = "json::As::<json::Int64>", alias = "validUntil")]
    pub valid_until: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RotateKeysRequest {
    /// Seconds for which the new keys are published before they sign; 0 asks for two minutes.
    #[prost(int64, tag = "1")]
    #[serde(with = "json::As::<json::Int64>")]
    pub delay: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct RotateKeysResponse {
    /// All keys, the new ones among them.
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub keys: Vec<Key>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Rule {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// Empty: everybody; `*`: any account of the namespace; `+`: any account.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub scope: String,
    #[prost(message, optional, tag = "3")]
    pub resource: Option<Resource>,
    #[prost(enumeration = "Access", tag = "4")]
    #[serde(with = "json::As::<json::Enum<Access>>")]
    pub access: i32,
    #[prost(int32, tag = "5")]
    #[serde(with = "json::As::<json::Int32>")]
    pub priority: i32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Options {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CreateRequest {
    #[prost(message, optional, tag = "1")]
    pub rule: Option<Rule>,
    #[prost(message, optional, tag = "2")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CreateResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(message, optional, tag = "2")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListRequest {
    #[prost(message, optional, tag = "2")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub rules: Vec<Rule>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ChangeSecretRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>", alias = "oldSecret")]
    pub old_secret: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "newSecret")]
    pub new_secret: String,
    #[prost(message, optional, tag = "4")]
    pub options: Option<Options>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ChangeSecretResponse {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[prost(prost_path = "micro_rpc::prost")]
#[repr(i32)]
pub enum Access {
    Unknown = 0,
    Granted = 1,
    Denied = 2,
}

impl json::Enumeration for Access {
    fn name(&self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Granted => "GRANTED",
            Self::Denied => "DENIED",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "UNKNOWN" => Some(Self::Unknown),
            "GRANTED" => Some(Self::Granted),
            "DENIED" => Some(Self::Denied),
            _ => None,
        }
    }
}

/// What reflection and the registry say of `Auth`.
pub static AUTH_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "auth",
    name: "Auth",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Generate",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Inspect",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Token",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Keys",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "RotateKeys",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

/// Auth issues tokens and says whom a token belongs to.
#[micro_rpc::async_trait]
pub trait Auth: Send + Sync + 'static {
    /// Generate creates an account and returns it, with its secret in clear for the only time.
    async fn generate(
        &self,
        ctx: &micro_rpc::Context,
        request: GenerateRequest,
    ) -> micro_rpc::Result<GenerateResponse>;

    /// Inspect tells which account a token belongs to.
    async fn inspect(
        &self,
        ctx: &micro_rpc::Context,
        request: InspectRequest,
    ) -> micro_rpc::Result<InspectResponse>;

    /// Token exchanges an id and secret, or a refresh token, for an access token.
    async fn token(
        &self,
        ctx: &micro_rpc::Context,
        request: TokenRequest,
    ) -> micro_rpc::Result<TokenResponse>;

    /// Keys returns the public keys that access tokens are signed with.
    async fn keys(&self, ctx: &micro_rpc::Context, request: KeysRequest) -> micro_rpc::Result<KeysResponse>;

    /// RotateKeys makes new keys, publishes them, and signs with them after a while. The old ones are good until the last token that they signed has ended.
    async fn rotate_keys(
        &self,
        ctx: &micro_rpc::Context,
        request: RotateKeysRequest,
    ) -> micro_rpc::Result<RotateKeysResponse>;
}

/// [`Auth`] over the network.
#[derive(Clone)]
pub struct AuthClient(micro_rpc::ServiceClient);

impl AuthClient {
    /// Calls the service `auth`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "auth")
    }

    /// Calls the service `name`, which speaks the contract of `auth`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Auth for AuthClient {
    async fn generate(
        &self,
        ctx: &micro_rpc::Context,
        request: GenerateRequest,
    ) -> micro_rpc::Result<GenerateResponse> {
        self.0.unary(ctx, "Auth.Generate", &request).await
    }

    async fn inspect(
        &self,
        ctx: &micro_rpc::Context,
        request: InspectRequest,
    ) -> micro_rpc::Result<InspectResponse> {
        self.0.unary(ctx, "Auth.Inspect", &request).await
    }

    async fn token(
        &self,
        ctx: &micro_rpc::Context,
        request: TokenRequest,
    ) -> micro_rpc::Result<TokenResponse> {
        self.0.unary(ctx, "Auth.Token", &request).await
    }

    async fn keys(&self, ctx: &micro_rpc::Context, request: KeysRequest) -> micro_rpc::Result<KeysResponse> {
        self.0.unary(ctx, "Auth.Keys", &request).await
    }

    async fn rotate_keys(
        &self,
        ctx: &micro_rpc::Context,
        request: RotateKeysRequest,
    ) -> micro_rpc::Result<RotateKeysResponse> {
        self.0.unary(ctx, "Auth.RotateKeys", &request).await
    }
}

/// Mounts a [`Auth`] on a server.
#[derive(Clone)]
pub struct AuthServer(std::sync::Arc<dyn Auth>);

impl AuthServer {
    pub fn new(service: impl Auth) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Auth>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for AuthServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &AUTH_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Generate" => {
                let request = call.request().await?;
                let response = service.generate(ctx, request).await?;
                call.reply(&response)
            }
            "Inspect" => {
                let request = call.request().await?;
                let response = service.inspect(ctx, request).await?;
                call.reply(&response)
            }
            "Token" => {
                let request = call.request().await?;
                let response = service.token(ctx, request).await?;
                call.reply(&response)
            }
            "Keys" => {
                let request = call.request().await?;
                let response = service.keys(ctx, request).await?;
                call.reply(&response)
            }
            "RotateKeys" => {
                let request = call.request().await?;
                let response = service.rotate_keys(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented("auth.Auth", "unknown method")),
        }
    }
}

/// What reflection and the registry say of `Accounts`.
pub static ACCOUNTS_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "auth",
    name: "Accounts",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "List",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Delete",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "ChangeSecret",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

/// Accounts manages the accounts of a namespace.
#[micro_rpc::async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// List returns the accounts of a namespace, without their secrets.
    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: ListAccountsRequest,
    ) -> micro_rpc::Result<ListAccountsResponse>;

    /// Delete removes an account and its refresh token.
    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteAccountRequest,
    ) -> micro_rpc::Result<DeleteAccountResponse>;

    /// ChangeSecret replaces the secret of an account.
    async fn change_secret(
        &self,
        ctx: &micro_rpc::Context,
        request: ChangeSecretRequest,
    ) -> micro_rpc::Result<ChangeSecretResponse>;
}

/// [`Accounts`] over the network.
#[derive(Clone)]
pub struct AccountsClient(micro_rpc::ServiceClient);

impl AccountsClient {
    /// Calls the service `auth`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "auth")
    }

    /// Calls the service `name`, which speaks the contract of `auth`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Accounts for AccountsClient {
    async fn list(
        &self,
        ctx: &micro_rpc::Context,
        request: ListAccountsRequest,
    ) -> micro_rpc::Result<ListAccountsResponse> {
        self.0.unary(ctx, "Accounts.List", &request).await
    }

    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteAccountRequest,
    ) -> micro_rpc::Result<DeleteAccountResponse> {
        self.0.unary(ctx, "Accounts.Delete", &request).await
    }

    async fn change_secret(
        &self,
        ctx: &micro_rpc::Context,
        request: ChangeSecretRequest,
    ) -> micro_rpc::Result<ChangeSecretResponse> {
        self.0.unary(ctx, "Accounts.ChangeSecret", &request).await
    }
}

/// Mounts a [`Accounts`] on a server.
#[derive(Clone)]
pub struct AccountsServer(std::sync::Arc<dyn Accounts>);

impl AccountsServer {
    pub fn new(service: impl Accounts) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Accounts>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for AccountsServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &ACCOUNTS_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "List" => {
                let request = call.request().await?;
                let response = service.list(ctx, request).await?;
                call.reply(&response)
            }
            "Delete" => {
                let request = call.request().await?;
                let response = service.delete(ctx, request).await?;
                call.reply(&response)
            }
            "ChangeSecret" => {
                let request = call.request().await?;
                let response = service.change_secret(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented(
                "auth.Accounts",
                "unknown method",
            )),
        }
    }
}

/// What reflection and the registry say of `Rules`.
pub static RULES_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "auth",
    name: "Rules",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Create",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Delete",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "List",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Watch",
            client_streaming: false,
            server_streaming: true,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

/// Rules manages the access rules of a namespace.
#[micro_rpc::async_trait]
pub trait Rules: Send + Sync + 'static {
    /// Create adds a rule.
    async fn create(
        &self,
        ctx: &micro_rpc::Context,
        request: CreateRequest,
    ) -> micro_rpc::Result<CreateResponse>;

    /// Delete removes a rule.
    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse>;

    /// List returns the rules of a namespace.
    async fn list(&self, ctx: &micro_rpc::Context, request: ListRequest) -> micro_rpc::Result<ListResponse>;

    /// Watch sends all rules of a namespace at once, and again after each change.
    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: ListRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<ListResponse>>;
}

/// [`Rules`] over the network.
#[derive(Clone)]
pub struct RulesClient(micro_rpc::ServiceClient);

impl RulesClient {
    /// Calls the service `auth`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "auth")
    }

    /// Calls the service `name`, which speaks the contract of `auth`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl Rules for RulesClient {
    async fn create(
        &self,
        ctx: &micro_rpc::Context,
        request: CreateRequest,
    ) -> micro_rpc::Result<CreateResponse> {
        self.0.unary(ctx, "Rules.Create", &request).await
    }

    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse> {
        self.0.unary(ctx, "Rules.Delete", &request).await
    }

    async fn list(&self, ctx: &micro_rpc::Context, request: ListRequest) -> micro_rpc::Result<ListResponse> {
        self.0.unary(ctx, "Rules.List", &request).await
    }

    async fn watch(
        &self,
        ctx: &micro_rpc::Context,
        request: ListRequest,
    ) -> micro_rpc::Result<micro_rpc::Streaming<ListResponse>> {
        self.0.server_stream(ctx, "Rules.Watch", &request).await
    }
}

/// Mounts a [`Rules`] on a server.
#[derive(Clone)]
pub struct RulesServer(std::sync::Arc<dyn Rules>);

impl RulesServer {
    pub fn new(service: impl Rules) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn Rules>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for RulesServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &RULES_SERVICE
    }

    async fn call(
        &self,
        ctx: &micro_rpc::Context,
        method: &'static micro_rpc::MethodDescriptor,
        mut call: micro_rpc::Call,
    ) -> micro_rpc::Result<micro_rpc::Reply> {
        let service = &*self.0;
        match method.name {
            "Create" => {
                let request = call.request().await?;
                let response = service.create(ctx, request).await?;
                call.reply(&response)
            }
            "Delete" => {
                let request = call.request().await?;
                let response = service.delete(ctx, request).await?;
                call.reply(&response)
            }
            "List" => {
                let request = call.request().await?;
                let response = service.list(ctx, request).await?;
                call.reply(&response)
            }
            "Watch" => {
                let request = call.request().await?;
                let responses = service.watch(ctx, request).await?;
                call.reply_stream(responses)
            }
            _ => Err(micro_rpc::Error::not_implemented("auth.Rules", "unknown method")),
        }
    }
}
