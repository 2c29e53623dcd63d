use super::comment;
use super::names::{Taken, exported, module, package};

#[test]
fn names_follow_go() {
    for (name, expected) in [
        ("user_id", "UserID"),
        ("userId", "UserID"),
        ("a_double", "ADouble"),
        ("type", "Type"),
        ("Read", "Read"),
        ("HTTPRequest", "HTTPRequest"),
        ("LIST_ALL", "ListAll"),
        ("_7", "X7"),
        ("base_url", "BaseURL"),
    ] {
        assert_eq!(exported(name), expected, "{name}");
    }
}

#[test]
fn packages_and_modules_are_named_after_the_service() {
    for (name, expected) in [
        ("echo", "echo"),
        ("type", "servicetype"),
        ("main", "servicemain"),
        ("my-file_test", "myfiletest"),
        ("3d", "service3d"),
        ("", "service"),
    ] {
        assert_eq!(package(name), expected, "{name}");
    }
    assert_eq!(module("my-file"), "go.micro.service.my-file");
}

#[test]
fn who_finds_his_name_taken_gets_a_longer_one() {
    let mut taken = Taken::new(&["Error"]);
    let given = ["Error", "Error", "User", "Error"].map(|name| taken.claim(name, "Message"));
    assert_eq!(given, ["ErrorMessage", "ErrorMessage2", "User", "ErrorMessage3"]);
}

#[track_caller]
fn check(lines: &str, expected: &[&str]) {
    let lines: Vec<_> = lines.lines().map(str::to_owned).collect();
    assert_eq!(comment::format("Name", &lines), expected);
}

#[test]
fn comments_are_what_gofmt_leaves_alone() {
    check("", &[]);
    check("One.\nTwo.\n\nThree.", &["// One.", "// Two.", "//", "// Three."]);
    check("```\n  a\n    b\n```", &["// Name:", "//", "//\ta", "//\t  b"]);
    check(
        "Text:\n* a\n  goes on\n* b\nText",
        &[
            "// Text:",
            "//",
            "//   - a",
            "//     goes on",
            "//   - b",
            "//     Text",
        ],
    );
    check(
        "## Title\nText",
        &["// Name:", "//", "// # Title", "//", "// Text"],
    );
    check("It''s ``so``\u{FEFF}", &["// It\"s `so`"]);
    check("[a]: b", &["// a: b"]);
    check("a\n\n    - x\n\n    y", &["// a", "//", "//   - x", "//     y"]);
}

#[test]
fn blocks_that_are_indented_are_kept_apart() {
    check(
        "- a\n\n```\nb\n```\n\n- c",
        &[
            "// Name:",
            "//",
            "//   - a",
            "//",
            "// As code:",
            "//",
            "//\tb",
            "//",
            "// Then:",
            "//",
            "//   - c",
        ],
    );
}
