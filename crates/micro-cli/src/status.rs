//! `micro status`: what the runtime keeps running.

use clap::Args;
use micro_proto::debug::{Debug as _, DebugClient, HealthRequest};
use micro_proto::runtime::{ReadOptions, ReadRequest, Runtime, RuntimeClient, Service};
use micro_rpc::Context;
use micro_rpc::wkt::Timestamp;

use crate::errors::Result;
use crate::output::{Output, print_json, table};
use crate::session::{Globals, Session};
use crate::target;
use crate::tokens::now;

/// Get the status of services.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro status\n   micro status helloworld")]
pub struct StatusArgs {
    /// Only this service, as NAME or NAME@VERSION; a dot is the one of this folder
    name: Option<String>,
    /// Only this version
    version: Option<String>,
    /// Only services of this type
    #[arg(long = "type", default_value = "")]
    kind: String,
    /// Only this service
    #[arg(long = "name", value_name = "NAME")]
    named: Option<String>,
}

const HEADERS: [&str; 7] = [
    "NAME", "VERSION", "SOURCE", "STATUS", "BUILD", "UPDATED", "METADATA",
];

/// Runs `micro status`.
pub async fn run(globals: &Globals, args: StatusArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    tell_away(&session).await;
    let name = args.name.or(args.named);
    let (service, version) = target::named(name.as_deref().unwrap_or_default(), args.version)?;
    let options = ReadOptions {
        service,
        version,
        r#type: args.kind,
        namespace: session.namespace.clone(),
    };
    let request = ReadRequest {
        options: Some(options),
    };
    let answer = RuntimeClient::new(&session.client)
        .read(&Context::background(), request)
        .await;
    let mut services = answer.map_err(|error| session.explain(error))?.services;
    services.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    if matches!(globals.output, Output::Json) {
        return print_json(&services);
    }
    if !services.is_empty() {
        let now = now();
        let rows = services.iter().map(|service| row(service, now)).collect();
        println!("{}", table(&HEADERS, rows).trim_end());
    }
    Ok(())
}

/// Says which of the systems that the platform stands on are away: it may be why the rest is as it is.
async fn tell_away(session: &Session) {
    let platform = DebugClient::with_name(&session.client, "runtime");
    let Ok(health) = platform.health(&Context::background(), HealthRequest {}).await else {
        // What is asked next tells the same failure.
        return;
    };
    for (name, state) in health.backends.iter().filter(|(_, state)| *state != "ok") {
        eprintln!("{name} is away: {state}");
    }
}

/// `NAME[@VERSION]` as name and version; a version beside it is used when the name has none.
pub(crate) fn split(name: &str, version: Option<String>) -> (String, String) {
    let (name, own) = name.split_once('@').unwrap_or((name, ""));
    let version = if own.is_empty() {
        version.unwrap_or_default()
    } else {
        own.to_owned()
    };
    (micro::registry::short_name(name).to_owned(), version)
}

fn row(service: &Service, now: i64) -> Vec<String> {
    let fact = |key: &str| {
        service
            .metadata
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let build = fact("build").map_or_else(|| "n/a".to_owned(), |build| build.chars().take(7).collect());
    let source = fact("source").unwrap_or(&service.source);
    vec![
        service.name.clone(),
        service.version.clone(),
        source.to_owned(),
        word(service.status).to_owned(),
        build,
        ago(
            fact("lastStatusUpdate")
                .or_else(|| fact("started"))
                .unwrap_or_default(),
            now,
        ),
        notes(service),
    ]
}

fn notes(service: &Service) -> String {
    let or_none = |key: &str| {
        service
            .metadata
            .get(key)
            .filter(|value| !value.is_empty())
            .map_or("n/a", String::as_str)
    };
    let mut text = format!("owner={}, group={}", or_none("owner"), or_none("group"));
    if let Some(error) = service.metadata.get("error").filter(|error| !error.is_empty()) {
        // A row is one line.
        text.push_str(&format!(
            ", error={}",
            error.split_whitespace().collect::<Vec<_>>().join(" ")
        ));
    }
    text
}

fn word(status: i32) -> &'static str {
    match status {
        1 => "pending",
        2 => "building",
        3 => "starting",
        4 => "running",
        5 => "stopping",
        6 => "stopped",
        7 => "error",
        _ => "unknown",
    }
}

/// How long before `now` a time was.
fn ago(time: &str, now: i64) -> String {
    if time.is_empty() {
        return "unknown".to_owned();
    }
    match serde_json::from_value::<Timestamp>(time.into()) {
        Ok(at) => format!("{} ago", humanise(now.saturating_sub(at.seconds).max(0))),
        Err(_) => time.to_owned(),
    }
}

/// Seconds as `1d2h3m4s`, without the leading parts that are zero.
pub(crate) fn humanise(seconds: i64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m{rest}s"),
        (0, _, _) => format!("{hours}h{minutes}m{rest}s"),
        _ => format!("{days}d{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_humanised() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m0s"),
            (3723, "1h2m3s"),
            (86_400, "1d0h0m0s"),
            (180_061, "2d2h1m1s"),
        ] {
            assert_eq!(humanise(seconds), text);
        }
        for (time, text) in [
            ("", "unknown"),
            ("1970-01-01T00:00:01.5Z", "9s ago"),
            ("1970-01-01T00:01:00Z", "0s ago"),
            ("x", "x"),
        ] {
            assert_eq!(ago(time, 10), text);
        }
    }

    #[test]
    fn names_carry_versions() {
        for (name, version, wanted) in [
            ("a", None, ("a", "")),
            ("a@1", None, ("a", "1")),
            ("a@1", Some("2"), ("a", "1")),
            ("go.micro.service.a", Some("2"), ("a", "2")),
        ] {
            let (name, version) = split(name, version.map(str::to_owned));
            assert_eq!((name.as_str(), version.as_str()), wanted);
        }
    }
}
