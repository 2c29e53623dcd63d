//! `micro call` and `micro stream`: an endpoint by its name, the message as JSON.

use std::io::IsTerminal;
use std::time::Duration;

use bytes::Bytes;
use micro_rpc::{Client, Codec, Context, Error, Streaming};
use serde::de::IgnoredAny;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::dynamic;
use crate::errors::{Failure, Result};
use crate::output;
use crate::session::Session;

/// How many lines of the standard input may wait to be sent.
const AHEAD: usize = 16;

/// What `micro call` and `micro stream` were told.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The name of the service.
    pub service: String,
    /// The endpoint, `Handler.Method`.
    pub endpoint: String,
    /// The words of the JSON message.
    pub body: Vec<String>,
    /// Where to send it, past the registry.
    pub address: Option<String>,
    /// Print answers as they are.
    pub output_raw: bool,
    /// `key=value` pairs to send along.
    pub metadata: Vec<String>,
    /// How long to wait, for example `5s`.
    pub request_timeout: Option<String>,
}

/// Refuses what can never work, before anybody is asked.
pub fn check(call: &Call) -> Result<()> {
    if !call.endpoint.contains('.') {
        let name = &call.endpoint;
        return Err(Failure::new(
            3,
            format!("Method name \"{name}\" invalid format. Expecting service.endpoint"),
        ));
    }
    context("", &call.metadata, call.request_timeout.as_deref())?;
    message(&call.body).map(drop)
}

/// Calls an endpoint and prints its answer.
pub async fn call(session: &Session, call: &Call) -> Result<()> {
    let (client, ctx) = prepare(session, call)?;
    let body = message(&call.body)?;
    let reply = client
        .call_raw(&ctx, &call.service, &call.endpoint, Codec::Json, body)
        .await?;
    print(&reply, call.output_raw)
}

/// Opens a stream to an endpoint and prints each answer on its own line.
pub async fn stream(session: &Session, call: &Call) -> Result<()> {
    let (client, ctx) = prepare(session, call)?;
    let requests = if call.body.is_empty() && !std::io::stdin().is_terminal() {
        from_stdin()
    } else {
        Streaming::from_iter([message(&call.body)?])
    };
    let replies = client
        .stream_raw(&ctx, &call.service, &call.endpoint, Codec::Json, requests)
        .await?;
    print_all(replies, call.output_raw).await
}

fn prepare(session: &Session, call: &Call) -> Result<(Client, Context)> {
    let namespace = if dynamic::is_core(&call.service) {
        dynamic::PLATFORM
    } else {
        &session.namespace
    };
    let ctx = context(namespace, &call.metadata, call.request_timeout.as_deref())?;
    let client = call
        .address
        .as_deref()
        .map_or_else(|| session.client.clone(), |address| session.client_to(address));
    Ok((client, ctx))
}

/// A context for one call from the command line.
pub fn context(namespace: &str, metadata: &[String], timeout: Option<&str>) -> Result<Context> {
    let mut ctx = Context::background().with_namespace(namespace).with_extensions();
    for pair in metadata {
        // A header is written with a colon, metadata with an equals sign: what comes first parts them.
        let (key, value) = pair
            .split_once(['=', ':'])
            .filter(|(key, _)| !key.trim().is_empty())
            .ok_or_else(|| {
                Failure::new(1, format!("Invalid metadata: {pair}. Expected format: key=value"))
            })?;
        ctx = ctx.with_metadata(key.trim(), value.trim_start());
    }
    if let Some(text) = timeout {
        let wrong = || {
            Failure::new(
                2,
                format!("Invalid format for request timeout: {text:?}. Write for example 5s"),
            )
        };
        ctx = ctx.with_timeout(duration(text).ok_or_else(wrong)?);
    }
    Ok(ctx)
}

