//! What is asked, and what a browser gets.

use super::start;
use crate::gateway::tests::http::{Answer, exchange, get, parse, send};

const DEFAULTS: [&str; 5] = [
    "content-security-policy: default-src 'none'; connect-src 'self'; font-src 'self'; img-src 'self'; manifest-src 'self'; \
     media-src 'self'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options: nosniff",
    "referrer-policy: same-origin",
    "cross-origin-opener-policy: same-origin",
    "cross-origin-resource-policy: same-origin",
];

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// An error is a page, with its status, and guarded as all are.
#[track_caller]
fn failed(answer: &Answer, status: u16, says: &str) {
    let page = answer.text();
    assert_eq!(answer.status, status, "{page}");
    assert!(page.contains(&format!("<title>{status} ")), "{page}");
    assert!(page.contains(says), "{page}");
    assert_eq!(header(answer, "content-type"), Some("text/html; charset=utf-8"));
    for line in DEFAULTS {
        assert!(answer.head.contains(line), "{line}: {}", answer.head);
    }
}

#[tokio::test]
async fn files_of_a_service_are_shown_below_its_name() {
    let address = &start().await;
    for (path, content, content_type) in [
        ("/user/", "<h1>Users</h1>", "text/html; charset=utf-8"),
        ("/user/?x=1", "<h1>Users</h1>", "text/html; charset=utf-8"),
        (
            "/go.micro.service.user/",
            "<h1>Users</h1>",
            "text/html; charset=utf-8",
        ),
        ("//user//./", "<h1>Users</h1>", "text/html; charset=utf-8"),
        ("/user/help/", "<h1>Help</h1>", "text/html; charset=utf-8"),
        ("/user/help/..", "<h1>Users</h1>", "text/html; charset=utf-8"),
        ("/user/%73tyle.css", "h1 {}", "text/css; charset=utf-8"),
    ] {
        let answer = get(address, path).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, content), "{path}");
        assert_eq!(header(&answer, "content-type"), Some(content_type), "{path}");
    }
    for (path, place) in [
        ("/user", "/user/"),
        ("//user?x=1&y", "/user/?x=1&y"),
        ("/go.micro.service.user", "/go.micro.service.user/"),
        ("/user/help", "./help/"),
    ] {
        let answer = get(address, path).await;
        assert_eq!(
            (answer.status, header(&answer, "location")),
            (307, Some(place)),
            "{path}"
        );
    }
    let missing = get(address, "/user/nothing").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("<h1>404 Not Found</h1>"));
}

#[tokio::test]
async fn a_browser_keeps_what_it_got() {
    let address = &start().await;
    let whole = get(address, "/user/style.css").await;
    let tag = header(&whole, "etag").unwrap();
    let head = send(address, "HEAD /user/style.css", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(header(&head, "content-length"), Some("5"));
    assert_eq!(header(&head, "etag"), Some(tag));
    assert_eq!(header(&whole, "cache-control"), Some("no-cache"));
    let kept = send(address, "GET /user/style.css", &[("if-none-match", "x, *")], "").await;
    assert_eq!((kept.status, kept.body.len()), (304, 0));
    // The policy of the answer that is kept stays as it was.
    let kept = get(address, "/site/kept").await;
    assert_eq!(
        (kept.status, header(&kept, "content-security-policy")),
        (304, None)
    );
    let refused = send(address, "POST /user/", &[], "x=1").await;
    assert_eq!(
        (refused.status, header(&refused, "allow")),
        (405, Some("get, head"))
    );
}

#[tokio::test]
async fn requests_travel_to_the_service() {
    let address = &start().await;
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("user-agent", "test"),
        ("keep-alive", "5"),
        ("cookie", "a=b; micro-token=of-micro"),
    ];
    let answer = send(address, "PUT /site/a%20b//c/%2e%2e/?x=%201&y", &headers, "name=A").await;
    let expected = "PUT /a b/ x=%201&y\n\
        prefix=/site type=application/x-www-form-urlencoded agent=test\n\
        hop= namespace=micro\n\
        token=of-micro\n\
        name=A";
    assert_eq!((answer.status, answer.text().as_str()), (201, expected));
    let headers = [("authorization", "Bearer of-acme")];
    let answer = send(address, "OPTIONS /site/x", &headers, "").await;
    let text = answer.text();
    assert!(text.starts_with("OPTIONS /x \n"), "{text}");
    assert!(text.contains("namespace=acme\ntoken=of-acme"), "{text}");
    let away = get(address, "/site/away").await;
    assert_eq!((away.status, header(&away, "location")), (303, Some("./")));
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let address = &start().await;
    for path in [
        "/",
        "/user",
        "/user/",
        "/user/nothing",
        "/nothing/",
        "/site/mine",
        "/site/away",
    ] {
        let answer = get(address, path).await;
        for line in DEFAULTS {
            assert!(answer.head.contains(line), "{path}: {line}: {}", answer.head);
        }
        assert!(!answer.head.contains("access-control"), "{path}: {}", answer.head);
    }
    // A service's own policy holds, and beside it what keeps scripts of one service from the others.
    let own = get(address, "/site/own").await;
    for line in [
        "content-security-policy: default-src *; script-src 'unsafe-inline'\n",
        "content-security-policy: script-src 'self'; object-src 'none'; base-uri 'none'\n",
        "x-content-type-options: nosniff\n",
        "cross-origin-resource-policy: cross-origin\n",
        "cache-control: public\n",
    ] {
        assert!(own.head.replace('\r', "").contains(line), "{line}: {}", own.head);
    }
    assert_eq!(own.head.matches("x-content-type-options").count(), 1);
    let plain = send(address, "GET /site/mine", &[("x-forwarded-proto", "https")], "").await;
    assert_eq!(header(&plain, "cache-control"), Some("no-store"));
    assert_eq!(
        header(&plain, "strict-transport-security"),
        Some("max-age=31536000")
    );
    assert_eq!(
        header(&plain, "set-cookie"),
        Some("session=1; path=/site/; samesite=lax; secure")
    );
    let mine = get(address, "/site/mine").await;
    assert_eq!(
        (header(&mine, "x-mine"), header(&mine, "set-cookie")),
        (Some("1"), Some("session=1; path=/site/; samesite=lax"))
    );
    for absent in ["stolen", "x-hop", "clear-site-data"] {
        assert!(!mine.head.contains(absent), "{}", mine.head);
    }
    // A short answer of a service is not taken for one of the HTTP library.
    let short = get(address, "/site/short").await;
    assert_eq!((short.status, short.body.len()), (405, 0));
}

