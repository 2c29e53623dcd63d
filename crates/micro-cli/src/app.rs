//! The commands, and which of them a line means.

mod help;
mod legacy;
mod mistakes;
#[cfg(test)]
mod tests;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::errors::{Failure, Result};
use crate::output::{self, Output};
use crate::session::{Globals, Session};
use crate::{
    args, auth, blob, broker, call, completion, config, debug, doctor, dynamic, env, events, generate, home,
    init, kill, login, logs, namespace, network, new, run, server, service, services, shell, shutdown,
    status, store, user, web,
};

use legacy::{LegacyArgs, check_profile};
use mistakes::{bare, misuse};

const AFTER: &str = "EXAMPLE:\n   micro new greeter\n   micro run greeter\n   micro greeter --name=Alice\n\n\
    Any other word is the name of a service: `micro greeter --help` shows what it answers.";

/// Whether the word is a command of ours, so that it cannot be a service's.
pub(crate) fn is_command(word: &str) -> bool {
    App::command().find_subcommand(word).is_some()
}

/// Build, run and consume services.
#[derive(Parser)]
#[command(name = "micro", version = VERSION, disable_help_subcommand = true,
    disable_version_flag = true, after_help = AFTER)]
pub(crate) struct App {
    #[command(flatten)]
    globals: GlobalArgs,
    #[command(flatten)]
    legacy: LegacyArgs,
    /// Print the version.
    #[arg(short = 'v', long = "version", action = clap::ArgAction::Version)]
    version: Option<bool>,
    #[command(subcommand)]
    command: Option<Cmd>,
}

/// How long a service is looked for that may be meant where a command is not known.
const SERVICE_PATIENCE: Duration = Duration::from_secs(2);

const VERSION: &str = concat!("version v", env!("CARGO_PKG_VERSION"));

#[derive(clap::Args)]
struct GlobalArgs {
    /// The configuration file.
    #[arg(
        short = 'c',
        long = "config",
        env = "MICRO_CONFIG_FILE",
        global = true,
        value_name = "FILE"
    )]
    config: Option<PathBuf>,
    /// The environment to talk to; `micro env` lists them.
    #[arg(short = 'e', long = "env", env = "MICRO_ENV", global = true)]
    env: Option<String>,
    /// The address of the platform's proxy.
    #[arg(
        long = "proxy_address",
        env = "MICRO_PROXY",
        global = true,
        value_name = "HOST:PORT"
    )]
    proxy_address: Option<String>,
    /// How to print: text or json.
    #[arg(
        short = 'o',
        long = "output",
        env = "MICRO_OUTPUT",
        global = true,
        default_value = "text",
        value_name = "FORMAT"
    )]
    output: String,
    /// Accepted and without effect: nothing is ever reported.
    #[arg(long = "report_usage", env = "MICRO_REPORT_USAGE", global = true, hide = true, num_args = 0..=1, default_missing_value = "true")]
    report_usage: Option<String>,
    /// Accepted for programs that set it.
    #[arg(long = "prompt_update", env = "MICRO_PROMPT_UPDATE", global = true, hide = true, num_args = 0..=1, default_missing_value = "true")]
    prompt_update: Option<String>,
}

