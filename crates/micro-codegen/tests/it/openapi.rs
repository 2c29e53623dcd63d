//! OpenAPI: a validator takes the documents, and their schemas take what the platform writes and reads.

mod python;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use micro_codegen::compile;
use micro_codegen::contract::Contract;
use micro_codegen::openapi::{Info, document, from_descriptors};
use micro_rpc::serde::{Serialize, de::DeserializeOwned};
use micro_rpc::wkt::{Duration, FieldMask, Timestamp};
use serde_json::{Value, json};

use crate::generated::golden::everything::{
    Colour, EVERYTHING_SERVICE, Lists, Oneofs, Optionals, Scalars, Tree, oneofs, scalars,
};
use crate::generated::golden::names::SEND_SERVICE;
use crate::generated::golden::shared::place::Place;
use python::{Sample, validate};

fn contracts(folder: &Path, file: &str) -> Vec<Contract> {
    Contract::of(&compile(&[folder.join(file)], &[folder.to_owned()]).unwrap())
}

fn everything() -> Vec<Contract> {
    contracts(&crate::golden(), "everything.proto")
}

fn echo() -> Vec<Contract> {
    contracts(&of_tests(), "echo.proto")
}

/// With routes of its own.
fn library() -> Vec<Contract> {
    contracts(&of_tests(), "library.proto")
}

fn of_tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/src/proto")
}

fn described(contracts: &[Contract]) -> Value {
    let info = Info {
        title: "Golden".into(),
        version: "1.0.0".into(),
        description: "All that there is.".into(),
        server: "https://api.example.com".into(),
    };
    document(contracts, &info)
}

fn sample(schema: &'static str, value: Value, is_valid: bool) -> Sample {
    Sample {
        schema,
        value,
        is_valid,
    }
}

/// What the platform writes for a message.
fn written(schema: &'static str, message: impl Serialize) -> Sample {
    sample(schema, serde_json::to_value(message).unwrap(), true)
}

/// What the platform reads as a message.
fn read<M: DeserializeOwned>(schema: &'static str, value: Value) -> Sample {
    serde_json::from_value::<M>(value.clone()).unwrap();
    sample(schema, value, true)
}

fn full() -> Scalars {
    Scalars {
        a_double: -0.5,
        a_float: 0.25,
        an_int32: i32::MIN,
        an_int64: i64::MIN,
        a_uint32: u32::MAX,
        a_uint64: u64::MAX,
        a_fixed64: 1,
        a_bool: true,
        a_string: "Grüße \"<&>\" 世界".into(),
        some_bytes: b"\0\x01\xff".as_slice().into(),
        colour: Colour::Red.into(),
        inner: Some(Box::new(inner())),
        kind: 1,
        ..Scalars::default()
    }
}

fn inner() -> scalars::Inner {
    let deep = scalars::inner::Deep {
        deeper: BTreeMap::from([("a".into(), scalars::inner::Deep::default())]),
        choice: Some(scalars::inner::deep::Choice::Text("t".into())),
        ..Default::default()
    };
    scalars::Inner {
        name: "in".into(),
        kinds: vec![0, 1],
        deep: Some(Box::new(deep)),
    }
}

fn lists() -> Lists {
    Lists {
        doubles: vec![0.5],
        loose: vec![1, -1],
        blobs: vec!["x".into(), "".into()],
        inners: vec![scalars::Inner::default()],
        labels: BTreeMap::from([("".into(), "empty".into())]),
        blobs_by_id: BTreeMap::from([(-7, "y".into())]),
        colours_by_flag: BTreeMap::from([(true, 1), (false, 0)]),
        scalars_by_number: BTreeMap::from([(3, full())]),
        places_by_name_and_by_the_time_at_which_they_were_last_seen: BTreeMap::from([(
            "home".into(),
            Place::default(),
        )]),
        ..Lists::default()
    }
}

