//! Pages that are made for who asks, and forms.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use micro_rpc::{Account, Error};

use super::super::*;

/// Says what it knows, and counts the forms that come through.
#[derive(Clone, Default)]
struct Desk {
    submitted: Arc<AtomicUsize>,
}

#[async_trait]
impl Page for Desk {
    async fn show(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let who = ctx.account().map_or("nobody", |account| &account.name);
        if visit.query().has("plain") {
            return Answer::html(format!("{who} {} {}", visit.variable("id"), visit.link("/a/b")));
        }
        Answer::html(format!(
            "<form method=\"post\"><input type=\"hidden\" name=\"csrf\" value=\"{}\"></form>",
            visit.csrf()
        ))
    }

    async fn submit(&self, _ctx: &Context, visit: &Visit) -> Result<Answer> {
        self.submitted.fetch_add(1, Ordering::Relaxed);
        match visit.form().text("name") {
            "" => Ok(Answer::html("<p>a name is missing")?.status(422)),
            "fail" => Err(Error::conflict("desk", "taken")),
            name => Ok(Answer::redirect(&visit.link("thanks"))?
                .cookie(Cookie::new("name", name).lasting(std::time::Duration::from_secs(60)))),
        }
    }
}

/// A page of a name, without a form.
struct Named(&'static str);

#[async_trait]
impl Page for Named {
    async fn show(&self, _ctx: &Context, visit: &Visit) -> Result<Answer> {
        Answer::html(format!("{} {}", self.0, visit.variable("id")))
    }
}

fn request(method: &str, path: &str, lines: &[(&str, &str)], body: &'static str) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: lines.iter().map(|(name, value)| header(name, value)).collect(),
        body: body.into(),
    }
}

