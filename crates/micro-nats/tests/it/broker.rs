//! The broker.

use std::time::{Duration, Instant};

use micro::broker::{Broker as _, Message, conformance};
use micro_nats::{Broker, Config, Connection};
use micro_outside::Nats;

async fn broker(nats: &Nats) -> Broker {
    Broker::new(&Connection::open(Config::new(nats.url())).await.unwrap())
}

fn message(text: &str) -> Message {
    Message {
        body: text.to_owned().into(),
        ..Message::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let nats = Nats::start();
    conformance::run(&broker(&nats).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_may_have_any_letter() {
    let nats = Nats::start();
    let broker = broker(&nats).await;
    let topics = [
        "a.b",
        "*",
        ">",
        "a.*",
        "größe/ä\\",
        "_",
        "$SYS",
        &"t".repeat(255),
        &"😀".repeat(63),
    ];
    let mut all = Vec::new();
    for topic in topics {
        all.push(broker.subscribe(topic, topic).await.unwrap());
    }
    for topic in topics {
        broker.publish(topic, message(topic)).await.unwrap();
    }
    for (messages, topic) in all.iter_mut().zip(topics) {
        assert_eq!(messages.next().await.unwrap().unwrap().body, topic.as_bytes());
    }
    for messages in &mut all {
        let more = tokio::time::timeout(Duration::from_millis(20), messages.next()).await;
        assert!(more.is_err(), "a topic has the messages of another");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_a_queue() {
    let nats = Nats::start();
    let (one, two) = (broker(&nats).await, broker(&nats).await);
    let mut members = [
        one.subscribe("shared", "q").await.unwrap(),
        two.subscribe("shared", "q").await.unwrap(),
    ];
    for number in 0..40 {
        one.publish("shared", message(&number.to_string())).await.unwrap();
    }
    let [first, second] = &mut members;
    let mut shares = [0, 0];
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 40 {
        let (member, received) = tokio::select! {
            received = first.next() => (0, received),
            received = second.next() => (1, received),
        };
        shares[member] += 1;
        assert!(seen.insert(received.unwrap().unwrap().body), "once only");
    }
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_survives_what_befalls_the_server() {
    let mut nats = Nats::start();
    let broker = broker(&nats).await;
    let mut messages = broker.subscribe("news", "").await.unwrap();

    nats.process().kill();
    refused_soon(&broker).await;
    assert!(broker.backend().away().is_some());
    nats.process().resume();
    goes_on(&broker, &mut messages, "after a crash").await;

    nats.process().freeze();
    refused_soon(&broker).await;
    refused_soon(&broker).await;
    nats.process().thaw();
    goes_on(&broker, &mut messages, "after a freeze").await;
}

/// Each call is answered soon, and in the end refused: a process is not frozen at once.
async fn refused_soon(broker: &Broker) {
    loop {
        let start = Instant::now();
        let published = broker.publish("news", message("lost")).await;
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        if let Err(error) = published {
            return assert_eq!(error.code, 503);
        }
    }
}

async fn goes_on(broker: &Broker, messages: &mut micro::Streaming<Message>, text: &str) {
    let start = Instant::now();
    let received = async {
        loop {
            let _ = broker.publish("news", message(text)).await;
            let next = tokio::time::timeout(Duration::from_millis(50), messages.next()).await;
            if let Ok(Some(Ok(received))) = next
                && received.body == text.as_bytes()
            {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), received)
        .await
        .unwrap_or_else(|_| panic!("{text}: still nothing after {:?}", start.elapsed()));
}
