//! Who calls, and who decides whether he may.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Result, async_trait};

/// The verified identity behind a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Unique within the namespace.
    pub id: String,
    /// `user`, `service`, or a word of the owner's choice.
    pub kind: String,
    /// The namespace that the account belongs to.
    pub issuer: String,
    /// A name for people; the id where none was given.
    pub name: String,
    /// What the account may do, in the words of the rules.
    pub scopes: Vec<String>,
    /// Whatever its owner noted.
    pub metadata: BTreeMap<String, String>,
}

impl Account {
    /// Whether the account holds a scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }
}

/// A call that somebody wants to make.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// The caller; `None` when anonymous.
    pub account: Option<&'a Account>,
    /// The service that is called.
    pub service: &'a str,
    /// `Handler.Method`
    pub endpoint: &'a str,
    /// The namespace whose rules decide.
    pub namespace: &'a str,
}

/// Decides about every inbound call. Both questions are asked on the request path: answer from memory.
#[async_trait]
pub trait Guard: Send + Sync + 'static {
    /// The account behind a token, or `None` for one that is not good.
    fn authenticate(&self, token: &str) -> Option<Arc<Account>>;

    /// Whether the call may go on; the error says why not.
    fn authorise(&self, access: &Access<'_>) -> Result<()>;

    /// Asked when `authenticate` refused a token, which is then judged once more: a chance to fetch its key.
    async fn refresh(&self, token: &str) {
        let _ = token;
    }
}

/// Where a client takes its own token from.
pub trait Credentials: Send + Sync + 'static {
    /// The token to send now; `None` calls anonymously.
    fn token(&self) -> Option<Arc<str>>;
}
