//! What is said of how well events are kept.

use std::time::Duration;

use micro::events::Events as _;
use micro_nats::{Config, Connection, Credentials, Events};
use micro_outside::Nats;
use serde_json::json;

use crate::here::{HERE, draft, events, until};

fn strict(nats: &Nats) -> Config {
    Config {
        require_durable: true,
        ..Config::new(nats.url())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_may_lose_and_says_so() {
    let nats = Nats::start();
    let why = events(&nats).await.durability().unwrap_err();
    assert!(
        why.contains("one NATS server without replicas") && why.contains("2.9"),
        "{why}"
    );

    let connection = Connection::open(strict(&nats)).await.unwrap();
    let refused = Events::open(&connection).await.map(drop).unwrap_err();
    assert!(refused.code == 412 && refused.detail.contains(&why), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_required_is_looked_at_later_where_nats_is_away() {
    let mut nats = Nats::start();
    nats.process().kill();
    let connection = Connection::open(strict(&nats)).await.unwrap();
    let events = Events::open(&connection).await.unwrap();
    let refused = events.publish(HERE, draft("t", "x")).await.unwrap_err();
    assert!(
        refused.code == 503 && refused.detail.contains("not answered yet"),
        "{refused}"
    );
    nats.process().resume();
    until(Duration::from_secs(5), "it knows why", || async {
        let refused = events.publish(HERE, draft("t", "x")).await.unwrap_err();
        refused.code == 503 && refused.detail.contains("without replicas")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_in_memory_is_found() {
    let nats = Nats::start();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let stream = json!({
        "name": "micro-events-here_-memory", "subjects": ["micro.events.here.memory.>"], "storage": "memory",
        "retention": "limits", "num_replicas": 1, "max_consumers": -1, "max_msgs": -1, "max_bytes": -1,
    });
    let created = client
        .request(
            "$JS.API.STREAM.CREATE.micro-events-here_-memory",
            stream.to_string().into(),
        )
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&created.payload).contains("error"));
    let connection = Connection::open(Config {
        replicas: 3,
        ..strict(&nats)
    })
    .await
    .unwrap();
    let refused = Events::open(&connection).await.map(drop).unwrap_err();
    assert!(
        refused.detail.contains("micro-events-here_-memory is in memory"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_jetstream_is_named() {
    let nats = Nats::with_settings("accounts { A { users: [{ user: micro, password: hush }] } }\n");
    let connection = Connection::open(Config {
        credentials: Credentials::Password {
            user: "micro".to_owned(),
            password: "hush".to_owned(),
        },
        ..Config::new(nats.url())
    })
    .await
    .unwrap();
    let events = Events::open(&connection).await.unwrap();
    until(Duration::from_secs(5), "it says why", || async {
        let why = events.durability().unwrap_err();
        why.contains("JetStream")
    })
    .await;
    let refused = events.publish(HERE, draft("t", "x")).await.unwrap_err();
    assert!(
        refused.code == 503 && refused.detail.contains("JetStream"),
        "{refused}"
    );
}
