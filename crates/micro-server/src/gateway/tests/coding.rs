//! Bodies as gzip, in both directions.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{Answer, get, send};
use super::{limits, start, start_as};
use crate::gateway::Settings;

const ASKED: [(&str, &str); 1] = [("accept-encoding", "gzip, br")];

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn plain(answer: &Answer) -> Vec<u8> {
    assert!(answer.head.contains("content-encoding: gzip"), "{}", answer.head);
    let mut plain = Vec::new();
    GzDecoder::new(&answer.body[..]).read_to_end(&mut plain).unwrap();
    plain
}

#[tokio::test]
async fn answers_are_compressed_for_who_asks() {
    let subject = start().await;
    let address = &subject.address;
    // Its length is known where it is compressed at once, and not where it is as it goes.
    let name = "a".repeat(5000);
    let some = send(address, &format!("GET /echo?name={name}"), &ASKED, "").await;
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&plain(&some)).unwrap()["name"],
        name
    );
    assert!(
        some.head
            .contains(&format!("content-length: {}", some.body.len())),
        "{}",
        some.head
    );
    assert!(some.head.contains("vary: accept-encoding"), "{}", some.head);
    let large = send(address, "GET /echo?name=large", &ASKED, "").await;
    assert_eq!(
        plain(&large).len(),
        get(address, "/echo?name=large").await.body.len()
    );
    assert!(
        large.body.len() < 100_000 && !large.head.contains("\r\ncontent-length:"),
        "{}",
        large.head
    );
    let contract = send(address, "GET /openapi/store.json", &ASKED, "").await;
    assert_eq!(plain(&contract), get(address, "/openapi/store.json").await.body);
    for (line, headers) in [
        ("GET /echo?name=Alice", &ASKED[..]),
        ("GET /openapi/store.json", &[]),
        (
            "GET /openapi/store.json",
            &[("accept-encoding", "gzip;q=0.5, identity")],
        ),
    ] {
        let answer = send(address, line, headers, "").await;
        assert!(
            answer.status == 200 && !answer.head.contains("content-encoding"),
            "{}",
            answer.head
        );
        answer.json();
    }
    let head = send(address, "HEAD /openapi/store.json", &ASKED, "").await;
    assert!(
        head.body.is_empty() && head.head.contains("content-encoding: gzip"),
        "{}",
        head.head
    );
    assert!(!head.head.contains("\r\ncontent-length:"), "{}", head.head);
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let settings = Settings {
        compression: false,
        ..Settings::default()
    };
    let subject = start_as(limits(), settings).await;
    let answer = send(&subject.address, "GET /openapi/store.json", &ASKED, "").await;
    assert!(
        !answer.head.contains("content-encoding") && !answer.head.contains("vary"),
        "{}",
        answer.head
    );
    // What callers send is read all the same.
    let headers = [("content-encoding", "gzip")];
    let sent = send(
        &subject.address,
        "POST /echo",
        &headers,
        gzip(br#"{"name":"Alice"}"#),
    )
    .await;
    assert_eq!(sent.json()["name"], "Alice");
}

#[tokio::test]
async fn a_stream_sends_each_message_and_events_stay_plain() {
    let subject = start().await;
    let address = &subject.address;
    let lines = [ASKED[0], ("accept", "application/x-ndjson")];
    let counted = send(address, "GET /echo/Echo/Count?name=%223%22", &lines, "").await;
    let text = String::from_utf8(plain(&counted)).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    let events = [ASKED[0], ("accept", "text/event-stream")];
    let counted = send(address, "GET /echo/Echo/Count?name=%223%22", &events, "").await;
    assert!(!counted.head.contains("content-encoding"), "{}", counted.head);
    assert!(counted.text().contains("event: end"), "{}", counted.text());
    // An answer comes while the caller has not said all.
    let mut caller = TcpStream::connect(address).await.unwrap();
    let head = "POST /echo/Echo/Chat HTTP/1.1\r\nhost: x\r\naccept: application/x-ndjson\r\naccept-encoding: gzip\r\n\
                content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
    caller.write_all(head.as_bytes()).await.unwrap();
    let line = "{\"name\":\"a\"}\n";
    caller
        .write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes())
        .await
        .unwrap();
    let mut seen = Vec::new();
    loop {
        let mut decoder = flate2::Decompress::new_gzip(15);
        let mut text = Vec::with_capacity(1024);
        let begin = seen.windows(4).position(|window| window == b"\r\n\r\n");
        // Each chunk has its length before it; the first one is the beginning of the gzip.
        let chunk = begin.and_then(|begin| {
            let rest = &seen[begin + 4..];
            let end = rest.windows(2).position(|window| window == b"\r\n")?;
            Some(&rest[end + 2..])
        });
        if let Some(chunk) = chunk {
            let _ = decoder.decompress_vec(chunk, &mut text, flate2::FlushDecompress::Sync);
        }
        if text.windows(3).any(|window| window == b"\"A\"") {
            break;
        }
        assert_ne!(
            caller.read_buf(&mut seen).await.unwrap(),
            0,
            "{}",
            seen.escape_ascii()
        );
    }
}

#[tokio::test]
async fn requests_may_be_compressed() {
    let subject = start().await;
    let address = &subject.address;
    let json = [("content-encoding", "gzip")];
    let answer = send(address, "POST /echo?type=x", &json, gzip(br#"{"name":"Alice"}"#)).await;
    assert_eq!(answer.json(), json!({"name": "Alice", "type": "x", "values": []}));
    let form = [json[0], ("content-type", "application/x-www-form-urlencoded")];
    let answer = send(address, "POST /echo", &form, gzip(b"name=Bob")).await;
    assert_eq!(answer.json()["name"], "Bob");
    let lines = [json[0], ("content-type", "application/x-ndjson")];
    let answer = send(
        address,
        "POST /echo/Echo/Chat",
        &lines,
        gzip(b"{\"name\":\"a\"}\n{\"name\":\"b\"}"),
    )
    .await;
    assert!(
        answer.text().contains("\"A\"") && answer.text().contains("\"B\""),
        "{}",
        answer.text()
    );
    for (coding, body, status, why) in [
        ("br", &b"{}"[..], 415, "coded as br"),
        ("gzip", b"{}", 400, "not the gzip"),
        ("gzip", &gzip(&vec![b' '; 8 << 20]), 413, "larger than the limit"),
        ("gzip", &gzip(b"{}")[..10], 400, "breaks off"),
    ] {
        for content_type in ["application/json", "application/x-ndjson"] {
            let headers = [("content-encoding", coding), ("content-type", content_type)];
            let answer = send(address, "POST /echo/Echo/Chat", &headers, body).await;
            let detail = answer.failed(status);
            assert!(detail.contains(why), "{coding} {content_type}: {detail}");
            assert_eq!(
                answer.head.contains("\naccept-encoding: gzip"),
                status == 415,
                "{}",
                answer.head
            );
        }
    }
}
