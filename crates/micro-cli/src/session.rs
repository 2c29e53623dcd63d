//! A conversation with one server, as one account.

use std::time::Duration;

use micro_proto::auth::{Account, Auth, AuthClient, InspectRequest, Options, TokenRequest};
use micro_rpc::{Client, Context};

use crate::errors::{Cause, Failure, Result};
use crate::settings::{LOCAL, NAMESPACE, Place, Settings};
use crate::tokens::{Key, Token};

/// Long enough for what is not waited for on purpose.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A token that ends sooner is exchanged first.
const NEARLY_EXPIRED_SECONDS: i64 = 60;
/// How long the next one is good for.
const TOKEN_SECONDS: i64 = 600;
/// Who the command line is on this machine, until somebody logs in.
const ADMIN: &str = "admin";
const ADMIN_SECRET: &str = "micro";

/// Services of the platform itself: they live in its namespace, whichever is current.
const PLATFORM: &[&str] =
    &["network", "runtime", "registry", "config", "store", "broker", "router", "auth", "proxy", "api", "events"];

/// A conversation with one server, as one account.
#[derive(Clone)]
pub struct Session {
    /// Where calls go.
    pub client: Client,
    /// What that is in the user's words.
    pub place: Place,
    token: Option<String>,
}

impl Session {
    /// With the server of the current environment, as whoever is logged in there. On this machine the command line logs
    /// itself in.
    pub async fn open(settings: &Settings) -> Result<Self> {
        Self::at(settings, settings.place()?).await
    }

    /// The same, with a server whose place is known.
    pub async fn at(settings: &Settings, place: Place) -> Result<Self> {
        let mut session = Self::anonymous(place)?;
        session.token = Login { settings, session: &session }.token().await?;
        Ok(session)
    }

    /// With a server, as nobody.
    pub fn anonymous(place: Place) -> Result<Self> {
        if place.address.ends_with(":443") {
            let text = format!("environment {:?} is at {}, which is reached by TLS", place.env, place.address);
            return Err(Failure::plain(text)
                .hint("this version of micro speaks plain HTTP/2: give an address with another port, or --env local"));
        }
        let client = Client::builder().address(&place.address).connections(1).timeout(TIMEOUT).build();
        Ok(Self { client, place, token: None })
    }

    /// For calls to services of the current namespace. Has no deadline of its own.
    pub fn ctx(&self) -> Context {
        self.ctx_in(&self.place.namespace)
    }

    /// For calls to the platform itself.
    pub fn platform(&self) -> Context {
        self.ctx_in(NAMESPACE)
    }

    /// For calls to a service by its name.
    pub fn ctx_for(&self, service: &str) -> Context {
        if is_platform(service) { self.platform() } else { self.ctx() }
    }

    /// For calls to services of a namespace.
    pub fn ctx_in(&self, namespace: &str) -> Context {
        let ctx = Context::background().with_namespace(namespace);
        match &self.token {
            Some(token) => ctx.with_token(token),
            None => ctx,
        }
    }

    /// The access token; none when nobody is logged in.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Whose token it is.
    pub async fn account(&self) -> Result<Account> {
        let Some(token) = &self.token else { return Err(self.nobody()) };
        inspect(self, token).await
    }

    fn nobody(&self) -> Failure {
        let Place { env, namespace, .. } = &self.place;
        Failure::coded(2, format!("nobody is logged in to environment {env:?}, namespace {namespace:?}"))
            .hint("log in with micro login")
    }
}

/// Whether a service is the platform's own.
pub fn is_platform(service: &str) -> bool {
    PLATFORM.contains(&service)
}

/// Logs in with a name and a secret, and remembers it.
pub async fn login(settings: &Settings, session: &Session, id: &str, secret: &str) -> Result<()> {
    Login { settings, session }.with_secret(&session.place.namespace, id, secret).await.map(drop)
}

/// Forgets who is logged in.
pub fn logout(settings: &Settings) -> Result<()> {
    let place = settings.place()?;
    let user = settings.config.get(&user_key(&place.env))?;
    for account in [user.as_str(), ADMIN].into_iter().filter(|account| !account.is_empty()) {
        for namespace in [place.namespace.as_str(), NAMESPACE] {
            settings.tokens.remove(&key(&place, namespace, account))?;
        }
    }
    if user.is_empty() { Ok(()) } else { settings.config.delete(&user_key(&place.env)) }
}

/// Forgets the login that the command line made itself, if the local server does not know it. Whether it did.
pub async fn forget_stale(settings: &Settings) -> Result<bool> {
    let place = settings.place()?;
    let session = Session::anonymous(place.clone())?;
    let login = Login { settings, session: &session };
    if !login.is_own_machine() || !login.may_be_admin()? {
        return Ok(false);
    }
    let key = key(&place, NAMESPACE, ADMIN);
    let Some(token) = settings.tokens.get(&key)? else { return Ok(false) };
    if inspect(&session, &token.access_token).await.is_ok() {
        return Ok(false);
    }
    settings.tokens.remove(&key)?;
    Ok(true)
}

