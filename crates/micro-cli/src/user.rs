//! `micro user`: who one is, and one's settings.

use clap::{Args, Subcommand};
use micro_proto::auth::{Accounts, AccountsClient, Auth, AuthClient, ChangeSecretRequest, InspectRequest};
use micro_rpc::Context;

use crate::config_file::Config;
use crate::errors::{Failure, Result};
use crate::login::given_or_asked;
use crate::output;
use crate::session::{Globals, NAMESPACE, Session, namespace_of, user_key, within};

/// Print the current logged in user.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro user\n   micro user namespace set shop")]
pub struct UserArgs {
    #[command(subcommand)]
    command: Option<UserCommand>,
}

#[derive(Subcommand, Debug)]
enum UserCommand {
    /// Show or change the settings of this user
    #[command(after_help = "EXAMPLE:\n   micro user config get git.baseurl")]
    Config {
        #[command(subcommand)]
        command: Option<ConfigCommand>,
    },
    /// Get the current user token
    #[command(after_help = "EXAMPLE:\n   micro user token")]
    Token,
    /// Get the current namespace
    #[command(after_help = "EXAMPLE:\n   micro user namespace\n   micro user namespace set shop")]
    Namespace {
        #[command(subcommand)]
        command: Option<NamespaceCommand>,
    },
    /// Set various user based properties, eg. password
    #[command(subcommand, after_help = "EXAMPLE:\n   micro user set password")]
    Set(SetCommand),
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Get a setting
    #[command(after_help = "EXAMPLE:\n   micro user config get env")]
    Get {
        /// Its dotted key
        key: String,
    },
    /// Set a setting
    #[command(after_help = "EXAMPLE:\n   micro user config set git.baseurl github.com/me/services")]
    Set {
        /// Its dotted key
        key: String,
        /// Its value
        value: String,
    },
    /// Delete a setting
    #[command(
        visible_alias = "del",
        after_help = "EXAMPLE:\n   micro user config delete git.baseurl"
    )]
    Delete {
        /// Its dotted key
        key: String,
    },
}

#[derive(Subcommand, Debug)]
enum NamespaceCommand {
    /// Set the namespace of the environment
    #[command(after_help = "EXAMPLE:\n   micro user namespace set shop")]
    Set {
        /// The namespace
        name: String,
    },
}

#[derive(Subcommand, Debug)]
enum SetCommand {
    /// Set password
    #[command(after_help = "EXAMPLE:\n   micro user set password")]
    Password {
        /// The account; the current one unless given
        #[arg(long)]
        email: Option<String>,
        /// Existing password
        #[arg(long = "old_password", alias = "old-password")]
        old_password: Option<String>,
        /// New password
        #[arg(long = "new_password", alias = "new-password")]
        new_password: Option<String>,
    },
}

/// Runs `micro user`.
pub async fn run(globals: &Globals, args: UserArgs) -> Result<()> {
    match args.command {
        None => who(globals).await,
        Some(UserCommand::Config { command: None }) => overview(globals),
        Some(UserCommand::Config {
            command: Some(command),
        }) => config(globals, command),
        Some(UserCommand::Token) => {
            let token = Session::open(globals).await?.token.ok_or_else(nobody)?;
            output::line(&token.access_token)
        }
        Some(UserCommand::Namespace { command: None }) => {
            let config = globals.config()?;
            output::line(&namespace_of(&config, &globals.environment(&config)))
        }
        Some(UserCommand::Namespace {
            command: Some(NamespaceCommand::Set { name }),
        }) => Config::update(&globals.config_file, |config| {
            let environment = globals.environment(config);
            set_namespace(config, &environment, name.trim())
        }),
        Some(UserCommand::Set(SetCommand::Password {
            email,
            old_password,
            new_password,
        })) => set_password(globals, email, old_password, new_password).await,
    }
}

fn nobody() -> Failure {
    Failure::new(1, "You are not logged in").with_hint("micro login")
}

