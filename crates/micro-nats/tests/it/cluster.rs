//! Three servers that keep each event three times.

use std::time::{Duration, Instant};

use micro::events::{Consume, Events as _, Start};
use micro_nats::{Config, Events};
use micro_outside::NatsCluster;

use crate::here::{HERE, draft, join, next, open, until, wanted};

const TOPIC: &str = "three";
/// The servers need some seconds to agree on who leads, which is theirs to decide.
const AGREEING: Duration = Duration::from_secs(20);

/// Publishes so many, whatever it takes.
async fn publish(events: &Events, many: u64) -> u64 {
    let start = Instant::now();
    let (mut done, mut last) = (0, 0);
    while done < many {
        match events.publish(HERE, draft(TOPIC, "x")).await {
            Ok(published) => (done, last) = (done + 1, published.position),
            Err(error) => assert!(error.code == 503 && start.elapsed() < AGREEING, "{error}"),
        }
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_may_be_lost() {
    let mut nats = NatsCluster::start();
    let events = open(Config {
        servers: nats.urls(),
        replicas: 3,
        require_durable: true,
        ..Config::default()
    })
    .await;
    until(AGREEING, "they keep events safely", || async {
        events.durability().is_ok()
    })
    .await;
    publish(&events, 50).await;
    let all = Consume {
        start: Start::Position(1),
        ..wanted(TOPIC, "g")
    };
    let mut consumer = join(&events, all).await;
    for victim in [0, 1] {
        nats.process(victim).kill();
        let start = Instant::now();
        let last = publish(&events, 50).await;
        println!(
            "without member {victim}: published again after {:?}",
            start.elapsed()
        );
        loop {
            let event = next(&mut consumer).await;
            consumer.ack(&event).await;
            if event.position == last {
                break;
            }
        }
        nats.process(victim).resume();
        // Two more are needed before the next one goes.
        until(AGREEING, "it has caught up", || async {
            caught_up(&nats.urls()[victim]).await
        })
        .await;
    }
    assert!(events.read(HERE, TOPIC, 1000, 0).await.unwrap().len() >= 150);
}

/// Whether all replicas of the stream are up to date, as one member sees it.
async fn caught_up(url: &str) -> bool {
    let Ok(client) = async_nats::connect(url).await else {
        return false;
    };
    let subject = format!("$JS.API.STREAM.INFO.micro-events-{HERE}_-{TOPIC}");
    let asked = client.request(subject, "".into());
    let Ok(Ok(answer)) = tokio::time::timeout(Duration::from_secs(1), asked).await else {
        return false;
    };
    let info: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
    let replicas = info["cluster"]["replicas"].as_array();
    replicas.is_some_and(|replicas| {
        replicas.len() == 2 && replicas.iter().all(|replica| replica["current"] == true)
    })
}
