//! Types of fields, and how often a value is there.

use super::{Case, check, check_all, compare_files, file, rules};

pub const CASES: &[Case] = &[
    // Cardinality.
    (
        "message A { string b = 1; }",
        "message A { optional string b = 1; }",
        &["FIELD_SAME_CARDINALITY"],
    ),
    (
        "message A { optional string b = 1; }",
        "message A { string b = 1; }",
        &["FIELD_SAME_CARDINALITY"],
    ),
    ("message A { A b = 1; }", "message A { optional A b = 1; }", &[]),
    (
        "message A { string b = 1; }",
        "message A { repeated string b = 1; }",
        &["FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY"],
    ),
    (
        "message A { repeated A b = 1; }",
        "message A { A b = 1; }",
        &["FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY"],
    ),
    (
        "message A { repeated int32 b = 1; }",
        "message A { repeated int32 b = 1 [packed = false]; }",
        &[],
    ),
    (
        "message A { map<string, string> b = 1; }",
        "message A { repeated E b = 1; } message E { string key = 1; string value = 2; }",
        &["FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY"],
    ),
    (
        "message A { string b = 1; }",
        "message A { repeated int64 b = 1; }",
        &[
            "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
            "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
        ],
    ),
    // Maps.
    (
        "message A { map<string, string> b = 1; }",
        "message A { map<string, string> c = 1; }",
        &["FIELD_SAME_NAME"],
    ),
    (
        "message A { map<string, string> b = 1; }",
        "message A { map<string, string> b = 1; map<string, A> c = 2; }",
        &[],
    ),
    (
        "message A { map<string, int32> b = 1; }",
        "message A { map<string, uint32> b = 1; }",
        &["FIELD_SAME_TYPE"],
    ),
    (
        "message A { map<int32, bool> b = 1; }",
        "message A { map<string, bool> b = 1; }",
        &["FIELD_WIRE_JSON_COMPATIBLE_TYPE"],
    ),
    (
        "message A { map<int32, int32> b = 1; }",
        "message A { map<uint32, string> b = 1; }",
        &["FIELD_WIRE_JSON_COMPATIBLE_TYPE"],
    ),
    // Types that are messages and enums.
    (
        "message A { B b = 1; } message B {} message C {}",
        "message A { C b = 1; } message B {} message C {}",
        &["FIELD_WIRE_JSON_COMPATIBLE_TYPE"],
    ),
    (
        "message A { B b = 1; } message B {}",
        "message A { .p.B b = 1; } message B { A a = 1; }",
        &[],
    ),
    (
        "message A { B b = 1; enum B { X = 0; } }",
        "message A { int32 b = 1; enum B { X = 0; } }",
        &["FIELD_WIRE_JSON_COMPATIBLE_TYPE"],
    ),
    (
        "message A { enum B { X = 0; } B b = 1; }",
        "message A { B b = 1; enum B { X = 0; } } enum B { X = 0; Y = 1; }",
        &[],
    ),
    (
        "message A { enum B { X = 0; } B b = 1; }",
        "message A { enum B { X = 0; } .p.B b = 1; } enum B { X = 0; Y = 1; }",
        &["FIELD_SAME_TYPE"],
    ),
    (
        "message A { enum B { X = 0; Z = 1; } B b = 1; }",
        "message A { enum B { X = 0; Z = 1; } .p.B b = 1; } enum B { X = 0; Y = 1; }",
        &["FIELD_WIRE_JSON_COMPATIBLE_TYPE"],
    ),
    (
        "message A { enum B { X = 0; } B b = 1; }",
        "message A { enum B { X = 0; } C b = 1; } enum C { X = 0; }",
        &["FIELD_WIRE_JSON_COMPATIBLE_TYPE"],
    ),
    // What JavaScript makes of long integers.
    (
        "message A { int64 b = 1; }",
        "message A { int64 b = 1 [jstype = JS_STRING]; }",
        &["FIELD_SAME_JSTYPE"],
    ),
    (
        "message A { fixed64 b = 1; }",
        "message A { fixed64 b = 1 [jstype = JS_NORMAL]; }",
        &[],
    ),
];

/// Scalars that are read as each other; every other pair of them is not.
const READ_ALIKE: &[(&str, &str)] = &[
    ("int32", "uint32"),
    ("int64", "uint64"),
    ("fixed32", "sfixed32"),
    ("fixed64", "sfixed64"),
];

const SCALARS: &[&str] = &[
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
    "sfixed32", "sfixed64", "bool", "string", "bytes",
];

#[test]
fn changes_of_types() {
    check_all(CASES);
}

#[test]
fn scalars_and_what_reads_them() {
    for old in SCALARS {
        for new in SCALARS {
            let is_alike = READ_ALIKE.contains(&(old, new)) || READ_ALIKE.contains(&(new, old));
            let expected: &[&str] = match (old == new, is_alike) {
                (true, _) => &[],
                (false, true) => &["FIELD_SAME_TYPE"],
                (false, false) => &["FIELD_WIRE_JSON_COMPATIBLE_TYPE"],
            };
            let with = |kind: &str| format!("message A {{ {kind} b = 1; }}");
            check(&with(old), &with(new), expected);
        }
    }
}

#[test]
fn types_from_other_files() {
    let other = |body: &str| format!("syntax = \"proto3\";\npackage q;\n{body}\n");
    let user = |kind: &str| {
        file(&format!(
            "import \"b.proto\";\nimport \"google/protobuf/timestamp.proto\";\nmessage A {{ {kind} b = 1; }}"
        ))
    };
    let compare = |old: (&str, &str), new: (&str, &str)| {
        let old = [("a.proto", &*user(old.0)), ("b.proto", &*other(old.1))];
        let new = [("a.proto", &*user(new.0)), ("b.proto", &*other(new.1))];
        rules(&compare_files(&old, &new))
    };
    let both = "message B {} enum E { X = 0; }";
    assert!(compare(("q.B", both), ("q.B", both)).is_empty());
    assert_eq!(
        compare(("q.B", both), ("A", both)),
        ["FIELD_WIRE_JSON_COMPATIBLE_TYPE"]
    );
    assert_eq!(
        compare(("google.protobuf.Timestamp", both), ("int64", both)),
        ["FIELD_WIRE_JSON_COMPATIBLE_TYPE"]
    );
    let moved = "message B { enum E { X = 0; Y = 1; } } enum E { Z = 0; }";
    assert_eq!(
        compare(("q.E", both), ("q.B.E", moved)),
        ["ENUM_VALUE_SAME_NAME", "FIELD_SAME_TYPE"]
    );
}
