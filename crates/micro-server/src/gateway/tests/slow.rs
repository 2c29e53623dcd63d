//! Too much, too slow, never.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{exchange, get, parse, send};
use super::{limits, start, start_with};
use crate::gateway::Limits;

#[tokio::test]
async fn too_much_is_refused() {
    let subject = start().await;
    let address = &subject.address;
    let body = format!(r#"{{"name":"{}"}}"#, "x".repeat(101 * 1024));
    // Announced, so that it is refused at once; in chunks, as soon as it is too much.
    assert!(
        send(address, "POST /echo", &[], &body)
            .await
            .failed(413)
            .contains("102400 bytes")
    );
    let chunked = format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    parse(&exchange(address, chunked.as_bytes(), false).await).failed(413);
    // A form may be larger than the message that it becomes, but not its message.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let escaped = |times| format!("name={}", "%41".repeat(times));
    assert_eq!(
        send(address, "POST /echo", &form, escaped(50 * 1024))
            .await
            .status,
        200
    );
    send(address, "POST /echo", &form, escaped(68 * 1024))
        .await
        .failed(413);
    send(
        address,
        "POST /echo",
        &form,
        format!("name={}", "x".repeat(101 * 1024)),
    )
    .await
    .failed(413);
    send(address, "GET /echo", &[("x-large", &"x".repeat(60 * 1024))], "")
        .await
        .failed(431);
    let many: Vec<_> = (0..120).map(|number| (format!("x-{number}"), "x")).collect();
    let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    send(address, "GET /echo", &many, "").await.failed(431);
    // A caller that asks first is told before it sends.
    let asking = b"POST /echo HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 999999\r\n\r\n";
    assert!(
        exchange(address, asking, false)
            .await
            .starts_with(b"HTTP/1.1 413")
    );
    assert_eq!(get(address, "/echo").await.status, 200);
}

#[tokio::test]
async fn large_ones_wait_for_room() {
    let subject = start_with(Limits {
        bodies: 100 * 1024,
        patience: Duration::from_secs(60),
        ..limits()
    })
    .await;
    let address = &subject.address;
    let body = format!(r#"{{"name":"{}"}}"#, "x".repeat(90_000));
    let mut first = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    first.write_all(head.as_bytes()).await.unwrap();
    first.write_all(&body.as_bytes()[..80_000]).await.unwrap();
    let bodies = subject.gateway.0.bodies.clone();
    let until_left = async |bytes: usize| {
        let waiting = async {
            while bodies.left() != bytes {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .unwrap();
    };
    until_left(100 * 1024 - 80_000).await;
    let refused = send(address, "POST /echo", &[], &body).await;
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    refused.failed(503);
    // What is small has room always, and so has what is large when the other is gone.
    assert_eq!(send(address, "POST /echo", &[], "{}").await.status, 200);
    drop(first);
    until_left(100 * 1024).await;
    assert_eq!(send(address, "POST /echo", &[], &body).await.status, 200);
    until_left(100 * 1024).await;
    // So are the messages of a stream, each until it is handed on.
    let mut lines = TcpStream::connect(address).await.unwrap();
    let head = "POST /echo/Echo/Chat HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n\
                transfer-encoding: chunked\r\n\r\n";
    lines.write_all(head.as_bytes()).await.unwrap();
    let unended = format!("{:x}\r\n{}\r\n", 80_000, &body[..80_000]);
    lines.write_all(unended.as_bytes()).await.unwrap();
    until_left(100 * 1024 - 80_000).await;
    send(address, "POST /echo", &[], &body).await.failed(503);
    let rest = format!("{:x}\r\n{}\n\r\n", body.len() - 79_999, &body[80_000..]);
    lines.write_all(rest.as_bytes()).await.unwrap();
    until_left(100 * 1024).await;
    assert_eq!(send(address, "POST /echo", &[], &body).await.status, 200);
}

#[tokio::test]
async fn too_slow_is_given_up() {
    let subject = start().await;
    let address = &subject.address;
    for (begun, status) in [
        ("GET /echo HTTP/1.1\r\nhost: ", 408),
        (
            "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
            408,
        ),
        (
            "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{",
            408,
        ),
    ] {
        parse(&exchange(address, begun.as_bytes(), false).await).failed(status);
    }
    // Who says nothing is told nothing.
    assert!(exchange(address, b"", false).await.is_empty());
    // A connection is closed when it is idle for too long, without a word after its last answer.
    let idle = exchange(address, b"GET /echo HTTP/1.1\r\nhost: x\r\n\r\n", false).await;
    assert_eq!(parse(&idle).status, 200);
    assert_eq!(idle.windows(8).filter(|window| window == b"HTTP/1.1").count(), 1);
}

#[tokio::test]
async fn who_never_reads_is_given_up() {
    let subject = start_with(Limits {
        stall: Duration::from_millis(300),
        ..limits()
    })
    .await;
    let mut stream = TcpStream::connect(&subject.address).await.unwrap();
    // More than any socket buffers, asked for at once and never read.
    let ask = b"GET /echo?name=large HTTP/1.1\r\nhost: x\r\n\r\n".repeat(40);
    stream.write_all(&ask).await.unwrap();
    // Not reading is the point, so that it is closed shows when nothing can be written.
    let closed = async {
        while !matches!(stream.try_write(b"x"), Err(error) if error.kind() != ErrorKind::WouldBlock) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let closed = tokio::time::timeout(Duration::from_secs(30), closed).await;
    assert!(closed.is_ok(), "the connection is closed");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.len() < 40 * (3 << 20));
    assert_eq!(get(&subject.address, "/echo").await.status, 200);
}
