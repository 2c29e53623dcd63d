//! Events.

use std::time::{Duration, Instant};

use micro::events::{Draft, Events as _, MAX_PAYLOAD, conformance};
use micro_nats::{Config, Connection, Events};
use micro_outside::Nats;

use crate::here::{HERE, draft, events, join, next, open, publish, until, wanted};

#[tokio::test(flavor = "multi_thread")]
async fn conform() {
    let nats = Nats::start();
    conformance::run(&events(&nats).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn move_as_is_promised() {
    let nats = Nats::start();
    conformance::moves(&events(&nats).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_one_on_the_same_server_goes_on() {
    let nats = Nats::start();
    let opened = std::sync::Mutex::new(vec![events(&nats).await, events(&nats).await]);
    conformance::goes_on(&|| opened.lock().unwrap().pop().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_may_have_any_letter() {
    let nats = Nats::start();
    let events = events(&nats).await;
    let long = "😀".repeat(63);
    for name in ["a.b", "*", ">", "größe/ä\\..", "_", &"t".repeat(255), &long] {
        let mut consumer = events.consume(name, wanted(name, name)).await.unwrap();
        let published = events.publish(name, draft(name, name).id(name)).await.unwrap();
        let again = events.publish(name, draft(name, "other").id(name)).await.unwrap();
        assert_eq!((published.position, &published), (1, &again), "{name}");
        let event = next(&mut consumer).await;
        assert_eq!((event.topic.as_str(), event.id.as_str()), (name, name));
        consumer.nack(&event).await;
        let event = next(&mut consumer).await;
        assert_eq!((event.payload.as_ref(), event.attempt), (name.as_bytes(), 2));
        consumer.ack(&event).await;
        let topics = events.topics(name).await.unwrap();
        assert_eq!((topics.len(), topics[0].name.as_str()), (1, name));
        assert_eq!(events.groups(name, name).await.unwrap()[0].name, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_kept_once_whoever_publishes_it() {
    let mut nats = Nats::start();
    let (one, two) = (events(&nats).await, events(&nats).await);
    let publishing = (0..40).map(|number| {
        let events = if number % 2 == 0 { &one } else { &two };
        events.publish(HERE, draft("once", "x").id("order-7"))
    });
    for published in futures_util::future::join_all(publishing).await {
        assert_eq!(published.unwrap().position, 1);
    }
    nats.process().kill();
    nats.process().resume();
    until(Duration::from_secs(5), "NATS is back", || async {
        let again = one.publish(HERE, draft("once", "x").id("order-7")).await;
        again.is_ok_and(|published| published.position == 1)
    })
    .await;
    assert_eq!(one.read(HERE, "once", 100, 0).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_when_their_time_is_over() {
    let nats = Nats::start();
    let events = open(Config {
        retention: Duration::from_secs(1),
        ..Config::new(nats.url())
    })
    .await;
    let first = events
        .publish(HERE, draft("short", "x").id("again"))
        .await
        .unwrap();
    assert_eq!(events.read(HERE, "short", 10, 0).await.unwrap().len(), 1);
    until(Duration::from_secs(10), "the event has gone", || async {
        events.read(HERE, "short", 10, 0).await.unwrap().is_empty()
    })
    .await;
    let second = events
        .publish(HERE, draft("short", "x").id("again"))
        .await
        .unwrap();
    assert!(second.position > first.position, "positions do not come twice");

    // What is configured later is made of what is there.
    let longer = open(Config::new(nats.url())).await;
    publish(&longer, "short", "y").await;
    // What is younger, where the time is still short, is gone first.
    publish(&events, "beside", "z").await;
    until(Duration::from_secs(10), "the other event has gone", || async {
        events.read(HERE, "beside", 10, 0).await.unwrap().is_empty()
    })
    .await;
    assert_eq!(longer.read(HERE, "short", 10, 0).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_skip_what_they_are_told_to() {
    let nats = Nats::start();
    let events = events(&nats).await;
    for number in 0..50 {
        publish(&events, "pages", &number.to_string()).await;
    }
    for (limit, offset, expected) in [(7, 20, 20..27), (100, 33, 33..50), (5, 50, 0..0), (0, 3, 0..0)] {
        let read = events.read(HERE, "pages", limit, offset).await.unwrap();
        let numbers: Vec<_> = read.iter().map(|event| event.position - 1).collect();
        assert_eq!(numbers, expected.collect::<Vec<u64>>(), "{limit} {offset}");
    }
    assert!(events.read(HERE, "nowhere", 10, 0).await.unwrap().is_empty());
    assert!(events.topics("nowhere").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_payloads_need_a_setting_that_the_error_names() {
    let large = |length| Draft {
        payload: vec![7; length].into(),
        ..draft("large", "")
    };
    let nats = Nats::start();
    let roomy = events(&nats).await;
    let mut consumer = join(&roomy, wanted("large", "g")).await;
    roomy.publish(HERE, large(MAX_PAYLOAD)).await.unwrap();
    let event = next(&mut consumer).await;
    assert_eq!(event.payload.len(), MAX_PAYLOAD);
    consumer.ack(&event).await;
    assert_eq!(
        roomy.read(HERE, "large", 1, 0).await.unwrap()[0].payload.len(),
        MAX_PAYLOAD
    );
    let refused = roomy.publish(HERE, large(MAX_PAYLOAD + 1)).await.unwrap_err();
    assert_eq!(refused.code, 413);

    let narrow = Nats::with_settings("");
    let events = events(&narrow).await;
    events.publish(HERE, large(900 << 10)).await.unwrap();
    let refused = events.publish(HERE, large(2 << 20)).await.unwrap_err();
    assert!(
        refused.code == 413 && refused.detail.contains("set max_payload to 16MB"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_without_a_server_and_begins_when_it_comes() {
    let mut nats = Nats::start();
    nats.process().kill();
    let start = Instant::now();
    let connection = Connection::open(Config::new(nats.url())).await.unwrap();
    let events = Events::open(&connection).await.unwrap();
    for _ in 0..2 {
        let refused = events.publish(HERE, draft("late", "x")).await.unwrap_err();
        assert!(
            refused.code == 503 && refused.detail.contains("no connection can be made"),
            "{refused}"
        );
        let refused = events.consume(HERE, wanted("late", "g")).await.map(drop);
        assert_eq!(refused.map_err(|error| error.code), Err(503));
        assert_eq!(events.topics(HERE).await.map_err(|error| error.code), Err(503));
    }
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert!(events.durability().unwrap_err().contains("not answered yet"));
    nats.process().resume();
    until(Duration::from_secs(5), "it works", || async {
        events.publish(HERE, draft("late", "x")).await.is_ok()
    })
    .await;
    assert_eq!(events.backend().away(), None);
}
