//! Whole files and their options.

use super::{check, compare_files, file, rules};

/// Options of files: the rule, one value, another, and the default.
pub const OPTIONS: &[(&str, &str, &str, &str)] = &[
    ("FILE_SAME_CC_ENABLE_ARENAS", "false", "true", "true"),
    ("FILE_SAME_CC_GENERIC_SERVICES", "true", "false", "false"),
    ("FILE_SAME_CSHARP_NAMESPACE", "\"a\"", "\"b\"", "\"\""),
    ("FILE_SAME_GO_PACKAGE", "\"a\"", "\"b\"", "\"\""),
    ("FILE_SAME_JAVA_GENERIC_SERVICES", "true", "false", "false"),
    ("FILE_SAME_JAVA_MULTIPLE_FILES", "true", "false", "false"),
    ("FILE_SAME_JAVA_OUTER_CLASSNAME", "\"a\"", "\"b\"", "\"\""),
    ("FILE_SAME_JAVA_PACKAGE", "\"a\"", "\"b\"", "\"\""),
    ("FILE_SAME_OBJC_CLASS_PREFIX", "\"a\"", "\"b\"", "\"\""),
    ("FILE_SAME_OPTIMIZE_FOR", "CODE_SIZE", "LITE_RUNTIME", "SPEED"),
    ("FILE_SAME_PHP_CLASS_PREFIX", "\"a\"", "\"b\"", "\"\""),
    ("FILE_SAME_PHP_METADATA_NAMESPACE", "\"a\"", "\"b\"", "\"\""),
    ("FILE_SAME_PHP_NAMESPACE", "\"a\"", "\"b\"", "\"\""),
    ("FILE_SAME_PY_GENERIC_SERVICES", "true", "false", "false"),
    ("FILE_SAME_RUBY_PACKAGE", "\"a\"", "\"b\"", "\"\""),
    ("FILE_SAME_SWIFT_PREFIX", "\"a\"", "\"b\"", "\"\""),
];

/// What breaks when files come, go and are renamed.
pub const OF_FILES: &[&str] = &["FILE_NO_DELETE", "FILE_SAME_PACKAGE", "FILE_SAME_SYNTAX"];

#[test]
fn options_of_files() {
    for (rule, one, other, default) in OPTIONS {
        let name = rule.trim_start_matches("FILE_SAME_").to_ascii_lowercase();
        let set = |value: &str| format!("option {name} = {value};");
        check(&set(one), &set(other), &[rule]);
        check(&set(one), "", &[rule]);
        check("", &set(one), &[rule]);
        check(&set(one), &set(one), &[]);
        check("", &set(default), &[]);
    }
    check(
        "option java_package = \"a\";",
        "option java_package = \"a\"; option deprecated = true;",
        &[],
    );
}

#[test]
fn whole_files() {
    let check = |old: &[(&str, &str)], new: &[(&str, &str)], expected: &[&str]| {
        let found = compare_files(old, new);
        assert_eq!(rules(&found), expected, "{old:?}\n{new:?}\n{found:#?}");
    };
    let (a, b) = (file("message A { string c = 1; }"), file("message B {}"));
    check(
        &[("a.proto", &a), ("b.proto", &b)],
        &[("a.proto", &a)],
        &["FILE_NO_DELETE"],
    );
    check(&[("a.proto", &a)], &[("a.proto", &a), ("b.proto", &b)], &[]);

    let importing = file("import \"google/protobuf/timestamp.proto\";\nmessage B {}");
    check(&[("b.proto", &importing)], &[("b.proto", &b)], &[]);

    let elsewhere = a.replace("package p;", "package q;");
    check(
        &[("a.proto", &a)],
        &[("a.proto", &elsewhere)],
        &["FILE_SAME_PACKAGE"],
    );
    let nowhere = a.replace("package p;", "");
    check(
        &[("a.proto", &a)],
        &[("a.proto", &nowhere)],
        &["FILE_SAME_PACKAGE"],
    );
    let commented = a.replace("package p;", "// Ours.\npackage  p ;");
    check(&[("a.proto", &a)], &[("a.proto", &commented)], &[]);

    let second = "syntax = \"proto2\"; message A { optional A b = 1; }";
    let third = "syntax = \"proto3\"; message A { optional A b = 1; }";
    check(
        &[("a.proto", second)],
        &[("a.proto", third)],
        &["FILE_SAME_SYNTAX"],
    );
    let unsaid = "message A { optional A b = 1; }";
    check(&[("a.proto", second)], &[("a.proto", unsaid)], &[]);
    let told = compare_files(&[("a.proto", unsaid)], &[("a.proto", third)]);
    assert_eq!(told[0].what, "the syntax changed from \"proto2\" to \"proto3\"");
    let required = "syntax = \"proto2\"; message A { required A b = 1; }";
    check(
        &[("a.proto", second)],
        &[("a.proto", required)],
        &["FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY"],
    );

    // Moved to a new file: found there, and compared.
    let moved = file("message A { int32 c = 1; }");
    check(
        &[("a.proto", &a)],
        &[("a.proto", &file("")), ("c.proto", &moved)],
        &["FIELD_WIRE_JSON_COMPATIBLE_TYPE", "MESSAGE_NO_DELETE"],
    );
    check(&[("a.proto", &a)], &[("c.proto", &a)], &["FILE_NO_DELETE"]);
}
