//! `micro login` and `micro logout`.

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;
use micro_proto::auth::{Auth, AuthClient, InspectRequest, TokenRequest};
use micro_rpc::Context;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::config_file::Config;
use crate::errors::{Failure, Result};
use crate::session::{
    ALGORITHM, EXPIRY, Environment, Globals, NAMESPACE, anonymous, keep, logged_out_key, namespace_of,
    user_key, within,
};
use crate::tokens::{Owner, Token, Tokens};

/// Interactive login flow.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro login\n   micro login --username admin --password micro")]
pub struct LoginArgs {
    /// Username to use for login
    #[arg(long, alias = "email")]
    username: Option<String>,
    /// Password to use for login
    #[arg(long)]
    password: Option<String>,
}

/// Asks the server for a token and keeps it.
pub async fn login(globals: &Globals, args: LoginArgs) -> Result<()> {
    let environment = Environment::resolve(globals)?;
    let namespace = namespace_of(&globals.config()?, &environment.name);
    let id = given_or_asked(args.username, "username", "Enter username: ", false)?;
    let secret = given_or_asked(args.password, "password", "Enter password: ", true)?;
    let client = AuthClient::new(&anonymous(&environment, &namespace));
    let ctx = Context::background();
    let request = TokenRequest {
        id,
        secret,
        token_expiry: EXPIRY,
        algorithm: ALGORITHM.to_owned(),
        options: within(&namespace),
        ..TokenRequest::default()
    };
    let answer = client.token(&ctx, request).await?;
    let token = Token::from(
        answer
            .token
            .ok_or_else(|| Failure::new(1, "The server sent no token"))?,
    );
    // One can log in with a name too: the token is kept under the id.
    let request = InspectRequest {
        token: token.access_token.clone(),
        options: within(&namespace),
    };
    let account = client.inspect(&ctx, request).await?.account.unwrap_or_default();
    // Only now: a login that fails leaves who was logged in as he was.
    forget(globals, &environment, &namespace)?;
    keep(globals, &environment, &namespace, &account.id, &token)?;
    println!("Successfully logged in.");
    Ok(())
}

/// Drops the current user's token.
pub async fn logout(globals: &Globals) -> Result<()> {
    let environment = Environment::resolve(globals)?;
    let namespace = namespace_of(&globals.config()?, &environment.name);
    forget(globals, &environment, &namespace)?;
    // On the user's own machine he would be logged in by himself again.
    Config::update(&globals.config_file, |config| {
        config.set(&logged_out_key(&environment.name), "true")
    })
}

fn forget(globals: &Globals, environment: &Environment, namespace: &str) -> Result<()> {
    let key = user_key(&environment.name);
    let user = globals.config()?.get(&key);
    if user.is_empty() {
        return Ok(());
    }
    let tokens = Tokens::of(&globals.home);
    for namespace in [namespace, NAMESPACE] {
        tokens.remove(&Owner::new(&environment.address, namespace, &user))?;
    }
    Config::update(&globals.config_file, |config| config.delete(&key))
}

/// A flag's value, or the answer of whoever sits at the terminal.
pub(crate) fn given_or_asked(
    given: Option<String>,
    flag: &str,
    prompt: &str,
    hidden: bool,
) -> Result<String> {
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        return Ok(given);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(1, format!("--{flag} is missing"))
            .with_hint(format!("there is no terminal to ask on: give --{flag}")));
    }
    let answer = ask(prompt, hidden)?;
    if answer.is_empty() {
        Err(Failure::new(1, format!("--{flag} is missing")))
    } else {
        Ok(answer)
    }
}

fn ask(prompt: &str, hidden: bool) -> Result<String> {
    let input = std::io::stdin();
    let mut error = std::io::stderr();
    write!(error, "{prompt}")?;
    error.flush()?;
    let before = if hidden { tcgetattr(&input).ok() } else { None };
    if let Some(before) = &before {
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Flush, &silent).map_err(std::io::Error::from)?;
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    if let Some(before) = &before {
        tcsetattr(&input, OptionalActions::Flush, before).map_err(std::io::Error::from)?;
        writeln!(error)?;
    }
    read?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
