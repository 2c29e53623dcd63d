//! What is no HTTP, or nearly.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::task::JoinSet;

use super::http::{Answer, exchange, parse};
use super::{limits, start, start_with};
use crate::gateway::Limits;

#[tokio::test]
async fn what_is_no_http_is_told_so() {
    let subject = start().await;
    for (request, closes, status) in [
        (&b"\0\x01\x02\r\n\r\n"[..], false, 400),
        (b"GET\r\n\r\n", false, 400),
        (b"GET / HTTP/9.9\r\n\r\n", false, 400),
        (b"GET /a b HTTP/1.1\r\n\r\n", false, 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", false, 400),
        (
            b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
            false,
            400,
        ),
        (
            b"GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n",
            false,
            400,
        ),
        (
            b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            false,
            400,
        ),
        (b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n", false, 405),
        (b"PRI * HTTP/2.0\r\n\r\nNO\r\n\r\n", false, 400),
        (b"GET / HTTP/1.1\r\nhos", true, 400),
        (b"GET", true, 400),
    ] {
        let answer = parse(&exchange(&subject.address, request, closes).await);
        answer.failed(status);
        assert!(
            answer.head.contains("access-control-allow-origin"),
            "{}",
            request.escape_ascii()
        );
    }
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000));
    let answer = parse(&exchange(&subject.address, long.as_bytes(), false).await);
    assert!([414, 431].contains(&answer.status), "{answer:?}");
    answer.failed(answer.status);
}

/// A request that is wrong somewhere, or happens to be right.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let word = "[ -~]{0,20}|\\PC{0,8}";
    let head = (
        "GET|POST|PUT|DELETE|HEAD|FOO|[ -~]{0,6}",
        "(/[a-z%0-9.~?=&\\[\\]-]{0,8}){0,5}|/\\PC{0,12}",
        "1.1|1.0|1.1|1.1|[0-9.]{0,3}",
    );
    let content = "application/json|multipart/form-data; boundary=x|multipart/form-data|application/x-www-form-urlencoded|application/protobuf|[ -~]{0,20}";
    let text = "[{}\\[\\]\":,a-e0-9= &%+-]{0,60}".prop_map(String::into_bytes);
    let body = prop_oneof![proptest::collection::vec(any::<u8>(), 0..100), text];
    let built = (head, word, word, content, body, any::<bool>()).prop_map(|((method, path, version), name, value, content, body, echo)| {
        let path = if echo { format!("/echo{path}") } else { path };
        let head = format!(
            "{method} {path} HTTP/{version}\r\nconnection: close\r\ncontent-type: {content}\r\n{name}: {value}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), &body].concat()
    });
    let cut = (built, any::<proptest::sample::Index>(), 0..4_u8).prop_map(|(mut bytes, at, how)| {
        let at = at.index(bytes.len());
        match how {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 0x41,
            _ => {}
        }
        bytes
    });
    prop_oneof![4 => cut, 1 => proptest::collection::vec(any::<u8>(), 1..300)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_are_answered_with_errors() {
    let short = Duration::from_millis(100);
    let subject = start_with(Limits {
        idle: short,
        patience: short,
        ..limits()
    })
    .await;
    let mut runner = TestRunner::default();
    let requests: Vec<_> = (0..3000)
        .map(|_| request().new_tree(&mut runner).unwrap().current())
        .collect();
    let mut tasks = JoinSet::new();
    for part in requests.chunks(100) {
        let (part, address) = (part.to_vec(), subject.address.clone());
        tasks.spawn(async move {
            // One in two callers says that it sends no more.
            for (number, request) in part.into_iter().enumerate() {
                let closes = number % 2 == 0;
                check(&request, &exchange(&address, &request, closes).await, closes);
            }
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        outcome.unwrap();
    }
    assert_eq!(super::http::get(&subject.address, "/echo").await.status, 200);
}

/// Nothing at all only to one that left or said nothing; else every answer that is no success is an error as all are.
fn check(request: &[u8], bytes: &[u8], left: bool) {
    if bytes.is_empty() {
        assert!(
            left || request.trim_ascii().is_empty(),
            "no answer to {}",
            request.escape_ascii()
        );
        return;
    }
    let Answer { status, head, body } = parse(bytes);
    let is_bodiless = request.starts_with(b"HEAD") || body.is_empty() && status == 204;
    if status >= 400 && !is_bodiless {
        let error: serde_json::Value = serde_json::from_slice(&body).unwrap_or_else(|error| {
            panic!(
                "{error}: {head} {}\nto {}",
                body.escape_ascii(),
                request.escape_ascii()
            )
        });
        assert_eq!(error["code"], status, "{head} to {}", request.escape_ascii());
    }
    assert!(!body.windows(8).any(|window| window == b"panicked"));
}
