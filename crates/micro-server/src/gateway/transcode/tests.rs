use micro::api::{METADATA, Route};
use micro::registry::{Endpoint, Service, Value as Type};
use serde_json::json;

use super::*;

fn told(name: &str, kind: &str, values: Vec<Type>) -> Type {
    Type {
        name: name.to_owned(),
        r#type: kind.to_owned(),
        values,
    }
}

/// The messages of the option's own documentation, and more.
fn request() -> Type {
    let sub = vec![told("subfield", "string", vec![]), told("flag", "bool", vec![])];
    let fields = vec![
        told("message_id", "string", vec![]),
        told("revision", "int64", vec![]),
        told("sub", "SubMessage", sub.clone()),
        told("user_id", "string", vec![]),
        told("message", "Message", vec![told("text", "string", vec![])]),
        told("tags", "[]string", vec![]),
        told("flags", "[]bool", vec![]),
        told("colour", "Colour", vec![]),
        told("on", "bool", vec![]),
        told("raw", "[]uint8", vec![]),
        told("since", "Timestamp", vec![]),
        told("labels", "map[string]string", vec![]),
        told("subs", "[]SubMessage", sub),
    ];
    told("GetMessageRequest", "GetMessageRequest", fields)
}

fn claim(route: Route) -> Claim {
    let response = vec![
        told("text", "string", vec![]),
        told("all_tags", "[]string", vec![]),
    ];
    let endpoint = Endpoint {
        name: "Messaging.GetMessage".to_owned(),
        request: Some(request()),
        response: Some(told("Message", "Message", response)),
        metadata: [(METADATA.to_owned(), serde_json::to_string(&[route]).unwrap())].into(),
    };
    let service = Service {
        name: "messaging".to_owned(),
        endpoints: vec![endpoint],
        ..Service::default()
    };
    Claim::all(&service).unwrap().remove(0)
}

fn message(rule: (&str, &str), asked: (&str, &str)) -> Result<Value> {
    let ((path, body), (uri, sent)) = (rule, asked);
    let claim = claim(Route {
        method: "POST".to_owned(),
        path: path.to_owned(),
        body: body.to_owned(),
        response_body: String::new(),
    });
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let message = Given::read(&claim, path, query)?.message(Bytes::copy_from_slice(sent.as_bytes()))?;
    Ok(serde_json::from_slice(&message).unwrap())
}

