//! What is asked, and what is answered.

use micro_proto::registry::Value as Message;
use micro_rpc::prost::Message as _;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use std::sync::atomic::Ordering;

use super::echo::IS_DOZING;
use super::http::{get, parse, send};
use super::start;

#[tokio::test]
async fn fixed_paths_and_headers_for_browsers() {
    let subject = start().await;
    let address = &subject.address;
    for path in ["/", "//", "/.", "/a/.."] {
        let answer = get(address, path).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, r#"{"version": "1.2.3"}"#),
            "{path}"
        );
    }
    let answer = get(address, "/favicon.ico").await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    for path in ["/", "/echo/call", "*"] {
        let answer = send(
            address,
            &format!("OPTIONS {path}"),
            &[("micro-namespace", "acme")],
            "",
        )
        .await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
    let answer = send(address, "GET /nothing", &[("origin", "https://example.com")], "").await;
    for line in [
        "access-control-allow-origin: https://example.com",
        "access-control-allow-credentials: true",
        "access-control-allow-methods: post, patch, get, options, put, delete",
        "vary: origin",
    ] {
        assert!(answer.head.contains(line), "{}", answer.head);
    }
    assert!(
        get(address, "/nothing")
            .await
            .head
            .contains("access-control-allow-origin: *")
    );
}

