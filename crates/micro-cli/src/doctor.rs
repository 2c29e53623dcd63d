//! `micro doctor`: what could keep the platform from working here, and what to do about it.
//!
//! It works without a server, with an empty home and with broken settings: each check says what it found by itself, and one
//! that fails keeps no other from being made.

mod home;
mod machine;
mod ports;
mod server;

use clap::Args;
use serde::Serialize;

use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::session::Globals;

pub(crate) use home::is_held;
pub(crate) use ports::holds;

/// Look for what could keep the platform from working, and say what to do.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro doctor\n   micro -o json doctor")]
pub struct DoctorArgs {}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Health {
    Ok,
    Warn,
    Fail,
}

/// What was looked at, what was found, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    check: String,
    status: Health,
    found: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    advice: String,
}

impl Finding {
    fn ok(check: &str, found: impl Into<String>) -> Self {
        Self::new(check, Health::Ok, found.into(), "")
    }

    fn warn(check: &str, found: impl Into<String>, advice: &str) -> Self {
        Self::new(check, Health::Warn, found.into(), advice)
    }

    fn fail(check: &str, found: impl Into<String>, advice: &str) -> Self {
        Self::new(check, Health::Fail, found.into(), advice)
    }

    fn new(check: &str, status: Health, found: String, advice: &str) -> Self {
        Self {
            check: check.to_owned(),
            status,
            found,
            advice: advice.to_owned(),
        }
    }
}

/// Runs `micro doctor`.
pub async fn run(globals: &Globals, _args: DoctorArgs) -> Result<()> {
    let own = ports::own_server(globals);
    let mut findings = home::look(globals);
    findings.extend(ports::look(own.as_ref()).await);
    findings.extend(machine::look(globals).await);
    findings.extend(server::look(globals, own.as_ref()).await);
    match globals.output {
        Output::Json => print_json(&findings)?,
        Output::Text => output::line(&text(&findings))?,
    }
    let failed = findings
        .iter()
        .filter(|finding| finding.status == Health::Fail)
        .count();
    match failed {
        0 => Ok(()),
        1 => Err(Failure::new(1, "1 check failed")),
        many => Err(Failure::new(1, format!("{many} checks failed"))),
    }
}

fn text(findings: &[Finding]) -> String {
    let width = findings
        .iter()
        .map(|finding| finding.check.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        let status = match finding.status {
            Health::Ok => "ok",
            Health::Warn => "warn",
            Health::Fail => "fail",
        };
        text.push_str(&format!(
            "{status:<4}  {:<width$}  {}\n",
            finding.check, finding.found
        ));
        if !finding.advice.is_empty() {
            text.push_str(&format!("{:6}{:width$}  {}\n", "", "", finding.advice));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_lines() {
        let findings = [
            Finding::ok("home", "there"),
            Finding::fail("port 8080", "taken", "free it"),
        ];
        assert_eq!(
            text(&findings),
            "ok    home       there\nfail  port 8080  taken\n                 free it\n"
        );
        let json = serde_json::to_value(&findings[0]).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"check": "home", "status": "ok", "found": "there"})
        );
    }
}