async fn inspect(session: &Session, token: &str) -> Result<Account> {
    let request = InspectRequest { token: token.to_owned(), options: options(&session.place.namespace) };
    let response = AuthClient::new(&session.client).inspect(&Context::background(), request).await?;
    Ok(response.account.unwrap_or_default())
}

fn key(place: &Place, namespace: &str, account: &str) -> Key {
    Key { proxy: place.address.clone(), namespace: namespace.to_owned(), account: account.to_owned() }
}

fn user_key(env: &str) -> String {
    format!("{env}.current-user")
}

fn options(namespace: &str) -> Option<Options> {
    Some(Options { namespace: namespace.to_owned() })
}

struct Login<'a> {
    settings: &'a Settings,
    session: &'a Session,
}

impl Login<'_> {
    /// A token that is good for a minute at least, if there is any way to one.
    async fn token(&self) -> Result<Option<String>> {
        let user = self.user()?;
        let user = if user.is_empty() { ADMIN } else { &user };
        let place = &self.session.place;
        for namespace in [place.namespace.as_str(), NAMESPACE] {
            let key = key(place, namespace, user);
            let Some(token) = self.settings.tokens.get(&key)? else { continue };
            if token.remaining() > NEARLY_EXPIRED_SECONDS {
                return Ok(Some(token.access_token));
            }
            if let Some(token) = self.refresh(&key, &token).await? {
                return Ok(Some(token));
            }
        }
        if self.is_own_machine() && self.may_be_admin()? { self.as_admin().await } else { Ok(None) }
    }

    fn user(&self) -> Result<String> {
        self.settings.config.get(&user_key(&self.session.place.env))
    }

    /// Somebody who logged in as another stays that one, even when the login has expired.
    fn may_be_admin(&self) -> Result<bool> {
        let user = self.user()?;
        Ok(user.is_empty() || user == ADMIN)
    }

    fn is_own_machine(&self) -> bool {
        let Place { env, address, .. } = &self.session.place;
        let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host).trim_matches(['[', ']']);
        let is_loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        env == LOCAL && is_loopback
    }

    /// What went wrong with it shows in the call that follows, except that nobody answers at all.
    async fn refresh(&self, key: &Key, token: &Token) -> Result<Option<String>> {
        let request = TokenRequest {
            refresh_token: token.refresh_token.clone(),
            token_expiry: TOKEN_SECONDS,
            options: options(&key.namespace),
            ..TokenRequest::default()
        };
        match self.exchange(request).await {
            Ok(mut next) => {
                // A server that hands out no new one means the old one to stay.
                if next.refresh_token.is_empty() {
                    next.refresh_token.clone_from(&token.refresh_token);
                }
                self.settings.tokens.save(key, &next)?;
                Ok(Some(next.access_token))
            }
            Err(failure) if matches!(failure.cause, Cause::Unreachable(_)) => Err(failure),
            Err(_) => Ok(Some(token).filter(|token| token.remaining() > 0).map(|token| token.access_token.clone())),
        }
    }

    async fn as_admin(&self) -> Result<Option<String>> {
        match self.obtain(NAMESPACE, ADMIN, ADMIN_SECRET).await {
            Ok((_, token)) => {
                self.settings.tokens.save(&key(&self.session.place, NAMESPACE, ADMIN), &token)?;
                Ok(Some(token.access_token))
            }
            Err(failure) if matches!(failure.cause, Cause::Unreachable(_)) => Err(failure),
            // The secret was changed: the call goes out as nobody's, and its answer says whether that matters.
            Err(_) => Ok(None),
        }
    }

    async fn with_secret(&self, namespace: &str, id: &str, secret: &str) -> Result<Token> {
        let (account, token) = self.obtain(namespace, id, secret).await?;
        self.settings.tokens.save(&key(&self.session.place, namespace, &account.id), &token)?;
        self.settings.config.set(&user_key(&self.session.place.env), &account.id)?;
        Ok(token)
    }

    /// A token, and whose it really is: an account may log in by its name.
    async fn obtain(&self, namespace: &str, id: &str, secret: &str) -> Result<(Account, Token)> {
        let request = TokenRequest {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token_expiry: TOKEN_SECONDS,
            options: options(namespace),
            ..TokenRequest::default()
        };
        let token = self.exchange(request).await?;
        Ok((inspect(self.session, &token.access_token).await?, token))
    }

    async fn exchange(&self, request: TokenRequest) -> Result<Token> {
        let response = AuthClient::new(&self.session.client).token(&self.session.platform(), request).await?;
        let token = response.token.map(Token::from).filter(|token| !token.access_token.is_empty());
        token.ok_or_else(|| Failure::coded(128, "the server answered without a token"))
    }
}
