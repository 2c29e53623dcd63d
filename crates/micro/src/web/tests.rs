mod pages;

use super::*;
use crate::Service;

fn pages() -> Pages {
    Pages::new()
        .file("index.html", b"<h1>Home</h1>")
        .file("/style.css", b"body {}")
        .file("a/index.html", b"<h1>A</h1>")
        .file("a/b c:d/index.html", b"<h1>Deep</h1>")
        .file("data.bin", b"\0\x01")
        .file("LICENSE", b"text")
}

async fn ask(method: &str, path: &str, lines: &[(&str, &str)]) -> Response {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: lines
            .iter()
            .map(|(name, value)| super::header(name, value))
            .collect(),
        body: Bytes::new(),
    };
    let web: &dyn Web = &pages();
    web.serve(&Context::background(), request).await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let found = response.headers.iter().find(|header| header.name == name);
    found.map_or("", |header| &header.value)
}

#[tokio::test]
async fn paths_are_files_and_folders_their_index() {
    for (path, content, content_type) in [
        ("/", "<h1>Home</h1>", "text/html; charset=utf-8"),
        ("/index.html", "<h1>Home</h1>", "text/html; charset=utf-8"),
        ("/?x=1", "<h1>Home</h1>", "text/html; charset=utf-8"),
        ("/style.css", "body {}", "text/css; charset=utf-8"),
        ("/a/", "<h1>A</h1>", "text/html; charset=utf-8"),
        ("/a/b c:d/", "<h1>Deep</h1>", "text/html; charset=utf-8"),
        ("/data.bin", "\0\x01", "application/octet-stream"),
        ("/LICENSE", "text", "application/octet-stream"),
    ] {
        let answer = ask("GET", path, &[]).await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, content.as_bytes()),
            "{path}"
        );
        assert_eq!(header(&answer, "content-type"), content_type, "{path}");
        assert_eq!(header(&answer, "cache-control"), "no-cache", "{path}");
    }
}

#[tokio::test]
async fn a_folder_without_its_slash_leads_to_it() {
    for (path, place) in [
        ("/a", "./a/"),
        ("/a?x=1&y", "./a/?x=1&y"),
        ("/a/b c:d", "./b%20c%3Ad/"),
    ] {
        let answer = ask("GET", path, &[]).await;
        assert_eq!(
            (answer.status, header(&answer, "location")),
            (307, place),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page() {
    for path in [
        "/b",
        "/a/x",
        "/style.css/",
        "/../Cargo.toml",
        "/index",
        "/STYLE.CSS",
    ] {
        let answer = ask("GET", path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(
            header(&answer, "content-type"),
            "text/html; charset=utf-8",
            "{path}"
        );
    }
    let answer = ask("GET", "/b", &[]).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("<h1>404 Not Found</h1>"));
    assert_eq!(ask("HEAD", "/b", &[]).await.body.len(), 0);
}

#[tokio::test]
async fn only_reading_is_answered() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get"] {
        let answer = ask(method, "/", &[]).await;
        assert_eq!(
            (answer.status, header(&answer, "allow")),
            (405, "GET, HEAD"),
            "{method}"
        );
        assert!(answer.body.is_empty());
    }
    let head = ask("HEAD", "/", &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(header(&head, "content-length"), "13");
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let tag = header(&ask("GET", "/", &[]).await, "etag").to_owned();
    let other = header(&ask("GET", "/style.css", &[]).await, "etag").to_owned();
    assert!(
        tag.starts_with('"') && tag.ends_with('"') && tag != other,
        "{tag} {other}"
    );
    let weak = format!("W/{tag}");
    let list = format!("{other}, {tag}");
    for (given, status) in [
        (tag.as_str(), 304),
        (&weak, 304),
        (&list, 304),
        ("*", 304),
        (&other, 200),
        ("", 200),
        (tag.trim_matches('"'), 200),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = ask(method, "/", &[("If-None-Match", given)]).await;
            assert_eq!(answer.status, status, "{method} {given}");
            assert_eq!(header(&answer, "etag"), tag, "{method} {given}");
            assert!(status == 200 || answer.body.is_empty(), "{method} {given}");
        }
    }
    assert_eq!(ask("GET", "/b", &[("if-none-match", "*")]).await.status, 404);
}

#[test]
fn a_file_may_be_replaced() {
    let pages = pages().file("index.html", b"new");
    assert_eq!(pages.find("/").unwrap().content, "new");
}

#[test]
fn a_service_with_pages_says_so() {
    let names = |service: Service| -> Vec<String> {
        let endpoints = service.endpoints().into_iter();
        endpoints.map(|endpoint| endpoint.name).collect()
    };
    assert_eq!(names(Service::new("user").web(pages())), ["Web.Serve"]);
    // One's own is mounted as any contract.
    let own = WebServer::new(micro_proto::web::fakes::FakeWeb::default());
    assert_eq!(names(Service::new("user").handle(own)), ["Web.Serve"]);
    assert!(names(Service::new("user")).is_empty());
}
