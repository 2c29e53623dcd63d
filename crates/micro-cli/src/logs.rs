//! `micro logs`: what a service printed.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};

use clap::Args;
use micro_proto::runtime::{LogRecord, LogsOptions, LogsRequest, Runtime, RuntimeClient};
use micro_rpc::{Context, Error};
use serde::Serialize;

use crate::errors::{Failure, Result};
use crate::output::Output;
use crate::session::{Globals, Session};
use crate::status::split;

/// Get logs for a service.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro logs helloworld\n   micro logs -f -n 100 helloworld@latest")]
pub struct LogsArgs {
    /// The service, as NAME or NAME@VERSION
    name: String,
    /// How many of the last lines to show
    #[arg(long, short = 'n', default_value_t = 15)]
    lines: u32,
    /// Go on with new lines as they come
    #[arg(long, short = 'f')]
    follow: bool,
    /// The service's version
    #[arg(long)]
    version: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a> {
    message: &'a str,
    metadata: &'a BTreeMap<String, String>,
}

/// Runs `micro logs`.
pub async fn run(globals: &Globals, args: LogsArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    let (service, version) = split(&args.name, args.version);
    let request = LogsRequest {
        service,
        version,
        stream: args.follow,
        count: i64::from(args.lines),
        options: Some(LogsOptions {
            namespace: session.namespace.clone(),
        }),
        ..LogsRequest::default()
    };
    let answer = RuntimeClient::new(&session.client)
        .logs(&Context::background(), request)
        .await;
    let mut records = answer.map_err(|error| refused(&session, error))?;
    let json = matches!(globals.output, Output::Json);
    while let Some(record) = records.next().await {
        let record = record.map_err(|error| refused(&session, error))?;
        match print(&record, json) {
            // Whoever read along has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            printed => printed?,
        }
    }
    Ok(())
}

fn print(record: &LogRecord, json: bool) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    if json {
        let line = Line {
            message: &record.message,
            metadata: &record.metadata,
        };
        writeln!(output, "{}", serde_json::to_string(&line)?)
    } else {
        writeln!(output, "{}", record.message.trim_end_matches('\n'))
    }
}

fn refused(session: &Session, error: Error) -> Failure {
    let missing = error.code == 404
        || error.detail.starts_with("Logs not found")
        || (error.id.starts_with("runtime") && error.detail == "not found");
    if missing {
        return Failure::new(1, "Service not found").with_hint("see micro status");
    }
    session.explain(error)
}
