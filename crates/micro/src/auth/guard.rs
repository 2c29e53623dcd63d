//! What stands in front of a service's handlers.

use std::sync::Arc;
use std::time::Duration;

use micro_rpc::{Access, Account, Error, Result};
use tokio::sync::watch;

use super::jwt;
use super::rules::{Decision, RuleSet};
use super::verifier::Verifier;

/// Decides about the calls to a service, by the rules of the namespace that the service runs in.
///
/// Until the first rules have come nothing is known, so every call is refused as unavailable: [`Guard::ready`] waits for
/// them, and a service registers only after it.
#[derive(Debug)]
pub struct Guard {
    namespace: String,
    verifier: Verifier,
    rules: watch::Sender<Option<Arc<RuleSet>>>,
}

impl Guard {
    /// A guard that knows neither keys nor rules yet.
    pub fn new(namespace: &str) -> Guard {
        Guard {
            namespace: namespace.into(),
            verifier: Verifier::new(),
            rules: watch::Sender::new(None),
        }
    }

    /// The namespace whose rules decide.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What checks the callers' tokens.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Replaces the rules.
    pub fn set_rules(&self, rules: RuleSet) {
        self.rules.send_replace(Some(Arc::new(rules)));
    }

    /// Waits until the first rules have come, at most for `patience`; then 503.
    pub async fn ready(&self, patience: Duration) -> Result<()> {
        let mut rules = self.rules.subscribe();
        match tokio::time::timeout(patience, rules.wait_for(Option::is_some)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(no_rules("auth", &self.namespace)),
        }
    }

    /// Whose token this is; the error says whether another key might help.
    pub fn verify(&self, token: &str) -> Result<Arc<Account>, jwt::Error> {
        self.verifier.verify(token)
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Guard for Guard {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        self.verify(token).ok()
    }

    fn authorise(&self, access: &Access<'_>) -> Result<()> {
        let rules = self.rules.borrow();
        let Some(rules) = rules.as_deref() else {
            return Err(no_rules(access.service, &self.namespace));
        };
        enforce(rules, access, &self.namespace)
    }
}

/// Answers a call by `rules`: go on, 403 for an account that may not, 401 for a caller without one.
pub fn enforce(rules: &RuleSet, access: &Access<'_>, namespace: &str) -> Result<()> {
    let Access {
        account,
        service,
        endpoint,
        ..
    } = *access;
    match (rules.verify_call(account, service, endpoint, namespace), account) {
        (Decision::Granted, _) => Ok(()),
        (Decision::Forbidden, Some(account)) => {
            let detail = format!("Forbidden call made to {service}:{endpoint} by {}", account.id);
            Err(Error::forbidden(service, detail))
        }
        (Decision::Forbidden, None) => Err(Error::unauthorized(
            service,
            format!("Unauthorized call made to {service}:{endpoint}"),
        )),
    }
}

fn no_rules(id: &str, namespace: &str) -> Error {
    let detail = format!(
        "Error authorizing request: the rules of namespace {namespace} have not arrived yet, try again"
    );
    Error::unavailable(id, detail)
}

#[cfg(test)]
mod tests {
    use micro_rpc::Guard as _;

    use super::*;
    use crate::auth::rules::{Access as RuleAccess, Rule};

    fn access(account: Option<&Account>) -> Access<'_> {
        Access {
            account,
            service: "user",
            endpoint: "User.Read",
            namespace: "elsewhere",
        }
    }

    #[test]
    fn refusals_name_the_endpoint_and_the_caller() {
        let guard = Guard::new("foo");
        guard.set_rules(RuleSet::new(vec![Rule {
            scope: "dev".into(),
            ..Rule::public()
        }]));
        let account = |issuer: &str, scope: &str| Account {
            id: "ada".into(),
            issuer: issuer.into(),
            scopes: vec![scope.into()],
            ..Account::default()
        };
        assert_eq!(guard.authorise(&access(Some(&account("foo", "dev")))), Ok(()));
        let forbidden = Error::forbidden("user", "Forbidden call made to user:User.Read by ada");
        assert_eq!(
            guard.authorise(&access(Some(&account("foo", "ops")))),
            Err(forbidden.clone())
        );
        assert_eq!(
            guard.authorise(&access(Some(&account("bar", "dev")))),
            Err(forbidden)
        );
        let unauthorized = Error::unauthorized("user", "Unauthorized call made to user:User.Read");
        assert_eq!(guard.authorise(&access(None)), Err(unauthorized));
    }

    #[tokio::test]
    async fn without_rules_nothing_is_decided() {
        let guard = Guard::new("foo");
        assert_eq!(guard.authorise(&access(None)).unwrap_err().code, 503);
        assert_eq!(guard.ready(Duration::ZERO).await.unwrap_err().code, 503);
        guard.set_rules(RuleSet::new(vec![Rule::public()]));
        assert_eq!(guard.ready(Duration::ZERO).await, Ok(()));
        assert_eq!(guard.authorise(&access(None)), Ok(()));
    }

    #[test]
    fn new_rules_count_from_the_next_call_on() {
        let guard = Guard::new("foo");
        guard.set_rules(RuleSet::new(vec![Rule::public()]));
        assert!(guard.authorise(&access(None)).is_ok());
        guard.set_rules(RuleSet::new(vec![Rule {
            access: RuleAccess::Denied,
            ..Rule::public()
        }]));
        assert!(guard.authorise(&access(None)).is_err());
    }
}
