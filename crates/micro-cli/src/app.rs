//! The commands, and the way from words to an exit code.

use std::process::ExitCode;
use std::sync::OnceLock;

use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::args::{Intent, Misuse};
use crate::errors::{Failure, Result};
use crate::settings::Settings;
use crate::{
    args, auth, call, completion, dynamic, env, help, kill, login, logs, new, output, plugin, run, server, services, status,
    user,
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "micro",
    about = "Build, run and consume services",
    after_help = "micro run services/helloworld\nmicro helloworld --name=Alice\nmicro call helloworld Helloworld.Call '{\"name\":\"Alice\"}'",
    disable_help_flag = true,
    disable_help_subcommand = true,
    disable_version_flag = true
)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What may stand before any command.
#[derive(Clone, Debug, Default, Args)]
pub struct Globals {
    /// The file of settings; config.json in the home unless set
    #[arg(short = 'c', long = "config_file", env = "MICRO_CONFIG_FILE", value_name = "FILE")]
    pub config_file: Option<String>,
    /// The environment for this one command; `micro env` lists them
    #[arg(short, long, env = "MICRO_ENV", value_name = "NAME")]
    pub env: Option<String>,
    /// The namespace; the environment's current one unless set
    #[arg(long, env = "MICRO_NAMESPACE", value_name = "NAME")]
    pub namespace: Option<String>,
    /// Where the server is; the environment's address unless set
    #[arg(long = "proxy_address", env = "MICRO_PROXY", value_name = "HOST:PORT")]
    pub proxy_address: Option<String>,
    /// What drivers the platform stands on: local
    #[arg(long, env = "MICRO_PROFILE", value_name = "NAME")]
    pub profile: Option<String>,
    /// How results are printed: text, json, or raw as they came over the wire
    #[arg(short, long, env = "MICRO_OUTPUT", value_enum, ignore_case = true, default_value_t)]
    pub output: output::Format,
}

/// Flags that scripts give and that mean nothing to this command line. What they name is chosen elsewhere, or, with
/// `report_usage`, never done.
const ACCEPTED: &[&str] = &[
    "auth_address",
    "auth_id",
    "auth_secret",
    "auth_public_key",
    "auth_private_key",
    "registry_address",
    "registry_tls_ca",
    "registry_tls_cert",
    "registry_tls_key",
    "broker_address",
    "broker_tls_ca",
    "broker_tls_cert",
    "broker_tls_key",
    "events_tls_ca",
    "events_tls_cert",
    "events_tls_key",
    "store_address",
    "service_name",
    "service_version",
    "service_address",
    "config_secret_key",
    "tracing_reporter_address",
];

/// The same, with a value only after `=`.
const ACCEPTED_SWITCHES: &[&str] = &["report_usage", "prompt_update"];

#[derive(Debug, Subcommand)]
enum Command {
    Server(server::Args),
    New(new::Args),
    Run(run::RunArgs),
    Update(run::UpdateArgs),
    Kill(kill::Args),
    Status(status::Args),
    Logs(logs::Args),
    /// List the services that are registered
    #[command(after_help = "micro services\nmicro services --output json")]
    Services,
    /// Look at one thing closely
    #[command(after_help = "micro get service helloworld", arg_required_else_help = true)]
    Get {
        #[command(subcommand)]
        what: services::Get,
    },
    Call(call::CallArgs),
    Stream(call::StreamArgs),
    Login(login::Args),
    /// Forget the account that is logged in
    #[command(after_help = "micro logout")]
    Logout,
    User(user::Args),
    Env(env::Args),
    Auth(auth::Args),
    Completion(completion::Args),
}

/// The table of commands and flags, complete.
pub fn command() -> &'static clap::Command {
    static COMMAND: OnceLock<clap::Command> = OnceLock::new();
    COMMAND.get_or_init(|| {
        let accepted = ACCEPTED.iter().map(|name| Arg::new(*name).long(*name).hide(true));
        let switches = ACCEPTED_SWITCHES.iter().map(|name| Arg::new(*name).long(*name).hide(true).num_args(0..=1));
        let mut command = quiet(Cli::command().args(accepted).args(switches));
        command.build();
        command
    })
}

/// Help is ours to print, at every level.
fn quiet(command: clap::Command) -> clap::Command {
    let command = command.disable_help_flag(true).disable_help_subcommand(true);
    command.mut_subcommands(quiet)
}

/// Whether clap understands what [`args`] made.
pub(crate) fn understands(words: &[String]) -> bool {
    command().clone().try_get_matches_from(words).is_ok()
}

/// From the words of the process to its exit code.
pub fn main() -> ExitCode {
    match carry_out() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::note(&failure.message());
            ExitCode::from(failure.code)
        }
    }
}

