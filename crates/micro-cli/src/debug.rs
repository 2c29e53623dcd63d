//! `micro debug`: what each instance of a service says about itself.

mod ask;
mod print;

use clap::{Args, Subcommand, ValueEnum};
use micro_proto::registry::{ListRequest, Options, Registry as _, RegistryClient};
use micro_rpc::Context;

use crate::dynamic::{self, PLATFORM};
use crate::errors::{Failure, Result};
use crate::output::Output;
use crate::session::{Globals, Session};
use ask::Asked;

/// Ask the instances of services about themselves.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro debug health helloworld\n   micro debug stats helloworld")]
pub struct DebugArgs {
    #[command(subcommand)]
    command: DebugCommand,
}

#[derive(Subcommand, Debug)]
enum DebugCommand {
    /// Show whether each instance of a service is well
    #[command(after_help = "EXAMPLE:\n   micro debug health helloworld")]
    Health {
        /// The service
        name: String,
    },
    /// Show since when each instance runs, and what it needs
    #[command(after_help = "EXAMPLE:\n   micro debug stats helloworld\n   micro debug stats --all=builtin")]
    Stats {
        /// The services
        #[arg(required_unless_present = "all", value_name = "NAME")]
        names: Vec<String>,
        /// All of the platform's own, or all others
        #[arg(long, value_name = "KIND")]
        all: Option<Kind>,
    },
    /// Print what the instances of a service kept of their log
    #[command(after_help = "EXAMPLE:\n   micro debug log helloworld")]
    Log {
        /// The service
        name: String,
        /// How many of the last records; 0 is all
        #[arg(long, short = 'n', default_value_t = 0)]
        count: i64,
        /// Only records since then, in seconds since 1970
        #[arg(long, default_value_t = 0)]
        since: i64,
    },
    /// Show the last calls that the instances of a service answered
    #[command(
        after_help = "EXAMPLE:\n   micro debug trace helloworld\n   micro debug trace --id=TRACE helloworld"
    )]
    Trace {
        /// The service
        name: String,
        /// Only calls of this trace
        #[arg(long, default_value = "")]
        id: String,
    },
}

/// Which services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The platform's own.
    Builtin,
    /// All others.
    Custom,
}

/// `micro stats NAME`, as scripts of version 3.0 write it.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro stats helloworld")]
pub struct StatsArgs {
    /// The service
    name: String,
}

/// Runs `micro debug`.
pub async fn run(globals: &Globals, args: DebugArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    let is_json = globals.output == Output::Json;
    match args.command {
        DebugCommand::Health { name } => print::health(&ask::health(&session, &name).await?, is_json),
        DebugCommand::Stats { names, all } => {
            let names = match all {
                Some(kind) => of_kind(&session, kind).await?,
                None => names,
            };
            print::stats(&stats(&session, &names).await?, is_json, &print::STATS)
        }
        DebugCommand::Log { name, count, since } => {
            let asked = ask::log(&session, &name, count, since).await?;
            print::log(&asked, is_json)?;
            if !is_json
                && asked
                    .iter()
                    .all(|asked| asked.answer.as_ref().is_ok_and(Vec::is_empty))
            {
                eprintln!("no instance of {name} keeps a log; `micro logs {name}` shows what it printed");
            }
            Ok(())
        }
        DebugCommand::Trace { name, id } => print::trace(&ask::trace(&session, &name, &id).await?, is_json),
    }
}

/// Runs `micro stats`.
pub async fn run_stats(globals: &Globals, args: StatsArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    let asked = stats(&session, &[args.name]).await?;
    print::stats(&asked, globals.output == Output::Json, &print::STATS_3_0)
}

async fn stats(session: &Session, names: &[String]) -> Result<Vec<Asked<micro_proto::debug::StatsResponse>>> {
    let mut all = Vec::new();
    for name in names {
        all.extend(ask::stats(session, name).await?);
    }
    Ok(all)
}

async fn of_kind(session: &Session, kind: Kind) -> Result<Vec<String>> {
    let namespace = match kind {
        Kind::Builtin => PLATFORM,
        Kind::Custom => &session.namespace,
    };
    let options = Some(Options {
        domain: namespace.to_owned(),
        ..Options::default()
    });
    let listed = RegistryClient::new(&session.client)
        .list_services(&Context::background(), ListRequest { options })
        .await
        .map_err(|error| session.explain(error))?;
    let mut names: Vec<String> = listed.services.into_iter().map(|service| service.name).collect();
    names.retain(|name| dynamic::is_core(name) == (kind == Kind::Builtin));
    names.dedup();
    match names.is_empty() {
        true => Err(Failure::new(1, format!("no such service runs in {namespace}"))),
        false => Ok(names),
    }
}
