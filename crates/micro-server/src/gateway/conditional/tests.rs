use http::Request;
use proptest::prelude::*;

use super::*;

const BEFORE: &str = "Fri, 27 Nov 2026 08:00:00 GMT";
const THEN: &str = "Fri, 27 Nov 2026 09:00:00 GMT";
const AFTER: &str = "Fri, 27 Nov 2026 10:00:00 GMT";

fn answered(method: &str, asked: &[(&str, &str)], said: &[(&str, &str)], length: usize) -> Response<Content> {
    let mut request = Request::builder().method(method);
    for (name, value) in asked {
        request = request.header(*name, *value);
    }
    let parts = request.body(()).unwrap().into_parts().0;
    let mut response = reply::whole(StatusCode::OK, reply::JSON, vec![b' '; length].into());
    for (name, value) in said {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        response
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).unwrap());
    }
    settle(&parts, &mut response);
    response
}

fn header<'a>(response: &'a Response<Content>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn conditions_in_their_order() {
    for (asked, expected) in [
        (&[("if-none-match", "\"a\"")][..], 304),
        (&[("if-none-match", "W/\"a\"")], 304),
        (&[("if-none-match", "\"b\", W/\"a\"")], 304),
        (&[("if-none-match", "\"b\""), ("if-none-match", "\"a\"")], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"b\"")], 200),
        (&[("if-none-match", "\"x,\"a\"")], 200),
        (&[("if-none-match", "a")], 200),
        (&[("if-none-match", "")], 200),
        (&[("if-modified-since", THEN)], 304),
        (&[("if-modified-since", AFTER)], 304),
        (&[("if-modified-since", BEFORE)], 200),
        (&[("if-modified-since", "yesterday")], 200),
        // The tag counts more than the time.
        (&[("if-none-match", "\"b\""), ("if-modified-since", AFTER)], 200),
        (&[("if-none-match", "\"a\""), ("if-modified-since", BEFORE)], 304),
        (&[("if-match", "\"a\"")], 200),
        (&[("if-match", "\"b\", \"a\"")], 200),
        (&[("if-match", "*")], 200),
        (&[("if-match", "W/\"a\"")], 412),
        (&[("if-match", "\"b\"")], 412),
        (&[("if-match", "\"a\""), ("if-none-match", "\"a\"")], 304),
        (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], 412),
        (&[("if-unmodified-since", BEFORE)], 412),
        (&[("if-unmodified-since", THEN)], 200),
        (&[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)], 200),
    ] {
        for method in ["GET", "HEAD"] {
            let said = [("etag", "\"a\""), ("last-modified", THEN)];
            let answer = answered(method, asked, &said, 10);
            assert_eq!(answer.status().as_u16(), expected, "{method} {asked:?}");
        }
    }
}

#[test]
fn what_is_read_as_a_whole_is_tagged() {
    for (method, said, length, is_tagged) in [
        ("GET", &[][..], 10, true),
        ("HEAD", &[], 10, true),
        ("GET", &[], LONGEST, true),
        ("GET", &[], LONGEST + 1, false),
        ("GET", &[], 0, false),
        ("POST", &[], 10, false),
        ("GET", &[("cache-control", "private, No-Store")], 10, false),
        ("GET", &[("content-encoding", "br")], 10, false),
    ] {
        let answer = answered(method, &[], said, length);
        assert_eq!(
            header(&answer, "etag").is_some(),
            is_tagged,
            "{method} {said:?} {length}"
        );
    }
    let made = answered("GET", &[], &[], 10);
    assert_eq!(header(&made, "cache-control"), Some("no-cache"));
    let tag = header(&made, "etag").unwrap().to_owned();
    assert_ne!(header(&answered("GET", &[], &[], 11), "etag"), Some(tag.as_str()));
    assert_eq!(
        header(&answered("HEAD", &[], &[], 10), "etag"),
        Some(tag.as_str())
    );
    assert_eq!(tag, format!("\"{:032x}\"", xxh3_128(&[b' '; 10])));
    // Whoever made it knows better.
    let given = answered(
        "GET",
        &[],
        &[("etag", "W/\"own\""), ("cache-control", "max-age=60")],
        10,
    );
    assert_eq!(header(&given, "etag"), Some("W/\"own\""));
    assert_eq!(header(&given, "cache-control"), Some("max-age=60"));
}

#[test]
fn who_has_it_is_told_no_more_than_that() {
    let said = [
        ("etag", "\"a\""),
        ("content-language", "en"),
        ("vary", "Accept-Encoding"),
        ("x-request-id", "1"),
    ];
    let answer = answered("GET", &[("if-none-match", "\"b\", W/\"a\"")], &said, 10);
    let mut names: Vec<_> = answer.headers().keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["etag", "vary", "x-request-id"]);
    // As he has it.
    assert_eq!(header(&answer, "etag"), Some("W/\"a\""));
    assert!(matches!(answer.body(), Content::Whole(body) if body.is_empty()));
}

#[test]
fn what_is_no_answer_has_no_conditions() {
    let request = Request::get("/").header("if-none-match", "*").body(()).unwrap();
    let parts = request.into_parts().0;
    for status in [204, 304, 404, 500] {
        let status = StatusCode::from_u16(status).unwrap();
        let mut response = reply::whole(status, reply::JSON, "{}".into());
        assert!(!settle(&parts, &mut response));
        assert_eq!((response.status(), response.headers().len()), (status, 1));
    }
}

#[test]
fn what_failed_is_an_error_of_the_usual_shape() {
    let answer = answered(
        "GET",
        &[("if-match", "\"b\"")],
        &[("etag", "\"a\""), ("x-request-id", "1")],
        10,
    );
    assert_eq!(
        (header(&answer, "etag"), header(&answer, "x-request-id")),
        (None, Some("1"))
    );
    let Content::Whole(body) = answer.body() else {
        panic!("an error is whole")
    };
    let error = Error::parse(std::str::from_utf8(body).unwrap()).unwrap();
    assert_eq!(error.code, 412);
}

proptest! {
    #[test]
    fn any_line_is_tags_and_an_end(line in proptest::collection::vec(any::<u8>(), 0..60)) {
        let found: Vec<_> = Tags(&line).collect();
        prop_assert!(found.iter().all(|tag| tag.is_any() || tag.opaque().starts_with(b"\"") && tag.0.ends_with(b"\"")));
    }

    #[test]
    fn tags_are_read_as_written(tags in proptest::collection::vec("(W/)?\"[a-z,* ]{0,8}\"", 0..6)) {
        let line = tags.join(" , ");
        let found: Vec<_> = Tags(line.as_bytes()).map(|tag| String::from_utf8(tag.0.to_vec()).unwrap()).collect();
        prop_assert_eq!(found, tags);
    }
}