fn carry_out() -> Result<()> {
    let words = std::env::args_os().skip(1).map(std::ffi::OsString::into_string);
    let words = words.collect::<Result<Vec<_>, _>>().map_err(|word| {
        Failure::plain(format!("{} is not UTF-8", word.to_string_lossy()))
    })?;
    match args::parse(command(), words)? {
        Intent::Static(words) => match read(&words)? {
            Some(cli) => execute(cli),
            None => Ok(()),
        },
        Intent::Dynamic { globals, words } => {
            plugin::execute(&words)?;
            let settings = Settings::new(&matched(&globals)?.globals)?;
            attempt(&client_runtime()?, &settings, || dynamic::run(&settings, &words))
        }
        Intent::Help(path) => help::print(command(), &path),
        Intent::Version => {
            output::line(&format!("micro version v{}", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
        Intent::Nothing => {
            Err(Failure::plain("No command provided to micro. Please refer to 'micro --help'"))
        }
    }
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Self {
        let failure = Self::plain(&misuse);
        match misuse.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// The command of the words; none when a word was missing and help was printed, which scripts know as no failure.
fn read(words: &[String]) -> Result<Option<Cli>> {
    match matched(words) {
        Ok(cli) => Ok(Some(cli)),
        Err(Refused::Missing(what)) => {
            if !what.is_empty() {
                output::note(&format!("Missing argument: {what}"));
            }
            let is_command = |word: &&String| !word.starts_with('-');
            let path: Vec<String> = words.iter().skip(1).take_while(|word| *word != "--").filter(is_command).cloned().collect();
            help::print(command(), &path)?;
            Ok(None)
        }
        Err(refused) => Err(refused.into()),
    }
}

enum Refused {
    /// A word that has to be there.
    Missing(String),
    Other(String),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Missing(what) => Self::plain(format!("Missing argument: {what}")),
            Refused::Other(text) => Self::plain(text),
        }
    }
}

fn matched(words: &[String]) -> Result<Cli, Refused> {
    let matches = command().clone().try_get_matches_from(words);
    matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| {
        use clap::error::{ContextKind, ContextValue, ErrorKind};
        match error.kind() {
            ErrorKind::MissingRequiredArgument => match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::Strings(missing)) => Refused::Missing(missing.join(" ")),
                _ => Refused::Missing(String::new()),
            },
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Refused::Missing(String::new())
            }
            _ => {
                let text = error.render().to_string();
                let text = text.trim_start_matches("error: ");
                Refused::Other(text.split("\n\n").next().unwrap_or(text).trim().replace('\n', " "))
            }
        }
    })
}

fn execute(cli: Cli) -> Result<()> {
    let settings = Settings::new(&cli.globals)?;
    let Some(command) = cli.command else { return help::print(command(), &[]) };
    match command {
        Command::Server(args) => server_runtime()?.block_on(server::run(&settings, &args)),
        Command::New(args) => new::run(&settings, &args),
        Command::Run(args) => {
            let runtime = server_runtime()?;
            let outcome = runtime.block_on(run::run(&settings, &args));
            runtime.shutdown_background();
            outcome.map_err(|failure| settings.explain(failure))
        }
        Command::Env(args) => env::run(&settings, &args),
        Command::Completion(args) => completion::run(&args),
        command => attempt(&client_runtime()?, &settings, || over_the_network(&settings, &command)),
    }
}

async fn over_the_network(settings: &Settings, command: &Command) -> Result<()> {
    match command {
        Command::Update(args) => run::update(settings, args).await,
        Command::Kill(args) => kill::run(settings, args).await,
        Command::Status(args) => status::run(settings, args).await,
        Command::Logs(args) => logs::run(settings, args).await,
        Command::Services => services::list(settings).await,
        Command::Get { what } => services::get(settings, what).await,
        Command::Call(args) => call::call(settings, args).await,
        Command::Stream(args) => call::stream(settings, args).await,
        Command::Login(args) => login::login(settings, args).await,
        Command::Logout => login::logout(settings),
        Command::User(args) => user::run(settings, args).await,
        Command::Auth(args) => auth::run(settings, args).await,
        Command::Server(_) | Command::New(_) | Command::Run(_) | Command::Env(_) | Command::Completion(_) => Ok(()),
    }
}

/// Runs a command, and once more if all that was wrong is a login from before the local server was set up anew.
fn attempt<F: Future<Output = Result<()>>>(runtime: &Runtime, settings: &Settings, command: impl Fn() -> F) -> Result<()> {
    let outcome = runtime.block_on(async {
        match command().await {
            Err(failure) if settings.is_stale_login(&failure).await => command().await,
            outcome => outcome,
        }
    });
    outcome.map_err(|failure| settings.explain(failure))
}

/// Ready within a millisecond: what most commands do is wait for one answer.
fn client_runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn server_runtime() -> Result<Runtime> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}
