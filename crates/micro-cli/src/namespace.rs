//! `micro namespace`: the tenants of a platform.

mod holdings;

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use micro::registry::{Registry as _, Remote as Registry};
use micro::store::{Remote as Records, Store as _};
use micro_proto::auth::{Auth as _, AuthClient, GenerateRequest};
use micro_proto::runtime::{
    CreateOptions, CreateRequest, DeleteOptions, DeleteRequest, Namespace, Resource, Runtime as _,
    RuntimeClient,
};
use micro_rpc::{Codec, Context};
use serde_json::{Value, json};

use crate::config_file::Config;
use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::session::{Globals, NAMESPACE, Session, namespace_of, within};
use crate::store::explain;
use crate::user::set_namespace;
use holdings::Holdings;

const LONGEST_NAME: usize = 128;

/// List, make, choose and remove namespaces.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro namespace create --admin=jane shop\n   micro namespace use shop")]
pub struct NamespaceArgs {
    #[command(subcommand)]
    command: Option<NamespaceCommand>,
}

#[derive(Subcommand, Debug)]
enum NamespaceCommand {
    /// List the namespaces, the current one with a star
    #[command(after_help = "EXAMPLE:\n   micro namespace list")]
    List,
    /// Make a namespace
    #[command(
        after_help = "EXAMPLE:\n   micro namespace create shop\n   micro namespace create --admin=jane shop"
    )]
    Create {
        /// Its name: letters, digits, dashes, dots and underscores
        name: String,
        /// Make an account that administrates it, and print its secret
        #[arg(long, value_name = "ACCOUNT")]
        admin: Option<String>,
        /// The secret of that account; the server makes one up unless given
        #[arg(long, requires = "admin", default_value = "", hide_default_value = true)]
        secret: String,
    },
    /// Remove a namespace
    #[command(
        after_help = "EXAMPLE:\n   micro namespace delete shop\n   micro namespace delete --force shop"
    )]
    Delete {
        /// Its name
        name: String,
        /// Remove all that it holds as well
        #[arg(long)]
        force: bool,
    },
    /// Choose the namespace that commands are about
    #[command(after_help = "EXAMPLE:\n   micro namespace use shop")]
    Use {
        /// Its name
        name: String,
    },
    /// Print the namespace that commands are about
    #[command(after_help = "EXAMPLE:\n   micro namespace current")]
    Current,
}

/// Runs `micro namespace`.
pub async fn run(globals: &Globals, args: NamespaceArgs) -> Result<()> {
    match args.command.unwrap_or(NamespaceCommand::List) {
        NamespaceCommand::List => list(globals).await,
        NamespaceCommand::Create { name, admin, secret } => create(globals, &name, admin, secret).await,
        NamespaceCommand::Delete { name, force } => delete(globals, &name, force).await,
        NamespaceCommand::Use { name } => {
            check(&name)?;
            let is_new = match Session::open(globals).await {
                Ok(session) => !known(&session).await?.contains(&name),
                // It is chosen for a server that does not run now.
                Err(_) => false,
            };
            Config::update(&globals.config_file, |config| {
                let environment = globals.environment(config);
                set_namespace(config, &environment, &name)
            })?;
            if is_new {
                eprintln!("Nothing is in the namespace {name} yet: micro namespace create {name}   makes it");
            }
            Ok(())
        }
        NamespaceCommand::Current => {
            let config = globals.config()?;
            output::line(&namespace_of(&config, &globals.environment(&config)))
        }
    }
}

/// The same names that the server takes.
fn check(name: &str) -> Result<()> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    match (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fits) {
        true => Ok(()),
        false => Err(
            Failure::new(1, format!("{name:?} is no name for a namespace")).with_hint(format!(
                "use up to {LONGEST_NAME} letters, digits, dashes, dots and underscores"
            )),
        ),
    }
}

async fn list(globals: &Globals) -> Result<()> {
    let session = Session::open(globals).await?;
    let names = known(&session).await?;
    if globals.output == Output::Json {
        let entry = |name: &String| json!({ "name": name, "current": *name == session.namespace });
        return print_json(&names.iter().map(entry).collect::<Vec<_>>());
    }
    names.iter().try_for_each(|name| {
        let mark = if *name == session.namespace { '*' } else { ' ' };
        output::line(&format!("{mark} {name}"))
    })
}

/// What this user has chosen before, and what the server lets the account see of what it keeps.
async fn known(session: &Session) -> Result<BTreeSet<String>> {
    let config = session.globals.config()?;
    let all = config.get(&format!("namespaces.{}.all", session.environment));
    let mut names: BTreeSet<String> = all.split(',').map(|name| name.trim().to_owned()).collect();
    names.extend([NAMESPACE.to_owned(), session.namespace.clone()]);
    // Only the platform's administrators may see what there is; others see their own list.
    names.extend(
        Records::new(&session.client)
            .databases()
            .await
            .unwrap_or_default(),
    );
    let services = Registry::new(&session.client).list("*").await.unwrap_or_default();
    names.extend(
        services
            .into_iter()
            .filter_map(|mut service| service.metadata.remove("domain")),
    );
    names.extend(made(session).await);
    names.remove("");
    Ok(names)
}

