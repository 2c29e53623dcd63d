//! gRPC-Web, frame by frame as its protocol describes it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{Answer, send};
use super::peer::Peer;
use super::{start, start_with};
use crate::gateway::Limits;
use crate::gateway::tests::limits;

const PROTO: (&str, &str) = ("content-type", "application/grpc-web+proto");
const TEXT: (&str, &str) = ("content-type", "application/grpc-web-text+proto");
const X: &[u8] = b"\0\0\0\0\x03\x0a\x01x";

fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), message].concat()
}

/// A message of the echo.
fn named(name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    frame(&[&[0x0a, length][..], name.as_bytes()].concat())
}

/// The messages of a body, and what its last one says.
fn taken_apart(mut body: &[u8]) -> (Vec<Vec<u8>>, String) {
    let mut messages = Vec::new();
    loop {
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        let (flag, message, rest) = (body[0], &body[5..5 + length], &body[5 + length..]);
        if flag == 0x80 {
            assert!(rest.is_empty(), "nothing follows the status");
            return (messages, String::from_utf8(message.to_vec()).unwrap());
        }
        assert_eq!(flag, 0);
        messages.push(frame(message));
        body = rest;
    }
}

/// What text says that was encoded in pieces.
fn bytes(text: &[u8]) -> Vec<u8> {
    let groups = text.chunks(4).map(|group| STANDARD.decode(group).unwrap());
    groups.collect::<Vec<_>>().concat()
}

async fn call(address: &str, method: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
    send(address, &format!("POST /echo.Echo/{method}"), headers, body).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let start = format!("{name}: ");
    answer.head.lines().find_map(|line| line.strip_prefix(&start))
}

