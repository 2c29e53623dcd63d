use super::*;
use crate::compile::compile_source;
use crate::contract::Contract;

/// The messages that the option's own documentation speaks of, in one.
const MESSAGES: &str = "message GetMessageRequest { string name = 1; string message_id = 2; int64 revision = 3; SubMessage sub = 4;\n\
     message SubMessage { string subfield = 1; repeated SubMessage more = 2; }\n\
     string user_id = 5; repeated string tags = 6; map<string, string> labels = 7; Message message = 8; }\n\
     message Message { string text = 1; }\n";

fn compile(rule: &str, streams: &str) -> crate::compile::FileSet {
    let source = format!(
        "syntax = \"proto3\";\npackage messaging;\nimport \"google/api/annotations.proto\";\nservice Messaging {{\n  \
         rpc GetMessage({streams}GetMessageRequest) returns (Message) {{\n    option (google.api.http) = {rule};\n  }}\n}}\n{MESSAGES}"
    );
    compile_source("messaging.proto", &source).unwrap()
}

fn rules(rule: &str) -> Vec<String> {
    let set = compile(rule, "");
    set.check_routes().unwrap();
    let method = Contract::of(&set).remove(0).services.remove(0).methods.remove(0);
    method.routes.iter().map(said).collect()
}

fn said(rule: &Rule) -> String {
    let names: Vec<_> = rule
        .template
        .variables
        .iter()
        .map(|variable| variable.name())
        .collect();
    let answer = rule.response_body.as_deref().unwrap_or("all");
    format!(
        "{} {} of {}, body {:?}, answers {answer}",
        rule.method,
        rule.template.shape(),
        names.join("+"),
        rule.body
    )
}

#[test]
fn the_documented_rules_are_read() {
    for (rule, expected) in [
        (
            "{ get: \"/v1/{name=messages/*}\" }",
            &["GET /v1/messages/* of name, body None, answers all"][..],
        ),
        (
            "{ get: \"/v1/messages/{message_id}\" }",
            &["GET /v1/messages/* of message_id, body None, answers all"],
        ),
        (
            "{ patch: \"/v1/messages/{message_id}\" body: \"message\" }",
            &["PATCH /v1/messages/* of message_id, body Field(\"message\"), answers all"],
        ),
        (
            "{ patch: \"/v1/messages/{message_id}\" body: \"*\" }",
            &["PATCH /v1/messages/* of message_id, body Whole, answers all"],
        ),
        (
            "{ get: \"/v1/messages/{message_id}\" additional_bindings { get: \"/v1/users/{user_id}/messages/{message_id}\" } }",
            &[
                "GET /v1/messages/* of message_id, body None, answers all",
                "GET /v1/users/*/messages/* of user_id+message_id, body None, answers all",
            ],
        ),
        (
            "{ custom { kind: \"*\" path: \"/v1/{sub.subfield=**}:watch\" } body: \"*\" response_body: \"text\" }",
            &["* /v1/**:watch of sub.subfield, body Whole, answers text"],
        ),
        (
            "{ put: \"/a\" additional_bindings { post: \"/a\" } additional_bindings { delete: \"/a\" } \
             additional_bindings { custom { kind: \"REPORT\" path: \"/a\" } } }",
            &[
                "PUT /a of , body None, answers all",
                "POST /a of , body None, answers all",
                "DELETE /a of , body None, answers all",
                "REPORT /a of , body None, answers all",
            ],
        ),
    ] {
        assert_eq!(rules(rule), expected, "{rule}");
    }
}

#[test]
fn what_cannot_work_is_refused_with_its_place() {
    for (rule, says) in [
        ("{}", "it has no path"),
        ("{ body: \"*\" }", "it has no path"),
        ("{ get: \"v1\" }", "character 1: a path begins with a slash"),
        (
            "{ get: \"/v1/{name\" }",
            "character 10: the variable is not closed",
        ),
        (
            "{ get: \"/{nam}\" }",
            "the path names \"nam\", but GetMessageRequest has no such field: it has name, message_id",
        ),
        ("{ get: \"/{sub}\" }", "{sub}, which is a message"),
        ("{ get: \"/{tags}\" }", "{tags}, which is repeated"),
        ("{ get: \"/{labels}\" }", "{labels}, which is repeated"),
        ("{ get: \"/{sub.more.subfield}\" }", "more is no single message"),
        ("{ get: \"/{name.x}\" }", "name is no single message"),
        ("{ get: \"/a\" body: \"*\" }", "GET has no body"),
        (
            "{ custom { kind: \"HEAD\" path: \"/a\" } body: \"sub\" }",
            "HEAD has no body",
        ),
        ("{ post: \"/a\" body: \"nam\" }", "body names \"nam\""),
        (
            "{ post: \"/a\" body: \"sub.subfield\" }",
            "name one of GetMessageRequest itself, such as \"sub\"",
        ),
        (
            "{ post: \"/{name}\" body: \"name\" }",
            "is in the path and is the body",
        ),
        (
            "{ get: \"/a\" response_body: \"nam\" }",
            "response_body names \"nam\", but Message has no such field: it has text",
        ),
        (
            "{ custom { kind: \"get\" path: \"/a\" } }",
            "\"get\" is no method of HTTP",
        ),
        (
            "{ custom { kind: \"OPTIONS\" path: \"/a\" } }",
            "use another method",
        ),
        ("{ get: \"/openapi.json\" }", "the gateway's own"),
        ("{ get: \"/.well-known/{name}\" }", "the gateway's own"),
        (
            "{ get: \"/a\" additional_bindings { get: \"/b\" additional_bindings { get: \"/c\" } } }",
            "stand within others",
        ),
        (
            "{ get: \"/a/{name}\" additional_bindings { get: \"/a/{user_id}\" } }",
            "GET /a/* is rpc GetMessage's already",
        ),
    ] {
        let refused = compile(rule, "").check_routes().unwrap_err().to_string();
        let place = "messaging.proto:6:5: the route of rpc GetMessage: ";
        assert!(
            refused.starts_with(place) && refused.contains(says),
            "{rule}: {refused}"
        );
    }
    let refused = compile("{ get: \"/a\" }", "stream ")
        .check_routes()
        .unwrap_err()
        .to_string();
    assert!(refused.contains("sent as a body of lines"), "{refused}");
    assert!(
        compile("{ post: \"/a/{name}\" body: \"*\" }", "stream ")
            .check_routes()
            .is_ok()
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let rule = "{ get: \"/{a}\" additional_bindings { get: \"/{b}\" } }";
    let refused = compile(rule, "").check_routes().unwrap_err().to_string();
    assert_eq!(refused.lines().count(), 2, "{refused}");
}
