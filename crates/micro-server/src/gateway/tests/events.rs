//! Streaming endpoints as server-sent events.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::send;
use super::{limits, start, start_with};
use crate::gateway::Limits;

const EVENTS: (&str, &str) = ("accept", "text/event-stream");

fn message(name: &str) -> String {
    format!("data: {{\"name\":\"{name}\",\"type\":\"\",\"values\":[]}}\n\n")
}

#[tokio::test]
async fn each_message_is_an_event_and_so_is_the_end() {
    let subject = start().await;
    let address = &subject.address;
    let all = message("0") + &message("1");
    let lines = [EVENTS, ("content-type", "application/x-ndjson")];
    let resumed = [EVENTS, ("last-event-id", "1")];
    for (line, headers, body, expected) in [
        ("GET /echo/count?name=2", &[EVENTS][..], "", all.as_str()),
        ("GET /echo/count?name=2", &resumed, "", &all),
        ("POST /echo/count", &[EVENTS], r#"{"name":"2"}"#, &all),
        (
            "POST /echo/Echo/Join",
            &lines,
            "{\"name\":\"0\"}\n",
            &message("0"),
        ),
        ("GET /echo/count?name=0", &[EVENTS], "", ""),
    ] {
        let answer = send(address, line, headers, body).await;
        assert_eq!(
            (answer.status, answer.text()),
            (200, format!("{expected}event: end\ndata:\n\n")),
            "{line}"
        );
        for header in [
            "content-type: text/event-stream",
            "cache-control: no-cache",
            "x-accel-buffering: no",
        ] {
            assert!(answer.head.contains(header), "{}", answer.head);
        }
    }
    // Whoever knows lines gets lines, and what does not stream is one answer.
    let both = [("accept", "text/event-stream, application/x-ndjson")];
    let lines = send(address, "GET /echo/count?name=1", &both, "").await;
    assert!(!lines.text().contains("data:"), "{}", lines.text());
    let one = send(address, "GET /echo/call?name=x", &[EVENTS], "").await;
    assert_eq!((one.status, &one.json()["name"]), (200, &"x".into()));
}

#[tokio::test]
async fn what_fails_midway_ends_with_the_error() {
    let subject = start().await;
    let answer = send(&subject.address, "GET /echo/count?name=1!", &[EVENTS], "").await;
    let error = r#"{"id":"echo.Echo.Count","code":409,"detail":"no more","status":"Conflict"}"#;
    let expected = format!("{}event: error\ndata: {error}\n\n", message("0"));
    assert_eq!((answer.status, answer.text()), (200, expected));
    // Before the first message there is a status to say it with, and a browser does not ask again.
    let first = send(&subject.address, "GET /echo/count?name=!", &[EVENTS], "").await;
    assert_eq!(first.failed(409), "no more");
}

#[tokio::test]
async fn messages_do_not_wait_for_each_other_and_silence_is_filled() {
    let short = Duration::from_millis(20);
    let subject = start_with(Limits {
        call: short,
        heartbeat: short,
        ..limits()
    })
    .await;
    let mut stream = TcpStream::connect(&subject.address).await.unwrap();
    let head = "POST /echo/Echo/Chat HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n\
                accept: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut seen = String::new();
    read_until(&mut stream, &mut seen, "\r\n:\n\n\r\n").await;
    for word in ["one", "two"] {
        let line = format!("{{\"name\":\"{word}\"}}\n");
        let chunk = format!("{:x}\r\n{line}\r\n", line.len());
        stream.write_all(chunk.as_bytes()).await.unwrap();
        read_until(&mut stream, &mut seen, &message(&word.to_uppercase())).await;
        seen.clear();
        read_until(&mut stream, &mut seen, ":\n\n").await;
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    read_until(&mut stream, &mut seen, "event: end\ndata:\n\n\r\n0\r\n\r\n").await;
}

async fn read_until(stream: &mut TcpStream, seen: &mut String, expected: &str) {
    let read = async {
        while !seen.contains(expected) {
            let mut bytes = vec![0; 4096];
            let length = stream.read(&mut bytes).await.unwrap();
            assert_ne!(length, 0, "closed after {seen}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(5), read).await;
    assert!(read.is_ok(), "{expected} does not come: {seen}");
}
