//! `micro logs`: what a service printed.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use micro_proto::runtime::{LogRecord, LogsOptions, LogsRequest, Runtime, RuntimeClient};
use micro_rpc::{Context, Error, Streaming};
use serde::Serialize;

use crate::call;
use crate::errors::{Failure, Result};
use crate::output::Output;
use crate::resume::Resume;
use crate::session::{Globals, Session};
use crate::target;
use crate::tokens::now;

const NOT_FOUND: &str = "Service not found";

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
    let request = LogsRequest {
        service: name,
        version,
        stream: args.follow,
        count: i64::from(args.lines),
        since: since.unwrap_or(0),
        options: None,
    };
    let json = matches!(globals.output, Output::Json);
    let printed = if args.follow {
        follow(globals, request, json).await
    } else {
        let mut records = open(globals, request).await?;
        read(&mut records, |record| print(record, json)).await
    };
    match printed {
        // Whoever read along has seen enough.
        Err(failure) if failure.is_nobody_reading() => Ok(()),
        printed => printed,
    }
}

/// Goes on where it was when the server has been away, and ends when there are no more lines to come.
async fn follow(globals: &Globals, mut request: LogsRequest, json: bool) -> Result<()> {
    let mut records = open(globals, request.clone()).await?;
    let mut resume = Resume::new();
    let (mut last, mut at_last) = (0, 0);
    let mut fruitless = 0;
    loop {
        let (since, mut seen) = (last, at_last);
        let before = (last, at_last);
        let ended = read(&mut records, |record| {
            if record.timestamp == since && seen > 0 {
                seen -= 1;
                return Ok(());
            }
            if record.timestamp != last {
                (last, at_last) = (record.timestamp, 0);
            }
            at_last += 1;
            print(record, json)
        });
        let ended = ended.await.err();
        if let Some(failure) = ended.as_ref().filter(|failure| !failure.is_away) {
            return Err(failure.clone());
        }
        fruitless = if before == (last, at_last) {
            fruitless + 1
        } else {
            0
        };
        if ended.is_none() && fruitless > 1 {
            return Ok(());
        }
        (request.since, request.count) = (last, if last > 0 { 0 } else { request.count });
        records = match resume
            .open(ended, async || open(globals, request.clone()).await)
            .await
        {
            Err(failure) if failure.text == NOT_FOUND => return Ok(()),
            opened => opened?,
        };
    }
}

async fn open(globals: &Globals, mut request: LogsRequest) -> Result<Streaming<LogRecord>> {
    let session = Session::open(globals).await?;
    let target = target::resolve(&session, &request.service, &request.version).await?;
    (request.service, request.version) = (target.name, target.version);
    request.options = Some(LogsOptions {
        namespace: session.namespace.clone(),
    });
    let answer = RuntimeClient::new(&session.client)
        .logs(&Context::background(), request)
        .await;
    answer.map_err(refused)
}

async fn read(
    records: &mut Streaming<LogRecord>,
    mut print: impl FnMut(&LogRecord) -> Result<()>,
) -> Result<()> {
    while let Some(record) = records.next().await {
        print(&record.map_err(refused)?)?;
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

fn print(record: &LogRecord, json: bool) -> Result<()> {
    let mut output = std::io::stdout().lock();
    if json {
        let line = Line {
            message: &record.message,
            metadata: &record.metadata,
        };
        writeln!(
            output,
            "{}",
            serde_json::to_string(&line).map_err(std::io::Error::from)?
        )?;
    } else {
        writeln!(output, "{}", record.message.trim_end_matches('\n'))?;
    }
    Ok(())
}

fn refused(error: Error) -> Failure {
    let missing = error.code == 404
        || error.detail.starts_with("Logs not found")
        || (error.id.starts_with("runtime") && error.detail == "not found");
    if missing {
        return Failure::new(1, NOT_FOUND).with_hint("see micro status");
    }
    error.into()
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
