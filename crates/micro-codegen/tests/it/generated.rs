//! The golden code compiles, and does what the contract says.

use std::collections::BTreeMap;
use std::sync::Arc;

use micro_rpc::fake::Script;
use micro_rpc::prost::Message as _;
use micro_rpc::serde_json::{self, json};
use micro_rpc::{Context, Error, Handler as _};

use golden::everything::fakes::FakeEverything;
use golden::everything::{
    Colour, EVERYTHING_SERVICE, Everything, EverythingServer, Lists, Oneofs, Optionals, Scalars, Tree, oneofs,
};
use golden::shared::place::Place;

// What no test asks for is still generated.
#[allow(unused_imports, dead_code)]
#[path = "golden"]
pub mod golden {
    pub mod everything;
    pub mod names;
    pub mod shared {
        pub mod place;
    }
}

fn scalars() -> Scalars {
    Scalars {
        a_double: 0.5,
        an_int64: i64::MIN,
        a_uint64: u64::MAX,
        a_sfixed32: -1,
        a_string: "<&>".into(),
        some_bytes: b"raw".as_slice().into(),
        colour: Colour::Red.into(),
        user_id: "me".into(),
        ..Scalars::default()
    }
}

/// A message survives both encodings.
fn check<M>(message: M)
where
    M: micro_rpc::Message + PartialEq + std::fmt::Debug,
{
    assert_eq!(M::decode(message.encode_to_vec().as_slice()).unwrap(), message);
    let json = serde_json::to_string(&message).unwrap();
    assert_eq!(serde_json::from_str::<M>(&json).unwrap(), message, "{json}");
}

#[test]
fn messages_survive_both_encodings() {
    check(Scalars::default());
    check(scalars());
    check(Lists {
        doubles: vec![0.5, f64::INFINITY],
        loose: vec![1, -1],
        blobs: vec!["x".into()],
        colours: vec![Colour::Red.into(), 99],
        blobs_by_id: BTreeMap::from([(-7, "y".into())]),
        colours_by_flag: BTreeMap::from([(true, 1)]),
        scalars_by_number: BTreeMap::from([(3, scalars())]),
        places_by_name_and_by_the_time_at_which_they_were_last_seen: BTreeMap::from([(
            "home".into(),
            Place {
                latitude: 52.5,
                longitude: 13.4,
            },
        )]),
        ..Lists::default()
    });
    check(Optionals::default());
    check(Optionals {
        text: Some(String::new()),
        number: Some(0),
        colour: Some(1),
        ..Optionals::default()
    });
    check(Tree {
        left: Some(Box::default()),
        others: vec![Tree::default()],
        ..Tree::default()
    });
    for said in [
        oneofs::Said::SomeText("hi".into()),
        oneofs::Said::Type(7),
        oneofs::Said::RawBytes("x".into()),
        oneofs::Said::Colour(2),
        oneofs::Said::Scalars(scalars()),
        oneofs::Said::Again(Box::default()),
        oneofs::Said::Nothing(Default::default()),
    ] {
        check(Oneofs {
            id: "1".into(),
            said: Some(said),
            other: Some(oneofs::Other::Yes(true)),
        });
    }
}

#[test]
fn json_has_the_names_of_the_contract() {
    let json = serde_json::to_value(scalars()).unwrap();
    for (key, value) in [
        ("a_double", json!(0.5)),
        ("an_int64", json!("-9223372036854775808")),
        ("an_int32", json!(0)),
        ("some_bytes", json!("cmF3")),
        ("colour", json!("COLOUR_RED")),
        ("type", json!("")),
        ("self", json!("")),
        ("userId", json!("me")),
        ("renamed", json!("")),
        ("inner", json!(null)),
    ] {
        assert_eq!(json[key], value, "{key}");
    }
    let empty = serde_json::to_value(Optionals::default()).unwrap();
    assert!(
        empty.get("text").is_none() && empty["created_at"].is_null(),
        "{empty}"
    );
    let oneof = Oneofs {
        said: Some(oneofs::Said::Type(7)),
        ..Oneofs::default()
    };
    assert_eq!(
        serde_json::to_value(oneof).unwrap(),
        json!({"id": "", "type": "7"})
    );
}

