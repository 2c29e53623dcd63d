//! The client in TypeScript: the contract's types and thin methods in one file, and beside it the runtime, which is the
//! same for every contract.
//!
//! Types are interfaces and unions, so that values are what anybody would write by hand; each has a constant of its name
//! that tells the runtime how it looks in JSON. Since the constant is typed by the interface, tsc finds whatever the two
//! say differently. The text is laid out as prettier leaves it.

mod layout;
mod messages;
mod names;
mod services;

use crate::contract::Contract;
use crate::generate::GeneratedFile;

use layout::Text;
use names::Names;

/// What every client stands on.
const RUNTIME: &str = include_str!("typescript/micro.ts");

/// The files, relative to the folder of the clients in this language: `micro.ts` and one of the contract's name.
pub fn files(contract: &Contract) -> Vec<GeneratedFile> {
    let path = format!("{}.ts", names::file_stem(&contract.name));
    vec![
        GeneratedFile {
            path: path.into(),
            content: module(contract),
        },
        GeneratedFile {
            path: "micro.ts".into(),
            content: RUNTIME.to_owned(),
        },
    ]
}

fn module(contract: &Contract) -> String {
    let names = Names::new(contract);
    let mut text = Text::default();
    let file = contract.file.rsplit('/').next().unwrap_or_default();
    text.line(&format!(
        "// @generated from {file} by micro; edit that file instead of this one."
    ));
    text.gap();
    text.docs(&introduction(contract));
    text.gap();
    let has_types = names::declared(contract).next().is_some() || !contract.enums.is_empty();
    let uses_runtime = has_types || services::callable(contract).next().is_some();
    text.line(if uses_runtime {
        "import * as micro from \"./micro.js\";"
    } else {
        "export {};"
    });
    services::emit(&mut text, contract, &names);
    messages::emit(&mut text, contract, &names);
    text.into_string()
}

/// What the file as a whole is about, marked so that tools do not take it for the first class's.
fn introduction(contract: &Contract) -> Vec<String> {
    let mut lines = contract.docs.clone();
    if !lines.is_empty() {
        lines.extend([String::new(), "@module".to_owned()]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile_source;

    fn generated(source: &str) -> String {
        let set = compile_source("user.proto", &format!("syntax = \"proto3\";\n{source}")).unwrap();
        let mut files = files(&Contract::of(&set).remove(0));
        assert_eq!(files[1].path.to_str(), Some("micro.ts"));
        files.remove(0).content
    }

    /// The parts appear in this order.
    fn check(source: &str, parts: &[&str]) {
        let text = generated(source);
        let mut rest = text.as_str();
        for part in parts {
            let at = rest
                .find(part)
                .unwrap_or_else(|| panic!("no {part:?} left in\n{text}"));
            rest = &rest[at + part.len()..];
        }
    }

    #[test]
    fn a_service_becomes_a_class() {
        check(
            "// Keeps users.\npackage user;\nimport \"google/protobuf/empty.proto\";\n\
             // Their calls.\nservice User {\n  // Reads one */.\n  rpc ReadOne(A) returns (A) {\n\
             option idempotency_level = IDEMPOTENT; }\n  rpc All(google.protobuf.Empty) returns (stream A);\n\
             rpc Constructor(stream A) returns (A);\n}\nmessage A { string name = 1; }",
            &[
                "// @generated from user.proto by micro; edit that file instead of this one.\n\n",
                "/**\n * Keeps users.\n *\n * @module\n */\n\nimport * as micro from \"./micro.js\";\n\n",
                "/**\n * Calls the service `User`.\n *\n * Their calls.\n */\nexport class UserClient {\n",
                "new micro.Gateway(\"user\", options);",
                "  /** Reads one *\\/. */\n  readOne(request: micro.Input<A>, options?: micro.CallOptions): Promise<A> {\n",
                "    const method = micro.idempotent(\"User/ReadOne\", A, A);\n",
                "  all(\n    request: micro.Empty = {},\n    options?: micro.CallOptions,\n  ): AsyncIterable<A> {\n    const method = micro.method(\"User/All\", micro.empty, A);\n",
                "  constructor_(\n    requests: micro.Inputs<A>,\n    options?: micro.CallOptions,\n  ): Promise<A> {\n",
                "    return this.#gateway.clientStream(method, requests, options);\n",
            ],
        );
    }

    #[test]
    fn a_message_becomes_an_interface_and_its_json() {
        check(
            "message A {\n  // The name.\n  string user_name = 1;\n  optional int64 age = 2;\n  A inner = 3;\n\
             map<string, A> by_name = 4;\n  map<int64, bytes> by_id = 5;\n  repeated E es = 6;\n\
             oneof way {\n    // On foot.\n    bool walk = 7;\n    A ride = 8;\n  }\n\
             string constructor = 9;\n  enum E { NONE = 0; }\n}",
            &[
                "export interface A {\n  /** The name. */\n  userName: string;\n  age?: bigint;\n  inner?: A;\n",
                "  byName: Record<string, A>;\n  byId: Map<bigint, Uint8Array>;\n  es: AE[];\n",
                "  way?:\n    | {\n        /** On foot. */\n        case: \"walk\";\n        value: boolean;\n      }\n",
                "    | { case: \"ride\"; value: A };\n  constructor_: string;\n}\n\n",
                "export const A: micro.Message<A> = micro.message(() => ({\n",
                "  userName: micro.single(\"user_name\", micro.string),\n",
                "  age: micro.optional(\"age\", micro.int64),\n  inner: micro.optional(\"inner\", A),\n",
                "  byName: micro.dictionary(\"by_name\", A),\n",
                "  byId: micro.map(\"by_id\", micro.int64, micro.bytes),\n  es: micro.repeated(\"es\", AE),\n",
                "  way: micro.oneof({\n    walk: micro.optional(\"walk\", micro.bool),\n",
                "    ride: micro.optional(\"ride\", A),\n  }),\n",
                "  constructor_: micro.single(\"constructor\", micro.string),\n}));\n\n",
                "export type AE = \"NONE\" | number;\n\nexport const AE: micro.Type<AE> = micro.enumeration({\n  NONE: 0,\n});\n",
            ],
        );
    }

    #[test]
    fn a_contract_of_nothing_is_a_module() {
        assert_eq!(
            generated("package user;\nservice User {}"),
            "// @generated from user.proto by micro; edit that file instead of this one.\n\nexport {};\n"
        );
    }
}
