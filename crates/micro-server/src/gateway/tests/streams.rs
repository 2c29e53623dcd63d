//! Streaming endpoints over HTTP.

use std::time::Duration;

use super::http::{get, send};
use super::{limits, start, start_with};
use crate::gateway::Limits;

const SENT: [(&str, &str); 2] = [
    ("content-type", "application/x-ndjson"),
    ("accept", "application/x-ndjson"),
];
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

#[tokio::test]
async fn requests_may_be_lines() {
    let subject = start().await;
    let address = &subject.address;
    let words = "{\"name\":\"one\"}\n\n {\"name\":\"two\"} \r\n{\"name\":\"three\"}";
    let joined = send(address, "POST /echo/Echo/Join", &SENT[..1], words).await;
    assert!(
        joined.head.contains("content-type: application/json"),
        "{}",
        joined.head
    );
    assert_eq!((joined.status, joined.text()), (200, message("one two three")));
    let none = send(address, "POST /echo/Echo/Join", &SENT[..1], "").await;
    assert_eq!((none.status, none.text()), (200, message("")));
    let chatted = send(address, "POST /echo/Echo/Chat", &SENT, words).await;
    let expected: String = ["ONE", "TWO", "THREE"].map(|name| message(name) + "\n").concat();
    assert_eq!((chatted.status, chatted.text()), (200, expected));

    for (wrong, code) in [
        ("[1]\n".to_owned(), 400),
        ("{\"name\": 1,}\n".to_owned(), 400),
        (format!("{{\"name\":\"{}\"}}", "x".repeat(110 * 1024)), 413),
    ] {
        send(address, "POST /echo/Echo/Join", &SENT, wrong)
            .await
            .failed(code);
    }
    // An endpoint without a stream takes the one line there is.
    let one = send(address, "POST /echo/call", &SENT[..1], "{\"name\":\"one\"}\n").await;
    assert_eq!((one.status, one.text()), (200, message("one")));
}

#[tokio::test]
async fn answers_come_while_requests_are_still_sent() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let subject = start().await;
    let mut stream = tokio::net::TcpStream::connect(&subject.address).await.unwrap();
    let head = "POST /echo/Echo/Chat HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n\
                accept: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut seen = String::new();
    for word in ["one", "two"] {
        // A line may come in pieces.
        let line = format!("{{\"name\":\"{word}\"}}\n");
        for piece in [&line[..5], &line[5..]] {
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            stream.write_all(chunk.as_bytes()).await.unwrap();
        }
        let expected = message(&word.to_uppercase());
        let answered = async {
            while !seen.contains(&expected) {
                let mut bytes = vec![0; 4096];
                let length = stream.read(&mut bytes).await.unwrap();
                assert_ne!(length, 0, "{seen}");
                seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        };
        let answered = tokio::time::timeout(Duration::from_secs(5), answered).await;
        assert!(answered.is_ok(), "{word} is not answered: {seen}");
    }
}

#[tokio::test]
async fn who_says_how_long_he_waits_is_answered_by_then() {
    let subject = start().await;
    let began = std::time::Instant::now();
    let soon = [("timeout", "100000000")];
    send(&subject.address, "POST /echo/call", &soon, r#"{"name":"sleep"}"#)
        .await
        .failed(408);
    assert!(began.elapsed() < limits().call);
    let nonsense = [("timeout", "soon")];
    let answered = send(&subject.address, "POST /echo/call", &nonsense, r#"{"name":"x"}"#).await;
    assert_eq!(answered.status, 200);
}
