//! Streaming endpoints over WebSocket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::http::{Answer, parse, send};
use super::{limits, start, start_with};
use crate::gateway::Limits;

const UPGRADE: [(&str, &str); 4] = [
    ("connection", "keep-alive, Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

async fn shake(address: &str, path: &str, more: &[(&str, &str)]) -> (TcpStream, Answer) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("GET {path} HTTP/1.1\r\nhost: here\r\n");
    for (name, value) in UPGRADE.iter().chain(more) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, parse(&head))
}

struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(address: &str, path: &str) -> Self {
        let (stream, answer) = shake(address, path, &[]).await;
        assert_eq!(answer.status, 101, "{answer:?}");
        Self(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }

    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await;
        next.expect("something is said").unwrap().unwrap()
    }

    async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn closed(&mut self, code: u16, reason: &str) {
        match self.next().await {
            Message::Close(Some(frame)) => {
                assert_eq!((u16::from(frame.code), frame.reason.as_str()), (code, reason));
            }
            other => panic!("{other:?}"),
        }
        let rest = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await;
        assert!(matches!(rest, Ok(None)), "the connection ends: {rest:?}");
    }
}

fn named(name: &str) -> Value {
    json!({"name": name, "type": "", "values": []})
}

#[tokio::test]
async fn all_kinds_of_streams_are_spoken() {
    let subject = start().await;
    let address = &subject.address;
    let mut count = Socket::open(address, "/echo/count").await;
    count.say(r#"{"name": "2"}"#).await;
    assert_eq!((count.hear().await, count.hear().await), (named("0"), named("1")));
    count.closed(1000, "").await;

    let mut chat = Socket::open(address, "/echo/Echo/Chat").await;
    let long = "x".repeat(3000);
    for word in ["one", "two", &long] {
        chat.say(&json!({ "name": word }).to_string()).await;
        assert_eq!(chat.hear().await, named(&word.to_uppercase()));
    }
    chat.say("").await;
    chat.closed(1000, "").await;

    let mut join = Socket::open(address, "/echo/Echo/Join").await;
    for text in ["", r#"{"name":"one"}"#, r#"{"name":"two"}"#, ""] {
        join.say(text).await;
    }
    assert_eq!(join.hear().await, named(" one two"));
    join.closed(1000, "").await;

    // What does not stream is answered as it is without.
    let headers = [&UPGRADE[..], &[("connection", "close")]].concat();
    let one = send(address, "GET /echo/call?name=x", &headers, "").await;
    assert_eq!((one.status, one.json()), (200, named("x")));
}

#[tokio::test]
async fn what_fails_says_why_and_closes() {
    let subject = start().await;
    let address = &subject.address;
    for (first, answers, code, reason, close) in [
        (r#"{"name":"1!"}"#, 1, 409, "Conflict", 1011),
        (r#"{"name":"x"}"#, 0, 400, "Bad Request", 1011),
        ("[]", 0, 400, "Bad Request", 1011),
    ] {
        let mut socket = Socket::open(address, "/echo/count").await;
        socket.say(first).await;
        for number in 0..answers {
            assert_eq!(socket.hear().await, named(&number.to_string()));
        }
        let error = socket.hear().await;
        assert_eq!((&error["code"], &error["status"]), (&code.into(), &reason.into()));
        assert!(error["id"].is_string() && error["detail"].is_string(), "{error}");
        socket.closed(close, reason).await;
    }
    let mut socket = Socket::open(address, "/echo/Echo/Chat").await;
    socket.say(r#"{"name":"one"}"#).await;
    assert_eq!(socket.hear().await, named("ONE"));
    socket
        .0
        .send(Message::text("x".repeat(110 * 1024)))
        .await
        .unwrap();
    assert_eq!(socket.hear().await["code"], 413);
    socket.closed(1009, "Payload Too Large").await;

    let mut socket = Socket::open(address, "/echo/count").await;
    socket.0.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(socket.hear().await["code"], 415);
    socket.closed(1003, "Unsupported Media Type").await;

    // No client of a library says this: a frame that is not masked.
    let (mut stream, _) = shake(address, "/echo/count", &[]).await;
    stream.write_all(b"\x81\x02{}").await.unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.unwrap();
    assert_eq!((said[0], &said[2..4]), (0x88, &1002_u16.to_be_bytes()[..]));
}

#[tokio::test]
async fn who_may_open_one() {
    let subject = start().await;
    let address = &subject.address;
    for (more, status) in [
        (&[("origin", "http://here")][..], 101),
        (&[("origin", "http://elsewhere")], 403),
        (&[("origin", "null")], 403),
        (
            &[
                ("origin", "http://elsewhere"),
                ("authorization", "Bearer of-micro"),
            ],
            101,
        ),
        (
            &[("origin", "http://elsewhere"), ("cookie", "micro-token=of-micro")],
            403,
        ),
        (&[("micro-namespace", "acme")], 401),
        (
            &[("micro-namespace", "acme"), ("authorization", "Bearer of-acme")],
            101,
        ),
    ] {
        let (_, answer) = shake(address, "/echo/count", more).await;
        assert_eq!(answer.status, status, "{more:?}");
    }
    let (_, offered) = shake(
        address,
        "/echo/count",
        &[("sec-websocket-protocol", "json, other")],
    )
    .await;
    for line in [
        "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
        "sec-websocket-protocol: json",
    ] {
        assert!(offered.head.contains(line), "{}", offered.head);
    }
    for (wrong, status) in [
        (("sec-websocket-version", "8"), 426),
        (("sec-websocket-key", "short"), 400),
    ] {
        let mut headers = UPGRADE.to_vec();
        headers.retain(|(name, _)| *name != wrong.0);
        headers.extend([wrong, ("connection", "close")]);
        let answer = send(address, "GET /echo/count", &headers, "").await;
        answer.failed(status);
    }
}

#[tokio::test]
async fn silence_is_asked_about_and_ends_at_last() {
    let subject = start_with(Limits {
        heartbeat: Duration::from_millis(20),
        pong: Duration::from_millis(200),
        ..limits()
    })
    .await;
    // This one answers, so it may be silent for longer than that.
    let mut alive = Socket::open(&subject.address, "/echo/count").await;
    let began = std::time::Instant::now();
    while began.elapsed() < Duration::from_millis(400) {
        assert!(matches!(alive.next().await, Message::Ping(_)));
    }
    alive.say(r#"{"name":"0"}"#).await;
    while matches!(alive.next().await, Message::Ping(_)) {}
    // This one does not.
    let (mut dead, _) = shake(&subject.address, "/echo/count", &[]).await;
    let mut said = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), dead.read_to_end(&mut said)).await;
    assert!(ended.is_ok_and(|ended| ended.is_ok()), "it is given up");
    assert!(said.starts_with(b"\x89\x00"), "{}", said.escape_ascii());
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let subject = start().await;
    let mut socket = Socket::open(&subject.address, "/echo/count").await;
    socket.say(r#"{"name":"wait"}"#).await;
    subject.stop.send(()).unwrap();
    socket.closed(1001, "the server stops").await;
    let stopped = tokio::time::timeout(Duration::from_secs(4), subject.serving).await;
    assert!(stopped.is_ok(), "nothing is left to drain");
}

#[tokio::test]
async fn large_messages_have_a_budget_with_all_that_is_large() {
    let subject = start_with(Limits {
        bodies: 80 * 1024,
        ..limits()
    })
    .await;
    let large = |letters: usize| format!(r#"{{"name":"{}"}}"#, "x".repeat(letters));
    let mut socket = Socket::open(&subject.address, "/echo/chat").await;
    // Each alone has room.
    for _ in 0..3 {
        socket.say(&large(70_000)).await;
        assert_eq!(socket.hear().await["name"].as_str().map(str::len), Some(70_000));
    }
    socket.say(&large(90_000)).await;
    let refused = socket.hear().await;
    assert_eq!(refused["code"], 503, "{refused}");
    socket.closed(1013, "Service Unavailable").await;
}