#[tokio::test]
async fn requests_become_messages() {
    const FORM: &str = "application/x-www-form-urlencoded";
    const PARTS: &str = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAlice\r\n--b--\r\n";
    let subject = start().await;
    for (line, content_type, body, name, kind) in [
        ("GET /echo/call?name=Alice&type=x", "", "", "Alice", "x"),
        ("GET /echo?name=Alice", "", "", "Alice", ""),
        ("GET /go.micro.service.echo/call?name=5", "", "", "5", ""),
        ("GET /echo/echo/call", "", "", "", ""),
        ("GET /echo", "application/json", "", "", ""),
        ("GET /foo/bar/echo/call?name=Alice", "", "", "Alice", ""),
        ("GET /v1/echo/Call?name=Alice", "", "", "Alice", ""),
        ("GET /v1/echo/echo/call?name=Alice", "", "", "Alice", ""),
        ("POST /echo", "", "", "", ""),
        ("POST /echo", "", "null", "", ""),
        (
            "POST /echo",
            "application/json",
            r#"{"name":"Alice"}"#,
            "Alice",
            "",
        ),
        ("PUT /echo", "text/plain", r#"{"name":"Alice"}"#, "Alice", ""),
        ("POST /echo", FORM, r#"{"name":"Alice"}"#, "Alice", ""),
        (
            "PATCH /echo?type=x&name=Bob",
            "application/json",
            r#"{"name":"Alice"}"#,
            "Alice",
            "x",
        ),
        ("DELETE /echo?name=Alice", "", "", "Alice", ""),
        ("POST /echo?type=b", FORM, "name=A+%26&type=a", "A &", "a,b"),
        (
            "POST /echo?type=x",
            "multipart/form-data; boundary=b",
            PARTS,
            "Alice",
            "x",
        ),
    ] {
        let headers = if content_type.is_empty() {
            vec![]
        } else {
            vec![("content-type", content_type)]
        };
        let answer = send(&subject.address, line, &headers, body).await;
        assert_eq!(answer.status, 200, "{line} {content_type}: {}", answer.text());
        assert_eq!(
            answer.json(),
            json!({"name": name, "type": kind, "values": []}),
            "{line} {content_type}"
        );
        assert!(
            answer.head.contains("content-type: application/json"),
            "{}",
            answer.head
        );
    }
    let head = send(&subject.address, "HEAD /echo?name=Alice", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let message = Message {
        name: "Alice".to_owned(),
        ..Message::default()
    };
    let proto = [("content-type", "application/protobuf")];
    let answer = send(&subject.address, "POST /echo", &proto, message.encode_to_vec()).await;
    assert_eq!(Message::decode(answer.body.as_slice()).unwrap(), message);
    assert!(
        answer.head.contains("content-type: application/protobuf"),
        "{}",
        answer.head
    );
    let large = get(&subject.address, "/echo?name=large").await;
    assert_eq!(large.json()["name"].as_str().unwrap().len(), 3 << 20);
}

#[tokio::test]
async fn errors_have_the_one_shape() {
    let subject = start().await;
    let address = &subject.address;
    for (line, body, status, detail) in [
        ("GET /nothing/call", "", 404, "service not found"),
        ("GET /echo%20/call", "", 404, "service not found"),
        ("GET /%ff", "", 404, "service not found"),
        ("GET /echo/nothing", "", 404, "unknown service Echo.Nothing"),
        ("GET /echo/other/call", "", 404, "unknown service Other"),
        ("GET /echo?name=fail", "", 409, "100% é"),
        ("GET /echo?name=panic", "", 500, "panic recovered: on purpose"),
        ("GET /echo?name=sleep", "", 408, ""),
        (
            "GET /gone",
            "",
            503,
            "connection error: Error while dialing dial tcp 127.0.0.1:1: connect: connection refused",
        ),
        (
            "GET /echo?name",
            "",
            400,
            "invalid query parameter \"name\": it has no value, write name=...",
        ),
        ("POST /echo", "[]", 400, "the request's body is not a JSON object"),
        (
            "POST /echo",
            "name=Alice",
            400,
            "the request's body is not a JSON object",
        ),
        ("TRACE /echo", "", 405, "method TRACE is not supported"),
    ] {
        let answer = send(address, line, &[], body).await;
        let found = answer.failed(status);
        assert!(detail.is_empty() || found == detail, "{line}: {found}");
        assert!(answer.head.contains("access-control-allow-origin"), "{line}");
    }
    let broken = send(address, "POST /echo", &[], r#"{"name": }"#).await;
    assert!(broken.failed(400).contains("JSON"));
    let counted = subject.gateway.stats().snapshot();
    assert_eq!((counted.requests, counted.refused, counted.failed), (14, 12, 2));
}

#[tokio::test]
async fn callers_are_known_and_namespaces_apart() {
    let subject = start().await;
    let address = &subject.address;
    for (headers, status) in [
        (vec![("micro-namespace", "acme")], 401),
        (
            vec![("micro-namespace", "acme"), ("authorization", "Bearer wrong")],
            401,
        ),
        (
            vec![("micro-namespace", "acme"), ("authorization", "Bearer of-micro")],
            401,
        ),
        (
            vec![("micro-namespace", "acme"), ("authorization", "Bearer of-acme")],
            200,
        ),
        (
            vec![("micro-namespace", "acme"), ("cookie", "micro-token=of-acme")],
            200,
        ),
        (vec![("authorization", "Bearer of-acme")], 200),
        (vec![("authorization", "Bearer wrong")], 200),
        (vec![("micro-namespace", "elsewhere")], 404),
        (vec![("micro-namespace", "a/b")], 400),
    ] {
        let answer = send(address, "GET /echo", &headers, "").await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text());
    }
    // The platform's own services answer every namespace, and are told which.
    for (path, status) in [("/auth/echo/call?name=headers", 200), ("/foo/bar/echo/call", 404)] {
        let answer = send(
            address,
            &format!("GET {path}"),
            &[("authorization", "Bearer of-acme")],
            "",
        )
        .await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(
            status == 404 || answer.text().contains("micro-namespace=acme"),
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn headers_travel() {
    let subject = start().await;
    let headers = [
        ("x-one", "1"),
        ("x-one", "2"),
        ("cookie", "micro-token=of-micro"),
        ("timeout", "1000000000000"),
        ("te", "gzip"),
    ];
    let answer = send(&subject.address, "POST /echo?name=headers", &headers, "").await;
    let expected = "authorization=Bearer of-micro|method=POST|url=/echo?name=headers|micro-namespace=micro|x-one=1,2|timeout=";
    assert_eq!(answer.json()["name"], expected);
}

#[tokio::test]
async fn every_answer_has_the_name_of_its_request() {
    let subject = start().await;
    let address = &subject.address;
    let name_in = |head: &str| -> String {
        let line = head.lines().find_map(|line| line.strip_prefix("x-request-id: "));
        line.unwrap_or_else(|| panic!("no name: {head}")).to_owned()
    };
    let given = send(address, "GET /echo?name=id", &[("x-request-id", "mine-1")], "").await;
    assert_eq!(name_in(&given.head), "mine-1");
    let seen = given.json()["name"].as_str().unwrap().to_owned();
    let (id, trace) = seen.split_once(' ').unwrap();
    assert!(id == "mine-1" && trace.len() == 36, "{seen}");
    // Without one it is called after its trace.
    let made = get(address, "/echo?name=id").await;
    let name = name_in(&made.head);
    assert_eq!(made.json()["name"], format!("{name} {name}"));
    let mut names = vec![name];
    for line in [
        "GET /",
        "GET /nothing",
        "OPTIONS /",
        "TRACE /",
        "GET /blob/micro/x",
    ] {
        let answer = send(address, line, &[("x-request-id", "no name")], "").await;
        names.push(name_in(&answer.head));
    }
    names.push(name_in(
        &parse(&super::http::exchange(address, b"no http\r\n\r\n", false).await).head,
    ));
    assert!(names.iter().all(|name| name.len() == 36), "{names:?}");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 7);
    // What is away now may be there soon.
    let gone = get(address, "/gone").await;
    assert!(
        gone.status == 503 && gone.head.contains("retry-after: 1"),
        "{}",
        gone.head
    );
    assert!(!made.head.contains("\nretry-after:"), "{}", made.head);
}

#[tokio::test]
async fn a_connection_serves_many_and_drains() {
    let subject = start().await;
    let mut stream = TcpStream::connect(&subject.address).await.unwrap();
    let request = b"GET /echo?name=Alice HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut buffer = vec![0; 4096];
    for _ in 0..3 {
        stream.write_all(request).await.unwrap();
        let length = stream.read(&mut buffer).await.unwrap();
        assert_eq!(parse(&buffer[..length]).json()["name"], "Alice");
    }
    assert_eq!(subject.gateway.stats().snapshot().connections, 1);
    // What is under way is finished, an idle connection is closed.
    let address = subject.address.clone();
    let under_way = tokio::spawn(async move { get(&address, "/echo?name=doze").await });
    while !IS_DOZING.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
    let mut late = TcpStream::connect(&subject.address).await.unwrap();
    while subject.gateway.stats().snapshot().connections < 3 {
        tokio::task::yield_now().await;
    }
    subject.stop.send(()).unwrap();
    assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
    // Who was let in just before is heard once.
    late.write_all(request).await.unwrap();
    let length = late.read(&mut buffer).await.unwrap();
    assert_eq!(parse(&buffer[..length]).json()["name"], "Alice");
    assert_eq!(late.read(&mut buffer).await.unwrap(), 0);
    assert_eq!(under_way.await.unwrap().status, 408);
    subject.serving.await.unwrap();
    assert!(TcpStream::connect(&subject.address).await.is_err());
}

#[tokio::test]
async fn contracts_are_documents() {
    let subject = start().await;
    let address = &subject.address;
    let one = get(address, "/openapi/store.json").await;
    let document = one.json();
    assert_eq!((one.status, &document["openapi"]), (200, &"3.1.0".into()));
    assert!(
        document["paths"]["/store/Store/Read"]["post"].is_object(),
        "{document}"
    );
    // The service of these tests has no descriptor that it could tell.
    get(address, "/openapi/echo.json").await.failed(404);
    get(address, "/openapi/nobody.json").await.failed(404);
    let all = get(address, "/openapi.json").await.json();
    assert!(all["paths"]["/store/Store/Read"].is_object());
    send(address, "POST /openapi.json", &[], "{}").await.failed(405);
}
