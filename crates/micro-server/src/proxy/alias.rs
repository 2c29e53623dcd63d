//! Both names of a service are one to the rules.

use std::sync::Arc;

use micro_rpc::{Access, Account, Guard, Result};

/// Decides about `go.micro.service.user` as about `user`: else the long name would go round rules for the short one.
pub struct ByAlias(Arc<dyn Guard>);

impl ByAlias {
    /// Over the guard that knows services by their aliases.
    pub fn new(guard: Arc<dyn Guard>) -> Self {
        Self(guard)
    }
}

#[micro_rpc::async_trait]
impl Guard for ByAlias {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        self.0.authenticate(token)
    }

    fn authorise(&self, access: &Access<'_>) -> Result<()> {
        let service = micro::registry::short_name(access.service);
        self.0.authorise(&Access { service, ..*access })
    }

    async fn refresh(&self, token: &str) {
        self.0.refresh(token).await;
    }
}
