//! The client in Python.
//!
//! A package per contract: `__init__.py` names what there is, a module holds the types and thin methods, and all that they have in
//! common is `_micro.py`, a real file beside this one. It needs Python 3.9 or later and nothing but the standard library. The text
//! is laid out as Black leaves it.

mod docs;
mod enumeration;
mod layout;
mod message;
mod names;
mod package;
mod service;

use crate::contract::Contract;
use crate::generate::GeneratedFile;

use layout::Source;
use names::Names;

const RUNTIME: &str = include_str!("python/_micro.py");

/// The files, relative to the folder of the clients in this language.
pub fn files(contract: &Contract) -> Vec<GeneratedFile> {
    let package = names::package(&contract.name);
    let module = names::module(&package);
    let names = Names::new(contract);
    let mut files = vec![
        ("__init__.py".to_owned(), package::text(contract, &names, &module)),
        ("_micro.py".to_owned(), head(contract) + RUNTIME),
        ("py.typed".to_owned(), String::new()),
        (format!("{module}.py"), types(contract, &names)),
    ];
    files.sort();
    let file = |(name, content): (String, String)| GeneratedFile {
        path: format!("{package}/{name}").into(),
        content,
    };
    files.into_iter().map(file).collect()
}

/// The mark that tells people and tools not to edit.
fn head(contract: &Contract) -> String {
    let name = contract.file.rsplit('/').next().unwrap_or_default();
    format!("# @generated from {name} by micro; edit that file instead of this one.\n\n")
}

/// The module: clients first, since they are what is looked for; enums before the messages whose defaults they are.
fn types(contract: &Contract, names: &Names) -> String {
    let mut body = Source::default();
    for (service, class) in contract.services.iter().zip(&names.clients) {
        service::emit(&mut body, contract, names, service, class);
    }
    for each in &contract.enums {
        enumeration::emit(&mut body, each, names.of(&each.id));
    }
    for each in names::messages(contract) {
        message::emit(&mut body, names, each);
    }
    let mut source = Source::new(head(contract));
    docs::emit(&mut source, &package::docs(contract));
    source.blank(1);
    imports(&mut source, contract, body.text());
    if !body.text().is_empty() {
        source.blank(2);
        source.append(body.text());
    }
    source.into_text()
}

