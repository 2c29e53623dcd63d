//! Routes beyond the automatic ones: of contracts and of a router, served as long as their service is there.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::echo;
use http::Method;
use micro_tests::http::{Answer, Http};
use micro_tests::{Server, process, wait};
use rustix::process::Signal;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);
/// From the moment that callers find the service.
const AT_ONCE: Duration = Duration::from_secs(1);

async fn until_called(server: &Server, name: &str) {
    wait::until("the service to be called", SOON, || async {
        let answer = server.http().post(&format!("/{name}/echo/whoami"), "{}").await;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer.text())
        }
    })
    .await;
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer
        .headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// What is said of a book; all else is as it was made.
fn book(said: Value) -> Value {
    let mut book = json!({
        "name": "", "title": "", "shelf": "", "pages": 0, "copies": "0", "is_lent": false,
        "kind": "KIND_UNSPECIFIED", "tags": [], "sequel": null
    });
    for (key, value) in said.as_object().unwrap() {
        book[key] = value.clone();
    }
    book
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_live_as_long_as_their_service() {
    let server = Server::start().await;
    let nothing = server.http().get("/v1/titles/a").await;
    assert_eq!(nothing.failed_with(404), "service not found");
    let mut echo = echo::start(&server, "echo");
    until_called(&server, "echo").await;
    let began = Instant::now();
    wait::until("the routes to be served", AT_ONCE, || async {
        let answer = server.http().get("/v1/titles/a").await;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer.text())
        }
    })
    .await;
    assert!(began.elapsed() < AT_ONCE);

    calls_are_put_together(&server.http()).await;
    streams_are_lines(&server.http()).await;
    what_is_wrong_is_said(&server.http()).await;
    requests_are_handed_on(&server).await;
    callers_are_known(&server).await;
    documents_have_them(&server.http()).await;
    a_second_one_is_told(&server).await;

    process::signal(echo.id().unwrap(), Signal::TERM);
    assert!(echo.wait().await.unwrap().success());
    for path in ["/v1/titles/a", "/whoami"] {
        assert_eq!(
            server.http().get(path).await.failed_with(404),
            "service not found"
        );
    }
    // Now they are free.
    let _rival = echo::start(&server, "rival");
    until_called(&server, "rival").await;
    wait::until("the routes to be the other's", AT_ONCE, || async {
        let answer = server.http().get("/v1/titles/a").await;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer.text())
        }
    })
    .await;
}

