//! Who calls, in which namespace, and whether he may.

use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use micro_rpc::{Access, Account, Guard, Result};

use super::ID;
use super::path::Target;
use crate::api::BlockList;
use crate::namespace::{PLATFORM, PLATFORM_SERVICES, named};

pub(super) static NAMESPACE: HeaderName = HeaderName::from_static("micro-namespace");
/// The cookie that holds a token, with the sign before its value.
pub(crate) const COOKIE_NAME: &str = "micro-token=";

/// The one who calls.
#[derive(Clone)]
pub(crate) struct Caller {
    /// `None` when anonymous, as one with a bad token is.
    account: Option<Arc<Account>>,
    /// What the call is meant for.
    pub namespace: String,
}

impl Caller {
    /// Reads the token, and the namespace: the one that is named, else the account's, else the platform's. Not again where that
    /// was done to count the request.
    pub(crate) async fn identify(parts: &Parts, guard: &dyn Guard) -> Result<Self> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let headers = &parts.headers;
        let account = match token(headers) {
            Some(token) => authenticate(guard, token).await,
            None => None,
        };
        let requested = headers
            .get(&NAMESPACE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
            .trim();
        let issuer = account.as_deref().map_or("", |account| &account.issuer);
        let namespace = named(requested, issuer, ID)?.to_owned();
        Ok(Self { account, namespace })
    }

    /// Who it is; `None` when anonymous.
    pub(crate) fn account(&self) -> Option<&Arc<Account>> {
        self.account.as_ref()
    }

    /// Whether he is on the block list.
    pub(crate) fn is_refused(&self, block_list: &BlockList) -> bool {
        self.account
            .as_deref()
            .is_some_and(|account| block_list.refuses(account))
    }

    /// Where the service is looked for: the platform's own answer every namespace.
    pub(crate) fn home(&self, service: &str) -> &str {
        if is_platform(service) {
            PLATFORM
        } else {
            &self.namespace
        }
    }

    /// Whether the service is looked for in the caller's namespace.
    pub(crate) fn is_at_home(&self, service: &str) -> bool {
        self.home(service) == self.namespace
    }

    /// Asks the rules. An account of another namespace is nobody to them; the service that gets its token may see that
    /// differently. The platform's own services answer all namespaces and so are told who it is.
    pub(crate) fn admit(&self, guard: &dyn Guard, target: &Target) -> Result<()> {
        let is_known = |account: &&Account| account.issuer == self.namespace || is_platform(&target.service);
        guard.authorise(&Access {
            account: self.account.as_deref().filter(is_known),
            service: &target.service,
            endpoint: &target.endpoint,
            namespace: &self.namespace,
        })
    }
}

fn is_platform(service: &str) -> bool {
    PLATFORM_SERVICES.contains(&service)
}

/// A bearer token, or without the header that of the cookie.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    match headers.get(AUTHORIZATION) {
        Some(value) => value.to_str().ok()?.strip_prefix("Bearer ").map(str::trim),
        None => cookie(headers),
    }
}

/// The token in the cookie `micro-token`.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let value = cookies
        .flat_map(|line| line.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(COOKIE_NAME))?;
    let value = value.trim_matches('"');
    Some(value.strip_prefix(COOKIE_NAME).unwrap_or(value)).filter(|token| !token.is_empty())
}

async fn authenticate(guard: &dyn Guard, token: &str) -> Option<Arc<Account>> {
    if let Some(account) = guard.authenticate(token) {
        return Some(account);
    }
    guard.refresh(token).await;
    guard.authenticate(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn tokens_come_from_the_header_or_the_cookie() {
        for (given, expected) in [
            (vec![], None),
            (vec![("authorization", "Bearer a")], Some("a")),
            (
                vec![("authorization", "Basic a"), ("cookie", "micro-token=b")],
                None,
            ),
            (vec![("cookie", "x=1; micro-token=b; y=2")], Some("b")),
            (
                vec![("cookie", "x=1"), ("cookie", "micro-token=micro-token=b")],
                Some("b"),
            ),
            (vec![("cookie", "micro-token=\"b\"")], Some("b")),
            (vec![("cookie", "micro-token=")], None),
            (vec![("cookie", "not-micro-token=b")], None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &given {
                headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(token(&headers), expected, "{given:?}");
        }
    }
}
