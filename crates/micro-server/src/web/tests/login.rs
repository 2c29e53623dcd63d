//! Becoming somebody in a browser, and what other sites can do about it.

use super::start;
use crate::gateway::tests::http::{Answer, send};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// What a browser has after it opened a page with a form.
const OPENED: (&str, &str) = ("cookie", "micro-csrf=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
const TOKEN: &str = "csrf=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

async fn log_in(address: &str, fields: &str) -> Answer {
    let form = format!("{TOKEN}&{fields}");
    send(address, "POST /-/login", &[FORM, OPENED], form).await
}

#[tokio::test]
async fn who_knows_the_secret_is_somebody_and_comes_back() {
    let address = &start().await;
    let opened = send(address, "GET /-/login?next=%2Fsite%2F%3Fx%3D1", &[], "").await;
    let page = opened.text();
    assert_eq!(opened.status, 200, "{page}");
    assert!(page.contains("name=\"next\" value=\"/site/?x=1\""), "{page}");
    let kept = header(&opened, "set-cookie").unwrap();
    assert!(
        kept.starts_with("micro-csrf=") && kept.ends_with("; path=/-/; samesite=lax; httponly"),
        "{kept}"
    );

    let fields = "namespace=acme&id=ada&secret=right&next=%2Fsite%2F%3Fx%3D1";
    let answer = log_in(address, fields).await;
    assert_eq!(
        (answer.status, header(&answer, "location")),
        (303, Some("/site/?x=1"))
    );
    let kept = header(&answer, "set-cookie").unwrap();
    let (pair, rest) = kept.split_once("; max-age=").unwrap();
    assert_eq!(pair, "micro-token=of-acme; path=/; samesite=strict; httponly");
    assert!(
        (28_000..=28_800).contains(&rest.parse::<u32>().unwrap()),
        "{kept}"
    );

    let known = ("cookie", "micro-token=of-acme");
    let list = send(address, "GET /", &[known], "").await.text();
    assert!(
        list.contains("You are ada of the namespace acme. <a href=\"/-/logout\">Log out</a>"),
        "{list}"
    );
    let page = send(address, "GET /-/logout", &[known], "").await.text();
    assert!(page.contains("<button>Log out</button>"), "{page}");
    let cookies = (
        "cookie",
        "micro-token=of-acme; micro-csrf=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    );
    let gone = send(address, "POST /-/logout", &[FORM, cookies], TOKEN).await;
    assert_eq!((gone.status, header(&gone, "location")), (303, Some("/")));
    assert_eq!(
        header(&gone, "set-cookie"),
        Some("micro-token=; path=/; samesite=strict; httponly; max-age=0")
    );
    let nobody = send(address, "GET /-/logout", &[], "").await;
    assert_eq!((nobody.status, header(&nobody, "location")), (303, Some("/")));
    let list = send(address, "GET /", &[], "").await.text();
    assert!(
        list.contains("You are not logged in. <a href=\"/-/login\">Log in</a>"),
        "{list}"
    );
}

#[tokio::test]
async fn who_does_not_is_told_no_more_than_that() {
    let address = &start().await;
    for (fields, status, says) in [
        (
            "namespace=acme&id=ada&secret=wrong",
            401,
            "no such account, or its secret",
        ),
        (
            "namespace=acme&id=nobody&secret=right",
            401,
            "no such account, or its secret",
        ),
        ("id=ada&secret=right", 401, "no such account, or its secret"),
        ("", 401, "no such account, or its secret"),
        (
            "id=%22%3E%3Cscript%3E&secret=x",
            401,
            "value=\"&quot;&gt;&lt;script&gt;\"",
        ),
        ("id=often&secret=x", 429, "try again in 3 s"),
        ("id=away&secret=x", 503, "not now"),
    ] {
        let answer = log_in(address, fields).await;
        let page = answer.text();
        assert_eq!(
            (answer.status, header(&answer, "set-cookie")),
            (status, None),
            "{fields}: {page}"
        );
        assert!(page.contains(says), "{fields}: {page}");
        assert!(!page.contains("right"), "no secret is shown again: {page}");
    }
    for next in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "site/",
    ] {
        let answer = log_in(
            address,
            &format!("namespace=acme&id=ada&secret=right&next={next}"),
        )
        .await;
        assert_eq!(
            (answer.status, header(&answer, "location")),
            (303, Some("/")),
            "{next}"
        );
    }
}

#[tokio::test]
async fn other_sites_reach_nothing_that_changes_something() {
    let address = &start().await;
    let fields = format!("{TOKEN}&namespace=acme&id=ada&secret=right");
    // The login as well: nobody is to be logged in as somebody else.
    for headers in [
        vec![FORM],
        vec![
            FORM,
            ("cookie", "micro-csrf=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
        ],
        vec![FORM, OPENED, ("sec-fetch-site", "cross-site")],
        vec![FORM, OPENED, ("origin", "http://evil.example")],
    ] {
        let answer = send(address, "POST /-/login", &headers, fields.as_str()).await;
        assert_eq!(
            (answer.status, header(&answer, "set-cookie")),
            (403, None),
            "{headers:?}"
        );
    }
    for line in [
        "POST /site/x",
        "DELETE /site/x",
        "PUT /user/",
        "POST /",
        "POST /-/logout",
    ] {
        let headers = [
            ("cookie", "micro-token=of-micro"),
            ("sec-fetch-site", "same-site"),
        ];
        let answer = send(address, line, &headers, "").await;
        assert_eq!(answer.status, 403, "{line}");
        assert!(
            answer.text().contains("by a page of another site"),
            "{line}: {}",
            answer.text()
        );
    }
    let program = [
        ("authorization", "Bearer of-micro"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(send(address, "POST /site/x", &program, "").await.status, 201);
    let reading = [
        ("cookie", "micro-token=of-micro"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(send(address, "GET /site/x", &reading, "").await.status, 201);
}

#[tokio::test]
async fn no_service_is_where_the_gateways_own_pages_are() {
    let address = &start().await;
    for (path, status, content_type) in [
        ("/-/style.css", 200, "text/css; charset=utf-8"),
        ("/-/nothing", 404, "text/html; charset=utf-8"),
        ("/-/", 404, "text/html; charset=utf-8"),
        ("/-", 404, "text/html; charset=utf-8"),
    ] {
        let answer = send(address, &format!("GET {path}"), &[], "").await;
        assert_eq!(
            (answer.status, header(&answer, "content-type")),
            (status, Some(content_type)),
            "{path}"
        );
    }
    assert!(!crate::gateway::path::is_service("-"));
}
