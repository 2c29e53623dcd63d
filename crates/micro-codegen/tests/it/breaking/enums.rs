//! Enums and their values.

use super::{Case, check_all};

pub const CASES: &[Case] = &[
    (
        "enum A { B = 0; } enum C { D = 0; }",
        "enum A { B = 0; }",
        &["ENUM_NO_DELETE"],
    ),
    ("enum A { B = 0; }", "enum C { D = 0; } enum A { B = 0; }", &[]),
    (
        "message A { enum B { C = 0; } }",
        "message A {} enum B { C = 0; }",
        &["ENUM_NO_DELETE"],
    ),
    (
        "enum A { B = 0; C = 1; }",
        "enum A { B = 0; }",
        &["ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED"],
    ),
    (
        "enum A { B = 0; C = 1; }",
        "enum A { B = 0; reserved \"C\"; }",
        &["ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED"],
    ),
    (
        "enum A { B = 0; C = 1; }",
        "enum A { B = 0; reserved 1; }",
        &["ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED"],
    ),
    (
        "enum A { option allow_alias = true; B = 0; C = 1; D = 1; }",
        "enum A { B = 0; reserved 1; reserved \"C\"; }",
        &["ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED"],
    ),
    (
        "enum A { B = 0; C = 1; }",
        "enum A { B = 0; reserved 1; reserved \"C\"; }",
        &["ENUM_VALUE_NO_DELETE"],
    ),
    (
        "enum A { B = 0; C = 1; }",
        "enum A { B = 0; C = 1 [deprecated = true]; reserved 2; }",
        &[],
    ),
    (
        "enum A { B = 0; C = 1; }",
        "enum A { B = 0; C = 2; }",
        &["ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED"],
    ),
    (
        "enum A { B = 0; C = 1; }",
        "enum A { B = 0; D = 1; }",
        &["ENUM_VALUE_SAME_NAME"],
    ),
    (
        "enum A { B = 0; C = 1; D = 2; }",
        "enum A { B = 0; D = 1; C = 2; }",
        &["ENUM_VALUE_SAME_NAME", "ENUM_VALUE_SAME_NAME"],
    ),
    (
        "enum A { option allow_alias = true; B = 0; C = 1; D = 1; }",
        "enum A { B = 0; C = 1; }",
        &["ENUM_VALUE_SAME_NAME"],
    ),
    (
        "enum A { B = 0; C = 1; }",
        "enum A { option allow_alias = true; B = 0; D = 1; C = 1; }",
        &[],
    ),
    (
        "enum A { B = 0; C = 1; }",
        "enum A { B = 0; D = -1; E = 2; C = 1; }",
        &[],
    ),
    (
        "enum A { B = 0; reserved 2 to 4; }",
        "enum A { B = 0; reserved 2 to 3; }",
        &["RESERVED_ENUM_NO_DELETE"],
    ),
    (
        "enum A { B = 0; reserved 2 to max; }",
        "enum A { B = 0; C = 2; reserved 3 to max; }",
        &["RESERVED_ENUM_NO_DELETE"],
    ),
    (
        "enum A { B = 0; reserved 2 to 4; }",
        "enum A { B = 0; reserved -1 to -1; reserved 4, 3, 2; }",
        &[],
    ),
    (
        "enum A { B = 0; reserved \"C\"; }",
        "enum A { B = 0; }",
        &["RESERVED_ENUM_NO_DELETE"],
    ),
    (
        "enum A { B = 0; reserved \"C\"; }",
        "enum A { B = 0; reserved \"C\", \"D\"; }",
        &[],
    ),
];

#[test]
fn changes_of_enums() {
    check_all(CASES);
}