async fn calls_are_put_together(http: &Http) {
    let json = [("content-type", "application/json")];
    for (method, path, body, expected) in [
        (
            "GET",
            "/v1/shelves/a%20b/books/c%2Fd",
            "",
            json!({"name": "shelves/a b/books/c%2Fd"}),
        ),
        (
            "GET",
            "/v1/shelves/a%2Fb/NOVEL/7?is_lent=true&tags=x&tags=5&sequel.copies=9&isLent=1",
            "",
            Value::Null,
        ),
        (
            "GET",
            "/v1/shelves/a%2Fb/NOVEL/7?isLent=true&tags=x&tags=5&sequel.copies=9&title=007",
            "",
            json!({
                "shelf": "a/b", "kind": "NOVEL", "pages": 7, "is_lent": true, "tags": ["x", "5"], "title": "007",
                "sequel": book(json!({"copies": "9"}))
            }),
        ),
        (
            "GET",
            "/v1/shelves/a/1/7",
            "",
            json!({"shelf": "a", "kind": "NOVEL", "pages": 7}),
        ),
        (
            "DELETE",
            "/v1/shelves/a/b/c",
            "",
            json!({"name": "shelves/a/b/c"}),
        ),
        (
            "DELETE",
            "/v1/shelves?title=x",
            "",
            json!({"name": "shelves", "title": "x"}),
        ),
        (
            "REPORT",
            "/v1/books?copies=123456789012",
            "",
            json!({"copies": "123456789012"}),
        ),
        (
            "POST",
            "/v1/shelves/a/books",
            r#"{"title": "T", "shelf": "other", "sequel": {"pages": "3"}}"#,
            json!({"shelf": "a", "title": "T", "sequel": book(json!({"pages": 3}))}),
        ),
        (
            "PATCH",
            "/v1/shelves/a/books/b?title=T",
            r#"{"pages": 3, "name": "other"}"#,
            json!({"title": "T", "sequel": book(json!({"name": "shelves/a/books/b", "pages": 3}))}),
        ),
        ("POST", "/v1/shelves/a:close", "", json!({"name": "shelves/a"})),
        (
            "POST",
            "/v1/shelves/a:close?title=T",
            "{}",
            json!({"name": "shelves/a", "title": "T"}),
        ),
    ] {
        let answer = http.send(method.parse().unwrap(), path, &json, body).await;
        if expected.is_null() {
            assert!(answer.failed_with(400).contains("is there twice"), "{path}");
            continue;
        }
        assert_eq!(answer.ok(), book(expected), "{method} {path}");
    }
    assert_eq!(http.get("/v1/titles/a?title=T").await.ok(), json!("T"));
    let tags = http.send(Method::PUT, "/v1/tags", &json, r#"["a", "b"]"#).await;
    assert_eq!(tags.ok(), json!(["a", "b"]));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = http
        .send(Method::POST, "/v1/shelves/a/books", &form, "title=T+1&pages=2")
        .await;
    assert_eq!(
        answer.ok(),
        book(json!({"shelf": "a", "title": "T 1", "pages": 2}))
    );
    let head = http.send(Method::HEAD, "/v1/titles/a", &[], "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    // What a path means by itself it means still, and without a word of ours about routes.
    assert_eq!(
        http.post("/echo/library/get", r#"{"name": "n"}"#).await.ok(),
        book(json!({"name": "n"}))
    );
}

async fn streams_are_lines(http: &Http) {
    let lines = [
        ("accept", "application/x-ndjson"),
        ("content-type", "application/x-ndjson"),
    ];
    let read = |answer: &Answer| -> Vec<Value> {
        let text = answer.text();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let listed = http
        .send(Method::GET, "/v1/shelves/a/books?tags=x&tags=y", &lines, "")
        .await;
    let tags = json!(["x", "y"]);
    let expected = ["x", "y"].map(|title| book(json!({"shelf": "a", "title": title, "tags": tags})));
    assert_eq!(read(&listed), expected);
    let titles = http.send(Method::GET, "/v1/tags?tags=x&tags=y", &lines, "").await;
    assert_eq!(read(&titles), ["x", "y"]);
    let sent = "{\"title\": \"1\"}\n\n{\"title\": \"2\", \"shelf\": \"b\"}\n";
    let followed = http.send(Method::POST, "/v1/shelves/a/lines", &lines, sent).await;
    let expected = ["1", "2"].map(|title| book(json!({"shelf": "a", "title": title})));
    assert_eq!(read(&followed), expected);
}

async fn what_is_wrong_is_said(http: &Http) {
    for (method, path, body, status, says) in [
        ("POST", "/v1/titles/a", "", 405, "has GET"),
        (
            "GET",
            "/v1/shelves/a/NOVEL/7?is_lent=maybe",
            "",
            400,
            "neither true nor false",
        ),
        ("GET", "/v1/shelves/a/NOVEL/seven", "", 400, "seven"),
        ("GET", "/v1/titles/a?name=b", "", 400, "in the path already"),
        ("POST", "/v1/shelves/a/books?title=x", "{}", 400, "is in the body"),
        ("POST", "/v1/shelves/a/books", "[]", 400, "not a JSON object"),
        (
            "POST",
            "/v1/shelves/a:close",
            "{\"title\": 1}",
            400,
            "takes no body",
        ),
        ("GET", "/v1/shelves/../titles/a", "", 404, "service not found"),
        ("GET", "/v1/nothing", "", 404, "service not found"),
    ] {
        let answer = http.send(method.parse().unwrap(), path, &[], body).await;
        let detail = answer.failed_with(status);
        assert!(detail.contains(says), "{method} {path}: {detail}");
        if status == 405 {
            assert_eq!(header(&answer, "allow"), "GET");
        }
    }
    let proto = [("content-type", "application/protobuf")];
    let refused = http.send(Method::POST, "/v1/shelves/a/books", &proto, "\n").await;
    assert!(refused.failed_with(415).contains("application/json"));
}

async fn requests_are_handed_on(server: &Server) {
    let http = server.http();
    // A webhook: not one byte is changed, else no signature would be right.
    let body = b"{ \"b\":1, \"a\" : \xff\x00}\r\n ".to_vec();
    let headers = [
        ("x-signature", "t=1,v1=abc"),
        ("content-type", "application/json"),
    ];
    let hooked = http
        .send(Method::POST, "/hooks/pay%20me?x=%20", &headers, body.clone())
        .await;
    assert_eq!((hooked.status.as_u16(), &hooked.body[..]), (202, &body[..]));
    assert_eq!(
        (header(&hooked, "x-source"), header(&hooked, "x-signature")),
        ("pay me", "t=1,v1=abc")
    );
    assert_eq!(
        header(&hooked, "set-cookie"),
        "",
        "the token is not for a service to set"
    );
    assert_eq!(header(&hooked, "x-content-type-options"), "nosniff");
    assert_eq!(header(&hooked, "access-control-allow-origin"), "*");

    // An upload that is larger than any message may be.
    let large = vec![3; 40 << 20];
    let sum = 3 * large.len();
    let stored = http.send(Method::PUT, "/files/a/b.bin", &[], large.clone()).await;
    assert_eq!(
        (stored.status.as_u16(), stored.text()),
        (201, format!("{} {sum}", large.len()))
    );
    assert_eq!(header(&stored, "location"), "/files/a/b.bin");
    let read = http.get("/files/a/b.bin").await;
    assert_eq!(read.text(), "0 of a/b.bin\n1 of a/b.bin\n2 of a/b.bin\n");
    assert_eq!(header(&read, "content-length"), "");

    let led = http.get("/go/there").await;
    assert_eq!((led.status.as_u16(), header(&led, "location")), (303, "/there"));
    assert_eq!(http.send(Method::PATCH, "/hooks/x", &[], "").await.status, 405);
    assert_eq!(http.send(Method::OPTIONS, "/hooks/x", &[], "").await.status, 200);
    let head = http.send(Method::HEAD, "/go/there", &[], "").await;
    assert_eq!((head.status.as_u16(), header(&head, "location")), (303, "/there"));
}

async fn callers_are_known(server: &Server) {
    assert_eq!(server.http().get("/whoami").await.text(), "nobody in micro");
    let token = server.micro().ok(&["user", "token"]).await;
    let http = server.http().with_token(token.trim());
    assert_eq!(http.get("/whoami").await.text(), "admin in micro");
    let report = http.send("REPORT".parse().unwrap(), "/whoami", &[], "").await;
    assert_eq!(report.text(), "admin in micro");
    let elsewhere = [("micro-namespace", "elsewhere")];
    let missing = http.send(Method::GET, "/whoami", &elsewhere, "").await;
    assert_eq!(
        missing.failed_with(404),
        "service not found",
        "routes are their namespace's"
    );
}

async fn documents_have_them(http: &Http) {
    let document = http.get("/openapi/echo.json").await.ok();
    let paths = &document["paths"];
    for (path, method) in [
        ("/v1/shelves/{name}/books/{name_2}", "get"),
        ("/v1/shelves/{name}/books/{name_2}", "patch"),
        ("/v1/shelves/{name}:close", "post"),
        ("/v1/tags", "put"),
        ("/echo/Library/Get", "post"),
    ] {
        assert!(paths[path][method].is_object(), "{path} {method}: {document}");
    }
    assert!(!document.to_string().contains("\"Http\""), "{document}");
}

/// Whoever starts it reads why it does not run, and so does an operator.
async fn a_second_one_is_told(server: &Server) {
    let says = " is served by the service echo already: change the route of rival, or stop echo";
    let mut rival = echo::command(server);
    rival
        .env("MICRO_SERVICE_NAME", "rival")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ended = tokio::time::timeout(SOON, rival.spawn().unwrap().wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
    assert!(ended.status.code() == Some(1) && said.contains(says), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_echo");
    std::fs::create_dir(folder.path().join("rival")).unwrap();
    let definition = format!("service rival\n    command {program}\n");
    std::fs::write(folder.path().join("rival/rival.mu"), definition).unwrap();
    let micro = server.micro().within(folder.path());
    let ran = micro.run(&["run", "rival"]).await;
    assert!(!ran.status.success(), "{ran}");
    wait::until("the status to say why", SOON, || async {
        let status = micro.ok(&["status", "-o", "json"]).await;
        if status.contains(says) {
            Ok(())
        } else {
            Err(status)
        }
    })
    .await;
    micro.ok(&["kill", "rival"]).await;
    // Of who was first nothing is lost.
    assert_eq!(server.http().get("/v1/titles/a?title=T").await.ok(), json!("T"));
}