#[test]
fn json_is_read_by_either_name() {
    let read: Scalars = serde_json::from_value(json!({
        "anInt64": 5, "a_uint64": "6", "otherName": "r", "colour": "COLOUR_CRIMSON", "unknown": [1],
    }))
    .unwrap();
    let expected = Scalars {
        an_int64: 5,
        a_uint64: 6,
        renamed: "r".into(),
        colour: 1,
        ..Scalars::default()
    };
    assert_eq!(read, expected);
    let said: Oneofs = serde_json::from_value(json!({"someText": "hi"})).unwrap();
    assert_eq!(said.said, Some(oneofs::Said::SomeText("hi".into())));
    assert_eq!(
        serde_json::from_value::<Oneofs>(json!({})).unwrap(),
        Oneofs::default()
    );
}

#[test]
fn a_service_describes_itself() {
    let server = EverythingServer::new(FakeEverything::new());
    assert!(std::ptr::eq(server.descriptor(), &EVERYTHING_SERVICE));
    assert_eq!(
        (EVERYTHING_SERVICE.package, EVERYTHING_SERVICE.name),
        ("go.micro.service.everything", "Everything")
    );
    let streams = EVERYTHING_SERVICE
        .methods
        .iter()
        .map(|it| (it.client_streaming, it.server_streaming));
    assert_eq!(
        streams.collect::<Vec<_>>(),
        [(false, false), (false, true), (true, false), (true, true)]
    );

    let set = prost_types::FileDescriptorSet::decode(EVERYTHING_SERVICE.file_descriptor_set).unwrap();
    let names: Vec<_> = set.file.iter().map(|file| file.name()).collect();
    assert_eq!(names.last(), Some(&"everything.proto"));
    assert!(names.contains(&"google/protobuf/timestamp.proto") && names.contains(&"shared/place.proto"));
    assert!(
        set.file
            .iter()
            .all(|file| file.source_code_info.is_some() || file.name().starts_with("google/"))
    );
}

#[tokio::test]
async fn a_fake_stands_in_for_the_service() {
    let fake = Arc::new(FakeEverything::new());
    let service: Arc<dyn Everything> = fake.clone();
    let ctx = Context::background();

    fake.call_returns(Ok(scalars()));
    fake.call_returns_on_call(1, Err(Error::not_found("everything.Call", "no such thing")));
    assert_eq!(service.call(&ctx, Scalars::default()).await.unwrap(), scalars());
    assert_eq!(service.call(&ctx, scalars()).await.unwrap_err().code, 404);
    assert_eq!(
        (fake.call_call_count(), fake.call_args_for_call(1).1),
        (2, scalars())
    );

    fake.list_returns(Ok(
        Script::of([scalars()]).fails(Error::internal("everything.List", "cut off"))
    ));
    let mut list = service.list(&ctx, Lists::default()).await.unwrap();
    assert_eq!(list.next().await.unwrap().unwrap(), scalars());
    assert_eq!(list.next().await.unwrap().unwrap_err().code, 500);

    service
        .upload(&ctx, [scalars()].into_iter().collect())
        .await
        .unwrap();
    assert_eq!(fake.upload_args_for_call(0).1, [scalars()]);

    fake.chat_stub(|_, requests| Ok(requests));
    let said = Oneofs {
        id: "1".into(),
        ..Oneofs::default()
    };
    let echo = service
        .chat(&ctx, [said.clone()].into_iter().collect())
        .await
        .unwrap();
    assert_eq!(echo.collect().await.unwrap(), [said]);

    let order: Vec<_> = fake.invocations().iter().map(|call| call.endpoint).collect();
    assert_eq!(
        order,
        [
            "Everything.Call",
            "Everything.Call",
            "Everything.List",
            "Everything.Upload",
            "Everything.Chat"
        ]
    );
}

#[test]
fn names_of_rust_are_spelt_around() {
    use golden::names::{Option, SEND_SERVICE, String, json_};
    let option = Option {
        value: Some("x".into()),
        string: Some(String {
            values: vec!["y".into()],
        }),
        ..Option::default()
    };
    check(option);
    assert_eq!(
        serde_json::to_value(golden::names::Context::default()).unwrap(),
        json!({"self": "SELF"})
    );
    assert_eq!(json_::r#type::Self_::Type as i32, 1);
    assert_eq!(SEND_SERVICE.methods.len(), 4);
}
