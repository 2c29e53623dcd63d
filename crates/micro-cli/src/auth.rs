//! `micro auth`: accounts, rules, tokens and keys.

mod keys;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use micro_proto::auth::{
    Access, Account, Accounts, AccountsClient, Auth, AuthClient, ChangeSecretRequest, CreateRequest,
    DeleteAccountRequest, DeleteRequest, GenerateRequest, ListAccountsRequest, ListRequest, Resource, Rule,
    Rules, RulesClient, TokenRequest,
};
use micro_rpc::Context;
use serde::Serialize;

use crate::errors::{Failure, Result};
use crate::output::{Output, print_json, table};
use crate::session::{Globals, Session, within};

/// Manage authentication, accounts and rules.
#[derive(Args, Debug)]
#[command(
    after_help = "EXAMPLE:\n   micro auth list accounts\n   micro auth create rule --access=denied nobody"
)]
pub struct AuthArgs {
    #[command(subcommand)]
    command: AuthCommand,
}

#[derive(Subcommand, Debug)]
enum AuthCommand {
    /// List auth resources
    #[command(subcommand)]
    List(ListCommand),
    /// Create an auth resource
    #[command(subcommand)]
    Create(CreateCommand),
    /// Delete an auth resource
    #[command(subcommand)]
    Delete(DeleteCommand),
    /// Update an auth resource
    #[command(subcommand)]
    Update(UpdateCommand),
    /// Replace an auth resource with a new one
    #[command(subcommand)]
    Rotate(RotateCommand),
}

#[derive(Subcommand, Debug)]
enum ListCommand {
    /// List auth rules
    #[command(after_help = "EXAMPLE:\n   micro auth list rules")]
    Rules,
    /// List auth accounts
    #[command(after_help = "EXAMPLE:\n   micro auth list accounts")]
    Accounts,
    /// List the keys that tokens are signed with
    #[command(after_help = "EXAMPLE:\n   micro auth list keys")]
    Keys,
}

#[derive(Subcommand, Debug)]
enum CreateCommand {
    /// Create an auth rule
    Rule(RuleArgs),
    /// Create an auth account
    Account(AccountArgs),
    /// Create a token for an account
    Token(TokenArgs),
}