#[tokio::test]
async fn what_is_wrong_is_a_page() {
    let address = &start().await;
    for (line, status, says) in [
        ("GET /nothing/", 404, "<p>there is no service with pages here</p>"),
        ("GET /plain/", 404, "<p>there is no service with pages here</p>"),
        ("GET /favicon.ico", 404, "no service with pages"),
        ("GET /a%20b/", 404, "no service with pages"),
        ("GET /%ff/", 404, "no service with pages"),
        ("OPTIONS *", 404, "no service with pages"),
        ("TRACE /user/", 405, "method TRACE is not supported"),
        ("POST /", 405, "read with GET"),
        ("GET /site/fail", 409, "<p>&lt;b&gt;100% é&lt;/b&gt;</p>"),
        ("GET /site/wrong", 502, "no status from 200 to 599"),
        ("GET /site/panic", 500, "on purpose"),
        ("GET /gone/", 503, "connection refused"),
    ] {
        failed(&send(address, line, &[], "").await, status, says);
    }
    let large = vec![b'x'; crate::gateway::tests::limits().message + 1];
    failed(
        &send(address, "POST /site/", &[], large).await,
        413,
        "larger than the limit",
    );
    let none = [("micro-namespace", "a/b")];
    failed(
        &send(address, "GET /user/", &none, "").await,
        400,
        "invalid namespace",
    );
    for request in [&b"GET\r\n\r\n"[..], b"GET / HTTP/1.1\r\nno colon\r\n\r\n"] {
        failed(&parse(&exchange(address, request, false).await), 400, "HTTP");
    }
}

#[tokio::test]
async fn the_rules_decide_who_sees_what() {
    let address = &start().await;
    let acme = ("micro-namespace", "acme");
    // An account of another namespace is nobody there.
    for headers in [vec![acme], vec![acme, ("cookie", "micro-token=of-micro")]] {
        for line in ["GET /site/", "GET /site", "GET /nothing/"] {
            let answer = send(address, line, &headers, "").await;
            failed(&answer, 401, "micro login");
        }
        let list = send(address, "GET /", &headers, "").await;
        assert!(
            list.status == 200 && !list.text().contains("<li>"),
            "{}",
            list.text()
        );
    }
    let of_acme = [("cookie", "micro-token=of-acme")];
    let page = send(address, "GET /site/", &of_acme, "").await;
    assert!(page.text().contains("namespace=acme"), "{}", page.text());
    let list = send(address, "GET /", &of_acme, "").await.text();
    assert!(list.contains("<h1>Services of acme</h1>"), "{list}");
    assert!(
        list.contains("<a href=\"/site/\">site</a>") && !list.contains("user"),
        "{list}"
    );
}

#[tokio::test]
async fn the_first_page_lists_services_with_pages() {
    let address = &start().await;
    for path in ["/", "//", "/user/.."] {
        let answer = get(address, path).await;
        let page = answer.text();
        assert_eq!(
            (answer.status, header(&answer, "cache-control")),
            (200, Some("no-store"))
        );
        let names: Vec<_> = page.lines().filter(|line| line.starts_with("<li>")).collect();
        let expected =
            ["gone", "site", "user"].map(|name| format!("<li><a href=\"/{name}/\">{name}</a></li>"));
        assert_eq!(names, expected, "{path}");
    }
    let head = send(address, "HEAD /", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}
