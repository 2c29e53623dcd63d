//! What is fed: pure entry points, each with inputs that are worth changing.

use std::fmt::Debug;
use std::time::SystemTime;

use micro::auth::jwt::{Algorithm, PublicKey, Unverified};
use micro::config::document::{Document, masked, plain};
use micro::events;
use micro::runtime::Address;
use micro::runtime::definition::{Definition, Listing, Mistake};
use micro::store::{Scope, check_key};
use micro_proto::{auth, errors, registry, runtime};
use micro_rpc::Message;

/// An entry point.
pub struct Target {
    /// What the command line calls it.
    pub name: &'static str,
    /// Where mutation begins.
    pub corpus: &'static [&'static str],
    /// Whether the input was accepted. Never panics, whatever the input.
    pub feed: fn(&[u8]) -> bool,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "path",
        corpus: PATHS,
        feed: path,
    },
    Target {
        name: "lane",
        corpus: LANES,
        feed: micro_rpc::fuzz::lane,
    },
    Target {
        name: "template",
        corpus: TEMPLATES,
        feed: template,
    },
    Target {
        name: "routes",
        corpus: ROUTES,
        feed: routes,
    },
    Target {
        name: "query",
        corpus: QUERIES,
        feed: query,
    },
    Target {
        name: "codings",
        corpus: CODINGS,
        feed: micro_server::gateway::fuzz::codings,
    },
    Target {
        name: "tags",
        corpus: TAGS,
        feed: micro_server::gateway::fuzz::tags,
    },
    Target {
        name: "forwarded_for",
        corpus: FORWARDED,
        feed: micro_server::gateway::fuzz::forwarded_for,
    },
    Target {
        name: "json",
        corpus: MESSAGES,
        feed: json,
    },
    Target {
        name: "flags",
        corpus: FLAGS,
        feed: flags,
    },
    Target {
        name: "jwt",
        corpus: TOKENS,
        feed: jwt,
    },
    Target {
        name: "config",
        corpus: SETTINGS,
        feed: config,
    },
    Target {
        name: "keys",
        corpus: KEYS,
        feed: keys,
    },
    Target {
        name: "cursors",
        corpus: CURSORS,
        feed: cursors,
    },
    Target {
        name: "definition",
        corpus: DEFINITIONS,
        feed: definition,
    },
    Target {
        name: "address",
        corpus: ADDRESSES,
        feed: address,
    },
];

const DEFINITIONS: &[&str] = &[
    "service shop\n    build pip install -r 'a b'\n\tcommand python3 main.py \"x \\\" y\" # no\n",
    "# ours\nservice go.micro.service.shop\n  version v2\n  instances 2\n  env A b c\n  secret K a.b\n",
    "service a\nservice b\n",
    "service a\n  depends b c\n  topics d\n  routes GET /e\n  resources memory 1GiB cpu 5m disk 2MiB\nenv local\n  A b\n",
    "service a\n  path ./a\nservice b\n  path c\n  depends a\n\nenv far\n  A 'b  c'\n",
    "service \u{e9}\n\u{3000}\u{3000}comand 'x\n",
];

const TEMPLATES: &[&str] = &[
    "/v1/{name=messages/*}",
    "/v1/users/{user_id}/messages/{message.id}:read",
    "/{a=b/*/c/**}:undo",
    "/%2F/\u{e9}%c3%a9/*/**",
    "/a:b/{c",
];

/// Lines: templates, and a path at last.
const ROUTES: &[&str] = &[
    "/v1/{name=messages/*}\n/v1/**\n/v1/messages/1:read",
    "/{a}/{b}\n/a/{b}:c\n/a/b\n/{all=**}\n/a/x%2Fy:c",
    "/v1/{name=a/**}:b\n/v1/a//%2e%2e/c:b",
    "/{x=**}\n/a/../b",
    "/a/*/*/*/b\n/*/a/*/*/c\n/a/a/a/a/c",
];

