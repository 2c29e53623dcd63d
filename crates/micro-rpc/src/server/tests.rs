//! Calls through a real listener, in all four kinds and with what goes wrong.

mod here;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Limits;
use crate::{
    Access, Account, Call, Client, Codec, Context, Error, Guard, Handler, MethodDescriptor, Reply, Result,
    Server, ServiceDescriptor, Streaming, async_trait,
};

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

fn text(text: impl Into<String>) -> Text {
    Text { text: text.into() }
}

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

struct Echo;

#[async_trait]
impl Handler for Echo {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &ECHO
    }

    async fn call(&self, ctx: &Context, method: &'static MethodDescriptor, mut call: Call) -> Result<Reply> {
        match method.name {
            "Call" => {
                let request: Text = call.request().await?;
                call.reply(&one(ctx, request).await?)
            }
            "Count" => {
                let request: Text = call.request().await?;
                let to: usize = request
                    .text
                    .parse()
                    .map_err(|_| Error::bad_request("echo.Count", "not a number"))?;
                call.reply_stream(Streaming::from_iter((0..to).map(|n| text(n.to_string()))))
            }
            "Join" => {
                let all: Vec<Text> = call.requests().collect().await?;
                call.reply(&text(
                    all.iter().map(|part| part.text.as_str()).collect::<String>(),
                ))
            }
            _ => {
                let answers = chat(call.requests());
                call.reply_stream(answers)
            }
        }
    }
}

fn chat(requests: Streaming<Text>) -> Streaming<Text> {
    requests.map(|message| match message.text.as_str() {
        "fail" => Err(Error::conflict("echo.Chat", "100% é")),
        "panic" => panic!("on purpose"),
        _ => Ok(message),
    })
}

async fn one(ctx: &Context, request: Text) -> Result<Text> {
    match request.text.as_str() {
        "panic" => panic!("on purpose"),
        text if text.starts_with("hold ") => std::future::pending().await,
        "sleep" => tokio::time::sleep(Duration::from_secs(60)).await,
        "who" => return Ok(text(ctx.account().map_or("", |account| &account.id))),
        "meta" => {
            return Ok(text(format!(
                "{} {}",
                ctx.namespace(),
                ctx.metadata().get("x-one").unwrap_or("")
            )));
        }
        _ => {}
    }
    Ok(request)
}

struct Doorman;

#[async_trait]
impl Guard for Doorman {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        (token == "good").then(|| {
            Arc::new(Account {
                id: "alice".to_owned(),
                ..Account::default()
            })
        })
    }

    fn authorise(&self, access: &Access<'_>) -> Result<()> {
        match access.endpoint {
            "Echo.Join" if access.account.is_none() => Err(Error::unauthorized(access.service, "no")),
            _ => Ok(()),
        }
    }
}

async fn start() -> String {
    start_with(Limits::default()).await
}

async fn start_with(limits: Limits) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = Server::builder("echo")
        .handle(Arc::new(Echo))
        .guard(Arc::new(Doorman))
        .limits(limits)
        .build();
    tokio::spawn(async move {
        server
            .serve(listener, std::future::pending(), Duration::ZERO)
            .await
    });
    address
}

async fn call(ctx: &Context, address: &str, message: &str) -> Result<String> {
    let answer: Result<Text> = Client::to_address(address)
        .service("echo")
        .unary(ctx, "Echo.Call", &text(message))
        .await;
    answer.map(|answer| answer.text)
}

#[tokio::test]
async fn all_four_kinds() {
    let address = start().await;
    let ctx = Context::background().with_token("good");
    let echo = Client::to_address(&address).service("echo");
    assert_eq!(call(&ctx, &address, "hello").await.unwrap(), "hello");
    let big = "x".repeat(3_000_000);
    assert_eq!(call(&ctx, &address, &big).await.unwrap().len(), big.len());
    let numbers: Vec<Text> = echo
        .server_stream(&ctx, "Echo.Count", &text("3"))
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(numbers, ["0", "1", "2"].map(text));
    let parts = Streaming::from_iter(["a", "b"].map(text));
    assert_eq!(
        echo.client_stream::<Text, Text>(&ctx, "Echo.Join", parts)
            .await
            .unwrap(),
        text("ab")
    );
    let (sender, requests) = Streaming::channel(1);
    let mut answers = echo
        .bidi::<Text, Text>(&ctx, "Echo.Chat", requests)
        .await
        .unwrap();
    for word in ["one", "two"] {
        sender.send(text(word)).await.unwrap();
        assert_eq!(answers.next().await.unwrap().unwrap(), text(word));
    }
    sender.send(text("fail")).await.unwrap();
    let error = answers.next().await.unwrap().unwrap_err();
    assert_eq!((error.code, error.detail.as_str()), (409, "100% é"));
}

