use serde_json::{Value, json};

use crate::compile::compile_source;
use crate::contract::Contract;
use crate::openapi::{Info, document};

const SHOP: &str = r#"syntax = "proto3";
package shop;
import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";
service Shop {
  // Reads a book.
  rpc Read(ReadRequest) returns (Book) {
    option (google.api.http) = {
      get: "/v1/{name=shelves/*/books/*}"
      additional_bindings { get: "/v1/books/{name}" response_body: "title" }
    };
  }
  rpc Save(SaveRequest) returns (Book) {
    option (google.api.http) = { patch: "/v1/books/{book.name}" body: "book" };
  }
  rpc Close(ReadRequest) returns (Book) {
    option (google.api.http) = {
      post: "/v1/{name=**}:close" body: "*"
      additional_bindings { custom { kind: "*" path: "/v1/any/*" } }
      additional_bindings { custom { kind: "REPORT" path: "/v1/reports" } }
    };
  }
  rpc Watch(ReadRequest) returns (stream Book) {
    option (google.api.http) = { get: "/v1/changes" response_body: "tags" };
  }
}
message ReadRequest {
  // Which, eg. "a"
  string name = 1;
  int64 revision = 2;
  Filter filter = 3;
  message Filter { repeated string words = 1; google.protobuf.Timestamp since = 2; Filter not = 3; }
  map<string, string> labels = 4;
  repeated Filter others = 5;
}
message SaveRequest { Book book = 1; bool force = 2; }
message Book { string name = 1; string title = 2; repeated string tags = 3; }
"#;

fn paths() -> Value {
    let contracts = Contract::of(&compile_source("shop.proto", SHOP).unwrap());
    document(&contracts, &Info::default())["paths"].take()
}

/// Where a parameter is, and its name.
fn parameters(operation: &Value) -> Vec<String> {
    let all = operation["parameters"].as_array().unwrap().iter();
    let named = all.filter(|parameter| parameter["name"].is_string());
    named
        .map(|parameter| {
            format!(
                "{} {}",
                parameter["in"].as_str().unwrap(),
                parameter["name"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn a_route_is_an_operation_of_its_own() {
    let paths = paths();
    let names: Vec<_> = paths.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "/shop/Shop/Close",
        "/shop/Shop/Read",
        "/shop/Shop/Save",
        "/shop/Shop/Watch",
        "/v1/any/{part}",
        "/v1/books/{name}",
        "/v1/changes",
        "/v1/shelves/{name}/books/{name_2}",
        "/v1/{name}:close",
    ];
    assert_eq!(names, expected);
    let read = &paths["/v1/shelves/{name}/books/{name_2}"]["get"];
    assert_eq!(read["operationId"], "shop_Shop_Read_route");
    assert_eq!(read["summary"], "Reads a book.");
    assert_eq!(read["requestBody"], Value::Null);
    assert_eq!(
        parameters(read),
        [
            "path name",
            "path name_2",
            "query revision",
            "query filter.words",
            "query filter.since",
            "query filter.not.words",
            "query filter.not.since",
            "query filter.not.not.words",
            "query filter.not.not.since"
        ]
    );
    assert_eq!(
        read["parameters"][0]["description"],
        "A part of `name`, which is `shelves/*/books/*` as a whole."
    );
    assert_eq!(
        paths["/v1/any/{part}"]["get"]["operationId"],
        "shop_Shop_Close_route_2"
    );
    assert!(paths["/v1/any/{part}"]["post"].is_null());
}

#[test]
fn bodies_and_answers_are_those_of_the_rule() {
    let paths = paths();
    let books = &paths["/v1/books/{name}"];
    let json = |body: &Value| body["content"]["application/json"]["schema"].clone();
    assert_eq!(json(&books["get"]["responses"]["200"]), json!({"type": "string"}));
    let book = json!({"$ref": "#/components/schemas/Book"});
    assert_eq!(json(&books["patch"]["requestBody"])["anyOf"][0], book);
    assert_eq!(json(&books["patch"]["responses"]["200"]), book);
    // The path has one name for its part, whatever the rules call it.
    assert_eq!(parameters(&books["patch"]), ["path name", "query force"]);
    assert_eq!(
        books["patch"]["parameters"][0]["description"],
        "`book.name` of the request."
    );
    assert_eq!(books["get"]["parameters"][0]["schema"]["examples"], json!(["a"]));
    let close = &paths["/v1/{name}:close"]["post"];
    assert_eq!(parameters(close), ["path name"]);
    assert_eq!(
        close["parameters"][0]["description"],
        "`name` of the request. It may have slashes."
    );
    assert!(json(&close["requestBody"])["$ref"].is_string());
    let lines = &paths["/v1/changes"]["get"]["responses"]["200"]["content"]["application/x-ndjson"];
    assert_eq!(lines["schema"]["items"], json!({"type": "string"}));
}

#[test]
fn what_reflection_tells_is_described_the_same() {
    let set = compile_source("shop.proto", SHOP).unwrap();
    let file = set.targets().next().unwrap();
    let told = crate::openapi::from_descriptors(&[&set.descriptor_set(file)]).unwrap();
    assert_eq!(told, Contract::of(&set));
    assert_eq!(told[0].services[0].methods[0].routes.len(), 2);
}
