// @generated from user.proto by micro; edit that file instead of this one.

//! The users of an application: accounts, passwords, sessions, and the links and codes that are sent to their addresses. Everything
//! belongs to the caller's tenant; others cannot see it. What happens to accounts is published on the topic `user`.

#![allow(clippy::all)] // names and shapes are the contract's

mod descriptor;
pub mod fakes;

pub use descriptor::FILE_DESCRIPTOR_SET;

use micro_rpc::{json, prost, serde};

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Account {
    /// eg. 8b98acbe-0b6a-4d66-a414-5ffbf666786f
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// eg. ada
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub username: String,
    /// eg. ada@example.org
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub email: String,
    /// Unix seconds.
    #[prost(int64, tag = "4")]
    #[serde(with = "json::As::<json::Int64>")]
    pub created: i64,
    /// Unix seconds.
    #[prost(int64, tag = "5")]
    #[serde(with = "json::As::<json::Int64>")]
    pub updated: i64,
    /// Whether the address has been proven.
    #[prost(bool, tag = "6")]
    #[serde(with = "json::As::<json::Bool>")]
    pub verified: bool,
    /// When it was, in Unix seconds; 0 for never.
    #[prost(int64, tag = "7")]
    #[serde(with = "json::As::<json::Int64>", alias = "verificationDate")]
    pub verification_date: i64,
    /// Whatever the application notes.
    #[prost(btree_map = "string, string", tag = "8")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub profile: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Session {
    /// The secret that stands for the session; eg. nRaBvbxsvFE2WLRMg3DxTLzQZNQhoL3zHQgQ0x2l5iM
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// Whose it is.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>", rename = "userId")]
    pub user_id: String,
    /// Unix seconds.
    #[prost(int64, tag = "4")]
    #[serde(with = "json::As::<json::Int64>")]
    pub created: i64,
    /// Unix seconds.
    #[prost(int64, tag = "5")]
    #[serde(with = "json::As::<json::Int64>")]
    pub expires: i64,
}

/// Event is what is published on the topic user.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct Event {
    /// user.created, user.updated, user.verified or user.deleted.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub r#type: String,
    /// As it is then; of a deleted one as it was.
    #[prost(message, optional, tag = "2")]
    pub account: Option<Account>,
    /// Unix seconds.
    #[prost(int64, tag = "3")]
    #[serde(with = "json::As::<json::Int64>")]
    pub timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CreateRequest {
    /// Made where it is empty.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    /// eg. ada
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub username: String,
    /// eg. ada@example.org
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub email: String,
    /// At least 8 characters; eg. correct horse
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>")]
    pub password: String,
    /// eg. {"city": "London"}
    #[prost(btree_map = "string, string", tag = "5")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub profile: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct CreateResponse {
    #[prost(message, optional, tag = "1")]
    pub account: Option<Account>,
}

/// One of the three is enough; where several are given they have to fit.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub username: String,
    /// eg. ada@example.org
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub email: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadResponse {
    #[prost(message, optional, tag = "1")]
    pub account: Option<Account>,
}

#[derive(Clone, Debug, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[prost(skip_debug)]
#[serde(crate = "micro_rpc::serde", default)]
pub struct UpdateRequest {
    /// Whose account.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub username: String,
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub email: String,
    /// In the place of the one before; none given leaves that.
    #[prost(btree_map = "string, string", tag = "4")]
    #[serde(with = "json::As::<json::Map<json::Text, json::Text>>")]
    pub profile: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct UpdateResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub id: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct DeleteResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct UpdatePasswordRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>", rename = "userId")]
    pub user_id: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>", alias = "oldPassword")]
    pub old_password: String,
    /// At least 8 characters.
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "newPassword")]
    pub new_password: String,
    /// The same once more.
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>", alias = "confirmPassword")]
    pub confirm_password: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct UpdatePasswordResponse {}