#[tokio::test]
async fn errors_have_the_one_shape() {
    let address = start().await;
    let ctx = Context::background();
    let echo = Client::to_address(&address).service("echo");
    let error = call(&ctx, &address, "panic").await.unwrap_err();
    assert_eq!(
        (error.code, error.detail.as_str()),
        (500, "panic recovered: on purpose")
    );
    let began = Instant::now();
    let error = call(
        &ctx.clone().with_timeout(Duration::from_millis(50)),
        &address,
        "sleep",
    )
    .await
    .unwrap_err();
    assert_eq!(error.code, 408);
    assert!(began.elapsed() < Duration::from_secs(5));
    let unknown: Result<Text> = echo.unary(&ctx, "Echo.Nothing", &text("")).await;
    assert_eq!(unknown.unwrap_err().detail, "unknown service Echo.Nothing");
    let unknown: Result<Text> = echo.unary(&ctx, "Other.Call", &text("")).await;
    assert_eq!(unknown.unwrap_err().detail, "unknown service Other");
    let refused: Result<Text> = echo
        .client_stream(&ctx, "Echo.Join", Streaming::from_iter([text("a")]))
        .await;
    assert_eq!(refused.unwrap_err().code, 401);
    let too_big = "x".repeat(33 * 1024 * 1024);
    assert_eq!(call(&ctx, &address, &too_big).await.unwrap_err().code, 413);
    assert_eq!(call(&ctx, &address, "still here").await.unwrap(), "still here");
    let nobody = call(&ctx, "127.0.0.1:1", "x").await.unwrap_err();
    assert!(
        nobody.detail.contains("Error while dialing dial tcp 127.0.0.1:1"),
        "{nobody}"
    );
}

#[tokio::test]
async fn json_identity_and_metadata_travel() {
    let address = start().await;
    let ctx = Context::background()
        .with_token("good")
        .with_namespace("acme")
        .with_metadata("x-one", "1");
    assert_eq!(call(&ctx, &address, "who").await.unwrap(), "alice");
    assert_eq!(call(&ctx, &address, "meta").await.unwrap(), "acme 1");
    let raw = Client::to_address(&address)
        .call_raw(
            &ctx,
            "anything",
            "Echo.Call",
            Codec::Json,
            Bytes::from_static(br#"{"text":"hi","other":1}"#),
        )
        .await
        .unwrap();
    assert_eq!(raw, r#"{"text":"hi"}"#);
    let bad = Client::to_address(&address)
        .call_raw(
            &ctx,
            "anything",
            "Echo.Call",
            Codec::Json,
            Bytes::from_static(b"{"),
        )
        .await
        .unwrap_err();
    assert_eq!(bad.code, 400);
}

#[tokio::test]
async fn large_messages_have_a_budget_in_common() {
    let address = start_with(Limits {
        messages: 1 << 20,
        ..Limits::default()
    })
    .await;
    let (ctx, large) = (Context::background(), "x".repeat(700_000));
    let (held, at) = (format!("hold {large}"), address.clone());
    let holding = tokio::spawn(async move { call(&Context::background(), &at, &held).await });
    let until_code = async |code: i32| {
        let waiting = async {
            loop {
                match call(&ctx, &address, &large).await {
                    Ok(_) if code == 200 => return,
                    Err(error) if error.code == code => {
                        return assert!(error.detail.contains("no room"), "{error}");
                    }
                    _ => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .unwrap();
    };
    until_code(429).await;
    assert_eq!(call(&ctx, &address, "small").await.unwrap(), "small");
    holding.abort();
    until_code(200).await;
    // A stream has had its message when it asks for the next.
    let (sender, requests) = Streaming::channel(1);
    let echo = Client::to_address(&address).service("echo");
    let mut answers = echo
        .bidi::<Text, Text>(&ctx, "Echo.Chat", requests)
        .await
        .unwrap();
    for _ in 0..3 {
        sender.send(text(&large)).await.unwrap();
        assert_eq!(answers.next().await.unwrap().unwrap().text.len(), large.len());
        until_code(200).await;
    }
}

#[tokio::test]
async fn a_server_stream_answers_before_the_caller_half_closes() {
    let address = start().await;
    let (sender, requests) = Streaming::channel(1);
    sender.send(text("2")).await.unwrap();
    let echo = Client::to_address(&address).service("echo");
    let answers = echo
        .bidi::<Text, Text>(&Context::background(), "Echo.Count", requests)
        .await
        .unwrap();
    assert_eq!(answers.collect().await.unwrap().len(), 2);
    drop(sender);
}

#[tokio::test]
async fn http1_is_told_what_speaks_here() {
    let address = start().await;
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains(r#""id":"echo""#), "{answer}");
}

#[tokio::test]
async fn draining_lets_calls_finish_and_takes_no_new_ones() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = Server::builder("echo").handle(Arc::new(Echo)).build();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stopped = async move { drop(stopped.await) };
        server.serve(listener, stopped, Duration::from_secs(10)).await;
    });
    let echo = Client::to_address(&address).service("echo");
    let (sender, requests) = Streaming::channel(1);
    let mut answers = echo
        .bidi::<Text, Text>(&Context::background(), "Echo.Chat", requests)
        .await
        .unwrap();
    sender.send(text("one")).await.unwrap();
    answers.next().await.unwrap().unwrap();
    stop.send(()).unwrap();
    sender.send(text("two")).await.unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap(), text("two"));
    drop(sender);
    assert!(answers.next().await.is_none());
    drop((answers, echo));
    tokio::time::timeout(Duration::from_secs(5), serving)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        call(&Context::background(), &address, "x")
            .await
            .unwrap_err()
            .code,
        503
    );
}
