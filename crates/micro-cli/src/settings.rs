//! What a command works with, read once: folders, environment, namespace, address.

use std::collections::BTreeMap;
use std::path::PathBuf;

use micro::join::Join;
use serde::{Deserialize, Serialize};

use crate::app::Globals;
use crate::config::Config;
use crate::errors::{Cause, Failure, Result};
use crate::output::Format;
use crate::session;
use crate::tokens::Tokens;

/// The environment on this machine.
pub const LOCAL: &str = "local";
/// The namespace of who chose none.
pub const NAMESPACE: &str = "micro";
const LOCAL_ADDRESS: &str = "127.0.0.1:8081";
const PROFILES: &[&str] = &["client", "service", "server", "local", "test"];

/// What a command works with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `MICRO_HOME`, or `~/.micro`.
    pub home: PathBuf,
    /// What is remembered.
    pub config: Config,
    /// Who is logged in.
    pub tokens: Tokens,
    /// How results are printed.
    pub output: Format,
    /// The profile, if one was named.
    pub profile: Option<String>,
    env: Option<String>,
    namespace: Option<String>,
    proxy: Option<String>,
    listens: Option<String>,
}

/// A server that the command line may talk to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// What it is called.
    #[serde(rename = "Name")]
    pub name: String,
    /// `host:port` of its proxy.
    #[serde(rename = "ProxyAddress")]
    pub address: String,
    /// What it is for.
    #[serde(rename = "Description")]
    pub description: String,
}

/// Where a command is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The environment's name.
    pub env: String,
    /// `host:port` of the proxy.
    pub address: String,
    /// The current namespace.
    pub namespace: String,
}

impl Settings {
    /// From the flags before the command, which clap has completed from the environment.
    pub fn new(globals: &Globals) -> Result<Self> {
        let home = home()?;
        let config = globals.config_file.as_ref().filter(|file| !file.is_empty());
        let config = config.map_or_else(|| home.join("config.json"), PathBuf::from);
        let some = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let profile = some(&globals.profile);
        if let Some(profile) = profile.as_deref().filter(|profile| !PROFILES.contains(profile)) {
            return Err(Failure::plain(format!("unknown profile {profile:?}; known: {}", PROFILES.join(", "))));
        }
        Ok(Self {
            config: Config::at(config),
            tokens: Tokens::at(home.join("tokens")),
            home,
            output: globals.output,
            profile,
            env: some(&globals.env),
            namespace: some(&globals.namespace),
            proxy: some(&globals.proxy_address),
            listens: var("MICRO_PROXY_ADDRESS"),
        })
    }

    /// The name of the environment that was chosen for good.
    pub fn stored_env(&self) -> Result<String> {
        let env = self.config.get("env")?;
        Ok(if env.is_empty() { LOCAL.to_owned() } else { env })
    }

    /// The name of the environment of this command.
    pub fn env(&self) -> Result<String> {
        self.env.clone().map_or_else(|| self.stored_env(), Ok)
    }

    /// All environments, by name.
    pub fn environments(&self) -> Result<BTreeMap<String, Environment>> {
        let text = self.config.get("envs")?;
        let own: BTreeMap<String, Environment> = if text.is_empty() {
            BTreeMap::new()
        } else {
            serde_json::from_str(&text).map_err(|error| Failure::plain(format!("cannot read the key envs: {error}")))?
        };
        let built_in = [
            (LOCAL, LOCAL_ADDRESS, "Local running on this machine"),
            ("platform", "proxy.m3o.com:443", "The M3O platform"),
        ];
        let mut all: BTreeMap<String, Environment> = built_in
            .map(|(name, address, description)| {
                let env = Environment { name: name.into(), address: address.into(), description: description.into() };
                (name.to_owned(), env)
            })
            .into();
        all.extend(own);
        Ok(all)
    }

    /// The current namespace.
    pub fn namespace(&self) -> Result<String> {
        match &self.namespace {
            Some(namespace) => Ok(namespace.clone()),
            None => {
                let current = self.config.get(&format!("namespaces.{}.current", self.env()?))?;
                Ok(if current.is_empty() { NAMESPACE.to_owned() } else { current })
            }
        }
    }

    /// Where this command is sent.
    pub fn place(&self) -> Result<Place> {
        let env = self.env()?;
        let address = with_port(&self.address(&env)?);
        Ok(Place { address, namespace: self.namespace()?, env })
    }

    /// Whether the address was given to this very command.
    pub fn has_own_address(&self) -> bool {
        self.proxy.is_some()
    }

