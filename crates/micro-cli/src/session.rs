//! Which server a command speaks to, as whom, and in which namespace.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use micro_proto::auth::{Auth, AuthClient, InspectRequest, Options, TokenRequest};
use micro_rpc::{Client, Context, Credentials, Error};

use crate::config_file::Config;
use crate::env::Known;
use crate::errors::{Failure, Result};
use crate::output::Output;
use crate::tokens::{Owner, Token, Tokens};

/// How long a token lasts, in seconds.
pub const EXPIRY: i64 = 600;
/// How our own tokens are signed: with what costs least to verify.
pub const ALGORITHM: &str = "EdDSA";
/// The namespace where none is chosen.
pub const NAMESPACE: &str = "micro";
const LOCAL: &str = "local";
const LOCAL_ADDRESS: &str = "127.0.0.1:8081";

/// What was said before the command.
#[derive(Clone, Debug)]
pub struct Globals {
    /// The folder of settings, tokens and the local server's state.
    pub home: PathBuf,
    /// The settings.
    pub config_file: PathBuf,
    /// The environment for this one command.
    pub env: Option<String>,
    /// The proxy for this one command.
    pub proxy_address: Option<String>,
    /// How answers are printed.
    pub output: Output,
}

impl Globals {
    /// The user's settings.
    pub fn config(&self) -> Result<Config> {
        Config::load(&self.config_file)
    }

    /// Writes the settings' file where there is none, as programs that read it expect. One that cannot be written is no
    /// reason to fail: whoever changes a setting is told.
    pub fn seed(&self) {
        if !self.config_file.exists() {
            let _ = Config::update(&self.config_file, |_| Ok(()));
        }
    }

    /// The name of the environment that this command is for.
    pub fn environment(&self, config: &Config) -> String {
        let given = self.env.iter().map(|name| name.trim().to_owned());
        given
            .chain([config.get("env")])
            .find(|name| !name.is_empty())
            .unwrap_or_else(|| LOCAL.to_owned())
    }
}

/// A place with a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `local`, or what the user called it.
    pub name: String,
    /// `host:port` of its proxy.
    pub address: String,
}

impl Environment {
    /// The environment of a command.
    pub fn resolve(globals: &Globals) -> Result<Self> {
        let config = globals.config()?;
        let variable = std::env::var("MICRO_PROXY_ADDRESS").ok();
        let join = || Ok(micro::join::Join::read(&globals.home)?.map(|join| join.proxy));
        choose(globals, &config, variable, join)
    }

