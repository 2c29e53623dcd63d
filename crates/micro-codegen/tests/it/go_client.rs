//! The clients in Go are what Go's own tools accept.

use std::path::{Path, PathBuf};
use std::process::Command;

use micro_codegen::client::go;
use micro_codegen::contract::Contract;
use micro_codegen::{compile, write};

use crate::golden;

/// A folder with the client of a contract.
struct Module {
    folder: tempfile::TempDir,
    package: PathBuf,
}

impl Module {
    fn of(proto: &Path, include: &Path) -> Self {
        let set = compile(&[proto.to_owned()], &[include.to_owned()]).unwrap();
        let contract = Contract::of(&set).remove(0);
        let files = go::files(&contract);
        assert_eq!(
            files,
            go::files(&contract),
            "the same contract gives the same text"
        );
        let folder = tempfile::tempdir().unwrap();
        write(&files, folder.path(), false).unwrap();
        let package = folder.path().join(files[0].path.parent().unwrap());
        Module { folder, package }
    }

    fn golden(name: &str) -> Self {
        Self::of(&golden().join(name), &golden())
    }

    /// What the command prints, which has to succeed.
    fn run(&self, program: &str, args: &[&str]) -> String {
        let output = Command::new(program)
            .args(args)
            .current_dir(&self.package)
            .env("GOFLAGS", "-mod=mod")
            .env("GOPROXY", "off")
            .env("GOWORK", "off")
            .output()
            .unwrap_or_else(|error| panic!("cannot run {program}, which these tests need: {error}"));
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {args:?}: {text}");
        text.into_owned()
    }

    fn check(&self) {
        let folder = self.folder.path().display();
        assert_eq!(self.run("gofmt", &["-d", "."]), "", "{folder}");
        assert_eq!(self.run("go", &["vet", "./..."]), "");
        assert_eq!(self.run("go", &["build", "./..."]), "");
    }
}

fn echo() -> Module {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/src/proto");
    Module::of(&folder.join("echo.proto"), &folder)
}

#[test]
fn everything_that_a_contract_can_say() {
    Module::golden("everything.proto").check();
}

#[test]
fn names_that_mean_something_else() {
    Module::golden("names.proto").check();
}

#[test]
fn a_contract_without_services() {
    Module::golden("shared/place.proto").check();
}

#[test]
fn the_contract_of_the_behaviour_suite() {
    echo().check();
}

#[test]
fn the_runtime_on_a_bad_network_and_with_odd_json() {
    let module = echo();
    let test = include_str!("go_client/runtime_test.go");
    std::fs::write(module.package.join("runtime_test.go"), test).unwrap();
    assert_eq!(module.run("gofmt", &["-d", "runtime_test.go"]), "");
    let printed = module.run("go", &["test", "./..."]);
    assert!(printed.starts_with("ok"), "{printed}");
}

/// Names that the runtime or Go has taken, and comments that gofmt would rewrite.
const NASTY: &str = r#"syntax = "proto3";

// - a list
// - only
package shop.v1.type;

import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/timestamp.proto";

/*
    All of it is indented.
*/
service Shop {
  // Title without a stop
  //
  // Another Title
  //
  // Text with ``quotes'' and a [link]: https://example.com
  // 1. one
  //    goes on
  // 2) two
  // - other
  //
  // ```yaml
  // - a: b
  // ```
  //
  // # Heading
  // follows
  //
  //     code {
  //       more
  //     }
  // }
  rpc get(google.protobuf.Empty) returns (google.protobuf.Timestamp);
  rpc Get(google.protobuf.Duration) returns (google.protobuf.FieldMask);
  rpc All(stream google.protobuf.Timestamp) returns (stream google.protobuf.Empty);
}

// [link]: https://example.com
service shop {}

message Error { message Client {} }
message ErrorMessage {}
message ErrorClient {}
message ShopClient {}
message NewShop {}
message Option {}
message string { string string = 1; error type = 2; }
message error { repeated google.protobuf.Timestamp at = 1; map<string, google.protobuf.Duration> after = 2; }
message Empty { google.protobuf.Empty empty = 1; repeated google.protobuf.Empty many = 2; repeated google.protobuf.FieldMask masks = 3; }
message Fields {
  string user_id = 1;
  string marshal_json = 3;
  string _7 = 5;
  string x7 = 6;
  oneof _ { string func = 7; }
  optional google.protobuf.Duration range = 8;
}
enum Pointer {
  POINTER = 0;
  POINTER_ = 1;
  POINTER_1 = 2;
  Pointer_1 = -3;
  FREE = 4;
}
message PointerFree {}
"#;

#[test]
fn names_that_are_taken_and_comments_that_gofmt_would_rewrite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nasty.proto");
    std::fs::write(&file, NASTY).unwrap();
    let module = Module::of(&file, folder.path());
    module.check();
    let text = std::fs::read_to_string(module.package.join("servicetype.go")).unwrap();
    for expected in [
        "func NewShop(options ...Option) *ShopClient {\n\treturn &ShopClient{newCaller(\"type\", options)}",
        "func (c *ShopClient) Get(ctx context.Context, options ...CallOption) (*time.Time, error) {",
        "func (c *ShopClient) Get2(ctx context.Context, request time.Duration, options ...CallOption) (*FieldMask, error) {",
        "type ErrorMessage struct{}",
        "//  1. one\n//     goes on\n//  2. two\n//     - other\n",
        "// # Another Title\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}
