//! Handlers and callers that misbehave: a clear error, and the service lives.

use std::time::{Duration, Instant};

use futures_util::stream;
use micro_tests::grpc::{Peer, helloworld};
use micro_tests::service::Source;
use micro_tests::{Server, process};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn misbehaviour_is_answered_and_survived() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let source = Source::new(&server.micro(), folder.path(), "naughty").await;
    source.insert("call", r#"if request.name == "panic" { panic!("on purpose") }"#);
    source.insert(
        "call",
        r#"if request.name == "sleep" { std::future::pending::<()>().await }"#,
    );
    source.insert("call", r#"if request.name == "100%" { return Err(micro::Error::bad_request("naughty.Call", "100% wrong")) }"#);
    source.insert("ping_pong", "std::future::pending::<()>().await;");
    server.micro().within(folder.path()).ok(&["run", "naughty"]).await;
    let before = pids(&server);

    panics(&server).await;
    sleeps_past_the_deadline(&server).await;
    body_over_the_limit(&server).await;
    slow_client(&server).await;
    never_reads(&server).await;
    percent_signs_survive(&server).await;

    assert_eq!(
        server.http().get("/naughty/call?name=Alice").await.ok(),
        json!({"msg": "Hello Alice"})
    );
    assert_eq!(pids(&server), before, "the service was never restarted");
    assert!(
        !server.log().contains("panicked at"),
        "the server itself never panics:\n{}",
        server.log()
    );
}

fn pids(server: &Server) -> Vec<u32> {
    let mut pids = process::of_folder(server.home());
    pids.sort_unstable();
    pids
}

async fn panics(server: &Server) {
    let detail = server
        .http()
        .get("/naughty/call?name=panic")
        .await
        .failed_with(500);
    assert!(detail.contains("panic recovered: on purpose"), "{detail}");
}

async fn sleeps_past_the_deadline(server: &Server) {
    let start = Instant::now();
    let words = [
        "call",
        "--request_timeout=1s",
        "naughty",
        "Naughty.Call",
        r#"{"name":"sleep"}"#,
    ];
    let ran = server.micro().run(&words).await;
    assert!(
        start.elapsed() < Duration::from_secs(6),
        "a second was asked for: {:?}",
        start.elapsed()
    );
    assert!(ran.failed_with(1).contains("Request timed out"));
    server
        .http()
        .get("/naughty/call?name=sleep")
        .await
        .failed_with(408);
}

async fn body_over_the_limit(server: &Server) {
    // Declared, so that it need not be sent: the gateway's limit is 100 MiB.
    let mut stream = TcpStream::connect(server.gateway()).await.unwrap();
    let head = "POST /naughty/call HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 104857601\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(first_line(&mut stream).await.contains(" 413 "));

    // Under the gateway's limit and over the service's.
    let body = format!(r#"{{"name":"{}"}}"#, "x".repeat(33 << 20));
    let answer = server.http().post("/naughty/call", body).await;
    let status = answer.status.as_u16();
    answer.failed_with(status);
    assert!(
        (400..=599).contains(&status) && answer.text().contains("32"),
        "it names the limit: {}",
        answer.text()
    );
}

async fn slow_client(server: &Server) {
    // Begins a body and sends no more: others are served meanwhile, and it hurts nobody to go away.
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(server.gateway()).await.unwrap();
        stream
            .write_all(b"POST /naughty/call HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{\"na")
            .await
            .unwrap();
        slow.push(stream);
    }
    assert_eq!(
        server.http().get("/naughty/call?name=Alice").await.ok(),
        json!({"msg": "Hello Alice"})
    );
}

async fn never_reads(server: &Server) {
    let peer = Peer::connect(&server.proxy()).await.unwrap();
    // The peer sends without end and reads nothing; flow control has to hold it, memory must not.
    let before = process::resident(server.pid()).unwrap();
    let pings = stream::iter((0..).map(|value| helloworld::Number { value }));
    let unread = peer.streaming::<_, helloworld::Number>("/naughty.Naughty/PingPong", pings);
    let held = async {
        let _answers = unread.await;
        std::future::pending::<()>().await;
    };
    let outcome = tokio::time::timeout(Duration::from_secs(3), held).await;
    assert!(outcome.is_err(), "the call is held for all that time");
    let hello = helloworld::Request { name: "Alice".into() };
    let response: helloworld::Response = peer.unary("/naughty.Naughty/Call", hello).await.unwrap();
    assert_eq!(response.msg, "Hello Alice");
    let after = process::resident(server.pid()).unwrap();
    assert!(after < before + (64 << 20), "from {before} to {after} bytes");
}

async fn percent_signs_survive(server: &Server) {
    let detail = server
        .http()
        .post("/naughty/call", r#"{"name":"100%"}"#)
        .await
        .failed_with(400);
    assert_eq!(detail, "100% wrong");
}

async fn first_line(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut bytes)).await;
    let count = read.expect("an answer in time").expect("an answer");
    String::from_utf8_lossy(&bytes[..count])
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