    fn is_own(&self) -> bool {
        let host = self
            .address
            .rsplit_once(':')
            .map_or(self.address.as_str(), |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        self.name == LOCAL && loopback
    }
}

fn choose(
    globals: &Globals,
    config: &Config,
    variable: Option<String>,
    join: impl FnOnce() -> Result<Option<String>>,
) -> Result<Environment> {
    let name = globals.environment(config);
    let some = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let known = Known::read(config)?;
    let address = match (some(&globals.proxy_address), known.address(&name)) {
        (Some(given), _) => given,
        (None, Some(own)) => own,
        // A port that any free one is meant by leads nowhere.
        (None, None) if name == LOCAL => match some(&variable).filter(|address| !address.ends_with(":0")) {
            Some(variable) => variable,
            None => some(&join()?).unwrap_or_else(|| LOCAL_ADDRESS.to_owned()),
        },
        (None, None) => {
            return Err(Failure::new(
                1,
                format!("Environment '{name}' does not exist or has no address"),
            )
            .with_hint("see micro env"));
        }
    };
    let address = with_port(address.trim());
    if address.ends_with(":443") {
        return Err(Failure::new(
            1,
            format!("{address} speaks TLS, which this version cannot do yet"),
        )
        .with_hint("choose an environment without TLS: micro env set local"));
    }
    Ok(Environment { name, address })
}

/// An address without a port means the port of TLS.
fn with_port(address: &str) -> String {
    let named = match address.rsplit_once(':') {
        Some((_, port)) => !port.contains(']') && port.parse::<u16>().is_ok(),
        None => false,
    };
    if named {
        address.to_owned()
    } else {
        format!("{address}:443")
    }
}

/// Whether somebody listens at an address.
pub async fn is_reachable(address: &str) -> bool {
    let connect = tokio::net::TcpStream::connect(address);
    matches!(
        tokio::time::timeout(Duration::from_millis(300), connect).await,
        Ok(Ok(_))
    )
}

/// The namespace that is chosen for an environment.
pub fn namespace_of(config: &Config, environment: &str) -> String {
    match config.get(&format!("namespaces.{environment}.current")) {
        chosen if chosen.is_empty() => NAMESPACE.to_owned(),
        chosen => chosen,
    }
}

/// The key under which the settings name an environment's user.
pub fn user_key(environment: &str) -> String {
    format!("{environment}.current-user")
}

/// The key under which the settings say that an environment's user has logged out.
pub fn logged_out_key(environment: &str) -> String {
    format!("{environment}.logged-out")
}

/// A way to the server, as somebody.
#[derive(Clone)]
pub struct Session {
    /// Sends the account's token and the namespace.
    pub client: Client,
    /// The current namespace.
    pub namespace: String,
    /// `host:port` of the proxy.
    pub address: String,
    /// The environment's name.
    pub environment: String,
    /// The account's id; empty when nobody is logged in.
    pub account: String,
    /// The account's token.
    pub token: Option<Token>,
    /// What was said before the command.
    pub globals: Globals,
}

impl Session {
    /// Finds the server, and the user's token for it: refreshed when it ends soon. On the user's own machine a login
    /// with the default account needs no words.
    pub async fn open(globals: &Globals) -> Result<Self> {
        let environment = Environment::resolve(globals)?;
        let config = globals.config()?;
        let namespace = namespace_of(&config, &environment.name);
        let entry = Entry {
            globals,
            environment: &environment,
            client: anonymous(&environment, &namespace),
        };
        let user = config.get(&user_key(&environment.name));
        let held = match entry.held(&namespace, &user).await? {
            // Another user than the default one asked not to be the administrator.
            None if environment.is_own()
                && (user.is_empty() || user == "admin")
                && config.get(&logged_out_key(&environment.name)).is_empty() =>
            {
                entry.login_by_itself().await?
            }
            held => held,
        };
        let (account, token) = held.unzip();
        Ok(Self {
            client: client(&environment.address, &namespace, token.as_ref()),
            namespace,
            address: environment.address,
            environment: environment.name,
            account: account.unwrap_or_default(),
            token,
            globals: globals.clone(),
        })
    }

    /// Calls one address instead of the platform's, as the same user.
    pub fn client_to(&self, address: &str) -> Client {
        client(address, &self.namespace, self.token.as_ref())
    }

    /// A call's error in the user's words; who is not logged in is told so.
    pub fn explain(&self, error: Error) -> Failure {
        let anonymous = error.code == 401 && self.account.is_empty();
        let failure = Failure::from(error);
        if anonymous {
            failure.with_hint("you are not logged in: micro login")
        } else {
            failure
        }
    }
}

fn client(address: &str, namespace: &str, token: Option<&Token>) -> Client {
    let builder = Client::builder().address(address).namespace(namespace);
    match token {
        Some(token) => builder
            .credentials(Arc::new(Held(token.access_token.as_str().into())))
            .build(),
        None => builder.build(),
    }
}

/// A client without an account.
pub(crate) fn anonymous(environment: &Environment, namespace: &str) -> Client {
    Client::builder()
        .address(&environment.address)
        .namespace(namespace)
        .build()
}

/// The options that say which namespace a request is about.
pub(crate) fn within(namespace: &str) -> Option<Options> {
    Some(Options {
        namespace: namespace.to_owned(),
    })
}

struct Held(Arc<str>);

impl Credentials for Held {
    fn token(&self) -> Option<Arc<str>> {
        Some(self.0.clone())
    }
}

/// What is needed to become somebody.
struct Entry<'a> {
    globals: &'a Globals,
    environment: &'a Environment,
    client: Client,
}

