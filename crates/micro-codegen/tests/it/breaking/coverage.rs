//! No rule without its case, and each in its category.

use std::collections::BTreeSet;

use micro_codegen::breaking::{Breaks, Rule};

use super::{enums, fields, files, messages, services, types};

#[test]
fn every_rule_has_its_case() {
    let tables = [
        fields::CASES,
        types::CASES,
        messages::CASES,
        enums::CASES,
        services::CASES,
    ];
    let cases = tables.into_iter().flatten().flat_map(|(_, _, rules)| *rules);
    let options = files::OPTIONS.iter().map(|(rule, ..)| rule);
    let checked: BTreeSet<_> = cases.chain(options).chain(files::OF_FILES).copied().collect();
    let all: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(checked, all);
    assert_eq!(all.len(), Rule::ALL.len());
}

/// What buf's category `WIRE_JSON` has of the rules; all others are of `FILE` alone.
#[test]
fn the_wire_breaks_where_buf_says_so() {
    let on_the_wire = |rule: &&Rule| rule.breaks() == Breaks::Wire;
    let names: Vec<_> = Rule::ALL
        .iter()
        .filter(on_the_wire)
        .map(|rule| rule.name())
        .collect();
    let expected = [
        "FILE_SAME_PACKAGE",
        "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
        "FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
        "FIELD_SAME_NAME",
        "FIELD_SAME_JSON_NAME",
        "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
        "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
        "FIELD_SAME_ONEOF",
        "RESERVED_MESSAGE_NO_DELETE",
        "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
        "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
        "ENUM_VALUE_SAME_NAME",
        "RESERVED_ENUM_NO_DELETE",
        "RPC_SAME_REQUEST_TYPE",
        "RPC_SAME_RESPONSE_TYPE",
        "RPC_SAME_CLIENT_STREAMING",
        "RPC_SAME_SERVER_STREAMING",
        "RPC_SAME_IDEMPOTENCY_LEVEL",
    ];
    assert_eq!(names, expected);
}