const ADDRESSES: &[&str] = &[
    "github.com/org/repo/folder@feature/x",
    "https://example.com:8443/a/b.git/c@v1",
    "git@example.com:org/repo.git@1234567",
    "file:///srv/a@b/repo",
    "ssh://git@[::1]:22/repo",
];

const TOKENS: &[&str] = &[
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiJhIiwiZXhwIjo5OTk5OTk5OTk5fQ.AAAA",
    "eyJhbGciOiJub25lIn0.e30.",
    "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiJhIiwiZXhwIjo5OTk5OTk5OTk5fQ.AAAA",
    "a.b.c",
    "..",
];

/// Lines: a path and a value, by turns.
const SETTINGS: &[&str] = &[
    "user.limit\n3\nuser\n{\"name\":\"a\",\"deep\":{\"x\":[1,{}]}}",
    "\n{\"leaf\":{\"leaf\":true,\"value\":\"1\"}}\nleaf.leaf\nnull",
    "a.b\n1\na\n2\na.b.c\n{}",
    "a..b\n1\n.\n{\"\":1}",
];

/// Lines: database, table and key, twice.
const KEYS: &[&str] = &[
    "micro\nuser\n1\nmicro\nuser2\n1",
    "micro\na/b\n..\nmicro/a\nb\n..",
    "\u{e9}\n\u{4e2d}\nkey\n\u{e9}\n\u{4e2d}x\nkey",
    "a\nb\nc\u{1}\na\nb\u{1}\nc",
];

/// Lines: namespace, topic, group and position, twice; or where a group is; or a request to consume.
const CURSORS: &[&str] = &[
    "micro\nuser\nmailer\n7\nmicro\nuser\nmail\n7",
    "micro\na.b\nc\n1\nmicro.a\nb\nc\n18446744073709551615",
    "a\nb\n00000000000000000007\n7\na\nb\u{1}00000000000000000007\n7\n7",
    "{\"next\":7,\"pending\":{\"3\":1,\"5\":4294967295}}",
    "\u{a}\u{1}g\u{12}\u{1}t\u{18}\u{7}\u{28}\u{1}",
];

/// A call of JSON with a token and a header more, and one that is cancelled.
const LANES: &[&str] = &[
    "\0\0\0\x60\x01\0\0\0\0\0\x01\0\x02\x01\0\0\x10\0\x02\x03abc\0\0\x0f/echo.Echo/Call\0\0\0\x30\0\x0dauthorization\0\0\0\x08Bearer a\0\x05x-one\0\0\0\x0avalue-of-x\0\0\0\0\x02{}",
    "\0\0\0\x09\x02\0\0\0\0\0\x01\0\x02",
];

const PATHS: &[&str] = &[
    "/",
    "/helloworld",
    "/helloworld/call",
    "/foo/bar/baz/cat",
    "/v1/foo/bar",
    "/foo-bar/call",
    "//a/../b/./c//",
    "/go.micro.service.user/read",
    "/%66oo/%2e%2e/bar",
    "/a/b/c/d/e/f/g",
    "/foo_bar/BazXyz",
];

const QUERIES: &[&str] = &[
    "name=Alice",
    "a[b]=1&a.c=2",
    "a[]=1&a[]=2",
    "a[b][c][d]=x",
    "name=5&on=true&none=null",
    "o={\"x\":[1,2]}&s=\"quoted\"",
    "n=1=2",
    "a%5Bb%5D=%7B%7D",
    "=x&&y",
    "a[0]=1&a[x]=2&a=3",
    "big=99999999999999999999999&f=1e400",
];

