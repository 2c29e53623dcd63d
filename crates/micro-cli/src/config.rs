//! `micro config`: the settings of the namespace.

use clap::{Args, Subcommand};
use micro::config::{Config, MASK, Remote, Secrets};
use micro_rpc::Error;
use serde_json::Value;

use crate::errors::{Failure, Result};
use crate::output::{self, print_json};
use crate::resume;
use crate::session::{Globals, Session};

/// Read and change settings.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro config set user.limit 3\n   micro config get user.limit")]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Print the value at a path
    #[command(
        after_help = "EXAMPLE:\n   micro config get user.limit\n   micro config get --secret mail.password"
    )]
    Get {
        /// Names joined by dots
        #[arg(required_unless_present = "all")]
        key: Option<String>,
        /// Show secrets
        #[arg(long, short = 's')]
        secret: bool,
        /// Print all settings
        #[arg(long)]
        all: bool,
    },
    /// Change the value at a path; objects are merged, all else replaces
    #[command(
        after_help = "EXAMPLE:\n   micro config set user.limit 3\n   micro config set user '{\"limit\": 3}'\n   micro config set --secret mail.password s3cret"
    )]
    Set {
        /// Names joined by dots
        key: String,
        /// JSON; what is none is text
        #[arg(allow_negative_numbers = true)]
        value: String,
        /// Keep it encrypted, and masked unless asked for
        #[arg(long, short = 's')]
        secret: bool,
    },
    /// Remove a path and all below it
    #[command(after_help = "EXAMPLE:\n   micro config del user.limit")]
    Del {
        /// Names joined by dots
        key: String,
    },
    /// Print the value at a path, and again whenever it has changed
    #[command(after_help = "EXAMPLE:\n   micro config watch user.limit")]
    Watch {
        /// Names joined by dots
        key: String,
        /// Show secrets
        #[arg(long, short = 's')]
        secret: bool,
    },
}

/// Runs `micro config`.
pub async fn run(globals: &Globals, args: ConfigArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    let config = Remote::new(&session.client);
    let namespace = session.namespace.as_str();
    let explain = |error: Error| session.explain(error);
    match args.command {
        ConfigCommand::Get { key, secret, all: _ } => {
            let path = key.unwrap_or_default();
            let value = config
                .get(namespace, &path, shown(secret))
                .await
                .map_err(explain)?;
            if value.is_null() {
                return Err(Failure::new(1, "Not found"));
            }
            print(&value)
        }
        ConfigCommand::Set { key, value, secret } => {
            let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
            // The contract makes it open; who sets a new password from here need not remember to say that it is one.
            let old = config.get(namespace, &key, Secrets::Masked).await;
            let secret = secret || old.is_ok_and(|old| old == MASK);
            config.set(namespace, &key, value, secret).await.map_err(explain)
        }
        ConfigCommand::Del { key } => config.delete(namespace, &key).await.map_err(explain),
        ConfigCommand::Watch { key, secret } => {
            let open = async || {
                let session = Session::open(globals).await?;
                let watched = Remote::new(&session.client)
                    .watch(&session.namespace, &key, shown(secret))
                    .await;
                watched.map_err(|error| session.explain(error))
            };
            // A watch begins with the value as it is, which is no news after an interruption.
            let mut last = None;
            let print = |value: Value| {
                if last.as_ref() == Some(&value) {
                    return Ok(());
                }
                let printed = output::line(&value.to_string());
                last = Some(value);
                printed
            };
            resume::follow(open, print).await
        }
    }
}

fn shown(secret: bool) -> Secrets {
    if secret { Secrets::Shown } else { Secrets::Masked }
}

/// Texts without quotes, all else as JSON.
fn print(value: &Value) -> Result<()> {
    match value {
        Value::String(text) => output::line(text),
        value => print_json(value),
    }
}