impl Entry<'_> {
    /// The user's token from the file, if it is (or can be made) good.
    async fn held(&self, namespace: &str, user: &str) -> Result<Option<(String, Token)>> {
        if user.is_empty() {
            return Ok(None);
        }
        let tokens = Tokens::of(&self.globals.home);
        // The platform's own accounts reach into other namespaces.
        for home in [namespace, NAMESPACE] {
            let owner = Owner::new(&self.environment.address, home, user);
            let Some(token) = tokens.get(&owner)? else {
                continue;
            };
            if !token.is_stale() && self.is_good(&token).await {
                return Ok(Some((owner.account, token)));
            }
            let request = TokenRequest {
                refresh_token: token.refresh_token.clone(),
                token_expiry: EXPIRY,
                algorithm: ALGORITHM.to_owned(),
                options: within(home),
                ..TokenRequest::default()
            };
            if let Ok(token) = self.token(request).await {
                tokens.put(&owner, &token)?;
                return Ok(Some((owner.account, token)));
            }
        }
        Ok(None)
    }

    /// A local server that started after the token was made may have other keys than the one that made it: it is
    /// asked. Others are trusted to keep theirs.
    async fn is_good(&self, token: &Token) -> bool {
        if !self.environment.is_own() {
            return true;
        }
        let started = self.started();
        if u64::try_from(token.created).is_ok_and(|created| created > started) {
            return true;
        }
        let request = InspectRequest {
            token: token.access_token.clone(),
            ..InspectRequest::default()
        };
        let asked = AuthClient::new(&self.client)
            .inspect(&Context::background(), request)
            .await;
        !matches!(asked, Err(error) if matches!(error.code, 400 | 401))
    }

    /// When the local server started, in Unix seconds.
    fn started(&self) -> u64 {
        let path = micro::join::Join::path(&self.globals.home);
        let started = std::fs::metadata(path).and_then(|file| file.modified()).ok();
        started
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_secs())
    }

    /// With the account that a fresh server has. Where that was refused it is not tried again until the server has started
    /// anew: guesses at a secret are counted, and would lock its owner out.
    async fn login_by_itself(&self) -> Result<Option<(String, Token)>> {
        let key = format!("{}.login-refused", self.environment.name);
        let started = self.started().to_string();
        if self.globals.config()?.get(&key) == started {
            return Ok(None);
        }
        let request = TokenRequest {
            id: "admin".to_owned(),
            secret: "micro".to_owned(),
            token_expiry: EXPIRY,
            algorithm: ALGORITHM.to_owned(),
            options: within(NAMESPACE),
            ..TokenRequest::default()
        };
        match self.token(request).await {
            Ok(token) => {
                keep(self.globals, self.environment, NAMESPACE, "admin", &token)?;
                Ok(Some(("admin".to_owned(), token)))
            }
            // The secret was changed, or the account is gone: the user has to log in.
            Err(error) if matches!(error.code, 400 | 401 | 403 | 404 | 429) => {
                // Where that cannot be written it is asked again.
                let _ = Config::update(&self.globals.config_file, |config| config.set(&key, &started));
                Ok(None)
            }
            Err(_) if !is_reachable(&self.environment.address).await => {
                Err(unreachable(&self.environment.address))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn token(&self, request: TokenRequest) -> micro_rpc::Result<Token> {
        let answer = AuthClient::new(&self.client)
            .token(&Context::background(), request)
            .await?;
        answer
            .token
            .map(Token::from)
            .ok_or_else(|| Error::internal("go.micro.client", "the server sent no token"))
    }
}

/// Remembers a user of an environment and the token.
pub(crate) fn keep(
    globals: &Globals,
    environment: &Environment,
    namespace: &str,
    user: &str,
    token: &Token,
) -> Result<()> {
    Tokens::of(&globals.home).put(&Owner::new(&environment.address, namespace, user), token)?;
    Config::update(&globals.config_file, |config| {
        config.delete(&logged_out_key(&environment.name))?;
        config.set(&user_key(&environment.name), user)
    })
}

pub(crate) fn unreachable(address: &str) -> Failure {
    Failure::new(4, format!("Failed to connect to micro server at {address}"))
        .with_hint("start one: micro server")
        .away()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_found() {
        let envs = r#"{"shop":{"Name":"shop","ProxyAddress":"10.0.0.1:8081","Description":""},"far":{"Name":"far","ProxyAddress":"far.example"}}"#;
        type Case<'a> = (
            Option<&'a str>,
            &'a str,
            Option<&'a str>,
            Option<&'a str>,
            Option<&'a str>,
            (&'a str, &'a str),
        );
        let good: [Case<'_>; 8] = [
            (None, "local", None, None, None, ("local", "127.0.0.1:8081")),
            (None, "", None, None, None, ("local", "127.0.0.1:8081")),
            (
                None,
                "local",
                None,
                None,
                Some("127.0.0.1:1"),
                ("local", "127.0.0.1:1"),
            ),
            (
                None,
                "local",
                None,
                Some("127.0.0.1:2"),
                Some("127.0.0.1:1"),
                ("local", "127.0.0.1:2"),
            ),
            (
                None,
                "local",
                Some("h:3"),
                Some("127.0.0.1:2"),
                Some("127.0.0.1:1"),
                ("local", "h:3"),
            ),
            (
                Some("shop"),
                "local",
                None,
                Some("127.0.0.1:2"),
                None,
                ("shop", "10.0.0.1:8081"),
            ),
            (
                None,
                "shop",
                None,
                None,
                Some("127.0.0.1:1"),
                ("shop", "10.0.0.1:8081"),
            ),
            (Some("shop"), "local", Some("h:3"), None, None, ("shop", "h:3")),
        ];
        let find = |env: Option<&str>,
                    stored: &str,
                    flag: Option<&str>,
                    variable: Option<&str>,
                    join: Option<&str>| {
            let mut config = Config::default();
            config.set("env", stored).unwrap();
            config.set("envs", envs).unwrap();
            let globals = Globals {
                home: PathBuf::new(),
                config_file: PathBuf::new(),
                env: env.map(str::to_owned),
                proxy_address: flag.map(str::to_owned),
                output: Output::Text,
            };
            choose(&globals, &config, variable.map(str::to_owned), || {
                Ok(join.map(str::to_owned))
            })
        };
        for (env, stored, flag, variable, join, (name, address)) in good {
            let found = find(env, stored, flag, variable, join).unwrap();
            assert_eq!((found.name.as_str(), found.address.as_str()), (name, address));
        }
        for (env, text) in [
            ("platform", "TLS"),
            ("far", "far.example:443 speaks TLS"),
            ("nowhere", "'nowhere'"),
        ] {
            let failure = find(Some(env), "local", None, None, None).unwrap_err();
            assert!(failure.text.contains(text), "{}", failure.text);
        }
    }

    #[test]
    fn only_the_own_machine_is_logged_in_to_silently() {
        for (name, address, own) in [
            ("local", "127.0.0.1:8081", true),
            ("local", "localhost:1", true),
            ("local", "[::1]:1", true),
            ("local", "10.0.0.1:8081", false),
            ("shop", "127.0.0.1:8081", false),
        ] {
            let environment = Environment {
                name: name.to_owned(),
                address: address.to_owned(),
            };
            assert_eq!(environment.is_own(), own, "{name} {address}");
        }
    }
}