/// The message the words make: they are sent as written, once they are known to be JSON.
fn message(words: &[String]) -> Result<Bytes> {
    let text = words.join(" ");
    let text = if text.trim().is_empty() {
        "{}".to_owned()
    } else {
        text
    };
    match serde_json::from_str::<IgnoredAny>(&text) {
        Ok(_) => Ok(Bytes::from(text)),
        Err(error) => Err(Failure::new(1, format!("Error creating request {error}"))
            .with_hint("The message is JSON, in quotes: '{\"name\": \"John\"}'")),
    }
}

/// Messages from the standard input, one JSON text a line; empty lines are passed over.
pub(crate) fn from_stdin() -> Streaming<Bytes> {
    let (sender, stream) = Streaming::channel(AHEAD);
    tokio::spawn(async move {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        loop {
            let line = match lines.next_line().await {
                Ok(Some(line)) if line.trim().is_empty() => continue,
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(error) => return sender.fail(Error::bad_request("micro", error.to_string())).await,
            };
            if let Err(error) = serde_json::from_str::<IgnoredAny>(&line) {
                let detail = format!("Error creating request {error}");
                return sender.fail(Error::bad_request("micro", detail)).await;
            }
            if sender.send(Bytes::from(line)).await.is_err() {
                return;
            }
        }
    });
    stream
}

/// Prints answers as they come.
pub(crate) async fn print_all(mut replies: Streaming<Bytes>, raw: bool) -> Result<()> {
    while let Some(reply) = replies.next().await {
        print(&reply?, raw)?;
    }
    Ok(())
}

/// Prints one answer.
pub(crate) fn print(reply: &[u8], raw: bool) -> Result<()> {
    let text = String::from_utf8_lossy(reply);
    if raw {
        return output::line(&text);
    }
    output::line(&output::reindent(&text))?;
    match serde_json::from_str::<IgnoredAny>(&text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(3, format!("The answer is no JSON: {error}"))),
    }
}

/// Reads `5s`, `300ms`, `1m30s`, `1.5h`; the units are ns, us, ms, s, m and h.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (count, after) = rest.split_at(number);
        let end = after
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let seconds = count.parse::<f64>().ok()? * seconds_in(unit)?;
        total = total.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        rest = next;
    }
    (!text.trim().is_empty()).then_some(total)
}

fn seconds_in(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read() {
        let table = [
            ("5s", Some(5_000)),
            ("300ms", Some(300)),
            ("1m", Some(60_000)),
            ("1h", Some(3_600_000)),
            ("1m30s", Some(90_000)),
            ("1.5s", Some(1_500)),
            ("0", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("-1s", None),
            ("5 s", None),
            ("5d", None),
            ("99999999999999999999999h", None),
        ];
        for (text, millis) in table {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn messages_are_checked_and_sent_as_written() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(message(&[]).unwrap(), "{}");
        assert_eq!(
            message(&words(r#"{"b": 12345678901234567890, "a": 1}"#)).unwrap(),
            r#"{"b": 12345678901234567890, "a": 1}"#
        );
        let failure = message(&words("{name: x}")).unwrap_err();
        assert!(
            failure.code == 1 && failure.text.starts_with("Error creating request "),
            "{failure}"
        );
    }

    #[test]
    fn metadata_and_timeouts_make_the_context() {
        let header = context("", &["X-Kind: a=b".into()], None).unwrap();
        assert_eq!(header.metadata().get("x-kind"), Some("a=b"));
        let ctx = context("shop", &["Tenant=a=b".into()], Some("5s")).unwrap();
        assert_eq!(
            (ctx.namespace(), ctx.metadata().get("tenant")),
            ("shop", Some("a=b"))
        );
        assert!(ctx.deadline().is_some());
        assert_eq!(context("shop", &[], Some("soon")).unwrap_err().code, 2);
        assert_eq!(context("shop", &["nothing".into()], None).unwrap_err().code, 1);
    }

    proptest! {
        #[test]
        fn any_duration_is_survived(text in "[0-9.a-zµ]{0,12}|.*") {
            duration(&text);
        }
    }
}
