//! The server itself as a caller of other servers.

use std::time::Duration;

use micro::auth::jwt::Algorithm;
use micro_rpc::{Account, Result};

use super::Block;
use super::state::key_error;
use crate::namespace::{PLATFORM, SERVICE_SCOPE};

/// A token is made for one call, which checks it when it begins.
const LIFE: Duration = Duration::from_secs(60);

impl Block {
    /// A token of the platform itself, for a call to another server that signs with the same keys.
    pub(crate) async fn server_token(&self) -> Result<String> {
        let server = Account {
            id: "server".into(),
            kind: "service".into(),
            issuer: PLATFORM.into(),
            scopes: vec![SERVICE_SCOPE.into()],
            ..Account::default()
        };
        let issuer = &self.state.issuer;
        let token = issuer.access_token(&server, LIFE, Algorithm::EdDsa).await;
        let token = token.map_err(|error| key_error("runtime", error))?;
        Ok(token.access_token)
    }
}
