//! Fields: that they stay, and their names.

use super::{Case, check_all};

pub const CASES: &[Case] = &[
    // Fields that go.
    (
        "message A { string b = 1; string c = 2; }",
        "message A { string b = 1; }",
        &["FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED"],
    ),
    (
        "message A { string b = 1; }",
        "message A { reserved \"b\"; }",
        &["FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED"],
    ),
    (
        "message A { string b = 1; }",
        "message A { reserved 1 to 3; }",
        &["FIELD_NO_DELETE_UNLESS_NAME_RESERVED"],
    ),
    (
        "message A { string b = 1; }",
        "message A { reserved 1; reserved \"b\"; }",
        &["FIELD_NO_DELETE"],
    ),
    (
        "message A { string b = 1; }",
        "message A { reserved 2; string b = 1 [deprecated = true]; }",
        &[],
    ),
    (
        "message A { string b = 1; string c = 2; }",
        "message A { string c = 2; string b = 1; }",
        &[],
    ),
    (
        "message A { string b = 1; }",
        "message A { string b = 2; }",
        &["FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED"],
    ),
    (
        "message A { string b = 1; }",
        "message A { reserved 1; string b = 2; }",
        &["FIELD_NO_DELETE_UNLESS_NAME_RESERVED"],
    ),
    (
        "message A { message B { string c = 1; } }",
        "message A { message B { reserved 1; reserved \"c\"; } }",
        &["FIELD_NO_DELETE"],
    ),
    // Names of fields.
    (
        "message A { string b = 1; }",
        "message A { string c = 1; }",
        &["FIELD_SAME_NAME"],
    ),
    (
        "message A { string user_id = 1; }",
        "message A { string userId = 1; }",
        &["FIELD_SAME_NAME"],
    ),
    (
        "message A { string b_2c = 1; }",
        "message A { string d_e = 1; }",
        &["FIELD_SAME_NAME"],
    ),
    (
        "message A { string b = 1; }",
        "message A { string c = 1 [json_name = \"b\"]; }",
        &["FIELD_SAME_NAME"],
    ),
    (
        "message A { string b = 1; }",
        "message A { string c = 1 [json_name = \"d\"]; }",
        &["FIELD_SAME_JSON_NAME", "FIELD_SAME_NAME"],
    ),
    (
        "message A { string b = 1 [json_name = \"d\"]; }",
        "message A { string c = 1; }",
        &["FIELD_SAME_JSON_NAME", "FIELD_SAME_NAME"],
    ),
    (
        "message A { string b = 1; string c = 2; }",
        "message A { string b = 2; string c = 1; }",
        &["FIELD_SAME_NAME", "FIELD_SAME_NAME"],
    ),
    (
        "message A { string b = 1; }",
        "message A { string b = 1 [json_name = \"c\"]; }",
        &["FIELD_SAME_JSON_NAME"],
    ),
    (
        "message A { string b_c = 1 [json_name = \"d\"]; }",
        "message A { string b_c = 1; }",
        &["FIELD_SAME_JSON_NAME"],
    ),
    (
        "message A { string b_c = 1; }",
        "message A { string b_c = 1 [json_name = \"bC\"]; }",
        &[],
    ),
];

#[test]
fn changes_of_fields() {
    check_all(CASES);
}
