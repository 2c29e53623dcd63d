//! Streaming endpoints over HTTP.

use std::time::Duration;

use super::http::{get, send};
use super::{limits, start, start_with};
use crate::gateway::Limits;

const LINES: [(&str, &str); 1] = [("accept", "application/x-ndjson, */*")];

fn message(name: &str) -> String {
    format!(r#"{{"name":"{name}","type":"","values":[]}}"#)
}

#[tokio::test]
async fn messages_are_sent_as_they_come() {
    let subject = start().await;
    let address = &subject.address;
    let lines = send(address, "POST /echo/count", &LINES, r#"{"name":"3"}"#).await;
    assert!(
        lines.head.contains("content-type: application/x-ndjson"),
        "{}",
        lines.head
    );
    let expected: String = ["0", "1", "2"].iter().map(|name| message(name) + "\n").collect();
    assert_eq!((lines.status, lines.text()), (200, expected));
    let plain = get(address, "/echo/count?name=2").await;
    assert!(
        plain.head.contains("content-type: application/json"),
        "{}",
        plain.head
    );
    assert_eq!((plain.status, plain.text()), (200, message("0") + &message("1")));
    assert_eq!(get(address, "/echo/count?name=0").await.status, 204);
}

#[tokio::test]
async fn an_error_is_the_answer_or_its_end() {
    let subject = start().await;
    let address = &subject.address;
    assert_eq!(
        send(address, "GET /echo/count?name=!", &LINES, "")
            .await
            .failed(409),
        "no more"
    );
    assert_eq!(
        get(address, "/echo/count?name=x").await.failed(400),
        "not a number"
    );
    let late = send(address, "GET /echo/count?name=1!", &LINES, "").await;
    let error = r#"{"id":"echo.Echo.Count","code":409,"detail":"no more","status":"Conflict"}"#;
    assert_eq!(
        (late.status, late.text()),
        (200, format!("{}\n{error}\n", message("0")))
    );
    let proto = [("content-type", "application/protobuf")];
    send(address, "POST /echo/count", &proto, "x").await.failed(415);
}

#[tokio::test]
async fn a_silent_stream_is_opened_and_ends_with_its_caller() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let subject = start_with(Limits {
        call: Duration::from_millis(50),
        ..limits()
    })
    .await;
    let mut stream = tokio::net::TcpStream::connect(&subject.address).await.unwrap();
    stream
        .write_all(b"GET /echo/count?name=wait HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await.unwrap();
    assert!(
        head[..length].starts_with(b"HTTP/1.1 200 OK"),
        "{}",
        head[..length].escape_ascii()
    );
    drop(stream);
    subject.stop.send(()).unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(2), subject.serving).await;
    assert!(
        stopped.is_ok(),
        "nobody reads the stream, so nothing is left to drain"
    );
}