const MESSAGES: &[&str] = &[
    r#"{"id":"alice","type":"user","scopes":["admin"],"metadata":{"k":"v"},"options":{"namespace":"micro"}}"#,
    r#"{"name":"user","version":"latest","nodes":[{"id":"user-1","address":"127.0.0.1:1","port":"7"}],"options":{"ttl":"90"}}"#,
    r#"{"name":"a","values":[{"name":"b","values":[{"name":"c","type":"string"}]}]}"#,
    r#"{"resource":{"service":{"name":"user","status":4}},"options":{"instances":"3","force":true,"env":["A=b"]}}"#,
    r#"{"rule":{"id":"x","access":"GRANTED","priority":-1,"resource":{"type":"service","name":"*","endpoint":"*"}}}"#,
    r#"{"id":"user.Read","code":404,"detail":"not found","status":"Not Found"}"#,
    r#"{"service":{"name":"u"},"data":"aGVsbG8="}"#,
    "null",
    "{}",
    "[1,-0,1e999,\"\\ud800\"]",
];

const CODINGS: &[&str] = &[
    "gzip, deflate, br, zstd",
    "identity;q=0, gzip;q=0.5",
    "*;q=0.001",
    "x-gzip ; Q=1.000 , *;q=0",
];

const TAGS: &[&str] = &["\"a\"", "W/\"a\", \"b,c\"", "*", "\"\" , , W/\"\"", "a, \"b\""];

const FORWARDED: &[&str] = &[
    "2.2.2.2",
    "10.0.0.2, 3.3.3.3:80",
    "[2001:db8::1]:443, unknown",
    "::ffff:10.0.0.1",
];

const FLAGS: &[&str] = &[
    "--name=Alice",
    "-env=platform\nservices",
    "call\n--request_timeout\n5s\nhelloworld\nHelloworld.Call\n{\"name\":\"Alice\"}",
    "greeter\ncall\n--user-friend-email=a@b\n--tags=a,b,c\n--on",
    "run\n-n=3\n--env_vars\nA=b,C=d\n.",
    "logs\n-f\n-n\n10\ngreeter",
    "store\nread\n-p\nkey\n--\n-x",
    "-auth_public_key\n\nuser",
    "greeter\n--a==b\n---c\n-",
];

fn path(input: &[u8]) -> bool {
    std::str::from_utf8(input).is_ok_and(micro_server::gateway::fuzz::path)
}

fn template(input: &[u8]) -> bool {
    std::str::from_utf8(input).is_ok_and(micro_server::routes::fuzz::template)
}

fn routes(input: &[u8]) -> bool {
    std::str::from_utf8(input).is_ok_and(micro_server::routes::fuzz::matching)
}

fn query(input: &[u8]) -> bool {
    std::str::from_utf8(input).is_ok_and(micro_server::gateway::fuzz::query)
}

/// The words are the lines of the input.
fn flags(input: &[u8]) -> bool {
    let words = String::from_utf8_lossy(input)
        .split('\n')
        .map(String::from)
        .collect();
    micro_cli::args::fuzz(words)
}

/// A key whose private half nobody has.
fn rsa_key() -> Vec<u8> {
    let head = [0x30, 0x82, 1, 10, 2, 0x82, 1, 1, 0];
    [&head[..], &[0xa7; 256], &[2, 3, 1, 0, 1]].concat()
}

/// Nobody has signed what comes in, so nothing may pass.
fn jwt(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else {
        return false;
    };
    let Ok(token) = Unverified::parse(text) else {
        return false;
    };
    for (algorithm, bytes) in [(Algorithm::EdDsa, &[7; 32][..]), (Algorithm::Rs256, &rsa_key())] {
        let key = PublicKey::new(algorithm, bytes);
        assert!(
            token.verify(&key, SystemTime::UNIX_EPOCH).is_err(),
            "a signature was invented"
        );
    }
    true
}

/// What is set is found, and what is kept is read back as it was.
fn config(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let lines: Vec<&str> = text.lines().collect();
    let (mut document, mut accepted) = (Document::default(), false);
    for step in lines.chunks_exact(2) {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(step[1]) else {
            continue;
        };
        if document.set(step[0], &value, &plain).is_err() {
            continue;
        }
        accepted = true;
        if !value.is_object() {
            let found = document.get(step[0], &masked).expect("the path was good");
            assert_eq!(found, Some(value), "what was set is found");
        }
        let kept = serde_json::from_str(&document.to_kept().to_string()).expect("it is JSON");
        assert_eq!(Document::from_kept(&kept).as_ref(), Some(&document));
    }
    accepted
}