/// With the username or with the address.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LoginRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub username: String,
    /// eg. ada@example.org
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub email: String,
    /// eg. correct horse
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub password: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LoginResponse {
    #[prost(message, optional, tag = "1")]
    pub session: Option<Session>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LogoutRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>", alias = "sessionId")]
    pub session_id: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LogoutResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LogoutAllRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>", alias = "userId")]
    pub user_id: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct LogoutAllResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadSessionRequest {
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>", alias = "sessionId")]
    pub session_id: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ReadSessionResponse {
    #[prost(message, optional, tag = "1")]
    pub session: Option<Session>,
    #[prost(message, optional, tag = "2")]
    pub account: Option<Account>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct VerifyEmailRequest {
    /// From the mail.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub token: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct VerifyEmailResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SendVerificationEmailRequest {
    /// Of an account; eg. ada@example.org
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub email: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub subject: String,
    /// $micro_verification_link in it becomes the link; without that the link follows the text.
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "textContent")]
    pub text_content: String,
    /// Where the link leads to once the address is proven; eg. https://example.org/welcome
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>", alias = "redirectUrl")]
    pub redirect_url: String,
    /// Where it leads to if it cannot be.
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>", alias = "failureRedirectUrl")]
    pub failure_redirect_url: String,
    /// Of the sender; eg. Example Shop
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>", alias = "fromName")]
    pub from_name: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SendVerificationEmailResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SendPasswordResetEmailRequest {
    /// eg. ada@example.org
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub email: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub subject: String,
    /// $code in it becomes the code; without that the code follows the text.
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "textContent")]
    pub text_content: String,
    /// Of the sender; eg. Example Shop
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>", alias = "fromName")]
    pub from_name: String,
    /// Seconds that the code is good for; 1800 when 0, at most a day.
    #[prost(int64, tag = "5")]
    #[serde(with = "json::As::<json::Int64>")]
    pub expiration: i64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SendPasswordResetEmailResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ResetPasswordRequest {
    /// eg. ada@example.org
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub email: String,
    /// From the mail.
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub code: String,
    /// At least 8 characters.
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "newPassword")]
    pub new_password: String,
    /// The same once more.
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>", alias = "confirmPassword")]
    pub confirm_password: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ResetPasswordResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListRequest {
    /// So many are left out first.
    #[prost(uint32, tag = "1")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub offset: u32,
    /// 25 when 0, at most 1000.
    #[prost(uint32, tag = "2")]
    #[serde(with = "json::As::<json::UInt32>")]
    pub limit: u32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct ListResponse {
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "json::As::<json::List<json::Msg>>")]
    pub users: Vec<Account>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SendMagicLinkRequest {
    /// eg. ada@example.org
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub email: String,
    #[prost(string, tag = "2")]
    #[serde(with = "json::As::<json::Text>")]
    pub subject: String,
    /// $micro_verification_link in it becomes the link; without that the link follows the text.
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>", alias = "textContent")]
    pub text_content: String,
    /// Of the sender; eg. Example Shop
    #[prost(string, tag = "4")]
    #[serde(with = "json::As::<json::Text>", alias = "fromName")]
    pub from_name: String,
    /// Of the application, to which the link leads: https://{address}/{endpoint}/{token}; eg. example.org
    #[prost(string, tag = "5")]
    #[serde(with = "json::As::<json::Text>")]
    pub address: String,
    /// eg. login
    #[prost(string, tag = "6")]
    #[serde(with = "json::As::<json::Text>")]
    pub endpoint: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct SendMagicLinkResponse {}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct VerifyTokenRequest {
    /// From the link.
    #[prost(string, tag = "1")]
    #[serde(with = "json::As::<json::Text>")]
    pub token: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[prost(prost_path = "micro_rpc::prost")]
#[serde(crate = "micro_rpc::serde", default)]
pub struct VerifyTokenResponse {
    #[prost(bool, tag = "1")]
    #[serde(with = "json::As::<json::Bool>", alias = "isValid")]
    pub is_valid: bool,
    /// With a good one.
    #[prost(message, optional, tag = "2")]
    pub session: Option<Session>,
    /// What was wrong, or that nothing was.
    #[prost(string, tag = "3")]
    #[serde(with = "json::As::<json::Text>")]
    pub message: String,
}

/// What reflection and the registry say of `User`.
pub static USER_SERVICE: micro_rpc::ServiceDescriptor = micro_rpc::ServiceDescriptor {
    package: "user",
    name: "User",
    methods: &[
        micro_rpc::MethodDescriptor {
            name: "Create",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Read",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Update",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Delete",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "UpdatePassword",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Login",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "Logout",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "LogoutAll",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "ReadSession",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "VerifyEmail",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "SendVerificationEmail",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "SendPasswordResetEmail",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "ResetPassword",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "List",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "SendMagicLink",
            client_streaming: false,
            server_streaming: false,
        },
        micro_rpc::MethodDescriptor {
            name: "VerifyToken",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    file_descriptor_set: FILE_DESCRIPTOR_SET,
};

#[micro_rpc::async_trait]
pub trait User: Send + Sync + 'static {
    /// Create makes an account. Username and e-mail address are kept in lower case, and no two accounts have the same.
    async fn create(
        &self,
        ctx: &micro_rpc::Context,
        request: CreateRequest,
    ) -> micro_rpc::Result<CreateResponse>;

    /// Read returns the account of an id, a username or an e-mail address.
    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse>;

    /// Update changes what is given and nothing else. An account with another e-mail address is no longer verified.
    async fn update(
        &self,
        ctx: &micro_rpc::Context,
        request: UpdateRequest,
    ) -> micro_rpc::Result<UpdateResponse>;

    /// Delete removes an account and ends its sessions. There being none is no error.
    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse>;

    /// UpdatePassword changes the password of who knows the old one, and ends all sessions of the account.
    async fn update_password(
        &self,
        ctx: &micro_rpc::Context,
        request: UpdatePasswordRequest,
    ) -> micro_rpc::Result<UpdatePasswordResponse>;

    /// Login begins a session. Ten failures in a row close account and address for a while, which grows with each further one.
    async fn login(
        &self,
        ctx: &micro_rpc::Context,
        request: LoginRequest,
    ) -> micro_rpc::Result<LoginResponse>;

    /// Logout ends a session.
    async fn logout(
        &self,
        ctx: &micro_rpc::Context,
        request: LogoutRequest,
    ) -> micro_rpc::Result<LogoutResponse>;

    /// LogoutAll ends all sessions of an account.
    async fn logout_all(
        &self,
        ctx: &micro_rpc::Context,
        request: LogoutAllRequest,
    ) -> micro_rpc::Result<LogoutAllResponse>;

    /// ReadSession returns a session that has not ended, and its account.
    async fn read_session(
        &self,
        ctx: &micro_rpc::Context,
        request: ReadSessionRequest,
    ) -> micro_rpc::Result<ReadSessionResponse>;

    /// VerifyEmail takes the token of a verification mail: the address belongs to who has the account.
    async fn verify_email(
        &self,
        ctx: &micro_rpc::Context,
        request: VerifyEmailRequest,
    ) -> micro_rpc::Result<VerifyEmailResponse>;

    /// SendVerificationEmail sends a link that proves the address. It is good once, for 24 hours.
    async fn send_verification_email(
        &self,
        ctx: &micro_rpc::Context,
        request: SendVerificationEmailRequest,
    ) -> micro_rpc::Result<SendVerificationEmailResponse>;

    /// SendPasswordResetEmail sends a code for a new password. An address that nobody has is answered the same, and gets no mail.
    async fn send_password_reset_email(
        &self,
        ctx: &micro_rpc::Context,
        request: SendPasswordResetEmailRequest,
    ) -> micro_rpc::Result<SendPasswordResetEmailResponse>;

    /// ResetPassword takes the code of such a mail and sets a new password, which ends all sessions of the account. A code is good
    /// once, and for five tries.
    async fn reset_password(
        &self,
        ctx: &micro_rpc::Context,
        request: ResetPasswordRequest,
    ) -> micro_rpc::Result<ResetPasswordResponse>;

    /// List returns accounts in the order in which they were created.
    async fn list(&self, ctx: &micro_rpc::Context, request: ListRequest) -> micro_rpc::Result<ListResponse>;

    /// SendMagicLink sends a link that logs in without a password. It is good once, for 60 seconds. An address that nobody has is
    /// answered the same, and gets no mail.
    async fn send_magic_link(
        &self,
        ctx: &micro_rpc::Context,
        request: SendMagicLinkRequest,
    ) -> micro_rpc::Result<SendMagicLinkResponse>;

    /// VerifyToken takes the token of such a link and begins a session. A bad one is no error: is_valid says so.
    async fn verify_token(
        &self,
        ctx: &micro_rpc::Context,
        request: VerifyTokenRequest,
    ) -> micro_rpc::Result<VerifyTokenResponse>;
}

/// [`User`] over the network.
#[derive(Clone)]
pub struct UserClient(micro_rpc::ServiceClient);

impl UserClient {
    /// Calls the service `user`.
    pub fn new(client: &micro_rpc::Client) -> Self {
        Self::with_name(client, "user")
    }

    /// Calls the service `name`, which speaks the contract of `user`.
    pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {
        Self(client.service(name))
    }
}

#[micro_rpc::async_trait]
impl User for UserClient {
    async fn create(
        &self,
        ctx: &micro_rpc::Context,
        request: CreateRequest,
    ) -> micro_rpc::Result<CreateResponse> {
        self.0.unary(ctx, "User.Create", &request).await
    }

    async fn read(&self, ctx: &micro_rpc::Context, request: ReadRequest) -> micro_rpc::Result<ReadResponse> {
        self.0.idempotent(ctx, "User.Read", &request).await
    }

    async fn update(
        &self,
        ctx: &micro_rpc::Context,
        request: UpdateRequest,
    ) -> micro_rpc::Result<UpdateResponse> {
        self.0.unary(ctx, "User.Update", &request).await
    }

    async fn delete(
        &self,
        ctx: &micro_rpc::Context,
        request: DeleteRequest,
    ) -> micro_rpc::Result<DeleteResponse> {
        self.0.idempotent(ctx, "User.Delete", &request).await
    }

    async fn update_password(
        &self,
        ctx: &micro_rpc::Context,
        request: UpdatePasswordRequest,
    ) -> micro_rpc::Result<UpdatePasswordResponse> {
        self.0.unary(ctx, "User.UpdatePassword", &request).await
    }

    async fn login(
        &self,
        ctx: &micro_rpc::Context,
        request: LoginRequest,
    ) -> micro_rpc::Result<LoginResponse> {
        self.0.unary(ctx, "User.Login", &request).await
    }

    async fn logout(
        &self,
        ctx: &micro_rpc::Context,
        request: LogoutRequest,
    ) -> micro_rpc::Result<LogoutResponse> {
        self.0.idempotent(ctx, "User.Logout", &request).await
    }

    async fn logout_all(
        &self,
        ctx: &micro_rpc::Context,
        request: LogoutAllRequest,
    ) -> micro_rpc::Result<LogoutAllResponse> {
        self.0.idempotent(ctx, "User.LogoutAll", &request).await
    }

    async fn read_session(
        &self,
        ctx: &micro_rpc::Context,
        request: ReadSessionRequest,
    ) -> micro_rpc::Result<ReadSessionResponse> {
        self.0.idempotent(ctx, "User.ReadSession", &request).await
    }

    async fn verify_email(
        &self,
        ctx: &micro_rpc::Context,
        request: VerifyEmailRequest,
    ) -> micro_rpc::Result<VerifyEmailResponse> {
        self.0.unary(ctx, "User.VerifyEmail", &request).await
    }

    async fn send_verification_email(
        &self,
        ctx: &micro_rpc::Context,
        request: SendVerificationEmailRequest,
    ) -> micro_rpc::Result<SendVerificationEmailResponse> {
        self.0.unary(ctx, "User.SendVerificationEmail", &request).await
    }

    async fn send_password_reset_email(
        &self,
        ctx: &micro_rpc::Context,
        request: SendPasswordResetEmailRequest,
    ) -> micro_rpc::Result<SendPasswordResetEmailResponse> {
        self.0.unary(ctx, "User.SendPasswordResetEmail", &request).await
    }

    async fn reset_password(
        &self,
        ctx: &micro_rpc::Context,
        request: ResetPasswordRequest,
    ) -> micro_rpc::Result<ResetPasswordResponse> {
        self.0.unary(ctx, "User.ResetPassword", &request).await
    }

    async fn list(&self, ctx: &micro_rpc::Context, request: ListRequest) -> micro_rpc::Result<ListResponse> {
        self.0.idempotent(ctx, "User.List", &request).await
    }

    async fn send_magic_link(
        &self,
        ctx: &micro_rpc::Context,
        request: SendMagicLinkRequest,
    ) -> micro_rpc::Result<SendMagicLinkResponse> {
        self.0.unary(ctx, "User.SendMagicLink", &request).await
    }

    async fn verify_token(
        &self,
        ctx: &micro_rpc::Context,
        request: VerifyTokenRequest,
    ) -> micro_rpc::Result<VerifyTokenResponse> {
        self.0.unary(ctx, "User.VerifyToken", &request).await
    }
}

/// Mounts a [`User`] on a server.
#[derive(Clone)]
pub struct UserServer(std::sync::Arc<dyn User>);

impl UserServer {
    pub fn new(service: impl User) -> Self {
        Self(std::sync::Arc::new(service))
    }

    pub fn from_arc(service: std::sync::Arc<dyn User>) -> Self {
        Self(service)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Handler for UserServer {
    fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {
        &USER_SERVICE
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
            "Read" => {
                let request = call.request().await?;
                let response = service.read(ctx, request).await?;
                call.reply(&response)
            }
            "Update" => {
                let request = call.request().await?;
                let response = service.update(ctx, request).await?;
                call.reply(&response)
            }
            "Delete" => {
                let request = call.request().await?;
                let response = service.delete(ctx, request).await?;
                call.reply(&response)
            }
            "UpdatePassword" => {
                let request = call.request().await?;
                let response = service.update_password(ctx, request).await?;
                call.reply(&response)
            }
            "Login" => {
                let request = call.request().await?;
                let response = service.login(ctx, request).await?;
                call.reply(&response)
            }
            "Logout" => {
                let request = call.request().await?;
                let response = service.logout(ctx, request).await?;
                call.reply(&response)
            }
            "LogoutAll" => {
                let request = call.request().await?;
                let response = service.logout_all(ctx, request).await?;
                call.reply(&response)
            }
            "ReadSession" => {
                let request = call.request().await?;
                let response = service.read_session(ctx, request).await?;
                call.reply(&response)
            }
            "VerifyEmail" => {
                let request = call.request().await?;
                let response = service.verify_email(ctx, request).await?;
                call.reply(&response)
            }
            "SendVerificationEmail" => {
                let request = call.request().await?;
                let response = service.send_verification_email(ctx, request).await?;
                call.reply(&response)
            }
            "SendPasswordResetEmail" => {
                let request = call.request().await?;
                let response = service.send_password_reset_email(ctx, request).await?;
                call.reply(&response)
            }
            "ResetPassword" => {
                let request = call.request().await?;
                let response = service.reset_password(ctx, request).await?;
                call.reply(&response)
            }
            "List" => {
                let request = call.request().await?;
                let response = service.list(ctx, request).await?;
                call.reply(&response)
            }
            "SendMagicLink" => {
                let request = call.request().await?;
                let response = service.send_magic_link(ctx, request).await?;
                call.reply(&response)
            }
            "VerifyToken" => {
                let request = call.request().await?;
                let response = service.verify_token(ctx, request).await?;
                call.reply(&response)
            }
            _ => Err(micro_rpc::Error::not_implemented("user.User", "unknown method")),
        }
    }
}
