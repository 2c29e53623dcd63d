//! Pages of a service, as its author writes them and a browser reads them.

use http::Method;
use micro_tests::Server;
use micro_tests::http::{Answer, Http};
use micro_tests::service::Source;
use serde_json::json;

const PAGE: &str = "<!doctype html>\n<link rel=\"stylesheet\" href=\"style.css\">\n<h1>Shop</h1>\n";
const STYLE: &str = "h1 { color: teal }\n";
const GUARDS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; connect-src 'self'; font-src 'self'; img-src 'self'; manifest-src 'self'; media-src 'self'; \
         script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer
        .headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_has_pages() {
    let server = Server::start().await;
    let browser = Http::to(&server.web());
    let none = browser.get("/").await;
    assert!(
        none.text().contains("<h1>Services of micro</h1>"),
        "{}",
        none.text()
    );
    let folder = tempfile::tempdir().unwrap();
    let source = Source::new(&server.micro(), folder.path(), "shop").await;
    source.show(&[("index.html", PAGE), ("style.css", STYLE)]);
    server.micro().within(folder.path()).ok(&["run", "shop"]).await;

    let list = browser.get("/").await;
    assert!(
        list.text().contains("<a href=\"/shop/\">shop</a>"),
        "{}",
        list.text()
    );
    let into = browser.get("/shop").await;
    assert_eq!((into.status.as_u16(), header(&into, "location")), (307, "/shop/"));
    let page = browser.get("/shop/").await;
    assert_eq!((page.status.as_u16(), page.text().as_str()), (200, PAGE));
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let style = browser.get("/shop/style.css").await;
    assert_eq!((style.status.as_u16(), style.text().as_str()), (200, STYLE));
    let missing = browser.get("/shop/nothing").await;
    assert_eq!(missing.status, 404);
    for answer in [&list, &into, &page, &style, &missing] {
        for (name, value) in GUARDS {
            assert_eq!(header(answer, name), value, "{name}");
        }
        assert_eq!(header(answer, "access-control-allow-origin"), "");
    }
    let known = [("if-none-match", header(&page, "etag"))];
    let again = browser.send(Method::GET, "/shop/", &known, "").await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));

    // Its contract is answered as before, and the page over RPC like any other.
    let called = server.http().get("/shop/call?name=Alice").await;
    assert_eq!(called.ok(), json!({"msg": "Hello Alice"}));
    let served = server
        .http()
        .post("/shop/web/serve", r#"{"method":"GET","path":"/"}"#)
        .await;
    assert_eq!(served.ok()["status"], 200);
}