#[derive(Subcommand)]
enum Cmd {
    /// Run the platform on this machine, in the foreground.
    Server(Box<server::ServerCommand>),
    /// Write a new service into a folder of its name.
    New(new::NewArgs),
    Gen(generate::GenArgs),
    /// Build and run a service from its source.
    Run(Box<run::RunArgs>),
    /// Build a running service anew and replace it.
    Update(run::UpdateArgs),
    /// Stop services.
    Kill(kill::KillArgs),
    /// Show what runs, and how it is.
    Status(status::StatusArgs),
    /// Show what a service printed.
    Logs(logs::LogsArgs),
    /// List the services that can be called.
    #[command(after_help = "EXAMPLE:\n   micro services")]
    Services,
    /// Show one thing in detail.
    Get(services::GetArgs),
    /// Call an endpoint with JSON.
    Call(CallArgs),
    /// Call a streaming endpoint with JSON.
    #[command(after_help = "EXAMPLE:\n   micro stream helloworld Helloworld.Stream '{\"count\": 3}'")]
    Stream(StreamArgs),
    /// Log in to the environment.
    Login(login::LoginArgs),
    /// Forget the token of the environment.
    #[command(after_help = "EXAMPLE:\n   micro logout")]
    Logout,
    /// Show who is logged in, and the settings of this user.
    User(user::UserArgs),
    /// List and choose environments.
    Env(env::EnvArgs),
    /// Manage accounts, rules and tokens.
    Auth(auth::AuthArgs),
    /// Keep and fetch files.
    Blob(blob::BlobArgs),
    /// Publish messages and listen to them.
    Broker(broker::BrokerArgs),
    /// Read and change settings.
    Config(config::ConfigArgs),
    /// Publish, consume and look after events.
    Events(events::EventsArgs),
    /// List, make, choose and remove namespaces.
    Namespace(namespace::NamespaceArgs),
    /// Look at the servers of the platform and their routes.
    Network(network::NetworkArgs),
    /// Ask the instances of services about themselves.
    Debug(debug::DebugArgs),
    /// Show since when each instance of a service runs, and what it needs.
    Stats(debug::StatsArgs),
    /// Make a service of a program that speaks gRPC or HTTP.
    Service(service::ServiceArgs),
    /// Look for what could keep the platform from working, and say what to do.
    Doctor(doctor::DoctorArgs),
    /// Type commands one after the other.
    Cli(shell::ShellArgs),
    /// End the server of this machine.
    Shutdown(shutdown::ShutdownArgs),
    /// Say how the platform is put together here.
    #[command(hide = true)]
    Init(init::InitArgs),
    /// Say where the pages of services are.
    Web(web::WebArgs),
    /// Read and write records.
    Store(store::StoreArgs),
    /// Print a completion script for a shell.
    Completion(completion::CompletionArgs),
    /// Show help.
    #[command(alias = "h", after_help = "EXAMPLE:\n   micro help run")]
    Help {
        /// The command to explain.
        command: Vec<String>,
    },
}

/// Call an endpoint with JSON.
#[derive(clap::Args)]
#[command(after_help = "EXAMPLE:\n   micro call helloworld Helloworld.Call '{\"name\": \"Alice\"}'")]
struct CallArgs {
    #[command(flatten)]
    stream: StreamArgs,
}

#[derive(clap::Args)]
struct StreamArgs {
    /// The service.
    service: String,
    /// Its endpoint, Handler.Method.
    endpoint: String,
    /// The request as JSON.
    body: Vec<String>,
    /// Call this instance instead of one that the platform chooses.
    #[arg(long = "address", env = "MICRO_ADDRESS", value_name = "HOST:PORT")]
    address: Option<String>,
    /// Metadata to send, key=value; may be repeated.
    #[arg(long = "metadata", env = "MICRO_METADATA", value_name = "KEY=VALUE")]
    metadata: Vec<String>,
    /// How long to wait for the answer, or for the end of a stream: 5s, 300ms, 1m.
    #[arg(long = "request_timeout", value_name = "DURATION")]
    request_timeout: Option<String>,
}

/// All commands, as they are shown.
fn tree() -> clap::Command {
    help::styled(App::command(), "micro")
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    match start(std::env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(failure) => {
            failure.report();
            ExitCode::from(failure.code)
        }
    }
}