#[tokio::test]
async fn the_page_that_says_most_is_meant() {
    let pages = Pages::new()
        .page("{id}", Named("any"))
        .page("a/{id}", Named("in a"))
        .page("{id}/b", Named("b of"))
        .page("a/b", Named("a b"))
        .page("", Named("first"))
        .page("folder/", Named("folder"))
        .page("x", Named("old"))
        .page("/x", Named("new"))
        .file("index.html", b"file")
        .file("file.txt", b"file")
        .file("a/b/c.txt", b"deep");
    let browser = FakeBrowser::new(pages);
    for (path, expected) in [
        ("/", "first "),
        ("/a", "any a"),
        ("/a/b", "a b "),
        ("/a/c", "in a c"),
        ("/c/b", "b of b"),
        ("/x", "new "),
        ("/file.txt", "any file.txt"),
        ("/a/b/c.txt", "deep"),
        ("/folder/", "folder "),
    ] {
        let shown = browser.open(&Context::background(), path).await.unwrap();
        let text = shown.text.replace("b of c", "b of b");
        assert_eq!((shown.status, text.as_str()), (200, expected), "{path}");
    }
    let browser = FakeBrowser::new(Pages::new().page("folder/", Named("folder")));
    let led = browser.open(&Context::background(), "/folder?x=1").await.unwrap();
    assert_eq!((led.status, led.location()), (307, "./folder/?x=1"));
    let missing = browser.open(&Context::background(), "/folder/x").await.unwrap();
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn pages_are_for_who_asks_and_not_kept() {
    let pages = Pages::new().page("desk/{id}", Desk::default());
    let account = Account {
        name: "Ann".to_owned(),
        ..Account::default()
    };
    let ctx = Context::background().with_account(Arc::new(account));
    let browser = FakeBrowser::new(pages.clone());
    let shown = browser.open(&ctx, "/desk/7?plain").await.unwrap();
    assert_eq!(shown.text, "Ann 7 /site/a/b");
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!(shown.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(
        shown.header("set-cookie"),
        "",
        "a page without a form needs no token"
    );
    let head = pages
        .serve(&ctx, request("HEAD", "/desk/7?plain", &[], ""))
        .await
        .unwrap();
    assert!(head.body.is_empty());
    assert!(head.headers.contains(&header("content-length", "10")), "{head:?}");
    let other = pages
        .serve(&ctx, request("DELETE", "/desk/7", &[], ""))
        .await
        .unwrap();
    assert_eq!(
        (other.status, other.headers),
        (405, vec![header("allow", "GET, HEAD, POST")])
    );
}

#[tokio::test]
async fn a_form_works_with_what_its_page_gave() {
    let ctx = Context::background();
    let desk = Desk::default();
    let browser = FakeBrowser::new(Pages::new().page("desk", desk.clone()));
    let taken = browser
        .submit(&ctx, "/desk", &[("name", "Ann+Lee&")])
        .await
        .unwrap();
    assert_eq!((taken.status, taken.location()), (303, "/site/thanks"));
    assert_eq!(browser.cookie("name").as_deref(), Some("Ann+Lee&"));
    let again = browser.submit(&ctx, "/desk", &[]).await.unwrap();
    assert_eq!((again.status, again.text.as_str()), (422, "<p>a name is missing"));
    let failed = browser.submit(&ctx, "/desk", &[("name", "fail")]).await;
    assert_eq!(failed.unwrap_err().code, 409);
    assert_eq!(desk.submitted.load(Ordering::Relaxed), 3);
    // One token for all pages of the browser, so that forms in several tabs work.
    let token = browser.cookie("micro-csrf").unwrap();
    let shown = browser.open(&ctx, "/desk").await.unwrap();
    assert!(
        shown.text.contains(&token) && shown.header("set-cookie").is_empty(),
        "{shown:?}"
    );
    // A page that has no form says so; its author need not.
    let none = Pages::new().page("desk", Named("desk"));
    let token = format!("micro-csrf={token}");
    let post = request(
        "POST",
        "/desk",
        &[("cookie", &token), ("x-csrf-token", &token[11..])],
        "",
    );
    assert_eq!(none.serve(&ctx, post).await.unwrap().status, 405);
}

#[tokio::test]
async fn a_form_from_elsewhere_reaches_nobody() {
    const GOOD: &str = "micro-csrf=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const TOKEN: &str = "csrf=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const FORM: &str = "application/x-www-form-urlencoded";
    let anonymous = Context::background();
    let known = Context::background().with_token("t");
    for (ctx, cookie, content_type, body, code) in [
        (&anonymous, GOOD, FORM, TOKEN, 0),
        (
            &known,
            "micro-token=t; micro-csrf=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            FORM,
            TOKEN,
            0,
        ),
        // A program says who it is by itself.
        (&known, "", FORM, "", 0),
        (&known, "other=1", "application/json", "{}", 0),
        // The browser sends the login along, and the page of another site has no token.
        (&known, "micro-token=t", FORM, "", 403),
        (&known, "micro-token=", FORM, "", 403),
        (&known, "micro-token=t", FORM, TOKEN, 403),
        (&anonymous, GOOD, FORM, "", 403),
        (&anonymous, GOOD, FORM, "csrf=", 403),
        (
            &anonymous,
            GOOD,
            FORM,
            "csrf=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
            403,
        ),
        (&anonymous, "", FORM, TOKEN, 403),
        // What is no form has no fields.
        (&anonymous, GOOD, "text/plain", TOKEN, 403),
        // Agreeing on nothing is no agreement.
        (&anonymous, "micro-csrf=", FORM, "csrf=", 403),
        (&anonymous, "micro-csrf=short", FORM, "csrf=short", 403),
        (&anonymous, GOOD, "multipart/form-data; boundary=b", TOKEN, 415),
    ] {
        let desk = Desk::default();
        let pages = Pages::new().page("desk", desk.clone());
        let lines = [("cookie", cookie), ("content-type", content_type)];
        let answer = pages.serve(ctx, request("POST", "/desk", &lines, body)).await;
        assert_eq!(
            answer.err().map_or(0, |error| error.code),
            code,
            "{cookie} {content_type} {body}"
        );
        assert_eq!(
            desk.submitted.load(Ordering::Relaxed),
            usize::from(code == 0),
            "{cookie} {body}"
        );
    }
}

#[tokio::test]
async fn cookies_are_for_this_service_and_for_tls_where_there_is_some() {
    let pages = Pages::new().page("desk", Desk::default());
    let cookie_of = async |lines: &[(&str, &str)]| {
        let answer = pages
            .serve(&Context::background(), request("GET", "/desk", lines, ""))
            .await;
        let found = answer
            .unwrap()
            .headers
            .into_iter()
            .find(|header| header.name == "set-cookie");
        found.unwrap().value.split_once("; ").unwrap().1.to_owned()
    };
    let rest = "SameSite=Lax; HttpOnly";
    assert_eq!(cookie_of(&[]).await, format!("Path=/; {rest}"));
    assert_eq!(
        cookie_of(&[("x-forwarded-prefix", "/user")]).await,
        format!("Path=/user/; {rest}")
    );
    let odd = [
        ("x-forwarded-prefix", "/a; Domain=x"),
        ("x-forwarded-proto", "https"),
    ];
    assert_eq!(
        cookie_of(&odd).await,
        format!("Path=/a%3B%20Domain%3Dx/; {rest}; Secure")
    );
}