#[derive(Args, Debug)]
#[command(
    after_help = "EXAMPLE:\n   micro auth create rule --scope=admin --resource=service:greeter:* greeter"
)]
struct RuleArgs {
    /// The rule's id
    id: String,
    /// The scope to amend, e.g. "user.*"; blank applies to the public, * to any account
    #[arg(long, default_value = "")]
    scope: String,
    /// The resource to amend in the format type:name:endpoint, e.g. service:auth:*
    #[arg(long, default_value = "*:*:*")]
    resource: String,
    /// The access level, granted or denied
    #[arg(long, default_value = "granted")]
    access: String,
    /// The priority level, the greater the number the higher the priority
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    priority: i32,
    /// Create the rule even if it locks you out
    #[arg(long)]
    force: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro auth create account --secret=secret --scopes=user jane")]
struct AccountArgs {
    /// The account's id
    id: String,
    /// The account's secret; the server makes one up unless given
    #[arg(long, default_value = "")]
    secret: String,
    /// The scopes of the account
    #[arg(long, value_delimiter = ',')]
    scopes: Vec<String>,
    /// The namespace of the account
    #[arg(long)]
    namespace: Option<String>,
    /// The account's type, e.g. user or service
    #[arg(long = "type", default_value = "")]
    kind: String,
}

#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro auth create token --id=jane --secret=secret --expiry=3600")]
struct TokenArgs {
    /// The account's id
    #[arg(long)]
    id: String,
    /// The account's secret
    #[arg(long)]
    secret: String,
    /// Seconds until the token ends; 0 leaves it to the server
    #[arg(long, default_value_t = 0)]
    expiry: i64,
    /// How the token is signed, RS256 or EdDSA; RS256 unless given
    #[arg(long, default_value = "")]
    algorithm: String,
    /// The namespace of the account
    #[arg(long)]
    namespace: Option<String>,
}

#[derive(Subcommand, Debug)]
enum DeleteCommand {
    /// Delete an auth rule
    #[command(after_help = "EXAMPLE:\n   micro auth delete rule greeter")]
    Rule {
        /// The rule's id
        id: String,
        /// Delete the rule even if that locks you out
        #[arg(long)]
        force: bool,
    },
    /// Delete an auth account
    #[command(after_help = "EXAMPLE:\n   micro auth delete account jane")]
    Account {
        /// The account's id
        id: String,
        /// The namespace of the account
        #[arg(long)]
        namespace: Option<String>,
    },
}

#[derive(Subcommand, Debug)]
enum RotateCommand {
    /// Sign tokens with new keys; what the old ones have signed stays good until it ends
    Keys(keys::RotateArgs),
}

#[derive(Subcommand, Debug)]
enum UpdateCommand {
    /// Update an account's secret
    #[command(after_help = "EXAMPLE:\n   micro auth update secret --old_secret=a --new_secret=b jane")]
    Secret {
        /// The account's id
        id: String,
        /// The secret until now
        #[arg(long = "old_secret", default_value = "")]
        old_secret: String,
        /// The secret from now on
        #[arg(long = "new_secret")]
        new_secret: String,
        /// The namespace of the account
        #[arg(long)]
        namespace: Option<String>,
    },
}

/// Runs `micro auth`.
pub async fn run(globals: &Globals, args: AuthArgs) -> Result<()> {
    let session = &Session::open(globals).await?;
    match args.command {
        AuthCommand::List(ListCommand::Accounts) => list_accounts(session).await,
        AuthCommand::List(ListCommand::Rules) => list_rules(session).await,
        AuthCommand::List(ListCommand::Keys) => keys::list(session).await,
        AuthCommand::Rotate(RotateCommand::Keys(args)) => keys::rotate(session, args).await,
        AuthCommand::Create(CreateCommand::Account(args)) => create_account(session, args).await,
        AuthCommand::Create(CreateCommand::Rule(args)) => create_rule(session, args).await,
        AuthCommand::Create(CreateCommand::Token(args)) => create_token(session, args).await,
        AuthCommand::Delete(DeleteCommand::Rule { id, force }) => delete_rule(session, id, force).await,
        AuthCommand::Delete(DeleteCommand::Account { id, namespace }) => {
            let options = within(namespace.as_deref().unwrap_or(&session.namespace));
            let request = DeleteAccountRequest { id, options };
            let answer = AccountsClient::new(&session.client)
                .delete(&Context::background(), request)
                .await;
            answer.map(|_| ()).map_err(|error| session.explain(error))
        }
        AuthCommand::Update(UpdateCommand::Secret {
            id,
            old_secret,
            new_secret,
            namespace,
        }) => {
            let options = within(namespace.as_deref().unwrap_or(&session.namespace));
            let request = ChangeSecretRequest {
                id,
                old_secret,
                new_secret,
                options,
            };
            let answer = AccountsClient::new(&session.client)
                .change_secret(&Context::background(), request)
                .await;
            answer.map_err(|error| session.explain(error))?;
            println!("Account updated");
            Ok(())
        }
    }
}

fn is_json(session: &Session) -> bool {
    matches!(session.globals.output, Output::Json)
}

async fn list_accounts(session: &Session) -> Result<()> {
    let request = ListAccountsRequest {
        options: within(&session.namespace),
    };
    let answer = AccountsClient::new(&session.client)
        .list(&Context::background(), request)
        .await;
    let mut accounts = answer.map_err(|error| session.explain(error))?.accounts;
    accounts.sort_by(|one, other| one.id.cmp(&other.id));
    if is_json(session) {
        return print_json(&accounts);
    }
    let rows = accounts.iter().map(account_row).collect();
    println!(
        "{}",
        table(&["ID", "Name", "Scopes", "Metadata"], rows).trim_end()
    );
    Ok(())
}

fn account_row(account: &Account) -> Vec<String> {
    let or_none = |text: String| if text.is_empty() { "n/a".to_owned() } else { text };
    vec![
        account.id.clone(),
        or_none(account.name.clone()),
        or_none(account.scopes.join(", ")),
        or_none(pairs(&account.metadata, ", ")),
    ]
}

/// `k=v` pairs, joined.
pub(crate) fn pairs(map: &BTreeMap<String, String>, between: &str) -> String {
    map.iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(between)
}

async fn list_rules(session: &Session) -> Result<()> {
    let request = ListRequest {
        options: within(&session.namespace),
    };
    let answer = RulesClient::new(&session.client)
        .list(&Context::background(), request)
        .await;
    let mut rules = answer.map_err(|error| session.explain(error))?.rules;
    rules.sort_by(|one, other| {
        other
            .priority
            .cmp(&one.priority)
            .then_with(|| one.id.cmp(&other.id))
    });
    if is_json(session) {
        return print_json(&rules);
    }
    let rows = rules.iter().map(rule_row).collect();
    println!(
        "{}",
        table(&["ID", "Scope", "Access", "Resource", "Priority"], rows).trim_end()
    );
    Ok(())
}

fn rule_row(rule: &Rule) -> Vec<String> {
    let scope = if rule.scope.is_empty() {
        "<public>"
    } else {
        &rule.scope
    };
    let access = match Access::try_from(rule.access) {
        Ok(Access::Granted) => "GRANTED",
        Ok(Access::Denied) => "DENIED",
        _ => "UNKNOWN",
    };
    let resource = rule.resource.clone().unwrap_or_default();
    vec![
        rule.id.clone(),
        scope.to_owned(),
        access.to_owned(),
        format!("{}:{}:{}", resource.r#type, resource.name, resource.endpoint),
        rule.priority.to_string(),
    ]
}

async fn create_account(session: &Session, args: AccountArgs) -> Result<()> {
    let request = GenerateRequest {
        id: args.id,
        secret: args.secret,
        scopes: args.scopes,
        r#type: args.kind,
        options: within(args.namespace.as_deref().unwrap_or(&session.namespace)),
        ..GenerateRequest::default()
    };
    let answer = AuthClient::new(&session.client)
        .generate(&Context::background(), request)
        .await;
    let account = answer
        .map_err(|error| session.explain(error))?
        .account
        .unwrap_or_default();
    created(session, "Account", &account)
}

async fn create_token(session: &Session, args: TokenArgs) -> Result<()> {
    let request = TokenRequest {
        id: args.id,
        secret: args.secret,
        token_expiry: args.expiry,
        algorithm: args.algorithm,
        options: within(args.namespace.as_deref().unwrap_or(&session.namespace)),
        ..TokenRequest::default()
    };
    let answer = AuthClient::new(&session.client)
        .token(&Context::background(), request)
        .await;
    let token = answer
        .map_err(|error| session.explain(error))?
        .token
        .unwrap_or_default();
    created(session, "Token", &token)
}

fn created(session: &Session, what: &str, value: &impl Serialize) -> Result<()> {
    if is_json(session) {
        return print_json(value);
    }
    let json = serde_json::to_string(value).map_err(|error| Failure::new(1, error.to_string()))?;
    println!("{what} created: {json}");
    Ok(())
}

async fn create_rule(session: &Session, args: RuleArgs) -> Result<()> {
    let ctx = forced(args.force);
    let rule = rule(args)?;
    let request = CreateRequest {
        rule: Some(rule),
        options: within(&session.namespace),
    };
    let answer = RulesClient::new(&session.client).create(&ctx, request).await;
    answer.map_err(|error| session.explain(error))?;
    println!("Rule created");
    Ok(())
}

/// What a change of rules says that is to be made in any case.
fn forced(force: bool) -> Context {
    let ctx = Context::background();
    if force {
        ctx.with_metadata("micro-force", "true")
    } else {
        ctx
    }
}

fn rule(args: RuleArgs) -> Result<Rule> {
    let access = match args.access.as_str() {
        "granted" => Access::Granted,
        "denied" => Access::Denied,
        other => {
            return Err(Failure::new(
                1,
                format!("Invalid access: {other}, must be granted or denied"),
            ));
        }
    };
    let parts: Vec<&str> = args.resource.split(':').collect();
    let [kind, name, endpoint] = parts[..] else {
        return Err(Failure::new(
            1,
            "Invalid resource, must be in the format type:name:endpoint",
        ));
    };
    let resource = Resource {
        r#type: kind.to_owned(),
        name: name.to_owned(),
        endpoint: endpoint.to_owned(),
    };
    Ok(Rule {
        id: args.id,
        scope: args.scope,
        resource: Some(resource),
        access: access as i32,
        priority: args.priority,
    })
}

async fn delete_rule(session: &Session, id: String, force: bool) -> Result<()> {
    // The contract takes it for done when there is none; a person has mistyped.
    let listed = ListRequest {
        options: within(&session.namespace),
    };
    let listed = RulesClient::new(&session.client)
        .list(&Context::background(), listed)
        .await;
    let rules = listed.map_err(|error| session.explain(error))?.rules;
    if !rules.iter().any(|rule| rule.id == id) {
        return Err(
            Failure::new(1, format!("Rule '{id}' does not exist")).with_hint("see micro auth list rules")
        );
    }
    let request = DeleteRequest {
        id,
        options: within(&session.namespace),
    };
    let answer = RulesClient::new(&session.client)
        .delete(&forced(force), request)
        .await;
    answer.map_err(|error| session.explain(error))?;
    println!("Rule deleted");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_shown() {
        let args = |resource: &str, access: &str| RuleArgs {
            id: "one".to_owned(),
            scope: String::new(),
            resource: resource.to_owned(),
            access: access.to_owned(),
            priority: 3,
            force: false,
        };
        let shown = rule_row(&rule(args("service:greeter:*", "denied")).unwrap());
        assert_eq!(shown, ["one", "<public>", "DENIED", "service:greeter:*", "3"]);
        for (resource, access) in [("greeter", "granted"), ("a:b:c:d", "granted"), ("*:*:*", "maybe")] {
            assert!(rule(args(resource, access)).is_err(), "{resource} {access}");
        }
    }
}
