//! What is told of a change, and the line that it points at.

use super::{compare_files, file};

fn check(old: &str, new: &str, expected: &[&str]) {
    let found = compare_files(&[("user.proto", &file(old))], &[("user.proto", &file(new))]);
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(lines, expected);
}

#[test]
fn what_is_gone_is_shown_where_it_stood() {
    check(
        "message Account {\n  string id = 1;\n  string email = 3;\n}",
        "\n\nmessage Account {\n  string id = 1;\n}",
        &[
            "user.proto:5: field 3 \"email\" of message Account was removed: keep it with `[deprecated = true]`, or say \
             `reserved 3;` and `reserved \"email\";` so that nothing takes its place (the line is of the old version)",
        ],
    );
    check(
        "\nmessage A {\n  reserved 7;\n  reserved 1 to 4,\n    9;\n  reserved\n    \"x\";\n}",
        "message A {\n  reserved 1;\n  string b = 3;\n}",
        &[
            "user.proto:5: message A no longer reserves the number 7: reserve it again, since old data and old programs \
             still know it (the line is of the old version)",
            "user.proto:6: message A no longer reserves the numbers 2 to 4, used by field 3 \"b\": reserve it again and take \
             another, since old data and old programs know it as something else (the line is of the old version)",
            "user.proto:7: message A no longer reserves the number 9: reserve it again, since old data and old programs \
             still know it (the line is of the old version)",
            "user.proto:9: message A no longer reserves the name \"x\": reserve it again, since old data and old programs \
             still know it (the line is of the old version)",
        ],
    );
    check(
        "enum A {\n  B = 0;\n  C = 1;\n}\nmessage M {}\nservice S {\n  rpc D(M) returns (M);\n}\nservice T {}",
        "enum A {\n  B = 0;\n  reserved 1;\n}\nmessage M {}\nservice S {}",
        &[
            "user.proto:5: value C = 1 of enum A was removed: keep it with `[deprecated = true]`, or say `reserved \"C\";` so \
             that nothing takes its place (the line is of the old version)",
            "user.proto:9: method D of service S was removed: keep it with `option deprecated = true;`, since who still \
             calls it gets an error (the line is of the old version)",
            "user.proto:11: service T was removed: keep it with `option deprecated = true;` for as long as somebody may use \
             it (the line is of the old version)",
        ],
    );
}

#[test]
fn what_changed_is_shown_where_it_stands() {
    check(
        "message A {\n  message B { string c = 1; }\n}",
        "message A {\n\n\n  message B {\n    int64 d = 1;\n  }\n}",
        &[
            "user.proto:7: field 1 of message A.B changed its name from \"c\" to \"d\": give it its old name back, which \
             JSON goes by; something else needs a number of its own",
            "user.proto:7: field 1 \"d\" of message A.B changed its type from string to int64: give it its old type back, \
             and add a field with a number and a name of its own",
        ],
    );
    check(
        "message A {\n  string b = 1;\n  map<string, A> c = 2;\n}",
        "message A {\n  map<string, bytes> c = 2;\n  string b = 3;\n}",
        &[
            "user.proto:4: field 2 \"c\" of message A changed its type from map<string, p.A> to map<string, bytes>: give it \
             its old type back, and add a field with a number and a name of its own",
            "user.proto:5: field \"b\" of message A changed its number from 1 to 3: give it its old number back, or give \
             what is new a name of its own and reserve the old one",
        ],
    );
    check(
        "option go_package = \"a\";\nmessage M {}\nservice S {\n  rpc D(M) returns (M);\n}",
        "message M {}\nservice S {\n\n  rpc D(M) returns (stream M);\n}\noption java_package = \"b\";",
        &[
            "user.proto:3: option go_package changed from \"a\" to \"\": set it as before, since generated code goes by it (the \
             line is of the old version)",
            "user.proto:6: method D of service S changed what it answers with from one message to a stream: leave it as it \
             was, and add a method with a name of its own",
            "user.proto:8: option java_package changed from \"\" to \"b\": set it as before, since generated code goes by it",
        ],
    );
}

#[test]
fn breaks_come_by_file_and_line() {
    let old = [
        ("b.proto", &*file("message B { string c = 1; string d = 2; }")),
        ("a.proto", &file("message A {}")),
    ];
    let new = [(
        "b.proto",
        &*file("\n\nmessage B {\n  int32 d = 2;\n  int32 c = 1;\n}"),
    )];
    let found = compare_files(&old, &new);
    let places: Vec<_> = found.iter().map(|it| (it.file.as_str(), it.line)).collect();
    assert_eq!(places, [("a.proto", 1), ("b.proto", 6), ("b.proto", 7)]);
}

#[test]
fn what_moved_is_said_to_have_moved() {
    let found = compare_files(
        &[("a.proto", &file("message A {}")), ("b.proto", &file(""))],
        &[("a.proto", &file("")), ("b.proto", &file("message A {}"))],
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].what, "message A was moved to b.proto");
}
