use serde_json::{Value, json};

use super::*;
use crate::compile::compile_source;

const BANK: &str = r#"syntax = "proto3";
// Keeps money.
package bank;
import "google/protobuf/empty.proto";
import "google/protobuf/timestamp.proto";
service Bank {
  // Reads an account. It may be gone.
  rpc Read(ReadRequest) returns (Account) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Save(Account) returns (google.protobuf.Empty);
  // Follows what happens.
  rpc Watch(google.protobuf.Empty) returns (stream Account.Change);
}
// The account to read.
message ReadRequest {
  // Who, e.g. "a-1".
  string id = 1;
  uint64 version = 2;
}
// Somebody's money.
message Account {
  string id = 1;
  // In cents, eg. 250
  int64 balance = 2;
  optional Currency currency = 3;
  repeated Account shared_with = 4;
  map<int32, bytes> keys = 5;
  google.protobuf.Timestamp opened = 6;
  // Where letters go.
  oneof letters {
    string street = 7;
    string mail = 8;
  }
  message Change {
    string text = 1;
  }
}
// What it is counted in.
enum Currency {
  // Of Europe.
  EUR = 0;
  USD = 1;
}
"#;

fn contracts(sources: &[(&str, &str)]) -> Vec<Contract> {
    let compiled = sources
        .iter()
        .map(|(name, source)| Contract::of(&compile_source(name, source).unwrap()));
    compiled.flatten().collect()
}

fn of(sources: &[(&str, &str)]) -> Value {
    document(&contracts(sources), &Info::default())
}

fn bank() -> Value {
    of(&[("bank.proto", BANK)])
}

fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn names(document: &Value) -> Vec<&str> {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut names: Vec<_> = schemas.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_document_says_what_it_is() {
    let info = Info {
        title: "M3O".into(),
        version: "1.2.0".into(),
        description: String::new(),
        server: "https://api.example.com".into(),
    };
    let document = document(&contracts(&[("bank.proto", BANK)]), &info);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(
        document["info"],
        json!({"title": "M3O", "version": "1.2.0", "description": "Keeps money."})
    );
    assert_eq!(document["servers"], json!([{"url": "https://api.example.com"}]));
    assert_eq!(document["security"], json!([{"MicroAPIToken": []}, {}]));
    assert_eq!(
        document["tags"],
        json!([{"name": "Bank", "description": "Keeps money."}])
    );
    assert_eq!(bank()["servers"], Value::Null);
}

#[test]
fn a_method_is_an_operation() {
    let document = bank();
    let mut read = document["paths"]["/bank/Bank/Read"]["post"].clone();
    let responses = read["responses"].take();
    assert_eq!(
        read,
        json!({
            "operationId": "bank_Bank_Read",
            "tags": ["Bank"],
            "summary": "Reads an account.",
            "description": "Reads an account. It may be gone.",
            "parameters": [{"$ref": "#/components/parameters/MicroNamespace"}],
            "requestBody": {
                "required": true,
                "content": {"application/json": {"schema": schema("ReadRequest")}},
            },
            "responses": null,
            "x-idempotent": true,
        })
    );
    assert_eq!(
        responses["200"]["content"],
        json!({"application/json": {"schema": schema("Account")}})
    );
    for status in ["400", "401", "403", "404", "408", "429", "500", "503", "default"] {
        let reference = responses[status]["$ref"].as_str().unwrap();
        let response = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        assert_eq!(response["content"]["application/json"]["schema"], schema("Error"));
    }
    let save = &document["paths"]["/bank/Bank/Save"]["post"];
    assert_eq!(save["summary"], "Save");
    assert_eq!((save.get("description"), save.get("x-idempotent")), (None, None));
    let sent = &save["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(sent, &schema("Account-Input"));
}

#[test]
fn a_stream_is_lines() {
    let document = bank();
    let watch = &document["paths"]["/bank/Bank/Watch"]["post"];
    assert_eq!(
        watch["requestBody"],
        json!({"required": false, "content": {"application/json": {"schema": {"type": "object"}}}})
    );
    let lines = &watch["responses"]["200"]["content"];
    assert_eq!(
        lines,
        &json!({"application/x-ndjson": {"schema": schema("Account.Change"), "x-ndjson": true}})
    );
    let text = watch["description"].as_str().unwrap();
    assert!(text.starts_with("Follows what happens.\n\nThe answer is a stream: each line is one message"));
    assert!(watch["responses"]["204"]["description"].is_string());
}

#[test]
fn a_message_is_a_schema() {
    let big = json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$", "description": "In cents, eg. 250", "examples": ["250"]});
    let mut expected = json!({
        "type": "object",
        "description": "Somebody's money.\n\n`letters`: at most one of `street` and `mail` is set. Where letters go.",
        "properties": {
            "id": {"type": "string"},
            "balance": big,
            "currency": {"anyOf": [schema("Currency"), {"type": "null"}]},
            "shared_with": {"type": "array", "items": schema("Account")},
            "keys": {
                "type": "object",
                "additionalProperties": {"type": ["string", "null"], "contentEncoding": "base64"},
                "propertyNames": {"pattern": "^-?[0-9]+$"},
            },
            "opened": {"type": ["string", "null"], "format": "date-time"},
            "street": {"type": "string"},
            "mail": {"type": "string"},
        },
        "dependentSchemas": {
            "street": {"properties": {"mail": false}},
            "mail": {"properties": {"street": false}},
        },
    });
    let schemas = bank()["components"]["schemas"].clone();
    assert_eq!(schemas["Account"], expected);
    expected["properties"]["balance"]["type"] = json!(["string", "integer"]);
    expected["properties"]["shared_with"]["items"] = schema("Account-Input");
    assert_eq!(schemas["Account-Input"], expected);
    assert_eq!(
        schemas["ReadRequest"]["properties"]["version"],
        json!({"type": ["string", "integer"], "format": "uint64", "pattern": "^[0-9]+$", "minimum": 0})
    );
    assert_eq!(
        schemas["Currency"],
        json!({
            "type": "string",
            "enum": ["EUR", "USD"],
            "description": "What it is counted in.\n\n- `EUR`: Of Europe.",
        })
    );
}

#[test]
fn only_what_has_two_sides_is_there_twice() {
    let expected = [
        "Account",
        "Account-Input",
        "Account.Change",
        "Currency",
        "Error",
        "ReadRequest",
    ];
    assert_eq!(names(&bank()), expected);
}

#[test]
fn names_are_told_apart_by_their_packages() {
    let shop = "syntax = \"proto3\";\npackage shop;\nservice Shop { rpc Read(ReadRequest) returns (Error); }\n\
        service Bank { rpc Pay(ReadRequest) returns (Error); }\n\
        message ReadRequest { string item = 1; }\nmessage Error { string text = 1; }\n";
    let document = of(&[("bank.proto", BANK), ("shop.proto", shop)]);
    let names = names(&document);
    for name in [
        "bank.ReadRequest",
        "shop.ReadRequest",
        "shop.Error",
        "Error",
        "Account",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(!names.contains(&"ReadRequest"));
    let tags: Vec<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    assert_eq!(tags, ["bank.Bank", "Shop", "shop.Bank"]);
    let read = &document["paths"]["/shop/Shop/Read"]["post"];
    let schema_of = |content: &Value| content["application/json"]["schema"].clone();
    assert_eq!(
        schema_of(&read["requestBody"]["content"]),
        schema("shop.ReadRequest")
    );
    assert_eq!(
        schema_of(&read["responses"]["200"]["content"]),
        schema("shop.Error")
    );
}

#[test]
fn versions_of_a_type_are_kept_apart() {
    let service = |name: &str, field: &str| {
        format!(
            "syntax = \"proto3\";\npackage {name}.api;\nservice S {{ rpc Do(Outer) returns (Same); }}\n\
            message Outer {{ Inner inner = 1; }}\nmessage Inner {{ string {field} = 1; }}\nmessage Same {{}}\n"
        )
    };
    let mut all = contracts(&[
        ("a.proto", &service("a", "one")),
        ("b.proto", &service("a", "two")),
    ]);
    all[0].name = "first".into();
    all[1].name = "second".into();
    let document = document(&all, &Info::default());
    let expected = [
        "Error",
        "Same",
        "first.a.api.Inner",
        "first.a.api.Outer",
        "second.a.api.Inner",
        "second.a.api.Outer",
    ];
    assert_eq!(names(&document), expected);
    let outer = &document["components"]["schemas"]["second.a.api.Outer"]["properties"]["inner"];
    assert_eq!(outer["anyOf"][0], schema("second.a.api.Inner"));
}

#[test]
fn a_contract_that_comes_twice_is_described_once() {
    let once = bank();
    let twice = of(&[("bank.proto", BANK), ("bank.proto", BANK)]);
    assert_eq!(once["paths"], twice["paths"]);
    assert_eq!(once["components"], twice["components"]);
}

#[test]
fn types_of_protobuf_have_their_own_json() {
    let source = "syntax = \"proto3\";\npackage p;\nimport \"google/protobuf/any.proto\";\n\
        import \"google/protobuf/duration.proto\";\nimport \"google/protobuf/field_mask.proto\";\n\
        import \"google/protobuf/struct.proto\";\nimport \"google/protobuf/wrappers.proto\";\n\
        service S { rpc Do(M) returns (google.protobuf.Struct); }\n\
        message M { google.protobuf.Any any = 1; google.protobuf.Struct object = 2; google.protobuf.Value value = 3;\n\
        google.protobuf.Int64Value big = 4; google.protobuf.Duration after = 5; google.protobuf.FieldMask mask = 6;\n\
        google.protobuf.NullValue nothing = 7; double number = 8; }\n";
    let document = of(&[("p.proto", source)]);
    assert_eq!(names(&document), ["Error", "M"]);
    let fields = &document["components"]["schemas"]["M"]["properties"];
    assert_eq!(fields["any"]["type"], json!(["object", "null"]));
    assert_eq!(fields["object"]["type"], json!(["object", "null"]));
    assert_eq!(fields["value"].get("type"), None);
    assert_eq!(fields["big"]["type"], json!(["string", "integer", "null"]));
    assert_eq!(fields["after"]["pattern"], "^-?[0-9]+(\\.[0-9]{1,9})?s$");
    assert_eq!(fields["mask"]["type"], json!(["string", "null"]));
    assert_eq!(fields["nothing"], json!({"type": "null"}));
    assert_eq!(fields["number"], json!({"type": "number", "format": "double"}));
    let answer = &document["paths"]["/p/S/Do"]["post"]["responses"]["200"]["content"];
    assert_eq!(answer["application/json"]["schema"], json!({"type": "object"}));
}

#[test]
fn examples_are_of_the_type() {
    for (field, comment, expected) in [
        ("string x", "eg. \"Grüße\"", json!(["Grüße"])),
        ("string x", "The name, e.g. Alice", json!(["Alice"])),
        (
            "string x",
            "The name (e.g. Alice (junior)). More.",
            json!(["Alice (junior)"]),
        ),
        ("string x", "Eg. 'a b'", json!(["a b"])),
        ("string x", "eg. `a`.", json!(["a"])),
        ("string x", "eg. 5", json!(["5"])),
        ("string x", "eg.\\n// next", json!(["next"])),
        ("string x", "Take your leg. It is there.", Value::Null),
        ("string x", "eg.", Value::Null),
        ("int32 x", "eg. 5.", json!([5])),
        ("int32 x", "eg. 3000000000", Value::Null),
        ("int32 x", "eg. some", Value::Null),
        ("int64 x", "eg. 5", json!(["5"])),
        ("int64 x", "eg. \"9007199254740993\"", json!(["9007199254740993"])),
        ("uint64 x", "eg. -5", Value::Null),
        ("uint32 x", "eg. 7", json!([7])),
        ("double x", "eg. 51.5074", json!([51.5074])),
        ("bool x", "eg. true", json!([true])),
        ("optional bool x", "eg. false", json!([false])),
        ("bytes x", "eg. cmF3", json!(["cmF3"])),
        ("E x", "eg. ONE", json!(["ONE"])),
        ("E x", "eg. \"TWO\"", Value::Null),
        ("M x", "eg. {\"x\": 1}", json!([{"x": 1}])),
        ("repeated string x", "eg. [\"a\", \"b\"]", json!([["a", "b"]])),
        ("repeated string x", "eg. a, b", json!([["a", "b"]])),
        ("repeated int64 x", "eg. 1, 2", json!([["1", "2"]])),
        ("map<string, int32> x", "eg. {\"a\": 1}", json!([{"a": 1}])),
        ("map<string, int32> x", "eg. {\"a\": \"b\"}", Value::Null),
    ] {
        let comment = comment.replace("\\n", "\n");
        let source = format!(
            "syntax = \"proto3\";\nmessage M {{\n// {comment}\n{field} = 1;\n}}\nenum E {{ ONE = 0; }}\n"
        );
        let document = of(&[("m.proto", &source)]);
        let property = &document["components"]["schemas"]["M"]["properties"]["x"];
        assert_eq!(property["examples"], expected, "{field}: {comment}");
        assert!(
            property["description"]
                .as_str()
                .unwrap()
                .starts_with(&comment[..2])
        );
    }
}