fn optionals() -> Optionals {
    Optionals {
        text: Some(String::new()),
        number: Some(0),
        colour: Some(1),
        blob: Some("".into()),
        scalars: Some(full()),
        created_at: Some(Timestamp {
            seconds: 1_795_696_496,
            nanos: 123_456_789,
        }),
        time_to_live: Some(Duration {
            seconds: -1,
            nanos: -500_000_000,
        }),
        mask: Some(FieldMask {
            paths: vec!["a".into(), "b.c".into()],
        }),
        side: 1,
    }
}

#[test]
fn schemas_take_what_the_platform_writes() {
    let mut samples = vec![
        written("Scalars", Scalars::default()),
        written("Scalars", full()),
        written("Scalars-Input", full()),
        written("Lists", Lists::default()),
        written("Lists", lists()),
        written("Optionals", Optionals::default()),
        written("Optionals", optionals()),
        written(
            "Tree",
            Tree {
                left: Some(Box::default()),
                others: vec![Tree::default()],
                ..Tree::default()
            },
        ),
    ];
    for said in [
        oneofs::Said::SomeText(String::new()),
        oneofs::Said::Type(0),
        oneofs::Said::RawBytes("".into()),
        oneofs::Said::Colour(2),
        oneofs::Said::Scalars(full()),
        oneofs::Said::Again(Box::default()),
        oneofs::Said::Nothing(Default::default()),
    ] {
        let message = Oneofs {
            said: Some(said),
            other: Some(oneofs::Other::Yes(false)),
            ..Oneofs::default()
        };
        samples.extend([
            written("Oneofs", message.clone()),
            written("Oneofs-Input", message),
        ]);
    }
    validate(&described(&everything()), &samples);
}

#[test]
fn schemas_take_what_the_platform_reads() {
    validate(
        &described(&everything()),
        &[
            read::<Scalars>("Scalars-Input", json!({})),
            read::<Scalars>(
                "Scalars-Input",
                json!({"an_int64": -5, "a_uint64": 9007199254740993_u64, "inner": null}),
            ),
            read::<Scalars>(
                "Scalars-Input",
                json!({"colour": "COLOUR_CRIMSON", "unknown": [1]}),
            ),
            read::<Lists>("Lists", json!({"loose": [1, "2"], "blobs_by_id": {"9": null}})),
            read::<Oneofs>("Oneofs-Input", json!({"id": "1", "type": 7, "yes": true})),
        ],
    );
}

#[test]
fn schemas_refuse_what_no_message_is() {
    let wrong = [
        ("Scalars", json!([])),
        ("Scalars", json!({"an_int64": 5})),
        ("Scalars-Input", json!({"an_int64": "five"})),
        ("Scalars-Input", json!({"an_int64": 1.5})),
        ("Scalars-Input", json!({"a_uint64": -1})),
        ("Scalars-Input", json!({"a_uint64": "-1"})),
        ("Scalars", json!({"a_uint32": -1})),
        ("Scalars", json!({"a_bool": "yes"})),
        ("Scalars", json!({"a_string": 5})),
        ("Scalars", json!({"colour": "COLOUR_NONE"})),
        (
            "Scalars",
            json!({"inner": {"deep": {"deeper": {"a": {"colour": 1.5}}}}}),
        ),
        ("Lists", json!({"doubles": 0.5})),
        ("Lists", json!({"blobs_by_id": {"x": "eQ=="}})),
        ("Lists", json!({"colours_by_flag": {"maybe": "COLOUR_RED"}})),
        ("Optionals", json!({"created_at": "yesterday"})),
        ("Optionals", json!({"time_to_live": "1m"})),
        ("Optionals", json!({"scalars": {"a_double": "x"}})),
        ("Oneofs", json!({"some_text": "a", "type": "7"})),
        ("Oneofs-Input", json!({"type": 7, "nothing": {}, "yes": true})),
        ("Tree", json!({"left": {"left": {"others": [5]}}})),
        (
            "Error",
            json!({"id": "a", "code": "404", "detail": "", "status": ""}),
        ),
        ("Error", json!({"id": "a"})),
    ];
    let samples = wrong.map(|(schema, value)| sample(schema, value, false));
    validate(&described(&everything()), &samples);
}

