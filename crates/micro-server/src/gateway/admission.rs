//! Whether a caller asks more often than he may, and what he is told of it.
//!
//! An account is counted by its name, whatever addresses and tokens it comes with, and each of its keys besides, where that is limited too; who has
//! none, or a token that is not good, by his address. So guessing of passwords, which is done without an account, is counted by address.
//!
//! What is left is said in `RateLimit-Limit`, `-Remaining` and `-Reset`, as the drafts of the IETF had it up to the seventh
//! (draft-ietf-httpapi-ratelimit-headers). Later ones put the same into one structured field, `RateLimit`; they are no standard
//! yet and have changed that field since, while the three are what gateways send and clients read.

use std::hash::Hash;
use std::net::IpAddr;
use std::time::Instant;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use micro_rpc::{Account, Error, Guard, Result};

use super::caller::{Caller, token};
use super::client_address::{TrustedProxies, subnet};
use super::face::Face;
use super::limiter::{Limiter, Verdict};
use super::rate::Rate;
use super::settings::Settings;
use super::{ID, Inner};

static LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The limits, where there are any.
pub(super) struct Admission {
    accounts: Option<Limiter>,
    keys: Option<Limiter>,
    addresses: Option<Limiter>,
    proxies: TrustedProxies,
}

/// What became of a request that is limited.
pub(super) struct Admitted {
    verdict: Verdict,
    rate: Rate,
    whose: &'static str,
}

impl Admission {
    /// `None` where nobody is limited.
    pub(super) fn new(settings: &Settings) -> Option<Self> {
        let now = Instant::now();
        let limiter = |rate: Option<Rate>| rate.map(|rate| Limiter::new(rate, now));
        let admission = Self {
            accounts: limiter(settings.rate_limit_account),
            keys: limiter(settings.rate_limit_key),
            addresses: limiter(settings.rate_limit_address),
            proxies: settings.trusted_proxies.clone(),
        };
        let all = [&admission.accounts, &admission.keys, &admission.addresses];
        all.iter().any(|limiter| limiter.is_some()).then_some(admission)
    }

    async fn ask(
        &self,
        parts: &mut Parts,
        peer: IpAddr,
        now: Instant,
        guard: &dyn Guard,
    ) -> Option<Admitted> {
        let caller = Caller::identify(parts, guard).await.ok();
        let account = caller.as_ref().and_then(Caller::account).cloned();
        if let Some(caller) = caller {
            // So that he is not asked twice who he is.
            parts.extensions.insert(caller);
        }
        match account {
            Some(account) => self.known(&account, token(&parts.headers).unwrap_or_default(), now),
            None => {
                let client = self.proxies.client(peer, &parts.headers);
                take(self.addresses.as_ref(), subnet(client), now, "address")
            }
        }
    }

    /// Of an account that comes with that key: whichever has less left.
    fn known(&self, account: &Account, key: &str, now: Instant) -> Option<Admitted> {
        let of_key = take(self.keys.as_ref(), key, now, "key");
        if of_key.as_ref().is_some_and(Admitted::is_refused) {
            return of_key;
        }
        let name = (account.issuer.as_str(), account.id.as_str());
        let of_account = take(self.accounts.as_ref(), name, now, "account");
        if let (Some(keys), Some(true)) = (&self.keys, of_account.as_ref().map(Admitted::is_refused)) {
            keys.put_back(key, now);
            return of_account;
        }
        let both = [of_key, of_account].into_iter().flatten();
        both.min_by_key(|admitted| admitted.verdict.remaining)
    }
}

fn take(limiter: Option<&Limiter>, key: impl Hash, now: Instant, whose: &'static str) -> Option<Admitted> {
    let limiter = limiter?;
    Some(Admitted {
        verdict: limiter.take(key, now),
        rate: limiter.rate(),
        whose,
    })
}

impl Inner {
    /// Counts a request; `None` where it is not limited.
    pub(super) async fn admit(&self, parts: &mut Parts, peer: IpAddr, now: Instant) -> Option<Admitted> {
        let admission = self.admission.as_ref()?;
        if self.face == Face::Programs && is_free(parts) {
            return None;
        }
        admission.ask(parts, peer, now, &*self.config.guard).await
    }
}

/// What a browser asks by itself, and whoever watches over this process.
fn is_free(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS || parts.uri.path().trim_matches('/') == "health"
}

impl Admitted {
    fn is_refused(&self) -> bool {
        self.verdict.wait.is_some()
    }

    /// 429 for a request too many.
    pub(super) fn result(&self) -> Result<()> {
        let Some(wait) = self.verdict.wait else {
            return Ok(());
        };
        let Self { rate, whose, .. } = self;
        let seconds = if wait == 1 {
            "a second".to_owned()
        } else {
            format!("{wait} seconds")
        };
        let detail =
            format!("this {whose} has made more requests than it may ({rate}): try again in {seconds}");
        Err(Error::new(ID, 429, detail))
    }

    /// Says what is left.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let Verdict {
            wait,
            limit,
            remaining,
            reset,
        } = self.verdict;
        headers.insert(&LIMIT, limit.into());
        headers.insert(&REMAINING, remaining.into());
        headers.insert(&RESET, reset.into());
        if let Some(wait) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
    }
}
