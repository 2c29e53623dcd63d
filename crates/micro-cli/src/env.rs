//! `micro env`: the places a user works with.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use crate::config_file::Config;
use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::session::Globals;

/// Get/set micro cli environment.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro env\n   micro env add shop 10.0.0.1:8081\n   micro env set shop")]
pub struct EnvArgs {
    #[command(subcommand)]
    command: Option<EnvCommand>,
}

#[derive(Subcommand, Debug)]
enum EnvCommand {
    /// Get the currently selected environment
    #[command(after_help = "EXAMPLE:\n   micro env get")]
    Get,
    /// Set the environment to use for subsequent commands
    #[command(after_help = "EXAMPLE:\n   micro env set local")]
    Set {
        /// The environment's name
        name: String,
    },
    /// Add a new environment
    #[command(after_help = "EXAMPLE:\n   micro env add shop 10.0.0.1:8081")]
    Add {
        /// The environment's name
        name: String,
        /// Address of its proxy
        address: Option<String>,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
    },
    /// Delete an environment from your environment list
    #[command(visible_alias = "delete", after_help = "EXAMPLE:\n   micro env del shop")]
    Del {
        /// The environment's name
        name: String,
    },
}

/// A place as the settings describe it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Place {
    name: String,
    proxy_address: String,
    description: String,
    #[serde(flatten)]
    other: serde_json::Map<String, serde_json::Value>,
}

/// The environments of the settings.
pub(crate) struct Known(BTreeMap<String, Place>);

impl Known {
    /// The user's own ones, which go before the built-in ones.
    pub(crate) fn read(config: &Config) -> Result<Self> {
        match config.get("envs") {
            text if text.is_empty() => Ok(Self(BTreeMap::new())),
            text => serde_json::from_str(&text).map(Self).map_err(|error| {
                Failure::new(1, format!("The setting envs cannot be read: {error}"))
                    .with_hint("see micro user config get envs")
            }),
        }
    }

    /// Where an environment is; the built-in `local` is found by other means.
    pub(crate) fn address(&self, name: &str) -> Option<String> {
        let own = self
            .0
            .get(name)
            .map(|place| place.proxy_address.clone())
            .filter(|address| !address.is_empty());
        own.or_else(|| (name == "platform").then(|| "proxy.m3o.com:443".to_owned()))
    }

    /// Whether there is an environment of that name, built in or the user's own.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.all().contains_key(name)
    }

    fn all(&self) -> BTreeMap<String, Place> {
        let builtin = [
            ("local", "127.0.0.1:8081", "Local running Micro Server"),
            ("platform", "proxy.m3o.com", "Cloud hosted Micro Platform"),
        ];
        let builtin =
            builtin.map(|(name, address, description)| (name.to_owned(), place(name, address, description)));
        builtin.into_iter().chain(self.0.clone()).collect()
    }

    fn write(&self, config: &mut Config) -> Result<()> {
        let text = serde_json::to_string(&self.0).map_err(|error| Failure::new(1, error.to_string()))?;
        config.set("envs", &text)
    }
}

fn place(name: &str, address: &str, description: &str) -> Place {
    Place {
        name: name.to_owned(),
        proxy_address: address.to_owned(),
        description: description.to_owned(),
        ..Place::default()
    }
}

/// Runs `micro env`.
pub async fn run(globals: &Globals, args: EnvArgs) -> Result<()> {
    match args.command {
        None => list(globals),
        Some(EnvCommand::Get) => output::line(&globals.environment(&globals.config()?)),
        Some(EnvCommand::Set { name }) => Config::update(&globals.config_file, |config| set(config, &name)),
        Some(EnvCommand::Add {
            name,
            address,
            description,
        }) => Config::update(&globals.config_file, |config| {
            add(
                config,
                &name,
                &address.unwrap_or_default(),
                &description.unwrap_or_default(),
            )
        }),
        Some(EnvCommand::Del { name }) => {
            Config::update(&globals.config_file, |config| delete(config, &name))
        }
    }
}

