use super::*;
use proptest::prelude::*;
use serde_json::json;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn value(name: &str, kind: &str, values: Vec<Value>) -> Value {
    Value {
        name: name.into(),
        r#type: kind.into(),
        values,
    }
}

fn schema() -> Value {
    let flat = |name: &str, kind: &str| value(name, kind, Vec::new());
    let friend = value(
        "friend",
        "Friend",
        vec![flat("email", "string"), flat("age", "uint32")],
    );
    let user = vec![flat("email", "string"), friend];
    let seconds = vec![flat("seconds", "int64"), flat("nanos", "int32")];
    let fields = vec![
        flat("name", "string"),
        flat("on", "bool"),
        flat("small", "int32"),
        flat("big", "int64"),
        flat("size", "uint64"),
        flat("share", "float32"),
        flat("ratio", "float64"),
        flat("data", "[]uint8"),
        flat("tags", "[]string"),
        flat("ids", "[]int64"),
        flat("labels", "map[string]string"),
        flat("counts", "map[string]int32"),
        flat("colour", "Colour"),
        flat("long_name", "string"),
        value("since", "Timestamp", seconds),
        value("user", "User", user.clone()),
        value("users", "[]User", user),
    ];
    value("Request", "Request", fields)
}

fn made(line: &str) -> Result<Json> {
    let (_, flags) = read(&words(line))?;
    message(Some(&schema()), &flags)
}

#[test]
fn flags_make_the_message() {
    let table = [
        ("", json!({})),
        ("--name=a=b", json!({"name": "a=b"})),
        ("-name John", json!({"name": "John"})),
        ("-name=John", json!({"name": "John"})),
        ("--long-name x", json!({"long_name": "x"})),
        ("--on --name x", json!({"on": true, "name": "x"})),
        ("--on false", json!({"on": false})),
        ("--small -5 --big 0xff", json!({"small": -5, "big": 255})),
        (
            "--size 18446744073709551615",
            json!({"size": 18_446_744_073_709_551_615_u64}),
        ),
        ("--share 1.5 --ratio=NaN", json!({"share": 1.5, "ratio": "NaN"})),
        ("--data aGk=", json!({"data": "aGk="})),
        ("--tags a,b", json!({"tags": ["a", "b"]})),
        ("--tags a,b --tags c", json!({"tags": ["a,b", "c"]})),
        ("--tags [\"a,b\"]", json!({"tags": ["a,b"]})),
        ("--tags=", json!({"tags": []})),
        ("--ids 1,0x2", json!({"ids": [1, 2]})),
        ("--labels {\"a\":\"b\"}", json!({"labels": {"a": "b"}})),
        (
            "--labels a=b --labels c=d=e",
            json!({"labels": {"a": "b", "c": "d=e"}}),
        ),
        ("--counts a=1,b=2", json!({"counts": {"a": 1, "b": 2}})),
        ("--colour RED", json!({"colour": "RED"})),
        ("--colour 2", json!({"colour": 2})),
        (
            "--since 2020-01-02T03:04:05Z",
            json!({"since": "2020-01-02T03:04:05Z"}),
        ),
        ("--user-email e", json!({"user": {"email": "e"}})),
        (
            "--user_friend-email e --user-friend_age 3",
            json!({"user": {"friend": {"email": "e", "age": 3}}}),
        ),
        (
            "--user {\"email\":\"e\"} --user-friend-age 3",
            json!({"user": {"email": "e", "friend": {"age": 3}}}),
        ),
        (
            "--users {\"email\":\"a\"} --users {\"email\":\"b\"}",
            json!({"users": [{"email": "a"}, {"email": "b"}]}),
        ),
        ("--users [{\"email\":\"a\"}]", json!({"users": [{"email": "a"}]})),
    ];
    for (line, expected) in table {
        assert_eq!(made(line).unwrap(), expected, "{line}");
    }
}

#[test]
fn wrong_flags_are_refused() {
    let table = [
        ("--nam x", "Unknown flag: nam", Some("Did you mean --name?")),
        (
            "--user-frend-email x",
            "Unknown flag: user-frend-email",
            Some("Did you mean --user-friend-email?"),
        ),
        ("--quite_another x", "Unknown flag: quite_another", None),
        (
            "--small x",
            "Invalid value for --small: expected int32, got \"x\"",
            None,
        ),
        (
            "--small",
            "Invalid value for --small: expected int32, got nothing",
            None,
        ),
        (
            "--on maybe",
            "Invalid value for --on: expected bool, got \"maybe\"",
            None,
        ),
        (
            "--size -1",
            "Invalid value for --size: expected uint64, got \"-1\"",
            None,
        ),
        (
            "--ids 1,x",
            "Invalid value for --ids: expected int64, got \"x\"",
            None,
        ),
        (
            "--users x",
            "Invalid value for --users: expected a JSON object (User), got \"x\"",
            None,
        ),
        (
            "--labels x",
            "Invalid value for --labels: expected key=value or a JSON object, got \"x\"",
            None,
        ),
        ("--=x", "Invalid flag: --=x. Expected format: --foo=bar", None),
    ];
    for (line, text, hint) in table {
        let failure = made(line).unwrap_err();
        assert_eq!(
            (failure.code, failure.text.as_str(), failure.hint.as_deref()),
            (1, text, hint),
            "{line}"
        );
    }
}

#[test]
fn words_and_flags_are_parted() {
    let (plain, mut flags) = read(&words(
        "accounts list --metadata a=b -metadata=c=d --request-timeout 5s -- --x",
    ))
    .unwrap();
    assert_eq!(plain, ["accounts", "list", "--x"]);
    assert_eq!(take(&mut flags, "metadata"), ["a=b", "c=d"]);
    assert_eq!(take(&mut flags, "request_timeout"), ["5s"]);
    assert!(flags.is_empty());
}

#[test]
fn without_a_shape_flags_are_taken_as_they_look() {
    let (_, flags) = read(&words("--name x --count 3 --on --user {\"a\":1}")).unwrap();
    assert_eq!(
        message(None, &flags).unwrap(),
        json!({"name": "x", "count": 3, "on": true, "user": {"a": 1}})
    );
}

proptest! {
    #[test]
    fn any_flag_is_survived(
        name in "name|on|small|big|size|share|data|tags|ids|labels|counts|users?|user[-_]friend[-_]age|.{0,6}",
        text in "[-0-9a-fx.]{0,24}|[{\\[].{0,12}|.*",
    ) {
        let flags = [Flag { name, value: Some(text) }];
        let _ = message(Some(&schema()), &flags);
    }
}
