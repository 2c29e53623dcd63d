//! Messages as a whole.

use super::{Case, check_all};

pub const CASES: &[Case] = &[
    // Messages.
    (
        "message A {} message B {}",
        "message A {}",
        &["MESSAGE_NO_DELETE"],
    ),
    (
        "message A {} message B {}",
        "message B {} message A {} message C {}",
        &[],
    ),
    (
        "message A { message B {} }",
        "message A {}",
        &["MESSAGE_NO_DELETE"],
    ),
    (
        "message A { message B {} enum C { D = 0; } }",
        "",
        &["MESSAGE_NO_DELETE"],
    ),
    (
        "message A { message B {} }",
        "message A {} message B {}",
        &["MESSAGE_NO_DELETE"],
    ),
    ("message A {}", "enum A { B = 0; }", &["MESSAGE_NO_DELETE"]),
    ("message A {}", "message A { option deprecated = true; }", &[]),
    (
        "message A {}",
        "message A { option no_standard_descriptor_accessor = true; }",
        &["MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR"],
    ),
    (
        "message A { option no_standard_descriptor_accessor = true; }",
        "message A {}",
        &[],
    ),
    // Oneofs.
    (
        "message A { oneof b { string c = 1; string d = 2; } }",
        "message A { oneof b { string d = 2; } string c = 1; }",
        &["FIELD_SAME_ONEOF"],
    ),
    (
        "message A { string c = 1; }",
        "message A { oneof b { string c = 1; } }",
        &["FIELD_SAME_ONEOF"],
    ),
    (
        "message A { optional string c = 1; }",
        "message A { oneof b { string c = 1; } }",
        &["FIELD_SAME_ONEOF"],
    ),
    (
        "message A { oneof b { string c = 1; } }",
        "message A { oneof d { string c = 1; } }",
        &["FIELD_SAME_ONEOF", "ONEOF_NO_DELETE"],
    ),
    (
        "message A { oneof b { string c = 1; } }",
        "message A { reserved 1; reserved \"c\"; }",
        &["FIELD_NO_DELETE", "ONEOF_NO_DELETE"],
    ),
    (
        "message A { oneof b { string c = 1; } }",
        "message A { oneof b { int32 d = 2; string c = 1; } oneof e { A f = 3; } }",
        &[],
    ),
    // Reserved numbers and names of messages.
    (
        "message A { reserved 1; }",
        "message A {}",
        &["RESERVED_MESSAGE_NO_DELETE"],
    ),
    (
        "message A { reserved 1 to 5; }",
        "message A { reserved 1, 2, 5; }",
        &["RESERVED_MESSAGE_NO_DELETE"],
    ),
    (
        "message A { reserved 1 to max; }",
        "message A { reserved 1 to 9; }",
        &["RESERVED_MESSAGE_NO_DELETE"],
    ),
    (
        "message A { reserved 3 to 6; }",
        "message A { reserved 2 to 4, 5 to 8; }",
        &[],
    ),
    (
        "message A { reserved 1; }",
        "message A { string b = 1; }",
        &["RESERVED_MESSAGE_NO_DELETE"],
    ),
    (
        "message A { reserved \"b\", \"c\"; }",
        "message A { reserved \"c\"; }",
        &["RESERVED_MESSAGE_NO_DELETE"],
    ),
    (
        "message A { reserved \"b\"; }",
        "message A { reserved \"c\", \"b\"; reserved 4; }",
        &[],
    ),
];

#[test]
fn changes_of_messages() {
    check_all(CASES);
}
