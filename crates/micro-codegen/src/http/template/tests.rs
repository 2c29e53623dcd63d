use proptest::prelude::*;

use super::*;

fn literal(text: &str) -> Segment {
    Segment::Literal(text.to_owned())
}

#[test]
fn templates_are_read() {
    for (text, segments, verb, variables) in [
        // Those that the option's own documentation shows.
        (
            "/v1/{name=messages/*}",
            vec![literal("v1"), literal("messages"), Segment::One],
            None,
            vec![("name", 1, 3)],
        ),
        (
            "/v1/messages/{message_id}",
            vec![literal("v1"), literal("messages"), Segment::One],
            None,
            vec![("message_id", 2, 3)],
        ),
        (
            "/v1/users/{user_id}/messages/{message_id}",
            vec![
                literal("v1"),
                literal("users"),
                Segment::One,
                literal("messages"),
                Segment::One,
            ],
            None,
            vec![("user_id", 2, 3), ("message_id", 4, 5)],
        ),
        // And what its grammar allows besides.
        ("/*", vec![Segment::One], None, vec![]),
        ("/**", vec![Segment::Rest], None, vec![]),
        (
            "/{a.b_1.c=**}:undo",
            vec![Segment::Rest],
            Some("undo"),
            vec![("a.b_1.c", 0, 1)],
        ),
        (
            "/v1/{name=shelves/*/books/**}",
            vec![
                literal("v1"),
                literal("shelves"),
                Segment::One,
                literal("books"),
                Segment::Rest,
            ],
            None,
            vec![("name", 1, 5)],
        ),
        (
            "/a%2Fb/%c3%a9/ü:x",
            vec![literal("a/b"), literal("é"), literal("ü")],
            Some("x"),
            vec![],
        ),
        (
            "/a=b/{c=d}",
            vec![literal("a=b"), literal("d")],
            None,
            vec![("c", 1, 2)],
        ),
    ] {
        let template = Template::parse(text).unwrap();
        assert_eq!(template.segments, segments, "{text}");
        assert_eq!(template.verb.as_deref(), verb, "{text}");
        let found: Vec<_> = template
            .variables
            .iter()
            .map(|variable| (variable.name(), variable.start, variable.end))
            .collect();
        let variables = variables
            .into_iter()
            .map(|(name, start, end)| (name.to_owned(), start, end));
        assert_eq!(found, variables.collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn what_is_wrong_has_a_place_and_advice() {
    let deep = "/a".repeat(MOST_SEGMENTS + 1);
    for (text, column, says) in [
        ("", 1, "begins with a slash"),
        ("v1", 1, "begins with a slash"),
        ("/", 2, "a part of the path is missing"),
        ("/v1/", 5, "a part of the path is missing"),
        ("/v1//a", 5, "a part of the path is missing"),
        ("/v1/{name", 10, "not closed"),
        ("/v1/{name=a/*", 14, "not closed"),
        ("/v1/{}", 6, "a field's name"),
        ("/v1/{1a}", 6, "a field's name"),
        ("/v1/{a.}", 8, "a field's name"),
        ("/v1/{a b}", 7, "not closed"),
        ("/v1/{a={b}}", 8, "not within another"),
        ("/v1/{a=}", 8, "a part of the path is missing"),
        ("/v1/{a}/{a}", 9, "there twice"),
        ("/v1/a}", 6, "no variable that this closes"),
        ("/v1/a{b}", 6, "put a slash before"),
        ("/v1/{a}b", 8, "put a slash before"),
        ("/v1/***", 7, "put a slash before"),
        ("/**/a", 4, "nothing follows it"),
        ("/{a=**}/b", 8, "nothing follows it"),
        ("/{a=**/b}", 7, "nothing follows it"),
        ("/a:b/c", 5, "write %3A"),
        ("/a:", 4, "a verb follows"),
        ("/a?b=c", 3, "write it as %XX"),
        ("/a b", 3, "write it as %XX"),
        ("/?b", 2, "write it as %XX"),
        ("/a%2", 3, "write %25"),
        ("/ü%zz", 3, "write %25"),
        ("/a/%ff", 4, "no text in UTF-8"),
        ("/a/../b", 6, "leave it out"),
        (&deep, 66, "at most 32 parts"),
    ] {
        let wrong = Template::parse(text).unwrap_err();
        assert_eq!(wrong.column, column, "{wrong}");
        assert!(wrong.problem.contains(says), "{wrong}");
    }
}

#[test]
fn shapes_are_equal_where_paths_are() {
    let shape = |text: &str| Template::parse(text).unwrap().shape();
    assert_eq!(shape("/v1/{name=messages/*}"), shape("/v1/messages/{id}"));
    assert_eq!(shape("/a%2A"), "/a%2A");
    assert_ne!(shape("/%2A"), shape("/*"));
    assert_ne!(shape("/a%3Ab"), shape("/a:b"));
    assert_ne!(shape("/a/*"), shape("/a/**"));
    assert_eq!(shape("/%61"), "/a");
    assert_eq!(
        Template::parse("/a/{b=c}").unwrap().literal().as_deref(),
        Some("/a/c")
    );
    assert_eq!(Template::parse("/a/*").unwrap().literal(), None);
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_an_error(text in "\\PC{0,40}|(/|\\{|\\}|\\*|=|:|\\.|%2|%41|[a-c]|é){0,24}") {
        crate::http::fuzz(&text);
    }
}
