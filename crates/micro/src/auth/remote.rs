//! Keeps a guard fed from the platform.

use std::sync::Arc;
use std::time::Duration;

use micro_proto::auth::{
    Auth, AuthClient, KeysRequest, ListRequest, ListResponse, Options, Rules, RulesClient,
};
use micro_rpc::{Access, Account, Client, Context, Error, Result, Streaming};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::guard::Guard;
use super::jwt::{self, Algorithm, PublicKey};
use super::rules::{Rule, RuleSet};

/// Where the platform's own services live.
const PLATFORM: &str = "micro";

/// The rules are watched, so this long without any is normal. Asking anew now and then finds a connection that died
/// without a word, and a key that was withdrawn.
const QUIET: Duration = Duration::from_secs(300);

/// At most so often are keys fetched because of a token with an unknown one: anybody can send such tokens. Who comes
/// sooner waits for the next fetch, which is then one that began after the call came: what was published before its token
/// was signed is in it, so no good token is ever refused for a key that is too new.
const BETWEEN_FETCHES: Duration = Duration::from_secs(1);

/// How long a call with an unknown key waits for the keys.
const FETCH_PATIENCE: Duration = Duration::from_secs(5);

/// A [`Guard`] whose keys and rules come from the platform, and change with it.
///
/// A task watches the rules and tries again, with growing pauses, while the platform is away; the guard goes on deciding by
/// what it knew last. Dropping the guard ends the task.
pub struct RemoteGuard {
    feed: Arc<Feed>,
    task: JoinHandle<()>,
}

struct Feed {
    guard: Guard,
    auth: AuthClient,
    rules: RulesClient,
    last_fetch: Mutex<Option<Instant>>,
}

impl RemoteGuard {
    /// Starts to follow the rules of `namespace`. `client` must carry the service's own token.
    pub fn start(client: &Client, namespace: &str) -> Arc<RemoteGuard> {
        let feed = Arc::new(Feed {
            guard: Guard::new(namespace),
            auth: AuthClient::new(client),
            rules: RulesClient::new(client),
            last_fetch: Mutex::default(),
        });
        let task = tokio::spawn(Arc::clone(&feed).run());
        Arc::new(RemoteGuard { feed, task })
    }

    /// Waits until the first keys and rules have come, at most for `patience`; then 503. Register the service after it.
    pub async fn ready(&self, patience: Duration) -> Result<()> {
        self.feed.guard.ready(patience).await
    }
}

impl Drop for RemoteGuard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[micro_rpc::async_trait]
impl micro_rpc::Guard for RemoteGuard {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        self.feed.guard.verify(token).ok()
    }

    fn authorise(&self, access: &Access<'_>) -> Result<()> {
        self.feed.guard.authorise(access)
    }

    async fn refresh(&self, token: &str) {
        if self.feed.guard.verify(token) == Err(jwt::Error::UnknownKey) {
            // A failure leaves the token refused, which is the answer that the caller gets.
            let fetch = self.feed.fetch_keys_since(Instant::now());
            let _ = tokio::time::timeout(FETCH_PATIENCE, fetch).await;
        }
    }
}

impl Feed {
    async fn run(self: Arc<Self>) {
        let mut backoff = Backoff::new();
        loop {
            match self.follow(&mut backoff).await {
                Ok(()) => backoff.reset(),
                Err(error) => tracing::warn!(%error, "the rules cannot be watched, trying again"),
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    /// Fetches the keys, then takes each list of rules, until the stream ends or was quiet for long.
    async fn follow(&self, backoff: &mut Backoff) -> Result<()> {
        self.fetch_keys().await?;
        let mut lists = self.watch().await?;
        while let Ok(Some(list)) = tokio::time::timeout(QUIET, lists.next()).await {
            let rules = list?.rules.iter().map(Rule::from).collect();
            self.guard.set_rules(RuleSet::new(rules));
            backoff.reset();
        }
        Ok(())
    }

    async fn watch(&self) -> Result<Streaming<ListResponse>> {
        let options = Some(Options {
            namespace: self.guard.namespace().into(),
        });
        self.rules.watch(&context(), ListRequest { options }).await
    }

    async fn fetch_keys(&self) -> Result<()> {
        let response = self.auth.keys(&context(), KeysRequest {}).await?;
        let keys: Vec<_> = response
            .keys
            .iter()
            .filter_map(|key| {
                Some(PublicKey {
                    algorithm: Algorithm::named(&key.algorithm)?,
                    id: key.id.clone(),
                    bytes: key.key.to_vec(),
                })
            })
            .collect();
        if keys.is_empty() {
            return Err(Error::internal(
                "auth.Auth.Keys",
                "the platform gave no key that tokens can be verified with",
            ));
        }
        self.guard.verifier().set_keys(keys);
        Ok(())
    }

    /// Sees to it that the keys are those of a fetch that began after `moment`; many who ask at once share one.
    async fn fetch_keys_since(&self, moment: Instant) -> Result<()> {
        let mut last = self.last_fetch.lock().await;
        match *last {
            Some(began) if began >= moment => return Ok(()),
            Some(began) => tokio::time::sleep_until(began + BETWEEN_FETCHES).await,
            None => {}
        }
        let began = Instant::now();
        let fetched = self.fetch_keys().await;
        *last = Some(began);
        fetched
    }
}

fn context() -> Context {
    Context::background().with_namespace(PLATFORM)
}
