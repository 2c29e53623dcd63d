//! The server: whether it answers, is of this version, has the same time, and what of its services is in trouble.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro::join::Join;
use micro::registry::{Registry as _, Remote};
use micro_proto::runtime::{ReadOptions, ReadRequest, Runtime as _, RuntimeClient};
use micro_rpc::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Finding;
use crate::session::{Environment, Globals, NAMESPACE, Session, is_reachable};

const PATIENCE: Duration = Duration::from_secs(3);
/// Tokens of the one are still good for the other up to here.
const SKEW: Duration = Duration::from_secs(5);
/// The status of a service that does not run and should.
const ERROR: i32 = 7;

pub(super) async fn look(globals: &Globals, own: Option<&Join>) -> Vec<Finding> {
    const CHECK: &str = "server";
    let environment = match Environment::resolve(globals) {
        Ok(environment) => environment,
        Err(failure) => {
            return vec![Finding::fail(
                CHECK,
                failure.text,
                &failure.hint.unwrap_or_default(),
            )];
        }
    };
    let Environment { name, address } = &environment;
    if !is_reachable(address).await {
        let found = format!("nobody answers at {address} ({name})");
        return vec![Finding::warn(
            CHECK,
            found,
            "start one with `micro server`, or choose another with `micro env set`",
        )];
    }
    let mut findings = Vec::new();
    match Session::open(globals).await {
        Ok(session) => findings.extend(ask(&session).await),
        Err(failure) => findings.push(Finding::fail(
            CHECK,
            format!("{address} ({name}) answers, and refuses: {}", failure.text),
            &failure.hint.unwrap_or_else(|| "micro login".to_owned()),
        )),
    }
    if let Some(join) = own {
        // Over TLS the gateway is not asked, and pages are of the same clock.
        let mut plain = [&join.gateway, &join.web].into_iter();
        if let Some(address) = plain.find_map(|url| url.strip_prefix("http://")) {
            findings.extend(time(address).await);
        }
    }
    findings
}

async fn ask(session: &Session) -> Vec<Finding> {
    const CHECK: &str = "server";
    let place = format!("{} ({})", session.address, session.environment);
    let own = env!("CARGO_PKG_VERSION");
    let version = match Remote::new(&session.client).get(NAMESPACE, "registry").await {
        Ok(found) => found.into_iter().next().map(|service| service.version),
        Err(error) => {
            let failure = session.explain(error);
            let advice = failure.hint.unwrap_or_default();
            return vec![Finding::warn(
                CHECK,
                format!(
                    "{place} answers, and does not let you look further: {}",
                    failure.text
                ),
                &advice,
            )];
        }
    };
    let first = match version {
        Some(version) if version == own => Finding::ok(CHECK, format!("{place} answers, version {version}")),
        Some(version) => Finding::warn(
            CHECK,
            format!("{place} is version {version}, and this is {own}"),
            "stop it and start it anew with this one, or use the command of its version",
        ),
        None => Finding::warn(
            CHECK,
            format!("{place} does not list its own services"),
            "start it anew, should this last",
        ),
    };
    let mut findings = vec![first];
    findings.extend(services(session).await);
    findings
}

async fn services(session: &Session) -> Vec<Finding> {
    const CHECK: &str = "services";
    let options = Some(ReadOptions {
        namespace: session.namespace.clone(),
        ..ReadOptions::default()
    });
    let answer = RuntimeClient::new(&session.client)
        .read(&Context::background(), ReadRequest { options })
        .await;
    let services = match answer {
        Ok(answer) => answer.services,
        Err(error) => return vec![Finding::warn(CHECK, session.explain(error).text, "micro login")],
    };
    let sick: Vec<_> = services
        .iter()
        .filter(|service| service.status == ERROR)
        .collect();
    if sick.is_empty() {
        let found = format!(
            "{} in namespace {}, none in trouble",
            services.len(),
            session.namespace
        );
        return vec![Finding::ok(CHECK, found)];
    }
    let finding = |service: &&micro_proto::runtime::Service| {
        let why = service
            .metadata
            .get("error")
            .map_or("it does not say why", String::as_str);
        let line = why.lines().next().unwrap_or_default();
        Finding::warn(
            &format!("service {}", service.name),
            format!("is in trouble: {line}"),
            &format!("micro logs {}   shows what it printed", service.name),
        )
    };
    sick.iter().map(finding).collect()
}

/// Compares the time that the gateway names in its answers with this machine's.
async fn time(gateway: &str) -> Option<Finding> {
    const CHECK: &str = "clock of the server";
    let asked = async {
        let mut stream = TcpStream::connect(gateway).await?;
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer).await?;
        std::io::Result::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
    let date = answer
        .lines()
        .find_map(|line| {
            line.split_once(':')
                .filter(|(name, _)| name.eq_ignore_ascii_case("date"))
        })
        .and_then(|(_, date)| unix(date.trim()))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let skew = now.as_secs().abs_diff(date);
    Some(match skew > SKEW.as_secs() {
        true => Finding::fail(
            CHECK,
            format!("differs from this machine's by {skew} s"),
            "set both clocks by the network: tokens are refused where they differ",
        ),
        false => Finding::ok(CHECK, "is the same as this machine's"),
    })
}

/// `Thu, 26 Nov 2026 13:13:52 GMT` in seconds since 1970.
fn unix(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let fields: Vec<&str> = date.split([' ', ':']).collect();
    let [_, day, month, year, hour, minute, second, "GMT"] = fields[..] else {
        return None;
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let month = MONTHS.iter().position(|known| *known == month)? as u64;
    let (year, day) = (number(year)?, number(day)?);
    // Years that begin in March have their leap day at the end.
    let (shifted, month) = match month < 2 {
        true => (year.checked_sub(1)?, month + 10),
        false => (year, month - 2),
    };
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (month * 306 + 5) / 10 + day;
    let days = days.checked_sub(719_469)?;
    Some(days * 86_400 + number(hour)? * 3600 + number(minute)? * 60 + number(second)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_http_are_read() {
        for (date, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Tue, 29 Feb 2000 12:00:00 GMT", Some(951_825_600)),
            ("Thu, 26 Nov 2026 13:13:52 GMT", Some(1_795_698_832)),
            ("yesterday", None),
            ("Thu, 01 Xyz 1970 00:00:00 GMT", None),
        ] {
            assert_eq!(unix(date), expected, "{date}");
        }
    }
}
