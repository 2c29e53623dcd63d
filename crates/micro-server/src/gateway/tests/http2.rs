//! The same gateway over HTTP/2, without TLS and with prior knowledge.

use std::time::Duration;

use h2::Reason;
use h2::client::Builder;
use micro_rpc::bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{exchange, get, parse};
use super::peer::{Peer, next, request};
use super::{limits, start, start_with};
use crate::gateway::Limits;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

fn message(name: &str) -> String {
    format!(r#"{{"name":"{name}","type":"","values":[]}}"#)
}

#[tokio::test]
async fn requests_are_answered_as_over_http1() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    let version = peer.ask("GET /", &[], "").await;
    assert_eq!(
        (version.status.as_u16(), version.text().as_str()),
        (200, "{\"version\": \"1.2.3\"}")
    );
    let called = peer.ask("POST /echo/call", &JSON, r#"{"name":"ada"}"#).await;
    assert_eq!((called.status.as_u16(), called.text()), (200, message("ada")));
    assert_eq!(called.header("content-length"), message("ada").len().to_string());
    assert_eq!(called.header("access-control-allow-origin"), "*");
    assert!(!called.header("x-request-id").is_empty());

    let missing = peer.ask("GET /nothing/at/all", &[], "").await;
    let error: serde_json::Value = serde_json::from_slice(&missing.body).unwrap();
    assert_eq!((missing.status.as_u16(), &error["code"]), (404, &404.into()));
    let denied = peer
        .ask("POST /echo/call", &[("micro-namespace", "acme")], "{}")
        .await;
    assert_eq!(denied.status, 401);
    let asked = [("authorization", "Bearer of-acme"), ("micro-namespace", "acme")];
    assert_eq!(peer.ask("POST /echo/call", &asked, "{}").await.status, 200);
    let panicked = peer.ask("POST /echo/call", &JSON, r#"{"name":"panic"}"#).await;
    assert_eq!(panicked.status, 500);
    assert_eq!(peer.ask("OPTIONS /echo/call", &[], "").await.status, 200);
    // The same port speaks both.
    assert_eq!(get(&subject.address, "/echo/call?name=x").await.status, 200);
    assert_eq!(subject.gateway.stats().snapshot().connections, 2);
}

#[tokio::test]
async fn a_head_says_how_long_the_body_would_be() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    let (answer, _) = peer.open(request("HEAD /", &[])).await;
    let (head, body) = answer.await.unwrap().into_parts();
    assert_eq!(head.headers["content-length"], "20");
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn cookies_may_come_one_by_one() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    let crumbs = [
        ("cookie", "a=1"),
        ("cookie", "micro-token=of-micro"),
        ("cookie", "b=2"),
    ];
    let seen = peer
        .ask("POST /echo/call", &crumbs, r#"{"name":"headers"}"#)
        .await;
    assert!(
        seen.text().contains("authorization=Bearer of-micro|"),
        "{}",
        seen.text()
    );
}

#[tokio::test]
async fn many_requests_share_a_connection() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    let asking = (0..200).map(async |number: i32| {
        let name = number.to_string();
        let body = format!(r#"{{"name":"{name}"}}"#);
        let answer = peer.ask("POST /echo/call", &JSON, body).await;
        assert_eq!(answer.text(), message(&name));
    });
    futures_util::future::join_all(asking).await;
    assert_eq!(subject.gateway.stats().snapshot().connections, 1);
}

#[tokio::test]
async fn answers_are_streams() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    let lines = [("accept", "application/x-ndjson")];
    let counted = peer.ask("POST /echo/count", &lines, r#"{"name":"3"}"#).await;
    let expected: String = ["0", "1", "2"].iter().map(|name| message(name) + "\n").collect();
    assert_eq!(counted.text(), expected);
    let events = peer
        .ask("GET /echo/count?name=1", &[("accept", "text/event-stream")], "")
        .await;
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert!(events.text().contains("event: end"), "{}", events.text());

    // Both ways at once.
    let both = [
        ("content-type", "application/x-ndjson"),
        ("accept", "application/x-ndjson"),
    ];
    let (answer, mut sending) = peer.open(request("POST /echo/Echo/Chat", &both)).await;
    sending
        .send_data(Bytes::from_static(b"{\"name\":\"one\"}\n"), false)
        .unwrap();
    let mut answer = answer.await.unwrap().into_body();
    assert_eq!(next(&mut answer).await.unwrap(), message("ONE") + "\n");
    sending
        .send_data(Bytes::from_static(b"{\"name\":\"two\"}\n"), true)
        .unwrap();
    assert_eq!(next(&mut answer).await.unwrap(), message("TWO") + "\n");
    assert_eq!(next(&mut answer).await, None);
}

#[tokio::test]
async fn the_preface_may_come_in_pieces() {
    let subject = start_with(Limits {
        idle: Duration::from_secs(10),
        ..limits()
    })
    .await;
    let mut stream = TcpStream::connect(&subject.address).await.unwrap();
    for piece in [
        &b"PRI * "[..],
        b"HTTP/2.0\r\n\r\nSM",
        b"\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ] {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "the first frame is that of the settings");
}

#[tokio::test]
async fn what_only_begins_like_http2_is_told_so() {
    let subject = start().await;
    for (begun, closes, status) in [
        (&b"PRI * HT"[..], false, 408),
        (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", false, 400),
        (b"PRI * HTTP/2.0\r\n\r\n", true, 400),
        (
            b"PRINT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            false,
            200,
        ),
    ] {
        let answer = parse(&exchange(&subject.address, begun, closes).await);
        assert_eq!(answer.status, status, "{}", begun.escape_ascii());
    }
}

#[tokio::test]
async fn one_connection_has_its_bounds() {
    let subject = start_with(Limits {
        streams: 3,
        ..limits()
    })
    .await;
    let peer = Peer::connect(&subject.address).await;
    assert_eq!(peer.ask("GET /", &[], "").await.status, 200);
    assert_eq!(peer.requests.current_max_send_streams(), 3);
    let large = "x".repeat(60 * 1024);
    let refused = peer.ask("GET /", &[("x-large", &large)], "").await;
    assert_eq!(refused.status, 431);
    let body = format!(r#"{{"name":"{}"}}"#, "x".repeat(101 * 1024));
    let (answer, mut sending) = peer.open(request("POST /echo/call", &JSON)).await;
    sending.send_data(body.into(), true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 413);
    // A body that does not come.
    let (answer, _sending) = peer.open(request("POST /echo/call", &JSON)).await;
    assert_eq!(answer.await.unwrap().status(), 408);
    assert_eq!(peer.ask("GET /", &[], "").await.status, 200);
}

#[tokio::test]
async fn who_takes_back_what_he_asks_for_is_sent_away() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    assert_eq!(peer.ask("GET /", &[], "").await.status, 200);
    for _ in 0..10_000 {
        let Ok(mut requests) = peer.requests.clone().ready().await else {
            break;
        };
        match requests.send_request(request("POST /echo/call", &JSON), false) {
            Ok((_, mut sending)) => sending.send_reset(Reason::CANCEL),
            Err(_) => break,
        }
    }
    let ended = peer.ended_by_the_other().await.unwrap_err();
    // The word may be lost with the connection, which is closed while more is sent.
    assert!(
        ended.reason() == Some(Reason::ENHANCE_YOUR_CALM) || ended.is_io(),
        "{ended}"
    );
    assert_eq!(get(&subject.address, "/echo").await.status, 200);
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up_alone() {
    let subject = start_with(Limits {
        stall: Duration::from_millis(300),
        ..limits()
    })
    .await;
    let stream = TcpStream::connect(&subject.address).await.unwrap();
    let peer = Peer::over(stream, Builder::new().initial_window_size(1024)).await;
    let (answer, mut sending) = peer.open(request("POST /echo/call", &JSON)).await;
    sending
        .send_data(Bytes::from_static(br#"{"name":"large"}"#), true)
        .unwrap();
    let mut body = answer.await.unwrap().into_body();
    let lost = loop {
        // What comes is never taken off the window.
        match tokio::time::timeout(Duration::from_secs(20), body.data())
            .await
            .expect("it is given up")
        {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("it came whole"),
        }
    };
    assert_eq!(lost.reason(), Some(Reason::CANCEL));
    assert_eq!(
        peer.ask("POST /echo/call", &JSON, r#"{"name":"x"}"#).await.text(),
        message("x")
    );
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_with_a_request_is_not() {
    let subject = start_with(Limits {
        call: Duration::from_millis(50),
        ..limits()
    })
    .await;
    let silent = Peer::connect(&subject.address).await;
    let waiting = Peer::connect(&subject.address).await;
    let (answer, _sending) = waiting.open(request("GET /echo/count?name=wait", &[])).await;
    let answer = answer.await.unwrap();
    silent.ended_by_the_other().await.unwrap();
    // It was opened later than the other, and is there when that is gone.
    assert_eq!(waiting.ask("GET /", &[], "").await.status, 200);
    drop((answer, _sending));
    waiting.ended_by_the_other().await.unwrap();
}

#[tokio::test]
async fn what_is_under_way_is_finished_when_the_server_stops() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    let both = [
        ("content-type", "application/x-ndjson"),
        ("accept", "application/x-ndjson"),
    ];
    let (answer, mut sending) = peer.open(request("POST /echo/Echo/Chat", &both)).await;
    sending
        .send_data(Bytes::from_static(b"{\"name\":\"one\"}\n"), false)
        .unwrap();
    let mut answer = answer.await.unwrap().into_body();
    assert_eq!(next(&mut answer).await.unwrap(), message("ONE") + "\n");
    subject.stop.send(()).unwrap();
    while peer.requests.clone().ready().await.is_ok() {
        tokio::task::yield_now().await;
    }
    sending
        .send_data(Bytes::from_static(b"{\"name\":\"two\"}\n"), true)
        .unwrap();
    assert_eq!(next(&mut answer).await.unwrap(), message("TWO") + "\n");
    assert_eq!(next(&mut answer).await, None);
    peer.ended_by_the_other().await.unwrap();
    subject.serving.await.unwrap();
}
