//! The service behind the gateway, and who guards the gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use micro_proto::registry::Value;
use micro_rpc::{
    Access, Account, Call, Context, Error, Guard, Handler, MethodDescriptor, Reply, Result, Server,
    ServiceDescriptor, Streaming,
};
use tokio::net::TcpListener;

const fn method(name: &'static str, client_streaming: bool, server_streaming: bool) -> MethodDescriptor {
    MethodDescriptor {
        name,
        client_streaming,
        server_streaming,
    }
}

static ECHO: ServiceDescriptor = ServiceDescriptor {
    package: "echo",
    name: "Echo",
    methods: &[
        method("Call", false, false),
        method("Count", false, true),
        method("Join", true, false),
        method("Chat", true, true),
    ],
    file_descriptor_set: &[],
};

/// Whether the one call named `doze` has arrived.
pub(crate) static IS_DOZING: AtomicBool = AtomicBool::new(false);

/// Answers what it was asked, but for some names that ask for trouble.
struct Echo;

#[micro_rpc::async_trait]
impl Handler for Echo {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &ECHO
    }

    async fn call(&self, ctx: &Context, method: &'static MethodDescriptor, mut call: Call) -> Result<Reply> {
        match method.name {
            "Join" => {
                let words = call.requests::<Value>().collect().await?;
                let names: Vec<_> = words.into_iter().map(|word| word.name).collect();
                return call.reply(&named(&names.join(" ")));
            }
            "Chat" => {
                let requests = call.requests::<Value>();
                return call.reply_stream(requests.map(|word| Ok(named(&word.name.to_uppercase()))));
            }
            _ => {}
        }
        let request: Value = call.request().await?;
        if method.name == "Count" {
            return call.reply_stream(count(&request)?);
        }
        let answer = match request.name.as_str() {
            "fail" => return Err(Error::conflict("echo.Echo.Call", "100% é")),
            "sleep" | "doze" => {
                IS_DOZING.fetch_or(request.name == "doze", Ordering::Relaxed);
                std::future::pending().await
            }
            "panic" => panic!("on purpose"),
            "large" => named(&"x".repeat(3 << 20)),
            "id" => named(&format!(
                "{} {}",
                ctx.metadata().get("x-request-id").unwrap_or(""),
                ctx.trace().id
            )),
            "headers" => named(&headers(ctx)),
            "service" => named(ctx.metadata().get("micro-service").unwrap_or("none")),
            "scheme" => named(ctx.metadata().get("x-forwarded-proto").unwrap_or("")),
            _ => request,
        };
        call.reply(&answer)
    }
}

fn named(name: &str) -> Value {
    Value {
        name: name.to_owned(),
        ..Value::default()
    }
}

fn headers(ctx: &Context) -> String {
    let expected = [
        "authorization",
        "method",
        "url",
        "micro-namespace",
        "x-one",
        "timeout",
    ];
    let found = expected.map(|name| format!("{name}={}", ctx.metadata().get(name).unwrap_or("")));
    found.join("|")
}

/// `3` are three messages, `3!` ends with an error, `!` is one from the start, `wait` says nothing.
fn count(request: &Value) -> Result<Streaming<Value>> {
    let failure = || Error::conflict("echo.Echo.Count", "no more");
    let name = request.name.as_str();
    if name == "wait" {
        let (sender, messages) = Streaming::channel(1);
        tokio::spawn(async move { sender.closed().await });
        return Ok(messages);
    }
    let (number, fails) = name
        .strip_suffix('!')
        .map_or((name, false), |number| (number, true));
    if number.is_empty() && fails {
        return Err(failure());
    }
    let to: usize = number
        .parse()
        .map_err(|_| Error::bad_request("echo.Echo.Count", "not a number"))?;
    let (sender, messages) = Streaming::channel(1);
    tokio::spawn(async move {
        for number in 0..to {
            let _ = sender.send(named(&number.to_string())).await;
        }
        if fails {
            sender.fail(failure()).await;
        }
    });
    Ok(messages)
}

pub(crate) async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = Server::builder("echo").handle(Arc::new(Echo)).build();
    tokio::spawn(async move {
        server
            .serve(listener, std::future::pending(), Duration::ZERO)
            .await
    });
    address
}

/// Knows two accounts, and lets only those of the namespace into `acme`.
pub(crate) struct Doorman;

#[micro_rpc::async_trait]
impl Guard for Doorman {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        let issuer = match token {
            "of-acme" | "also-of-acme" => "acme",
            "of-micro" => "micro",
            _ => return None,
        };
        Some(Arc::new(Account {
            id: "ada".to_owned(),
            issuer: issuer.to_owned(),
            ..Account::default()
        }))
    }

    fn authorise(&self, access: &Access<'_>) -> Result<()> {
        match access.account {
            _ if access.namespace != "acme" => Ok(()),
            Some(account) if account.issuer == "acme" => Ok(()),
            Some(_) => Err(Error::forbidden(access.service, "not here")),
            None => Err(Error::unauthorized(access.service, "who are you")),
        }
    }
}
