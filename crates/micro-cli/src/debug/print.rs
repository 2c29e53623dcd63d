//! What the instances said, for people and for programs.

use std::time::Duration;

use micro_proto::debug::{Record, Span, SpanType, StatsResponse};
use micro_rpc::wkt::Timestamp;
use serde_json::{Value, json};

use super::ask::Asked;
use crate::errors::{Failure, Result};
use crate::output::{self, print_json, table};
use crate::status::humanise;

pub(super) const STATS: [&str; 7] = [
    "NODE",
    "ADDRESS:PORT",
    "STARTED",
    "UPTIME",
    "MEMORY",
    "THREADS",
    "GC",
];
/// As version 3.0 wrote them.
pub(super) const STATS_3_0: [&str; 7] = [
    "node",
    "address:port",
    "started",
    "uptime",
    "memory",
    "threads",
    "gc",
];

pub(super) fn health(asked: &[Asked<String>], is_json: bool) -> Result<()> {
    if is_json {
        print_all(asked, |status| json!({ "status": status }))?;
    } else {
        let cells = |status: &String| vec![vec![status.clone()]];
        output::line(&sections(asked, &["node", "address:port", "status"], cells))?;
    }
    match asked.iter().find(|asked| asked.answer.is_err()) {
        Some(sick) => Err(Failure::new(
            1,
            format!("{} at {} is not well", sick.node, sick.address),
        )),
        None => Ok(()),
    }
}

pub(super) fn stats(asked: &[Asked<StatsResponse>], is_json: bool, headers: &[&str]) -> Result<()> {
    if is_json {
        return print_all(asked, |stats| serde_json::to_value(stats).unwrap_or_default());
    }
    output::line(&sections(asked, headers, |stats| vec![stats_row(stats)]))
}

fn stats_row(stats: &StatsResponse) -> Vec<String> {
    let megabytes = stats.memory as f64 / (1024.0 * 1024.0);
    vec![
        moment(stats.started.saturating_mul(1_000_000_000)),
        humanise(i64::try_from(stats.uptime).unwrap_or(i64::MAX)),
        format!("{megabytes:.2}mb"),
        stats.threads.to_string(),
        format!("{:?}", Duration::from_nanos(stats.gc)),
    ]
}

pub(super) fn log(asked: &[Asked<Vec<Record>>], is_json: bool) -> Result<()> {
    if is_json {
        return print_all(asked, |records| json!({ "records": records }));
    }
    for asked in asked {
        match &asked.answer {
            Ok(records) => records
                .iter()
                .try_for_each(|record| output::line(&record.message))?,
            Err(error) => eprintln!("{} at {}: {}", asked.node, asked.address, error.detail),
        }
    }
    Ok(())
}

pub(super) fn trace(asked: &[Asked<Vec<Span>>], is_json: bool) -> Result<()> {
    if is_json {
        return print_all(asked, |spans| json!({ "spans": spans }));
    }
    let headers = [
        "NODE",
        "ADDRESS:PORT",
        "TRACE",
        "NAME",
        "STARTED",
        "DURATION",
        "TYPE",
        "ERROR",
    ];
    let rows = |spans: &Vec<Span>| spans.iter().map(span_row).collect();
    output::line(&sections(asked, &headers, rows))
}

fn span_row(span: &Span) -> Vec<String> {
    let kind = match SpanType::try_from(span.r#type) {
        Ok(SpanType::Outbound) => "out",
        _ => "in",
    };
    vec![
        span.trace.clone(),
        span.name.clone(),
        moment(span.started),
        format!("{:?}", Duration::from_nanos(span.duration)),
        kind.to_owned(),
        span.metadata.get("error").cloned().unwrap_or_default(),
    ]
}

/// A time of Unix nanoseconds, to the second.
fn moment(nanoseconds: u64) -> String {
    let seconds = i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX);
    let text = serde_json::to_value(Timestamp { seconds, nanos: 0 });
    text.ok()
        .and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_else(|| seconds.to_string())
}

/// For each service its name, for each version a table: node, address, and the cells of what was said. Who said nothing
/// well is a row too.
fn sections<T>(asked: &[Asked<T>], headers: &[&str], rows: impl Fn(&T) -> Vec<Vec<String>>) -> String {
    let mut text = String::new();
    for service in asked.chunk_by(|one, other| one.service == other.service) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("service  {}\n", service[0].service));
        for version in service.chunk_by(|one, other| one.version == other.version) {
            text.push_str(&format!("\nversion {}\n\n", version[0].version));
            let cells = version.iter().flat_map(|asked| {
                let said = match &asked.answer {
                    Ok(answer) => rows(answer),
                    Err(error) => vec![vec![error.detail.clone()]],
                };
                let own = [asked.node.clone(), asked.address.clone()];
                said.into_iter().map(move |said| [own.to_vec(), said].concat())
            });
            text.push_str(&table(headers, cells.collect()));
        }
    }
    text
}

fn print_all<T>(asked: &[Asked<T>], said: impl Fn(&T) -> Value) -> Result<()> {
    let one = |asked: &Asked<T>| {
        let mut value = json!({
            "service": asked.service,
            "version": asked.version,
            "node": asked.node,
            "address": asked.address,
        });
        let said = match &asked.answer {
            Ok(answer) => said(answer),
            Err(error) => json!({ "error": error.detail }),
        };
        if let (Some(value), Value::Object(said)) = (value.as_object_mut(), said) {
            value.extend(said);
        }
        value
    };
    print_json(&asked.iter().map(one).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use micro_rpc::Error;

    use super::*;

    fn asked(version: &str, answer: std::result::Result<String, Error>) -> Asked<String> {
        Asked {
            service: "user".to_owned(),
            version: version.to_owned(),
            node: "user-1".to_owned(),
            address: "127.0.0.1:1".to_owned(),
            answer,
        }
    }

    #[test]
    fn instances_are_listed_by_version() {
        let all = [
            asked("v1", Ok("ok".to_owned())),
            asked("v2", Err(Error::unavailable("x", "gone"))),
        ];
        let text = sections(&all, &["node", "address:port", "status"], |status| {
            vec![vec![status.clone()]]
        });
        assert_eq!(
            text,
            "service  user\n\nversion v1\n\nnode    address:port  status\nuser-1  127.0.0.1:1   ok\n\
             \nversion v2\n\nnode    address:port  status\nuser-1  127.0.0.1:1   gone\n"
        );
        assert!(health(&all, true).is_err());
    }

    #[test]
    fn numbers_are_for_people() {
        let stats = StatsResponse {
            started: 1,
            uptime: 61,
            memory: 3 * 1024 * 1024 / 2,
            threads: 4,
            ..StatsResponse::default()
        };
        assert_eq!(
            stats_row(&stats),
            ["1970-01-01T00:00:01Z", "1m1s", "1.50mb", "4", "0ns"]
        );
    }
}
