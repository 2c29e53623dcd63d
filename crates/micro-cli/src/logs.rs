//! `micro logs`: what a service printed.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};

use clap::Args;
use micro_proto::runtime::{LogRecord, LogsOptions, LogsRequest, Runtime, RuntimeClient};
use micro_rpc::{Context, Error};
use serde::Serialize;

use crate::call;
use crate::errors::{Failure, Result};
use crate::output::Output;
use crate::session::{Globals, Session};
use crate::target;
use crate::tokens::now;

/// Get logs for a service.
#[derive(Args, Debug)]
#[command(
    after_help = "EXAMPLE:\n   micro logs helloworld\n   micro logs -f -n 100 helloworld@latest\n   micro logs --since=10m -n 0 helloworld"
)]
pub struct LogsArgs {
    /// The service, as NAME or NAME@VERSION; a dot is the one of this folder
    name: String,
    /// How many of the last lines to show; 0 shows all that are kept
    #[arg(long, short = 'n', default_value_t = 15)]
    lines: u32,
    /// Only lines that are not older: a time ago such as 10m, or seconds since 1970
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
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
    let since = args.since.as_deref().map(moment).transpose()?;
    let (name, version) = target::named(&args.name, args.version)?;
    let session = Session::open(globals).await?;
    let target = target::resolve(&session, &name, &version).await?;
    let request = LogsRequest {
        service: target.name,
        version: target.version,
        stream: args.follow,
        count: i64::from(args.lines),
        since: since.unwrap_or(0),
        options: Some(LogsOptions {
            namespace: session.namespace.clone(),
        }),
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

/// Unix seconds of a time ago, or of themselves.
fn moment(text: &str) -> Result<i64> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let ago = call::duration(text).and_then(|ago| i64::try_from(ago.as_secs()).ok());
    let wrong = || {
        let text = format!("no time: {text:?}; write a time ago such as 10m, or seconds since 1970");
        Failure::new(1, text)
    };
    ago.map(|ago| now().saturating_sub(ago).max(1)).ok_or_else(wrong)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ago_and_times() {
        assert_eq!(moment("1700000000").unwrap(), 1_700_000_000);
        let ago = now() - moment("10m").unwrap();
        assert!((600..=601).contains(&ago), "{ago}");
        assert!(moment("then").unwrap_err().text.contains("10m"));
    }
}