/// No key of one table lies in another.
fn keys(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let lines: Vec<&str> = text.split('\n').collect();
    let [
        one_database,
        one_table,
        one_key,
        other_database,
        other_table,
        other_key,
    ] = lines[..]
    else {
        return false;
    };
    let (one, other) = (
        Scope::new(one_database, one_table),
        Scope::new(other_database, other_table),
    );
    if one.check().is_err()
        || other.check().is_err()
        || check_key(one_key).is_err()
        || check_key(other_key).is_err()
    {
        return false;
    }
    micro_local::fuzz::keys(&one, one_key, &other, other_key);
    true
}

/// No event, group or dead letter has the place of another.
fn cursors(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let lines: Vec<&str> = text.split('\n').collect();
    let place = |lines: &[&str]| {
        let [namespace, topic, group, position] = *lines else {
            return None;
        };
        Some((
            namespace.to_owned(),
            topic.to_owned(),
            group.to_owned(),
            position.parse().ok()?,
        ))
    };
    let are_places = match (
        place(lines.get(..4).unwrap_or(&[])),
        place(lines.get(4..).unwrap_or(&[])),
    ) {
        (Some((a, b, c, d)), Some((e, f, g, h))) => events::fuzz::places((&a, &b, &c, d), (&e, &f, &g, h)),
        _ => false,
    };
    are_places | events::fuzz::state(input) | micro_server::events::fuzz(input)
}

fn json(input: &[u8]) -> bool {
    let accepted = [
        round_trip::<auth::GenerateRequest>(input),
        round_trip::<auth::CreateRequest>(input),
        round_trip::<registry::Service>(input),
        round_trip::<registry::Value>(input),
        round_trip::<runtime::CreateRequest>(input),
        round_trip::<runtime::UploadRequest>(input),
        round_trip::<errors::Error>(input),
    ];
    accepted.contains(&true)
}

/// What is accepted must mean the same after a way through JSON, and after one through protobuf.
fn round_trip<M: Message + PartialEq + Debug>(input: &[u8]) -> bool {
    let Ok(message) = serde_json::from_slice::<M>(input) else {
        return false;
    };
    let text = serde_json::to_string(&message).expect("what was read can be written");
    assert_eq!(
        serde_json::from_str::<M>(&text).expect("what was written can be read"),
        message
    );
    assert_eq!(
        M::decode(message.encode_to_vec().as_slice()).expect("what was encoded can be decoded"),
        message
    );
    true
}

/// What is accepted is read as the same again once it is printed; a mistake points into the text.
fn definition(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let _ = micro::runtime::definition::split(&text);
    let service = reads_back(&text, Definition::parse);
    let list = reads_back(&text, Listing::parse);
    service || list
}

fn reads_back<T: PartialEq + Debug + ToString>(
    text: &str,
    parse: impl Fn(&str, &str) -> Result<T, Mistake>,
) -> bool {
    match parse("x.mu", text) {
        Ok(read) => {
            assert_eq!(parse("x.mu", &read.to_string()).as_ref(), Ok(&read));
            true
        }
        Err(mistake) => {
            let line = text.lines().nth(mistake.line - 1).unwrap_or_default();
            assert!(line.trim_start_matches('\u{feff}') == mistake.text);
            assert!((1..=mistake.text.chars().count() + 1).contains(&mistake.column));
            assert!(mistake.to_string().contains("x.mu:"));
            false
        }
    }
}

/// What is accepted is nothing that git takes for an option, and is read back as it was.
fn address(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let Ok(address) = Address::parse(&text) else {
        return false;
    };
    assert!(!address.repository.starts_with('-') && !address.reference.starts_with('-'));
    assert!(!address.folder.split('/').any(|name| name == ".."));
    true
}