/// The namespaces that a runtime keeps; one of an older version keeps none.
async fn made(session: &Session) -> Vec<String> {
    let ctx = Context::background().with_namespace(NAMESPACE);
    let body = "{}".into();
    let asked = session
        .client
        .call_raw(&ctx, "runtime", "Runtime.Resources", Codec::Json, body);
    let answer: Value = match asked.await {
        Ok(answer) => serde_json::from_slice(&answer).unwrap_or_default(),
        Err(_) => return Vec::new(),
    };
    let resources = answer["resources"].as_array().cloned().unwrap_or_default();
    let name = |state: &Value| state["resource"]["namespace"]["name"].as_str().map(str::to_owned);
    resources.iter().filter_map(name).collect()
}

async fn create(globals: &Globals, name: &str, admin: Option<String>, secret: String) -> Result<()> {
    check(name)?;
    let session = Session::open(globals).await?;
    if known(&session).await?.contains(name) && admin.is_none() {
        return Err(Failure::new(1, format!("Namespace '{name}' exists already"))
            .with_hint(format!("micro namespace use {name}")));
    }
    let request = CreateRequest {
        resource: Some(resource(name)),
        options: Some(CreateOptions {
            namespace: NAMESPACE.to_owned(),
            ..CreateOptions::default()
        }),
    };
    let runtime = RuntimeClient::new(&session.client);
    match runtime.create(&Context::background(), request).await {
        Ok(_) => {}
        // It is there already: what remains is its account.
        Err(error) if error.detail == "already exists" => {}
        Err(error) => return Err(session.explain(error)),
    }
    Config::update(&globals.config_file, |config| {
        remember(config, &session.environment, name)
    })?;
    output::line(&format!("Namespace {name} created"))?;
    match admin {
        Some(id) => make_admin(&session, name, id, secret).await,
        None => Ok(()),
    }
}

fn resource(name: &str) -> Resource {
    Resource {
        namespace: Some(Namespace {
            name: name.to_owned(),
        }),
        ..Resource::default()
    }
}

async fn make_admin(session: &Session, namespace: &str, id: String, secret: String) -> Result<()> {
    let request = GenerateRequest {
        id,
        secret,
        scopes: vec!["admin".to_owned()],
        r#type: "user".to_owned(),
        options: within(namespace),
        ..GenerateRequest::default()
    };
    let answer = AuthClient::new(&session.client)
        .generate(&Context::background(), request)
        .await
        .map_err(|error| session.explain(error))?;
    let account = answer.account.unwrap_or_default();
    let json = serde_json::to_string(&account).map_err(|error| Failure::new(1, error.to_string()))?;
    output::line(&format!("Account created: {json}"))
}

async fn delete(globals: &Globals, name: &str, force: bool) -> Result<()> {
    check(name)?;
    if name == NAMESPACE {
        return Err(Failure::new(
            1,
            format!("Namespace '{NAMESPACE}' is the platform's own and stays"),
        ));
    }
    let session = Session::open(globals).await?;
    // Only the platform's administrators see to the end what is begun here: others are stopped before anything is gone.
    let databases = Records::new(&session.client).databases().await;
    databases.map_err(explain)?;
    let holdings = Holdings::of(&session, name).await?;
    if !holdings.is_empty() && !force {
        return Err(
            Failure::new(1, format!("Namespace '{name}' is not empty: it holds {holdings}")).with_hint(
                format!("micro namespace delete --force {name}   removes that too, for good"),
            ),
        );
    }
    if holdings.is_empty() && !known(&session).await?.contains(name) {
        return Err(Failure::new(1, format!("Namespace '{name}' does not exist"))
            .with_hint("see micro namespace list"));
    }
    holdings.remove(&session, name).await?;
    let request = DeleteRequest {
        resource: Some(resource(name)),
        options: Some(DeleteOptions {
            namespace: NAMESPACE.to_owned(),
        }),
    };
    let deleted = RuntimeClient::new(&session.client)
        .delete(&Context::background(), request)
        .await;
    match deleted {
        Ok(_) => {}
        // One that came about by use was never asked for.
        Err(error) if error.detail == "not found" => {}
        Err(error) => return Err(session.explain(error)),
    }
    Config::update(&globals.config_file, |config| {
        forget(config, &session.environment, name)
    })?;
    output::line(&format!("Namespace {name} deleted"))
}

fn remember(config: &mut Config, environment: &str, name: &str) -> Result<()> {
    let current = config.get(&format!("namespaces.{environment}.current"));
    set_namespace(config, environment, name)?;
    config.set(&format!("namespaces.{environment}.current"), &current)
}

fn forget(config: &mut Config, environment: &str, name: &str) -> Result<()> {
    let key = format!("namespaces.{environment}.all");
    let all = config.get(&key);
    let left: Vec<&str> = all
        .split(',')
        .map(str::trim)
        .filter(|known| *known != name)
        .collect();
    config.set(&key, &left.join(","))?;
    let current = format!("namespaces.{environment}.current");
    match config.get(&current) == name {
        true => config.set(&current, NAMESPACE),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_user_follows() {
        let mut config = Config::default();
        remember(&mut config, "local", "shop").unwrap();
        assert_eq!(namespace_of(&config, "local"), "micro");
        set_namespace(&mut config, "local", "bank").unwrap();
        assert_eq!(config.get("namespaces.local.all"), "shop,bank");
        forget(&mut config, "local", "shop").unwrap();
        assert_eq!(namespace_of(&config, "local"), "bank");
        forget(&mut config, "local", "bank").unwrap();
        assert_eq!(
            (
                namespace_of(&config, "local").as_str(),
                config.get("namespaces.local.all").as_str()
            ),
            ("micro", "")
        );
    }

    #[test]
    fn names_are_checked_here_too() {
        assert!(check("shop-1.x_y").is_ok());
        for name in ["", "a/b", "a,b", "a b", &"a".repeat(129)] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