#[test]
fn documented_requests_are_the_documented_messages() {
    for (rule, asked, expected) in [
        (
            ("/v1/{message_id=messages/*}", ""),
            ("/v1/messages/123456", ""),
            json!({"message_id": "messages/123456"}),
        ),
        (
            ("/v1/messages/{message_id}", ""),
            ("/v1/messages/123456?revision=2&sub.subfield=foo", ""),
            json!({"message_id": "123456", "revision": "2", "sub": {"subfield": "foo"}}),
        ),
        (
            ("/v1/messages/{message_id}", "message"),
            ("/v1/messages/123456", r#"{"text": "Hi!"}"#),
            json!({"message_id": "123456", "message": {"text": "Hi!"}}),
        ),
        (
            ("/v1/messages/{message_id}", "*"),
            ("/v1/messages/123456", r#"{"text": "Hi!"}"#),
            json!({"message_id": "123456", "text": "Hi!"}),
        ),
        (
            ("/v1/users/{user_id}/messages/{message_id}", ""),
            ("/v1/users/me/messages/123456", ""),
            json!({"user_id": "me", "message_id": "123456"}),
        ),
        // A list is said by its name again and again, names may be those of JSON, and all is of its type.
        (
            ("/a", ""),
            ("/a?tags=1&tags=a+b%26&flags=true&flags=0&userId=7", ""),
            json!({"tags": ["1", "a b&"], "flags": [true, false], "user_id": "7"}),
        ),
        (
            ("/a", ""),
            (
                "/a?colour=RED&on=1&raw=aGk%3D&since=2026-01-02T03:04:05Z&message_id&new=x=y",
                "",
            ),
            json!({"colour": "RED", "on": true, "raw": "aGk=", "since": "2026-01-02T03:04:05Z", "message_id": "", "new": "x=y"}),
        ),
        (
            ("/{on}/{colour}/{sub.flag}", ""),
            ("/true/2/false", ""),
            json!({"on": true, "colour": 2, "sub": {"flag": false}}),
        ),
        // The path counts, and what a body says beside it stays.
        (
            ("/{message.text}/{user_id}", "message"),
            (
                "/x?revision=1".replace("/x", "/x/y").leak(),
                r#"{"text": "other", "more": 1}"#,
            ),
            json!({"message": {"text": "x", "more": 1}, "user_id": "y", "revision": "1"}),
        ),
        (
            ("/{user_id}/{sub.subfield}", "*"),
            ("/x/y", r#"{"userId": "other", "sub": {"flag": true}}"#),
            json!({"user_id": "x", "sub": {"flag": true, "subfield": "y"}}),
        ),
        (("/{user_id}", "*"), ("/x", ""), json!({"user_id": "x"})),
        (("/a", "*"), ("/a", ""), json!({})),
        (("/a", "*"), ("/a", "{\"any\": 1}"), json!({"any": 1})),
        (("/a", "tags"), ("/a", "[\"x\"]"), json!({"tags": ["x"]})),
        (("/a", "tags"), ("/a", ""), json!({})),
        (("/a", ""), ("/a", "{}"), json!({})),
    ] {
        assert_eq!(message(rule, asked), Ok(expected), "{rule:?} {asked:?}");
    }
}

#[test]
fn what_a_route_does_not_take_is_refused() {
    let deep = format!("/a?{}=1", ["x"; DEEPEST + 1].join("."));
    let many =
        format!("/a?{}", "tags=1&new=1&") + &(0..MOST_PAIRS).map(|n| format!("x{n}=1&")).collect::<String>();
    for (rule, asked, says) in [
        (("/a", "*"), ("/a?revision=1", "{}"), "is in the body"),
        (("/a", "message"), ("/a?message.text=1", "{}"), "is in the body"),
        (("/{user_id}", ""), ("/x?userId=1", ""), "is in the path already"),
        (("/a", ""), ("/a?revision=1&revision=2", ""), "is there twice"),
        (("/a", ""), ("/a?sub=1", ""), "name a field within it"),
        (("/a", ""), ("/a?subs.subfield=1", ""), "no single value"),
        (("/a", ""), ("/a?labels=1", ""), "no single value"),
        (("/a", ""), ("/a?subs=1", ""), "no single value"),
        (("/a", ""), ("/a?on=yes", ""), "neither true nor false"),
        (("/{on}", ""), ("/yes", ""), "on in the path is \"yes\""),
        (("/a", ""), ("/a?.x=1", ""), "no path of fields"),
        (("/a", ""), ("/a?x=%ff", ""), "not UTF-8"),
        (("/a", ""), (&deep, ""), "no path of fields"),
        (("/a", ""), (&many, ""), "more than 1000"),
        (("/a", ""), ("/a", "{\"a\": 1}"), "takes no body"),
        (("/a", "*"), ("/a", "[]"), "not a JSON object"),
        (("/{user_id}", "*"), ("/x", "[]"), "not a JSON object"),
        (("/{user_id}", "*"), ("/x", "{"), "not JSON"),
        (("/a", "message"), ("/a", "{"), "not JSON"),
    ] {
        match message(rule, asked) {
            Err(error) => assert!(error.code == 400 && error.detail.contains(says), "{error}"),
            Ok(message) => assert!(says.is_empty(), "{message} {says}"),
        }
    }
}

#[test]
fn an_answer_may_be_one_field() {
    for (field, answer, expected) in [
        ("", r#"{"text": "Hi"}"#, r#"{"text": "Hi"}"#),
        ("text", r#"{"text": "Hi", "all_tags": []}"#, "\"Hi\""),
        ("all_tags", r#"{"allTags": ["a"]}"#, "[\"a\"]"),
        ("all_tags", r#"{"all_tags": null}"#, "[]"),
        ("all_tags", "{}", "[]"),
        ("text", "{}", "null"),
    ] {
        let claim = claim(Route {
            method: "GET".to_owned(),
            path: "/a".to_owned(),
            response_body: field.to_owned(),
            ..Route::default()
        });
        let answered = answers(&claim)(Bytes::from_static(answer.as_bytes())).unwrap();
        assert_eq!(answered, expected, "{field} {answer}");
        if !field.is_empty() {
            assert_eq!(answers(&claim)(Bytes::from_static(b"[")).unwrap_err().code, 502);
        }
    }
}