fn start(line: Vec<String>) -> Result<ExitCode> {
    let app = tree();
    let is_known = |word: &str| app.find_subcommand(word).is_some();
    let split = args::split(line.clone(), &is_known);
    let mut globals = vec!["micro".to_owned()];
    globals.extend(args::normalise(split.globals));
    let Some(word) = split.command else {
        let Some(app) = parse(globals)? else {
            return Ok(ExitCode::SUCCESS);
        };
        drop(app);
        let text = "No command provided to micro. Please refer to 'micro --help'";
        return Err(Failure::new(1, text));
    };
    if !is_known(&word) {
        return match parse(globals)? {
            Some(app) => run_service(app, &word, &split.rest),
            None => Ok(ExitCode::SUCCESS),
        };
    }
    let as_written = args::split(line, &|_| false).rest;
    if may_be_service(&word, &as_written) && try_service(globals.clone(), &word, &as_written)? {
        return Ok(ExitCode::SUCCESS);
    }
    globals.push(word);
    globals.extend(split.rest);
    match parse(globals)? {
        Some(app) => finish(app),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// A word that is no command of ours: a program of that name, or a service.
fn run_service(app: App, word: &str, rest: &[String]) -> Result<ExitCode> {
    run_plugin(word, rest)?;
    check_profile(app.legacy.profile.as_deref())?;
    let globals = app.globals.resolve()?;
    globals.seed();
    block_on(async move {
        let session = Session::open(&globals).await?;
        dynamic::run(&session, word, rest).await
    })
}

/// Whether the words go on where a group of commands has none: `micro user read` is meant for the service `user`.
fn may_be_service(word: &str, rest: &[String]) -> bool {
    let app = tree();
    let group = app.find_subcommand(word).filter(|group| group.has_subcommands());
    let next = rest.first().filter(|next| !next.starts_with('-'));
    group
        .zip(next)
        .is_some_and(|(group, next)| group.find_subcommand(next).is_none())
}

/// Calls the service of a group's name, if there is one with such an endpoint.
fn try_service(globals: Vec<String>, word: &str, rest: &[String]) -> Result<bool> {
    let Some(app) = parse(globals)? else {
        return Ok(false);
    };
    let globals = app.globals.resolve()?;
    let mut is_done = false;
    block_on(async {
        let looking = async {
            let session = Session::open(&globals).await.ok()?;
            dynamic::is_there(&session, word, rest).await.then_some(session)
        };
        // A slip must not wait for a server that is far away, or nowhere.
        let Ok(Some(session)) = tokio::time::timeout(SERVICE_PATIENCE, looking).await else {
            return Ok(());
        };
        is_done = true;
        dynamic::run(&session, word, rest).await
    })?;
    Ok(is_done)
}

/// `None` when help or the version was asked for and is printed.
fn parse(line: Vec<String>) -> Result<Option<App>> {
    let words: Vec<String> = line
        .iter()
        .filter(|word| !word.starts_with('-'))
        .cloned()
        .collect();
    match tree()
        .try_get_matches_from(line)
        .and_then(|matches| App::from_arg_matches(&matches))
    {
        Ok(app) => Ok(Some(app)),
        // A group without one of its commands is explained, which is no mistake.
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output::line(&error.render().to_string()).map(|()| None)
        }
        Err(error) if error.use_stderr() => match bare(&words) {
            // So is a command of which nothing but its name was said.
            Some(words) if error.kind() == ErrorKind::MissingRequiredArgument => explain(words).map(|_| None),
            _ => Err(misuse(&error, &words)),
        },
        Err(error) => error.print().map(|()| None).map_err(Failure::from),
    }
}

/// A program `micro-<word>` on the path is a command of its own.
fn run_plugin(word: &str, rest: &[String]) -> Result<()> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("micro-{word}");
    let found = std::env::split_paths(&paths)
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file());
    match found {
        Some(program) => Err(Command::new(program).args(rest).exec().into()),
        None => Ok(()),
    }
}

impl GlobalArgs {
    fn resolve(self) -> Result<Globals> {
        let home = home::home()?;
        let output = match self.output.as_str() {
            "json" => Output::Json,
            "text" | "raw" | "table" => Output::Text,
            other => {
                return Err(Failure::new(
                    1,
                    format!("unknown output {other:?}; use text or json"),
                ));
            }
        };
        Ok(Globals {
            config_file: self.config.unwrap_or_else(|| home.join("config.json")),
            home,
            env: self.env.filter(|env| !env.is_empty()),
            proxy_address: self.proxy_address.filter(|address| !address.is_empty()),
            output,
        })
    }
}

fn finish(mut app: App) -> Result<ExitCode> {
    let is_raw = app.globals.output == "raw";
    let outside = app.legacy.outside();
    let LegacyArgs {
        namespace,
        profile,
        auth_private_key,
        auth_public_key,
        ..
    } = app.legacy;
    check_profile(profile.as_deref())?;
    let Some(command) = app.command else {
        return Ok(ExitCode::SUCCESS);
    };
    match command {
        Cmd::Help { command } => explain(&command),
        Cmd::Completion(args) => completion::run(&args, &mut tree()).map(|()| ExitCode::SUCCESS),
        command => {
            let globals = app.globals.resolve()?;
            match command {
                // What looks for faults changes nothing.
                Cmd::Doctor(args) => block_on(async move { doctor::run(&globals, args).await }),
                Cmd::Init(args) => init::init(&args).map(|()| ExitCode::SUCCESS),
                Cmd::Cli(args) => block_on(async move { shell::run(&globals, &args) }),
                Cmd::Service(args) => {
                    let namespace = namespace.or_else(|| std::env::var("MICRO_NAMESPACE").ok());
                    block_on(async move { service::run(&globals, namespace, args).await })
                }
                Cmd::Server(command) => {
                    globals.seed();
                    let command = command
                        .with_profile(profile)
                        .or_keys(auth_private_key, auth_public_key)
                        .or_outside(outside);
                    block_on(async move { server::run(&globals, command).await })
                }
                command => {
                    globals.seed();
                    block_on(dispatch(globals, command, is_raw))
                }
            }
        }
    }
}