#[test]
fn the_error_of_the_platform_is_an_error() {
    let text = micro_rpc::Error::not_found("user.Read", "no user with id 7").to_json();
    let error = serde_json::from_str(&text).unwrap();
    validate(&described(&everything()), &[sample("Error", error, true)]);
}

#[test]
fn names_of_any_kind_make_a_valid_document() {
    let names = contracts(&crate::golden(), "names.proto");
    let document = described(&names);
    validate(
        &document,
        &[
            sample("Json.Type", json!({"self": "TYPE"}), true),
            sample("Json.Type", json!({"self": "OTHER"}), false),
        ],
    );
    assert!(document["paths"]["/names/Send/Clone"]["post"].is_object());
}

#[test]
fn echo_is_described() {
    let document = described(&echo());
    let full = json!({
        "a_double": 1.5, "a_float": 0.25, "an_int32": -7, "an_int64": "9007199254740993", "a_uint32": 4000000000_u32,
        "a_uint64": "9007199254740993", "a_bool": true, "a_string": "Grüße \"quoted\" \n 世界", "some_bytes": "AAH/",
        "colour": "COLOUR_BLUE", "inner": {"name": "in", "id": "1", "deeper": {"name": "deep", "id": "0", "deeper": null}},
        "numbers": ["1", "-1"], "blobs": ["YQ==", null], "colours": ["COLOUR_RED"], "labels": {"": "empty"},
        "blobs_by_id": {"-1": "eA=="}, "colours_by_flag": {"true": "COLOUR_RED"}, "maybe_number": "0", "maybe_text": "",
        "message": {"name": "chosen", "id": "0", "deeper": null}, "at": "2026-11-26T12:34:56.123456789Z", "after": "1.5s",
        "mask": "a,b.c", "nothing": {}, "class": "c", "type": "t", "userId": "u",
    });
    let mut both = full.clone();
    both["text"] = json!("chosen too");
    validate(
        &document,
        &[
            sample("Everything", full.clone(), true),
            sample("Everything-Input", full, true),
            sample("Everything", both.clone(), false),
            sample("Everything-Input", both, false),
        ],
    );
    let tags = &document["tags"];
    assert_eq!(
        tags[0]["description"].as_str(),
        Some("Says what it was told, and misbehaves as asked: what clients are tried on.")
    );
    assert_eq!(tags[1]["description"], "A second service of the same domain.");
    assert_eq!(
        document["paths"]["/echo/Mirror/Turn"]["post"]["operationId"],
        "echo_Mirror_Turn"
    );
    let chat = &document["paths"]["/echo/Echo/Chat"]["post"];
    for body in [&chat["requestBody"], &chat["responses"]["200"]] {
        assert_eq!(body["content"]["application/x-ndjson"]["x-ndjson"], true);
    }
}

#[test]
fn what_services_say_of_themselves_is_their_contract() {
    let sets = [
        EVERYTHING_SERVICE.file_descriptor_set,
        SEND_SERVICE.file_descriptor_set,
    ];
    let found = from_descriptors(&sets).unwrap();
    let compiled = [everything(), contracts(&crate::golden(), "names.proto")].concat();
    assert_eq!(found, compiled);
}

#[test]
fn a_platform_is_one_valid_document() {
    let names = contracts(&crate::golden(), "names.proto");
    let all = [everything(), names, echo(), library()].concat();
    let document = described(&all);
    validate(&document, &[]);
    assert_eq!(document.to_string(), described(&all).to_string());
    assert!(document["paths"]["/v1/tags"]["put"].is_object());
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in [
        "echo.Colour",
        "go.micro.service.everything.Colour",
        "Place",
        "Scalars.Inner.Deep",
    ] {
        assert!(schemas.contains_key(name), "{name}: {:?}", schemas.keys());
    }
}
