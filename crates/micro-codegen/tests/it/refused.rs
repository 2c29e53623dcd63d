//! Contracts that there is no code for are refused with the place and the reason.

use std::fs;

use micro_codegen::{Options, compile, generate};

fn check(contract: &str, expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    let proto = dir.path().join("x.proto");
    fs::write(&proto, contract).unwrap();
    let result = compile(&[proto], &[dir.path().to_owned()]);
    let result = result.and_then(|set| generate(&set, &Options::default()));
    let found = result.map_or_else(|error| error.to_string(), |_| "generated".into());
    assert!(found.contains(expected), "{found}");
}

#[test]
fn what_does_not_compile() {
    check(
        "syntax = \"proto3\";\nmessage A {\n  Nothing a = 1;\n}\n",
        "x.proto:3:",
    );
    check("syntax = \"proto3\";\nimport \"gone.proto\";\n", "x.proto:2:");
}

#[test]
fn what_has_no_generated_form() {
    check("syntax = \"proto2\";\n", "x.proto:1: only syntax = \"proto3\"");
    check(
        "syntax = \"proto3\";\nimport \"google/protobuf/any.proto\";\nmessage A {\n  google.protobuf.Any any = 1;\n}\n",
        "x.proto:4: google.protobuf.Any has no generated form",
    );
    check(
        "syntax = \"proto3\";\nservice S {}\n",
        "x.proto:2: service S has no rpc",
    );
}

#[test]
fn names_that_clash_in_rust() {
    let service = "syntax = \"proto3\";\nservice Rules { rpc Get(Rule) returns (Rule); }\n";
    let with = |message: &str| format!("{service}message Rule {{}}\n{message}\n");
    check(&with(""), "generated");
    check(&with("message rules {}"), "x.proto:4: rules is Rules in Rust");
    check(
        &with("message RulesClient {}"),
        "x.proto:4: RulesClient is RulesClient in Rust",
    );
    check(
        &with("message Box {}"),
        "x.proto:4: a type Box cannot stand beside a service",
    );
    check(
        &with("message A {\n  string b_c = 1;\n  string bC = 2;\n}"),
        "x.proto:",
    );
    check(
        &with("enum E {\n  A_B = 0;\n  AB_ = 1;\n  Ab = 2;\n}"),
        "x.proto:",
    );
    check(
        &with("message A {\n  message B {}\n  oneof b { string c = 1; }\n}"),
        "x.proto:6: oneof b",
    );
}

#[test]
fn an_imported_file_is_generated_or_found_in_a_crate() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write(
        "user.proto",
        "syntax = \"proto3\";\npackage user;\nmessage Account { message Key {} }\n",
    );
    write(
        "order.proto",
        "syntax = \"proto3\";\nimport \"user.proto\";\nmessage Order { user.Account by = 1; user.Account.Key key = 2; }\n",
    );
    let protos = [dir.path().join("order.proto")];
    let set = compile(&protos, &[dir.path().to_owned()]).unwrap();
    let refused = generate(&set, &Options::default()).unwrap_err().to_string();
    assert!(
        refused.starts_with("order.proto:3: type user.Account comes from user.proto"),
        "{refused}"
    );

    let mut options = Options::default();
    options.externs.insert("user.proto".into(), "user_proto".into());
    let files = generate(&set, &options).unwrap();
    let order = files.iter().find(|file| file.path.ends_with("order.rs")).unwrap();
    assert!(
        order.content.contains("pub by: Option<user_proto::Account>"),
        "{}",
        order.content
    );
    assert!(
        order
            .content
            .contains("pub key: Option<user_proto::account::Key>"),
        "{}",
        order.content
    );
}
