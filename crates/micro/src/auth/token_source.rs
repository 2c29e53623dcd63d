//! A service's own token, always fresh.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro_proto::auth::{Auth, AuthClient, Options, TokenRequest};
use micro_rpc::{Client, Context, Credentials, Error, Result};
use tokio::task::JoinHandle;

use super::backoff::{Backoff, jittered};
use super::jwt::Algorithm;

/// How long a token is asked to live, in seconds.
const LIFE_SECONDS: i64 = 600;

/// Who the service is.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The namespace that the account belongs to.
    pub namespace: String,
    /// The account's id.
    pub id: String,
    /// The account's secret. `Debug` does not show it.
    pub secret: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("namespace", &self.namespace)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Says who the service is, each time that a token is asked for: what a file said at the start may have changed since.
pub type IdentitySource = Arc<dyn Fn() -> Identity + Send + Sync>;

/// Exchanges an id and secret for access tokens and renews them in the background, long before they end.
///
/// While the platform is away the last token stays in use until it ends. Dropping the source ends the renewal.
pub struct TokenSource {
    current: Arc<RwLock<Current>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Current {
    token: Arc<str>,
    refresh_token: String,
    expires_at: SystemTime,
}

impl TokenSource {
    /// Logs in, and from then on keeps the token fresh. `client` needs no token of its own.
    pub async fn start(client: &Client, identity: Identity) -> Result<Arc<TokenSource>> {
        TokenSource::start_with(client, Arc::new(move || identity.clone())).await
    }

    /// [`TokenSource::start`], asking `identity` anew at each renewal.
    pub async fn start_with(client: &Client, identity: IdentitySource) -> Result<Arc<TokenSource>> {
        let auth = AuthClient::new(client);
        let first = log_in(&auth, &identity()).await?;
        let current = Arc::new(RwLock::new(first));
        let task = tokio::spawn(renew(auth, identity, Arc::clone(&current)));
        Ok(Arc::new(TokenSource { current, task }))
    }
}

impl Credentials for TokenSource {
    fn token(&self) -> Option<Arc<str>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (current.expires_at > SystemTime::now()).then(|| Arc::clone(&current.token))
    }
}

impl Drop for TokenSource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").finish_non_exhaustive()
    }
}

async fn renew(auth: AuthClient, identity: IdentitySource, current: Arc<RwLock<Current>>) {
    let mut backoff = Backoff::new();
    loop {
        let last = current.read().unwrap_or_else(PoisonError::into_inner).clone();
        tokio::time::sleep(renewal_delay(last.expires_at, SystemTime::now())).await;
        loop {
            match refresh_or_log_in(&auth, &identity(), &last.refresh_token).await {
                Ok(fresh) => {
                    *current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                    backoff.reset();
                    break;
                }
                Err(error) => tracing::warn!(%error, "the service's token cannot be renewed, trying again"),
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }
}

/// Four fifths of the time that is left, give or take a tenth, and never so little that renewals chase each other.
fn renewal_delay(expires_at: SystemTime, now: SystemTime) -> Duration {
    let left = expires_at.duration_since(now).unwrap_or_default();
    jittered(left.mul_f64(0.8)).max(Duration::from_secs(1))
}

/// A refresh token costs the platform no password hash. It is good no longer once the account was made anew.
async fn refresh_or_log_in(auth: &dyn Auth, identity: &Identity, refresh_token: &str) -> Result<Current> {
    let request = TokenRequest {
        refresh_token: refresh_token.to_owned(),
        ..TokenRequest::default()
    };
    match ask(auth, identity, request).await {
        Err(error) if error.code == 400 => log_in(auth, identity).await,
        other => other,
    }
}

async fn log_in(auth: &dyn Auth, identity: &Identity) -> Result<Current> {
    let request = TokenRequest {
        id: identity.id.clone(),
        secret: identity.secret.clone(),
        ..TokenRequest::default()
    };
    ask(auth, identity, request).await
}

async fn ask(auth: &dyn Auth, identity: &Identity, proof: TokenRequest) -> Result<Current> {
    let ctx = Context::background().with_namespace("micro");
    let request = TokenRequest {
        token_expiry: LIFE_SECONDS,
        options: Some(Options {
            namespace: identity.namespace.clone(),
        }),
        // Every service verifies it, so the one that costs least.
        algorithm: Algorithm::EdDsa.name().into(),
        ..proof
    };
    let token = auth.token(&ctx, request).await?.token;
    let token =
        token.ok_or_else(|| Error::internal("auth.Auth.Token", "the platform answered without a token"))?;
    // The life of the token counts from here: the platform's clock and this one need not agree.
    let life =
        Duration::from_secs(u64::try_from(token.expiry.saturating_sub(token.created)).unwrap_or_default());
    let expires_at = SystemTime::now().checked_add(life).unwrap_or(UNIX_EPOCH);
    Ok(Current {
        token: token.access_token.into(),
        refresh_token: token.refresh_token,
        expires_at,
    })
}

#[cfg(test)]
mod tests {
    use micro_proto::auth::TokenResponse;
    use micro_proto::auth::fakes::FakeAuth;

    use super::*;

    #[test]
    fn renewal_comes_at_about_four_fifths_of_a_life() {
        let now = SystemTime::now();
        let delay = renewal_delay(now + Duration::from_secs(600), now).as_secs();
        assert!((430..=530).contains(&delay), "{delay}");
        assert_eq!(
            renewal_delay(now, now + Duration::from_secs(5)),
            Duration::from_secs(1)
        );
    }

    fn identity() -> Identity {
        Identity {
            namespace: "foo".into(),
            id: "user-latest".into(),
            secret: "hidden".into(),
        }
    }

    #[tokio::test]
    async fn it_renews_without_the_secret_as_long_as_it_can() {
        let auth = FakeAuth::new();
        let token = micro_proto::auth::Token {
            access_token: "a".into(),
            refresh_token: "r2".into(),
            created: 100,
            expiry: 700,
        };
        let good = TokenResponse { token: Some(token) };
        auth.token_returns(Ok(good));
        let renewed = refresh_or_log_in(&auth, &identity(), "r1").await.unwrap();
        assert_eq!((&*renewed.token, renewed.refresh_token.as_str()), ("a", "r2"));
        let refused = Error::bad_request("auth.Auth.Token", "invalid token provided");
        auth.token_returns_on_call(1, Err(refused));
        refresh_or_log_in(&auth, &identity(), "gone").await.unwrap();
        let asked: Vec<_> = (0..auth.token_call_count())
            .map(|call| auth.token_args_for_call(call).1)
            .map(|request| {
                (
                    request.refresh_token,
                    request.id,
                    request.secret,
                    request.algorithm,
                )
            })
            .collect();
        let request = |refresh: &str, id: &str, secret: &str| {
            (refresh.into(), id.into(), secret.into(), "EdDSA".into())
        };
        assert_eq!(
            asked,
            [
                request("r1", "", ""),
                request("gone", "", ""),
                request("", "user-latest", "hidden")
            ]
        );
        auth.token_returns(Err(Error::unavailable("auth", "away")));
        assert_eq!(
            refresh_or_log_in(&auth, &identity(), "r")
                .await
                .err()
                .map(|error| error.code),
            Some(503)
        );
        assert_eq!(
            auth.token_call_count(),
            4,
            "while the platform is away nothing else is tried"
        );
    }

    #[test]
    fn a_secret_is_not_printed() {
        let text = format!("{:?}", identity());
        assert!(text.contains("user-latest") && !text.contains("hidden"), "{text}");
    }
}
