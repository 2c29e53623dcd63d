//! Decides about calls at the server's own listeners.

use std::sync::Arc;

use micro::auth::enforce;
use micro_rpc::{Access, Account, Guard, Result};

use super::state::State;
use crate::namespace::{PLATFORM, PLATFORM_SERVICES};

/// The guard of the server: its own keys, and the rules of all namespaces, from memory.
///
/// The platform's own services are subject to the rules of the platform's namespace, whatever namespace a call names; their
/// handlers check namespaces themselves. All others are subject to the rules of the namespace that the call names.
#[derive(Clone)]
pub struct ServerGuard {
    state: Arc<State>,
}

impl ServerGuard {
    pub(super) fn new(state: Arc<State>) -> ServerGuard {
        ServerGuard { state }
    }
}

#[micro_rpc::async_trait]
impl Guard for ServerGuard {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        self.state.issuer.verifier().verify(token).ok()
    }

    fn authorise(&self, access: &Access<'_>) -> Result<()> {
        if is_always_open(access) {
            return Ok(());
        }
        let is_platform = access.namespace.is_empty() || PLATFORM_SERVICES.contains(&access.service);
        let ns = if is_platform { PLATFORM } else { access.namespace };
        enforce(&self.state.rules.current(ns), access, ns)
    }
}

/// What no rule can close. Without a way to log in, closing it would be for good; and a service that cannot read keys and
/// rules can serve nobody.
fn is_always_open(access: &Access<'_>) -> bool {
    access.service == "auth"
        && match access.endpoint {
            "Auth.Token" | "Auth.Inspect" | "Auth.Keys" => true,
            "Rules.List" | "Rules.Watch" => access.account.is_some(),
            _ => false,
        }
}