fn imports(source: &mut Source, contract: &Contract, body: &str) {
    source.line("from __future__ import annotations");
    source.blank(1);
    let has_messages = names::messages(contract).next().is_some();
    if !contract.enums.is_empty() {
        source.line("import enum");
    }
    if has_messages {
        source.line("from dataclasses import dataclass");
    }
    let is_used = |name: &&str| body.contains(&format!("{name}["));
    let used: Vec<_> = names::TYPING.iter().copied().filter(is_used).collect();
    if !used.is_empty() {
        source.line(&format!("from typing import {}", used.join(", ")));
    }
    source.blank(1);
    source.line("from . import _micro");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile_source;

    fn generated(source: &str) -> Vec<GeneratedFile> {
        let set = compile_source("note.proto", source).unwrap();
        files(&Contract::of(&set).remove(0))
    }

    fn module(source: &str) -> String {
        let file = generated(source)
            .into_iter()
            .find(|file| file.path.ends_with("note.py"));
        file.unwrap().content
    }

    fn check(declared: &str, expected: &[&str]) {
        let text = module(&format!("syntax = \"proto3\";\npackage note;\n{declared}"));
        for part in expected {
            assert!(text.contains(part), "{part}\nis not in\n{text}");
        }
    }

    #[test]
    fn a_package_has_its_four_files() {
        let files = generated("syntax = \"proto3\";\npackage go.note;\nmessage Note { string text = 1; }\n");
        let paths: Vec<_> = files.iter().map(|file| file.path.to_string_lossy()).collect();
        let names = ["__init__.py", "_micro.py", "note.py", "py.typed"];
        assert_eq!(paths, names.map(|name| format!("note_client/{name}")));
        let head = "# @generated from note.proto by micro; edit that file instead of this one.\n";
        assert!(
            files
                .iter()
                .all(|file| file.content.starts_with(head) || file.content.is_empty())
        );
        assert!(files[0].content.contains("from .note import Note\n"));
    }

    #[test]
    fn each_shape_has_its_type_and_its_codec() {
        check(
            "message All {\n  int64 id = 1;\n  optional string text = 2;\n  repeated bytes blobs = 3;\n\
             map<bool, All> all = 4;\n  Kind kind = 5;\n  All next = 6;\n oneof choice { int32 a = 7; All b = 8; }\n}\n\
             enum Kind { KIND_NONE = 0; KIND_SOME = 1; }\n",
            &[
                "@dataclass\nclass All(_micro.Message):\n    id: int = _micro.field(_micro.INT64)\n",
                "    text: Optional[str] = _micro.field(_micro.optional(_micro.STRING))\n",
                "    blobs: list[bytes] = _micro.field(_micro.repeated(_micro.BYTES))\n",
                "    all: dict[bool, All] = _micro.field(\n        \
                 _micro.mapping(_micro.BOOL, _micro.message(lambda: All))\n    )\n",
                "    kind: Union[Kind, int] = _micro.field(_micro.enumeration(Kind))\n",
                "    next: Optional[All] = _micro.field(_micro.message(lambda: All))\n",
                "    a: Optional[int] = _micro.field(_micro.optional(_micro.INT32), oneof=\"choice\")\n",
                "    b: Optional[All] = _micro.field(_micro.message(lambda: All), oneof=\"choice\")\n",
                "    def which_choice(self) -> Optional[str]:\n",
                "        return _micro.which(self, \"a\", \"b\")\n",
                "@_micro.json_names(\"KIND_\")\nclass Kind(enum.IntEnum):\n    NONE = 0\n    SOME = 1\n",
            ],
        );
    }

    #[test]
    fn words_that_mean_something_else_are_escaped() {
        check(
            "message None { string class = 1; string from = 2; int32 int = 3; string self = 4; string userId = 5; }\n\
             message Optional { None none = 1; }\nmessage string { bool b = 1; }\n\
             message MicroError { bool b = 1; }\nmessage A { message B { bool b = 1; } }\nmessage AB { bool b = 1; }\n\
             service Import { rpc Close(None) returns (string); rpc From(None) returns (None); }\n",
            &[
                "class None_(_micro.Message):\n    class_: str = _micro.field(_micro.STRING, \"class\")\n",
                "    from_: str = _micro.field(_micro.STRING, \"from\")\n",
                "    int_: int = _micro.field(_micro.INT32, \"int\")\n",
                "    self_: str = _micro.field(_micro.STRING, \"self\")\n",
                "    user_id: str = _micro.field(_micro.STRING, \"userId\")\n",
                "class Optional_(_micro.Message):\n",
                "class String(_micro.Message):\n",
                "class MicroError_(_micro.Message):\n",
                "class AB(_micro.Message):\n",
                "class AB_(_micro.Message):\n",
                "    def close_(self, request: None_, *, timeout: Optional[float] = None) -> String:\n",
                "    def from_(self, request: None_, *, timeout: Optional[float] = None) -> None_:\n",
            ],
        );
    }

    #[test]
    fn names_of_enum_values_that_cannot_be_short_are_told() {
        check(
            "enum Kind { KIND_UNKNOWN = 0; KIND_404 = 1; KIND_None = 2; mro = 3; }\n",
            &[
                "@_micro.json_names(\"KIND_\", KIND_404=\"KIND_404\", KIND_None=\"KIND_None\", mro_=\"mro\")\n",
                "    UNKNOWN = 0\n    KIND_404 = 1\n    KIND_None = 2\n    mro_ = 3\n",
            ],
        );
    }

    #[test]
    fn calls_take_and_give_what_the_contract_says() {
        check(
            "import \"google/protobuf/empty.proto\";\nmessage Note { string text = 1; }\n\
             service Notes {\n  // Pings \"it\".\n  rpc Ping(google.protobuf.Empty) returns (google.protobuf.Empty) {\n\
             option idempotency_level = IDEMPOTENT; }\n  rpc Watch(Note) returns (stream Note);\n\
             rpc Upload(stream Note) returns (Note);\n  rpc Chat(stream Note) returns (stream Note);\n}\n",
            &[
                "class NotesClient(_micro.Client):\n",
                "    _service = \"note\"\n    _name = \"Notes\"\n",
                "    def ping(self, *, timeout: Optional[float] = None) -> None:\n        \"\"\"Pings \"it\".\"\"\"\n",
                "        self._unary(\n            \"Ping\", _micro.Empty(), _micro.Empty, timeout=timeout, idempotent=True\n        )\n",
                ") -> _micro.MessageStream[Note]:\n",
                "        return self._server_stream(\"Watch\", request, Note, timeout=timeout)\n",
                "self, requests: Iterable[Note], *, timeout: Optional[float] = None\n    ) -> Note:\n",
                "        return self._bidi_stream(\"Chat\", requests, Note, timeout=timeout)\n",
            ],
        );
    }

    #[test]
    fn comments_cannot_end_a_docstring() {
        check(
            "// A \\ and \"\"\" and a last \"quote\"\nmessage Note {\n  // One.\n  //\n  //   Two.\n  string text = 1;\n}\n",
            &[
                "    \"\"\"A \\\\ and \\\"\\\"\\\" and a last \"quote\" \"\"\"\n",
                "    \"\"\"One.\n\n    Two.\n    \"\"\"\n",
            ],
        );
    }
}
