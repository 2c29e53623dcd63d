//! `micro call` and `micro stream`: an endpoint by its full name, with JSON.

use std::io::BufRead;

use bytes::Bytes;
use micro_rpc::{Client, Codec, Context, Streaming};

use crate::errors::{Failure, Result, malformed};
use crate::output::{self, Format};
use crate::session::Session;
use crate::settings::Settings;
use crate::span;

/// How long an answer is waited for unless the caller says so: more than any handler should need.
pub const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// Call an endpoint with JSON
#[derive(Debug, clap::Args)]
#[command(
    after_help = "micro call helloworld Helloworld.Call '{\"name\":\"Alice\"}'\nmicro call --request_timeout 5m --metadata key=value helloworld Helloworld.Call"
)]
pub struct CallArgs {
    #[command(flatten)]
    target: Target,
}

/// Call a streaming endpoint with JSON, and print each answer as it comes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "micro stream helloworld Helloworld.Stream '{\"count\":3}'\nprintf '{\"stroke\":1}\\n{\"stroke\":2}\\n' | micro stream helloworld Helloworld.PingPong -"
)]
pub struct StreamArgs {
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, clap::Args)]
struct Target {
    /// The service's name
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The endpoint, such as Helloworld.Call
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// The message; empty unless given. Of a stream, - reads one message per line from standard input
    #[arg(value_name = "JSON")]
    message: Vec<String>,
    /// Call this HOST:PORT directly, past the server
    #[arg(long, env = "MICRO_ADDRESS", value_name = "HOST:PORT")]
    address: Option<String>,
    /// A header to send along; may be given more than once
    #[arg(long, env = "MICRO_METADATA", value_name = "KEY=VALUE")]
    metadata: Vec<String>,
    /// How long to wait for the answer, such as 5s; 60s for a call and for ever for a stream unless given
    #[arg(long = "request_timeout", env = "MICRO_REQUEST_TIMEOUT", value_name = "SPAN")]
    request_timeout: Option<String>,
}

/// One message, one answer.
pub async fn call(settings: &Settings, args: &CallArgs) -> Result<()> {
    let call = args.target.read()?;
    let (client, ctx) = args.target.open(settings, &call).await?;
    let ctx = ctx.with_timeout(call.timeout.unwrap_or(TIMEOUT));
    let answer = client
        .call_raw(&ctx, &call.service, &args.target.endpoint, Codec::Json, call.body)
        .await;
    output::line(&shown(settings.output, &answer.map_err(explain)?));
    Ok(())
}

/// One message, or those of standard input; each answer as it comes.
pub async fn stream(settings: &Settings, args: &StreamArgs) -> Result<()> {
    let call = args.target.read()?;
    let (client, ctx) = args.target.open(settings, &call).await?;
    let ctx = match call.timeout {
        Some(timeout) => ctx.with_timeout(timeout),
        None => ctx,
    };
    let requests = if call.is_stdin {
        from_stdin()
    } else {
        Streaming::from_iter([call.body])
    };
    let answers = client
        .stream_raw(&ctx, &call.service, &args.target.endpoint, Codec::Json, requests)
        .await?;
    print_all(settings.output, answers).await
}

/// Prints answers as they come, until there are no more.
pub async fn print_all(format: Format, mut answers: Streaming<Bytes>) -> Result<()> {
    while let Some(answer) = answers.next().await {
        output::line(&shown(format, &answer.map_err(explain)?));
    }
    Ok(())
}

/// An answer as it is printed.
pub fn shown(format: Format, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    if format == Format::Raw {
        text.into_owned()
    } else {
        output::indent(&text)
    }
}

/// Says which flag would have waited longer.
pub fn explain(error: micro_rpc::Error) -> Failure {
    let failure = Failure::from(error);
    if failure.cause == crate::errors::Cause::Timeout {
        return failure.hint(format!(
            "a call may take {} s; --request_timeout sets another limit, such as 5m",
            TIMEOUT.as_secs()
        ));
    }
    failure
}

