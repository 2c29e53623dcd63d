//! What is fed: pure entry points, each with inputs that are worth changing.

use std::fmt::Debug;

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
        name: "query",
        corpus: QUERIES,
        feed: query,
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
