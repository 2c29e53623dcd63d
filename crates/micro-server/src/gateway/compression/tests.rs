use http::Request;

use super::*;
use crate::gateway::reply;

const GZIP_TOO: (&str, &str) = ("accept-encoding", "gzip, br");

fn answers(places: usize) -> Answers {
    Answers {
        is_on: true,
        places: Arc::new(Semaphore::new(places)),
    }
}

fn compress(answers: &Answers, parts: &Parts, response: &mut Response<Content>) {
    let wanted = answers.choose(parts, response);
    answers.encode(wanted, parts, response);
}

fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn response(status: u16, length: usize, headers: &[(&str, &str)]) -> Response<Content> {
    let status = StatusCode::from_u16(status).unwrap();
    let mut response = reply::whole(status, reply::JSON, vec![b' '; length].into());
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        response
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).unwrap());
    }
    response
}

fn header<'a>(response: &'a Response<Content>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn text_that_is_long_enough_is_compressed() {
    for (content_type, length, expected) in [
        ("application/json", 1024, true),
        ("application/json; charset=utf-8", 100_000, true),
        ("application/json", 1023, false),
        ("text/html; charset=utf-8", 2000, true),
        ("Text/CSS", 2000, true),
        ("text/javascript", 2000, true),
        ("application/jwk-set+json", 2000, true),
        ("image/svg+xml", 2000, true),
        ("text/event-stream", 2000, false),
        ("image/png", 2000, false),
        ("application/octet-stream", 2000, false),
        ("application/protobuf", 2000, false),
        ("application/grpc+json", 2000, false),
        ("application/grpc-web+json", 2000, false),
        ("", 2000, false),
    ] {
        let mut answer = response(200, length, &[("content-type", content_type)]);
        compress(&answers(1), &parts("GET", &[GZIP_TOO]), &mut answer);
        let is_coded = header(&answer, "content-encoding") == Some("gzip");
        assert_eq!(is_coded, expected, "{content_type} {length}");
        assert_eq!(
            header(&answer, "vary").is_some(),
            expected,
            "{content_type} {length}"
        );
    }
}

#[test]
fn what_stays_as_it_is_stays() {
    for (status, name, value) in [
        (200, "content-encoding", "br"),
        (200, "content-type", "application/grpc-web-text+proto"),
        (200, "content-type", "text/event-stream; charset=utf-8"),
        (200, "content-encoding", "identity"),
        (200, "cache-control", "public, No-Transform"),
        (200, "content-range", "bytes 0-1999/3000"),
        (200, "content-digest", "sha-256=:x:"),
        (206, "x", "1"),
        (204, "x", "1"),
        (304, "x", "1"),
    ] {
        let mut answer = response(status, 2000, &[(name, value)]);
        let before = answer.headers().clone();
        compress(
            &answers(1),
            &parts("GET", &[("accept-encoding", "gzip, identity;q=0")]),
            &mut answer,
        );
        assert_eq!(*answer.headers(), before, "{status} {name}");
    }
    let off = Answers {
        is_on: false,
        ..answers(1)
    };
    let mut answer = response(200, 2000, &[]);
    compress(&off, &parts("GET", &[GZIP_TOO]), &mut answer);
    assert_eq!(
        (header(&answer, "content-encoding"), header(&answer, "vary")),
        (None, None)
    );
}

#[test]
fn whoever_keeps_it_learns_that_others_get_another_one() {
    for (method, headers, given, expected) in [
        ("GET", &[][..], None, Some("Accept-Encoding")),
        ("HEAD", &[], None, Some("Accept-Encoding")),
        ("GET", &[("accept-encoding", "br")], None, Some("Accept-Encoding")),
        ("POST", &[], None, None),
        ("POST", &[GZIP_TOO], None, Some("Accept-Encoding")),
        ("GET", &[], Some("*"), Some("*")),
        (
            "GET",
            &[],
            Some("Origin, accept-encoding"),
            Some("Origin, accept-encoding"),
        ),
    ] {
        let given: Vec<_> = given.map(|vary| ("vary", vary)).into_iter().collect();
        let mut answer = response(200, 2000, &given);
        compress(&answers(1), &parts(method, headers), &mut answer);
        assert_eq!(
            header(&answer, "vary"),
            expected,
            "{method} {headers:?} {given:?}"
        );
    }
}

#[test]
fn what_held_of_the_bytes_holds_no_more() {
    for (tag, expected) in [("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\"")] {
        let mut answer = response(
            200,
            2000,
            &[
                ("etag", tag),
                ("accept-ranges", "bytes"),
                ("content-length", "2000"),
            ],
        );
        compress(&answers(1), &parts("GET", &[GZIP_TOO]), &mut answer);
        assert_eq!(header(&answer, "etag"), Some(expected));
        assert_eq!(header(&answer, "accept-ranges"), None);
        assert_eq!(header(&answer, "content-length"), None);
        assert!(answer.body().size_hint().exact().unwrap() < 100);
    }
}

#[test]
fn head_says_what_get_says() {
    for (length, said, expected) in [
        (2000, None, Some("gzip")),
        (0, Some("2000"), Some("gzip")),
        (10, None, None),
        (0, Some("10"), None),
    ] {
        let headers: Vec<_> = said
            .map(|length| ("content-length", length))
            .into_iter()
            .collect();
        let mut answer = response(200, length, &headers);
        compress(&answers(0), &parts("HEAD", &[GZIP_TOO]), &mut answer);
        assert_eq!(header(&answer, "content-encoding"), expected, "{length} {said:?}");
    }
}

#[test]
fn who_takes_nothing_else_gets_gzip() {
    let only = [("accept-encoding", "identity;q=0, gzip")];
    let mut answer = response(200, 100, &[("content-type", "image/png")]);
    compress(&answers(1), &parts("GET", &only), &mut answer);
    assert_eq!(header(&answer, "content-encoding"), Some("gzip"));
    let mut tiny = response(200, 1, &[]);
    compress(&answers(1), &parts("GET", &only), &mut tiny);
    assert_eq!(header(&tiny, "content-encoding"), Some("gzip"));
}

#[test]
fn places_are_bounded_and_come_back() {
    let answers = answers(1);
    let asked = parts("GET", &[GZIP_TOO]);
    let mut first = response(200, 100_000, &[]);
    compress(&answers, &asked, &mut first);
    assert_eq!(header(&first, "content-encoding"), Some("gzip"));
    let mut second = response(200, 100_000, &[("etag", "\"a\"")]);
    compress(&answers, &asked, &mut second);
    assert_eq!(
        (header(&second, "content-encoding"), header(&second, "etag")),
        (None, Some("\"a\""))
    );
    assert_eq!(second.body().size_hint().exact(), Some(100_000));
    drop(first);
    compress(&answers, &asked, &mut second);
    assert_eq!(header(&second, "content-encoding"), Some("gzip"));
}