/// The messages of standard input, one a line. A line that is no JSON ends the call with an error.
pub fn from_stdin() -> Streaming<Bytes> {
    let (sender, messages) = Streaming::channel(16);
    let handle = tokio::runtime::Handle::current();
    // A thread of its own: reading a terminal cannot be cancelled, and must not keep the process from ending.
    std::thread::spawn(move || {
        for (number, line) in std::io::stdin().lock().lines().enumerate() {
            let message = line
                .map_err(|error| error.to_string())
                .and_then(|line| match line.trim() {
                    "" => Ok(None),
                    text => check(text)
                        .map(|()| Some(Bytes::from(text.to_owned())))
                        .map_err(|error| error.to_string()),
                });
            let sent = match message {
                Ok(None) => continue,
                Ok(Some(message)) => handle.block_on(sender.send(message)),
                Err(cause) => {
                    output::note(&format!("Error creating request: line {}: {cause}", number + 1));
                    std::process::exit(1);
                }
            };
            if sent.is_err() {
                return;
            }
        }
    });
    messages
}

/// Sets headers of the form `key=value`.
pub fn with_metadata(ctx: Context, metadata: &[String]) -> Result<Context> {
    metadata.iter().try_fold(ctx, |ctx, pair| {
        let (key, value) = pair
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Failure::plain(format!("invalid metadata {pair:?}: write it like key=value")))?;
        Ok(ctx.with_metadata(&key.to_ascii_lowercase(), value))
    })
}

/// A length of time that was given by a flag.
pub fn timeout(text: &str) -> Result<std::time::Duration> {
    span::parse(text).filter(|span| !span.is_zero()).ok_or_else(|| {
        Failure::coded(
            2,
            format!("Invalid request timeout {text:?}: write it like 5s or 1m30s"),
        )
    })
}

struct Request {
    service: String,
    body: Bytes,
    is_stdin: bool,
    timeout: Option<std::time::Duration>,
}

impl Target {
    /// All that can be wrong without asking a server.
    fn read(&self) -> Result<Request> {
        let parts: Vec<&str> = self.endpoint.split('.').collect();
        if parts.len() != 2 || parts.iter().any(|part| part.is_empty()) {
            return Err(malformed(&self.endpoint));
        }
        let text = self.message.join(" ");
        let text = text.trim();
        let is_stdin = text == "-";
        if !text.is_empty() && !is_stdin {
            check(text).map_err(|error| Failure::plain(format!("Error creating request: {error}")))?;
        }
        let text = if text.is_empty() || is_stdin { "{}" } else { text };
        Ok(Request {
            service: micro::registry::short_name(&self.service).to_owned(),
            body: Bytes::from(text.to_owned()),
            is_stdin,
            timeout: self.request_timeout.as_deref().map(timeout).transpose()?,
        })
    }

    async fn open(&self, settings: &Settings, call: &Request) -> Result<(Client, Context)> {
        let session = Session::open(settings).await?;
        let ctx = with_metadata(session.ctx_for(&call.service), &self.metadata)?;
        let client = match &self.address {
            Some(address) => Client::to_address(address),
            None => session.client,
        };
        Ok((client, ctx))
    }
}

fn check(text: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(endpoint: &str, message: &[&str], timeout: Option<&str>) -> Target {
        Target {
            service: "go.micro.service.greeter".into(),
            endpoint: endpoint.into(),
            message: message.iter().map(|word| (*word).to_owned()).collect(),
            address: None,
            metadata: Vec::new(),
            request_timeout: timeout.map(str::to_owned),
        }
    }

    #[test]
    fn requests_are_read() {
        let body = |words: &[&str]| {
            target("A.B", words, None)
                .read()
                .map(|request| request.body)
                .unwrap()
        };
        assert_eq!(body(&[]), "{}");
        assert_eq!(body(&["{\"name\":", "\"Alice\"}"]), "{\"name\": \"Alice\"}");
        assert!(target("A.B", &["-"], None).read().unwrap().is_stdin);
        assert_eq!(target("A.B", &[], None).read().unwrap().service, "greeter");
    }

    #[test]
    fn what_is_wrong_has_its_code() {
        for (endpoint, message, timeout, code, start) in [
            ("nodot", "", None, 3, "Method name \"nodot\" invalid format"),
            ("a.b.c", "", None, 3, "Method name"),
            ("A.B", "{", None, 1, "Error creating request"),
            ("A.B", "", Some("5"), 2, "Invalid request timeout"),
        ] {
            let failure = target(endpoint, &[message], timeout).read().err().unwrap();
            assert!(
                failure.code == code && failure.text.starts_with(start),
                "{failure:?}"
            );
        }
        assert!(with_metadata(Context::background(), &["nothing".into()]).is_err());
        let ctx = with_metadata(Context::background(), &["Key=a=b".into()]).unwrap();
        assert_eq!(ctx.metadata().get("key"), Some("a=b"));
    }
}