fn list(globals: &Globals) -> Result<()> {
    let config = globals.config()?;
    let (places, current) = (Known::read(&config)?.all(), globals.environment(&config));
    if matches!(globals.output, Output::Json) {
        return print_json(&places);
    }
    output::line(&listing(&places, &current))
}

fn listing(places: &BTreeMap<String, Place>, current: &str) -> String {
    let shown = |address: &str| {
        if address.is_empty() {
            "none".to_owned()
        } else {
            address.to_owned()
        }
    };
    let width = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
    let names = width(&mut places.keys().map(|name| name.chars().count()));
    let addresses = width(
        &mut places
            .values()
            .map(|place| shown(&place.proxy_address).chars().count()),
    );
    let mut text = String::new();
    for (name, place) in places {
        let mark = if name == current { '*' } else { ' ' };
        let address = shown(&place.proxy_address);
        let line = format!(
            "{mark} {name:names$} \t {address:addresses$} \t\t {}",
            place.description
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn missing(name: &str) -> Failure {
    Failure::new(1, format!("Environment '{name}' does not exist")).with_hint("see micro env")
}

fn set(config: &mut Config, name: &str) -> Result<()> {
    if !Known::read(config)?.all().contains_key(name) {
        return Err(missing(name));
    }
    config.set("env", name)
}

fn add(config: &mut Config, name: &str, address: &str, description: &str) -> Result<()> {
    // The name is a part of dotted keys.
    if name.is_empty() || name.contains(|c: char| c == '.' || c.is_whitespace()) {
        return Err(Failure::new(
            1,
            format!("{name:?} is not a name for an environment: use no dots or blanks"),
        ));
    }
    if !is_address(address) {
        return Err(Failure::new(1, format!("{address:?} is not an address"))
            .with_hint("write host:port, as 127.0.0.1:8081; without a port it is 443, with TLS"));
    }
    let mut known = Known::read(config)?;
    known.0.insert(name.to_owned(), place(name, address, description));
    known.write(config)
}

/// `host` or `host:port`; nothing at all says that it will be known later.
fn is_address(address: &str) -> bool {
    if address.is_empty() {
        return true;
    }
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (address, None),
    };
    let fits = |letter: char| letter.is_alphanumeric() || "-._[]:".contains(letter);
    !host.is_empty() && host.chars().all(fits) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn delete(config: &mut Config, name: &str) -> Result<()> {
    let mut known = Known::read(config)?;
    if !known.0.contains_key(name) {
        return Err(match known.all().contains_key(name) {
            true => Failure::new(1, format!("Environment '{name}' is built in")),
            false => missing(name),
        });
    }
    if config.get("env") == name {
        return Err(
            Failure::new(1, format!("Environment '{name}' is your current environment"))
                .with_hint("choose another one first: micro env set local"),
        );
    }
    known.0.remove(name);
    known.write(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        for good in [
            "",
            "127.0.0.1:8081",
            "[::1]:80",
            "proxy.example.com",
            "localhost:1",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["http://x", "x:port", "a b:1", ":80", "x:99999", "x/y:1"] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn environments_come_and_go() {
        let mut config = Config::default();
        add(&mut config, "shop", "10.0.0.1:8081", "").unwrap();
        add(&mut config, "blank", "", "").unwrap();
        set(&mut config, "shop").unwrap();
        let text = listing(&Known::read(&config).unwrap().all(), "shop");
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().take(3).collect())
            .collect();
        assert_eq!(lines[0], ["blank", "none"]);
        assert_eq!(lines[1], ["local", "127.0.0.1:8081", "Local"]);
        assert_eq!(lines[3], ["*", "shop", "10.0.0.1:8081"]);
        assert!(delete(&mut config, "shop").unwrap_err().text.contains("current"));
        set(&mut config, "local").unwrap();
        delete(&mut config, "shop").unwrap();
        for name in ["shop", "local"] {
            assert!(delete(&mut config, name).is_err(), "{name}");
        }
        assert_eq!(
            set(&mut config, "shop").unwrap_err().text,
            "Environment 'shop' does not exist"
        );
        assert!(add(&mut config, "a.b", "", "").is_err());
    }
}