async fn dispatch(globals: Globals, command: Cmd, is_raw: bool) -> Result<()> {
    match command {
        Cmd::New(args) => new::run(&globals, &args),
        Cmd::Gen(args) => generate::run(&args),
        Cmd::Run(args) => run::run(&globals, *args).await,
        Cmd::Update(args) => run::update(&globals, args).await,
        Cmd::Kill(args) => kill::run(&globals, args).await,
        Cmd::Status(args) => status::run(&globals, args).await,
        Cmd::Logs(args) => logs::run(&globals, args).await,
        Cmd::Services => services::run_list(&globals).await,
        Cmd::Web(args) => web::run(&globals, args).await,
        Cmd::Get(args) => services::run_get(&globals, args).await,
        Cmd::Call(CallArgs { stream }) => {
            let wanted = stream.into_call(is_raw);
            call::check(&wanted)?;
            call::call(&Session::open(&globals).await?, &wanted).await
        }
        Cmd::Stream(args) => {
            let wanted = args.into_call(is_raw);
            call::check(&wanted)?;
            call::stream(&Session::open(&globals).await?, &wanted).await
        }
        Cmd::Login(args) => login::login(&globals, args).await,
        Cmd::Logout => login::logout(&globals).await,
        Cmd::User(args) => user::run(&globals, args).await,
        Cmd::Env(args) => env::run(&globals, args).await,
        Cmd::Auth(args) => auth::run(&globals, args).await,
        Cmd::Blob(args) => blob::run(&globals, args).await,
        Cmd::Broker(args) => broker::run(&globals, args).await,
        Cmd::Config(args) => config::run(&globals, args).await,
        Cmd::Events(args) => events::run(&globals, args).await,
        Cmd::Store(args) => store::run(&globals, args).await,
        Cmd::Namespace(args) => namespace::run(&globals, args).await,
        Cmd::Network(args) => network::run(&globals, args).await,
        Cmd::Debug(args) => debug::run(&globals, args).await,
        Cmd::Stats(args) => debug::run_stats(&globals, args).await,
        Cmd::Shutdown(args) => shutdown::run(&globals, args).await,
        // Done before, without what is made ready here.
        Cmd::Help { .. }
        | Cmd::Completion(_)
        | Cmd::Server(_)
        | Cmd::Service(_)
        | Cmd::Doctor(_)
        | Cmd::Cli(_)
        | Cmd::Init(_) => Ok(()),
    }
}

impl StreamArgs {
    fn into_call(self, output_raw: bool) -> call::Call {
        call::Call {
            service: self.service,
            endpoint: self.endpoint,
            body: self.body,
            address: self.address,
            output_raw,
            metadata: self.metadata,
            request_timeout: self.request_timeout,
        }
    }
}

fn explain(words: &[String]) -> Result<ExitCode> {
    let mut app = tree();
    app.build();
    let mut command = &mut app;
    for (at, word) in words.iter().enumerate() {
        command = command.find_subcommand_mut(word).ok_or_else(|| {
            let known = ["micro"]
                .into_iter()
                .chain(words[..at].iter().map(String::as_str));
            let known = known.collect::<Vec<_>>().join(" ");
            let text = match at {
                0 => format!("Unrecognized micro command: {word}. Please refer to 'micro --help'"),
                _ => format!("Unrecognized subcommand for {known}: {word}. Please refer to '{known} --help'"),
            };
            Failure::new(1, text)
        })?;
    }
    output::line(&command.render_help().to_string()).map(|()| ExitCode::SUCCESS)
}

fn block_on(command: impl Future<Output = Result<()>>) -> Result<ExitCode> {
    // What a blocking thread freed goes back to the system when it ends: 19 MiB for a password's hash.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_keep_alive(Duration::from_secs(1))
        .enable_all()
        .build()?;
    let ended = runtime.block_on(command);
    // Reads of the terminal cannot be cancelled; the process does not wait for them.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}