#[tokio::test]
async fn calls_are_answered_over_http1() {
    let subject = start().await;
    let address = &subject.address;
    for (content_type, answered) in [
        ("application/grpc-web+proto", "application/grpc-web+proto"),
        ("application/grpc-web", "application/grpc-web+proto"),
    ] {
        let answer = call(address, "Call", &[("content-type", content_type)], X).await;
        assert_eq!(
            (answer.status, header(&answer, "content-type")),
            (200, Some(answered))
        );
        assert_eq!(
            taken_apart(&answer.body),
            (vec![X.to_vec()], "grpc-status:0\r\n".to_owned())
        );
    }
    let json = [("content-type", "application/grpc-web+json")];
    let answer = call(address, "Call", &json, frame(br#"{"name":"x"}"#)).await;
    let (messages, status) = taken_apart(&answer.body);
    assert_eq!(messages, [frame(br#"{"name":"x","type":"","values":[]}"#)]);
    assert_eq!(status, "grpc-status:0\r\n");
    let counted = call(address, "Count", &[PROTO], named("3")).await;
    let (messages, status) = taken_apart(&counted.body);
    assert_eq!(messages, ["0", "1", "2"].map(named));
    assert_eq!(status, "grpc-status:0\r\n");
    // Several messages may be sent too, as far as HTTP/1.1 goes.
    let joined = call(address, "Join", &[PROTO], [named("a"), named("b")].concat()).await;
    assert_eq!(taken_apart(&joined.body).0, [named("a b")]);
}

#[tokio::test]
async fn calls_are_answered_over_http2() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    let answer = peer.ask("POST /echo.Echo/Count", &[PROTO], named("2")).await;
    assert_eq!(answer.header("content-type"), "application/grpc-web+proto");
    let (messages, status) = taken_apart(&answer.body);
    assert_eq!(
        (messages, status.as_str()),
        (vec![named("0"), named("1")], "grpc-status:0\r\n")
    );
    assert!(answer.trailers.is_empty());
}

#[tokio::test]
async fn text_is_the_same_in_base64() {
    let subject = start().await;
    let address = &subject.address;
    let sent = STANDARD.encode(named("2"));
    // In pieces that are padded each.
    let pieces: String = named("2").chunks(4).map(|piece| STANDARD.encode(piece)).collect();
    for (sent, accept, answered) in [
        (
            &sent,
            "application/grpc-web-text",
            "application/grpc-web-text+proto",
        ),
        (&pieces, "*/*", "application/grpc-web-text+proto"),
        (&sent, "application/grpc-web+proto", "application/grpc-web+proto"),
    ] {
        let answer = call(address, "Count", &[TEXT, ("accept", accept)], sent).await;
        assert_eq!(header(&answer, "content-type"), Some(answered));
        let body = match answered.contains("text") {
            true => bytes(&answer.body),
            false => answer.body,
        };
        let (messages, status) = taken_apart(&body);
        assert_eq!(
            (messages, status.as_str()),
            (vec![named("0"), named("1")], "grpc-status:0\r\n")
        );
    }
    for wrong in [&sent[..sent.len() - 1], "*", "A==="] {
        let refused = call(address, "Call", &[TEXT], wrong).await;
        assert_eq!(header(&refused, "grpc-status"), Some("3"), "{wrong}");
    }
}

#[tokio::test]
async fn an_error_is_headers_alone_or_the_last_message() {
    let subject = start().await;
    let address = &subject.address;
    let origin = ("origin", "https://page.example");
    for (method, headers, body, status) in [
        ("Call", &[PROTO][..], named("fail"), "6"),
        ("Call", &[PROTO, ("micro-namespace", "acme")], named("x"), "16"),
        ("Nothing", &[PROTO], named("x"), "12"),
        ("Count", &[PROTO], named("!"), "6"),
        (
            "Call",
            &[("content-type", "application/grpc-web+thrift")],
            named("x"),
            "3",
        ),
        ("Call", &[PROTO], vec![0x80, 0, 0, 0, 0], "12"),
        ("Call", &[PROTO], vec![0, 0, 0, 0, 9, 1], "3"),
        ("Call", &[PROTO, ("grpc-timeout", "50m")], named("sleep"), "4"),
    ] {
        let answer = call(address, method, &[headers, &[origin]].concat(), &body).await;
        assert_eq!(
            (answer.status, header(&answer, "grpc-status")),
            (200, Some(status)),
            "{method} {body:?}"
        );
        assert!(answer.body.is_empty());
        assert!(header(&answer, "grpc-message").is_some());
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(origin.1));
        let readable = header(&answer, "access-control-expose-headers").unwrap();
        assert!(
            readable.contains("grpc-status") && readable.contains("grpc-message"),
            "{readable}"
        );
    }
    let late = call(address, "Count", &[PROTO], named("1!")).await;
    assert_eq!((late.status, header(&late, "grpc-status")), (200, None));
    let (messages, status) = taken_apart(&late.body);
    assert_eq!(messages, [named("0")]);
    assert!(status.starts_with("grpc-status:6\r\ngrpc-message:{"), "{status}");
}

#[tokio::test]
async fn pages_of_every_origin_may() {
    let subject = start().await;
    let asked = [
        ("origin", "https://page.example"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "content-type,x-grpc-web,x-user-agent,grpc-timeout",
        ),
    ];
    let answer = send(&subject.address, "OPTIONS /echo.Echo/Call", &asked, "").await;
    let allowed = header(&answer, "access-control-allow-headers").unwrap();
    for name in [
        "content-type",
        "authorization",
        "x-grpc-web",
        "x-user-agent",
        "grpc-timeout",
    ] {
        assert!(allowed.contains(name), "{name} of {allowed}");
    }
    assert_eq!(
        header(&answer, "access-control-allow-origin"),
        Some("https://page.example")
    );
    // What is asked for JSON is what it always was.
    let answer = send(&subject.address, "OPTIONS /echo/call", &asked[..2], "").await;
    assert!(
        !header(&answer, "access-control-allow-headers")
            .unwrap()
            .contains("grpc")
    );
}

#[tokio::test]
async fn messages_come_as_they_are_said() {
    let subject = start_with(Limits {
        call: Duration::from_millis(50),
        ..limits()
    })
    .await;
    let mut stream = TcpStream::connect(&subject.address).await.unwrap();
    let head = "POST /echo.Echo/Chat HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web+proto\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    for word in ["one", "two"] {
        let message = named(word);
        let chunk = [format!("{:x}\r\n", message.len()).as_bytes(), &message, b"\r\n"].concat();
        stream.write_all(&chunk).await.unwrap();
        let expected = named(&word.to_uppercase());
        let answered = async {
            while !seen.windows(expected.len()).any(|window| window == expected) {
                assert_ne!(
                    stream.read_buf(&mut seen).await.unwrap(),
                    0,
                    "{}",
                    seen.escape_ascii()
                );
            }
        };
        let answered = tokio::time::timeout(Duration::from_secs(5), answered).await;
        assert!(answered.is_ok(), "{word} is not answered");
    }
}
