//! Whether something has changed.

use std::time::{Duration, SystemTime};

use micro::blob::{Blobs, Options};
use micro_rpc::Streaming;
use micro_rpc::bytes::Bytes;

use super::http::{Answer, send};
use super::start;

fn told<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Reads with GET and HEAD, and asks again with the tag that came.
async fn check(address: &str, path: &str) -> Answer {
    let (get, head) = (format!("GET {path}"), format!("HEAD {path}"));
    let first = send(address, &get, &[], "").await;
    let tag = told(&first, "etag")
        .unwrap_or_else(|| panic!("{path}: {}", first.head))
        .to_owned();
    let headed = send(address, &head, &[], "").await;
    assert_eq!((headed.status, headed.body.len()), (200, 0), "{path}");
    for name in [
        "etag",
        "content-length",
        "content-type",
        "cache-control",
        "last-modified",
        "vary",
    ] {
        assert_eq!(told(&headed, name), told(&first, name), "{path} {name}");
    }
    for line in [&get, &head] {
        let again = send(address, line, &[("if-none-match", &tag)], "").await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{line}");
        assert_eq!(told(&again, "etag"), Some(tag.as_str()), "{line}");
        assert_eq!(
            told(&again, "cache-control"),
            told(&first, "cache-control"),
            "{line}"
        );
        assert_eq!(
            (told(&again, "content-type"), told(&again, "content-length")),
            (None, None),
            "{line}"
        );
        assert!(
            told(&again, "access-control-allow-origin").is_some() && told(&again, "x-request-id").is_some()
        );
        let other = send(address, line, &[("if-none-match", "\"other\"")], "").await;
        assert_eq!(other.status, 200, "{line}");
    }
    first
}

#[tokio::test]
async fn who_has_an_answer_is_not_sent_it_again() {
    let subject = start().await;
    let address = &subject.address;
    for (path, kept) in [
        ("/", "no-cache"),
        ("/.well-known/jwks.json", "public, max-age=60"),
        ("/openapi/store.json", "no-cache"),
        ("/echo?name=Alice", "no-cache"),
    ] {
        let first = check(address, path).await;
        assert_eq!(told(&first, "cache-control"), Some(kept), "{path}");
        assert!(
            told(&first, "access-control-expose-headers")
                .unwrap()
                .contains("etag")
        );
    }
    let one = send(address, "GET /echo?name=Alice", &[], "").await;
    let other = send(address, "GET /echo?name=Bob", &[], "").await;
    assert_ne!(told(&one, "etag"), told(&other, "etag"));
    // What changes things has no tag, and a stream has no end to be known by.
    let posted = send(address, "POST /echo", &[], r#"{"name":"Alice"}"#).await;
    let streamed = send(address, "GET /echo/Echo/Count?name=%223%22", &[], "").await;
    assert_eq!((told(&posted, "etag"), told(&streamed, "etag")), (None, None));
}

#[tokio::test]
async fn a_compressed_answer_is_the_same_answer() {
    let subject = start().await;
    let address = &subject.address;
    let gzip = ("accept-encoding", "gzip");
    let first = send(address, "GET /openapi/store.json", &[gzip], "").await;
    let tag = told(&first, "etag").unwrap();
    assert!(tag.starts_with("w/\""), "{tag}");
    // The head that is looked at here is in small letters.
    let tag = tag.replace("w/", "W/");
    for headers in [
        &[gzip, ("if-none-match", tag.as_str())][..],
        &[("if-none-match", tag.as_str())],
    ] {
        let again = send(address, "GET /openapi/store.json", headers, "").await;
        assert_eq!(
            (again.status, told(&again, "content-encoding")),
            (304, None),
            "{}",
            again.head
        );
        assert_eq!(told(&again, "etag"), told(&first, "etag"));
        assert_eq!(told(&again, "vary"), Some("accept-encoding"));
    }
}

#[tokio::test]
async fn blobs_have_a_time_too() {
    let subject = start().await;
    let address = &subject.address;
    let options = Options {
        content_type: "text/plain".to_owned(),
        public: true,
    };
    let data = Streaming::from_iter([Bytes::from_static(b"some words")]);
    let blobs: &dyn Blobs = &*subject.gateway.0.config.blobs;
    blobs.write("micro", "a/b", options, data).await.unwrap();
    let path = "/blob/micro/a/b";
    let first = check(address, path).await;
    assert_eq!(first.text(), "some words");
    assert!(told(&first, "content-security-policy").is_some());
    let modified = &told(&first, "last-modified").unwrap().to_uppercase();
    let modified = httpdate::parse_http_date(&capitalised(modified)).unwrap();
    let at = |time: SystemTime| httpdate::fmt_http_date(time);
    let hour = Duration::from_secs(3600);
    for (name, time, status) in [
        ("if-modified-since", modified, 304),
        ("if-modified-since", modified - hour, 200),
        ("if-unmodified-since", modified, 200),
        ("if-unmodified-since", modified - hour, 412),
    ] {
        let answer = send(address, &format!("GET {path}"), &[(name, &at(time))], "").await;
        assert_eq!(answer.status, status, "{name}");
        if status == 412 {
            assert!(answer.failed(412).contains("has changed"));
        }
    }
}

/// `FRI, 27 NOV 2026 08:00:00 GMT` as HTTP has it.
fn capitalised(date: &str) -> String {
    let word = |word: &str| match word {
        "GMT" => word.to_owned(),
        word => word[..1].to_owned() + &word[1..].to_lowercase(),
    };
    date.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
