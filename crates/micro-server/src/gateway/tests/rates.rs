//! Who asks too often.

use std::time::Duration;

use tokio::net::TcpListener;

use super::http::{Answer, send};
use super::{Subject, limits, start, start_as};
use crate::gateway::Settings;

/// So slow that no token comes back within a test.
const SLOW: &str = "2/h";

async fn limited(account: &str, address: &str, proxies: &str) -> Subject {
    let rate = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    let settings = Settings {
        rate_limit_account: rate(account),
        rate_limit_address: rate(address),
        trusted_proxies: proxies.parse().unwrap(),
        ..Settings::default()
    };
    start_as(limits(), settings).await
}

fn told<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn left(answer: &Answer) -> Option<&str> {
    told(answer, "ratelimit-remaining")
}

#[tokio::test]
async fn who_has_no_account_counts_by_address() {
    let subject = limited("", SLOW, "").await;
    let address = &subject.address;
    // Whatever is asked, of whichever service, and whatever token that is not good.
    let first = send(address, "GET /echo?name=fail", &[], "").await;
    assert_eq!((first.status, left(&first)), (409, Some("1")), "{}", first.head);
    assert_eq!(told(&first, "ratelimit-limit"), Some("2"));
    assert_eq!(told(&first, "ratelimit-reset"), Some("1800"));
    assert_eq!(told(&first, "retry-after"), None);
    let wrong = [("authorization", "Bearer wrong")];
    let second = send(address, "GET /nothing/call", &wrong, "").await;
    assert_eq!((second.status, left(&second)), (404, Some("0")));
    for line in ["GET /echo", "POST /auth/Auth/Token", "GET /", "GET /openapi.json"] {
        let refused = send(address, line, &[("x-forwarded-for", "1.1.1.1")], "").await;
        let detail = refused.failed(429);
        assert!(
            detail.contains("this address") && detail.contains(SLOW),
            "{detail}"
        );
        assert_eq!(left(&refused), Some("0"));
        let wait: u64 = told(&refused, "retry-after").unwrap().parse().unwrap();
        assert!((1700..=1800).contains(&wait), "{wait}");
        let exposed = told(&refused, "access-control-expose-headers").unwrap();
        for name in [
            "retry-after",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
        ] {
            assert!(exposed.contains(name), "{exposed}");
        }
        assert!(told(&refused, "x-request-id").is_some());
    }
    let open = "GET /echo/Echo/Chat";
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    send(address, open, &upgrade, "").await.failed(429);
    // What browsers and those who watch ask by themselves is free, and so are accounts here.
    for (line, headers) in [
        ("OPTIONS /echo", vec![]),
        ("GET /health", vec![]),
        ("GET /echo", vec![("authorization", "Bearer of-micro")]),
    ] {
        let answer = send(address, line, &headers, "").await;
        assert_eq!(
            (answer.status, left(&answer)),
            (200, None),
            "{line}: {}",
            answer.head
        );
    }
    let counted = subject.gateway.stats().snapshot();
    assert_eq!(counted.refused, 7);
}

#[tokio::test]
async fn an_account_counts_wherever_it_comes_from() {
    let subject = limited(SLOW, "", "127.0.0.1").await;
    let address = &subject.address;
    for (headers, remaining) in [
        (vec![("authorization", "Bearer of-acme")], Some("1")),
        (
            vec![("cookie", "micro-token=of-acme"), ("x-forwarded-for", "1.1.1.1")],
            Some("0"),
        ),
        // Of the same id, and of another namespace.
        (vec![("authorization", "Bearer of-micro")], Some("1")),
        (vec![], None),
    ] {
        let answer = send(address, "GET /echo", &headers, "").await;
        assert_eq!((answer.status, left(&answer)), (200, remaining), "{headers:?}");
    }
    let refused = send(address, "GET /echo", &[("authorization", "Bearer of-acme")], "").await;
    assert!(refused.failed(429).contains("this account"));
}

#[tokio::test]
async fn a_key_counts_beside_its_account() {
    let settings = Settings {
        rate_limit_account: Some("3/h".parse().unwrap()),
        rate_limit_key: Some(SLOW.parse().unwrap()),
        ..Settings::default()
    };
    let subject = start_as(limits(), settings).await;
    let ask = async |key: &str| {
        let token = format!("Bearer {key}");
        send(&subject.address, "GET /echo", &[("authorization", &token)], "").await
    };
    for (key, remaining) in [("of-acme", "1"), ("of-acme", "0")] {
        let answer = ask(key).await;
        assert_eq!((answer.status, left(&answer)), (200, Some(remaining)));
    }
    assert!(ask("of-acme").await.failed(429).contains("this key"));
    // Who was refused has cost the account nothing, which has one left.
    let last = ask("also-of-acme").await;
    assert_eq!((last.status, left(&last)), (200, Some("0")));
    assert!(ask("also-of-acme").await.failed(429).contains("this account"));
    assert!(
        ask("also-of-acme").await.failed(429).contains("this account"),
        "the key pays nothing for it"
    );
    assert_eq!(ask("of-micro").await.status, 200);
}

#[tokio::test]
async fn behind_proxies_each_caller_counts_alone() {
    let subject = limited("", SLOW, "127.0.0.0/8").await;
    let address = &subject.address;
    for (from, remaining) in [
        ("1.1.1.1", "1"),
        ("9.9.9.9, 1.1.1.1", "0"),
        ("1.1.1.2", "1"),
        ("2001:db8::1", "1"),
        ("2001:db8::2", "0"),
        ("2001:db8:0:1::", "1"),
    ] {
        let answer = send(address, "GET /echo", &[("x-forwarded-for", from)], "").await;
        assert_eq!(left(&answer), Some(remaining), "{from}");
    }
    send(
        address,
        "GET /echo",
        &[("x-forwarded-for", "8.8.8.8, 1.1.1.1")],
        "",
    )
    .await
    .failed(429);
}

#[tokio::test]
async fn pages_count_with_the_rest() {
    let subject = limited("", SLOW, "").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pages = listener.local_addr().unwrap().to_string();
    let web = subject.gateway.for_browsers();
    tokio::spawn(web.serve(listener, std::future::pending(), Duration::ZERO));
    let login = send(&pages, "GET /-/login", &[], "").await;
    assert_eq!((login.status, left(&login)), (200, Some("1")));
    let called = send(&subject.address, "GET /echo", &[], "").await;
    assert_eq!((called.status, left(&called)), (200, Some("0")));
    let refused = send(&pages, "POST /-/login", &[], "id=ada&secret=guess").await;
    assert_eq!(refused.status, 429);
    assert!(told(&refused, "content-type").unwrap().starts_with("text/html"));
    assert!(refused.text().contains("this address"), "{}", refused.text());
    assert!(told(&refused, "retry-after").is_some());
}

#[tokio::test]
async fn without_limits_nothing_is_said_of_them() {
    let subject = start().await;
    let answer = send(&subject.address, "GET /echo", &[], "").await;
    assert!(
        answer.status == 200 && !answer.head.contains("\r\nratelimit-"),
        "{}",
        answer.head
    );
}