async fn who(globals: &Globals) -> Result<()> {
    let session = Session::open(globals).await?;
    let token = session.token.as_ref().ok_or_else(nobody)?;
    let request = InspectRequest {
        token: token.access_token.clone(),
        options: within(&session.namespace),
    };
    let answer = AuthClient::new(&session.client)
        .inspect(&Context::background(), request)
        .await;
    let account = answer
        .map_err(|error| session.explain(error))?
        .account
        .unwrap_or_default();
    let name = [account.name, account.id]
        .into_iter()
        .find(|name| !name.is_empty());
    output::line(&name.unwrap_or(session.account))
}

fn overview(globals: &Globals) -> Result<()> {
    let config = globals.config()?;
    let environment = globals.environment(&config);
    let or_none = |text: String| if text.is_empty() { "n/a".to_owned() } else { text };
    let secret = if config.get("git.credentials").is_empty() {
        "n/a"
    } else {
        "[hidden]"
    };
    let base = [format!("git.{environment}.baseurl"), "git.baseurl".to_owned()].map(|key| config.get(&key));
    let base = base.into_iter().find(|url| !url.is_empty()).unwrap_or_default();
    let lines = [
        ("user", or_none(config.get(&user_key(&environment)))),
        ("namespace", namespace_of(&config, &environment)),
        ("environment", environment.clone()),
        ("git.credentials", secret.to_owned()),
        ("git.baseurl", or_none(base)),
    ];
    lines
        .iter()
        .try_for_each(|(name, value)| output::line(&format!("{name}: {value}")))
}

fn config(globals: &Globals, command: ConfigCommand) -> Result<()> {
    match command {
        ConfigCommand::Get { key } => output::line(&globals.config()?.get(&key)),
        ConfigCommand::Set { key, value } => {
            Config::update(&globals.config_file, |config| config.set(&key, &value))
        }
        ConfigCommand::Delete { key } => Config::update(&globals.config_file, |config| config.delete(&key)),
    }
}

/// Chooses a namespace, and adds it to the list of those that were ever chosen.
pub(crate) fn set_namespace(config: &mut Config, environment: &str, name: &str) -> Result<()> {
    config.set(&format!("namespaces.{environment}.current"), name)?;
    let key = format!("namespaces.{environment}.all");
    let all = config.get(&key);
    if name.is_empty() || name == NAMESPACE || all.split(',').any(|known| known.trim() == name) {
        return Ok(());
    }
    let all = if all.is_empty() {
        name.to_owned()
    } else {
        format!("{all},{name}")
    };
    config.set(&key, &all)
}

async fn set_password(
    globals: &Globals,
    email: Option<String>,
    old: Option<String>,
    new: Option<String>,
) -> Result<()> {
    let old_secret = given_or_asked(old, "old_password", "Enter current password: ", true)?;
    let new_secret = match new {
        Some(new) => new,
        None => {
            let new = given_or_asked(None, "new_password", "Enter a new password: ", true)?;
            if given_or_asked(None, "new_password", "Verify your password: ", true)? != new {
                return Err(Failure::new(1, "Passwords do not match"));
            }
            new
        }
    };
    let session = Session::open(globals).await?;
    let id = email.unwrap_or_else(|| session.account.clone());
    if id.is_empty() {
        return Err(nobody());
    }
    let request = ChangeSecretRequest {
        id,
        old_secret,
        new_secret,
        options: within(&session.namespace),
    };
    let answer = AccountsClient::new(&session.client)
        .change_secret(&Context::background(), request)
        .await;
    answer.map(|_| ()).map_err(|error| session.explain(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_remembered() {
        let mut config = Config::default();
        for (name, all) in [
            ("micro", ""),
            ("shop", "shop"),
            ("shop", "shop"),
            ("bank", "shop,bank"),
        ] {
            set_namespace(&mut config, "local", name).unwrap();
            assert_eq!(namespace_of(&config, "local"), name);
            assert_eq!(config.get("namespaces.local.all"), all);
        }
        config.set("namespaces.local.current", "  ").unwrap();
        assert_eq!(namespace_of(&config, "local"), "micro");
    }
}