    fn address(&self, env: &str) -> Result<String> {
        if let Some(address) = &self.proxy {
            return Ok(address.clone());
        }
        if env == LOCAL
            && let Some(address) = self.local_address()
        {
            return Ok(address);
        }
        let mut known = self.environments()?;
        known.remove(env).map(|env| env.address).filter(|address| !address.is_empty()).ok_or_else(|| {
            Failure::plain(format!("environment {env:?} is not known or has no address"))
                .hint("micro env lists the environments, micro env add NAME ADDRESS adds one")
        })
    }

    /// Where the server of this machine listens, as it was told to or as it says.
    fn local_address(&self) -> Option<String> {
        let listens = self.listens.as_deref().map(dialled);
        if let Some(address) = listens.as_ref().filter(|address| !is_any_port(address)) {
            return Some(address.clone());
        }
        let join = Join::read(&self.home).ok().flatten().filter(|join| is_alive(join.pid));
        join.map(|join| join.proxy).or(listens)
    }

    /// Whether a failure comes of a login that the local server does not know any more. That login is forgotten then.
    pub async fn is_stale_login(&self, failure: &Failure) -> bool {
        failure.cause == Cause::Unauthorized && session::forget_stale(self).await.unwrap_or(false)
    }

    /// Says where a command was sent, when that is what went wrong.
    pub fn explain(&self, failure: Failure) -> Failure {
        let Ok(place) = self.place() else { return failure };
        let Place { env, namespace, address } = &place;
        match &failure.cause {
            Cause::Unauthorized => failure.or_hint(|| {
                format!("environment {env:?}, namespace {namespace:?}: log in with micro login, or choose another with micro env set and micro user namespace set")
            }),
            Cause::Forbidden => failure.or_hint(|| {
                format!("environment {env:?}, namespace {namespace:?}: micro user says who you are, micro auth list rules who may")
            }),
            Cause::Unreachable(refused) if refused == address && env == LOCAL => {
                failure.or_hint(|| "no server is running here: start one with micro server".to_owned())
            }
            Cause::Unreachable(refused) if refused == address => {
                failure.or_hint(|| format!("environment {env:?}: micro env lists the environments, --env chooses another"))
            }
            _ => failure,
        }
    }
}

fn home() -> Result<PathBuf> {
    let own = var("MICRO_HOME").map(PathBuf::from);
    let home = own.or_else(|| var("HOME").map(|home| PathBuf::from(home).join(".micro")));
    home.ok_or_else(|| Failure::plain("there is no home: set MICRO_HOME or HOME to a folder"))
}

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// An address without a port has that of TLS.
fn with_port(address: &str) -> String {
    let address = address.trim_start_matches("http://").trim_start_matches("https://").trim_end_matches('/');
    let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { address.to_owned() } else { format!("{address}:443") }
}

/// How this machine reaches what listens on an address.
fn dialled(address: &str) -> String {
    match address.rsplit_once(':') {
        Some(("" | "0.0.0.0" | "[::]", port)) => format!("127.0.0.1:{port}"),
        _ => address.to_owned(),
    }
}

fn is_any_port(address: &str) -> bool {
    address.ends_with(":0")
}

/// A server that was killed leaves its address behind.
fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_none_or(|pid| !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (given, full) in [
            ("127.0.0.1:8081", "127.0.0.1:8081"),
            ("proxy.m3o.com", "proxy.m3o.com:443"),
            ("[::1]:80", "[::1]:80"),
            ("http://h:1/", "h:1"),
        ] {
            assert_eq!(with_port(given), full);
        }
        for (listens, address) in [(":8081", "127.0.0.1:8081"), ("0.0.0.0:1", "127.0.0.1:1"), ("h:1", "h:1")] {
            assert_eq!(dialled(listens), address);
        }
    }

    #[test]
    fn the_local_server_is_found_where_it_says() {
        let home = tempfile::tempdir().unwrap();
        let settings = |listens: Option<&str>, proxy: Option<&str>| Settings {
            home: home.path().to_owned(),
            config: Config::at(home.path().join("config.json")),
            tokens: Tokens::at(home.path().join("tokens")),
            output: Format::Text,
            profile: None,
            env: None,
            namespace: None,
            proxy: proxy.map(str::to_owned),
            listens: listens.map(str::to_owned),
        };
        let address = |listens, proxy| settings(listens, proxy).place().unwrap().address;
        assert_eq!(address(None, None), LOCAL_ADDRESS);
        assert_eq!(address(Some("127.0.0.1:0"), None), "127.0.0.1:0", "its own server is not up");
        let join = Join { pid: std::process::id(), proxy: "127.0.0.1:7".into(), ..Join::default() };
        join.write(home.path()).unwrap();
        assert_eq!(address(None, None), "127.0.0.1:7");
        assert_eq!(address(Some("127.0.0.1:0"), None), "127.0.0.1:7");
        assert_eq!(address(Some(":9"), None), "127.0.0.1:9");
        assert_eq!(address(Some(":9"), Some("h:1")), "h:1");
    }
}
