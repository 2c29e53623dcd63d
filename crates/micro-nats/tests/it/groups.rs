//! Groups of consumers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use micro::events::{Consume, Events as _};
use micro_outside::Nats;
use serde_json::Value;

use crate::here::{HERE, done, draft, events, join, next, nothing_more, publish, until, wanted};

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_a_group() {
    let nats = Nats::start();
    let servers = [events(&nats).await, events(&nats).await];
    let mut members = [
        join(&servers[0], wanted("shared", "workers")).await,
        join(&servers[1], wanted("shared", "workers")).await,
    ];
    for number in 0..200 {
        publish(&servers[0], "shared", &number.to_string()).await;
    }
    let [one, two] = &mut members;
    let (mut seen, mut shares) = (BTreeSet::new(), [0, 0]);
    while seen.len() < 200 {
        let (member, event) = tokio::select! {
            event = next(one) => (0, event),
            event = next(two) => (1, event),
        };
        [&*one, &*two][member].ack(&event).await;
        shares[member] += 1;
        assert!(seen.insert(event.position), "each event reaches one member");
    }
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    done(&servers[1], "shared", "workers").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_counted_over_servers() {
    let nats = Nats::start();
    let servers = [events(&nats).await, events(&nats).await];
    let limited = || Consume {
        retry_limit: Some(2),
        ..wanted("counted", "g")
    };
    let position = {
        let consumer = join(&servers[0], limited()).await;
        consumer.finish().await;
        publish(&servers[0], "counted", "x").await
    };
    for attempt in 1..=3 {
        let events = &servers[attempt as usize % 2];
        let mut consumer = join(events, limited()).await;
        let event = next(&mut consumer).await;
        assert_eq!((event.position, event.attempt), (position, attempt));
        consumer.nack(&event).await;
        consumer.finish().await;
    }
    let letters = || async { servers[0].dead_letters(HERE, "counted", "g", 10).await.unwrap() };
    until(Duration::from_secs(5), "it is given up", || async {
        letters().await.len() == 1
    })
    .await;
    assert_eq!(letters().await[0].event.clone().unwrap().position, position);
    done(&servers[0], "counted", "g").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_goes_to_its_group_alone() {
    let nats = Nats::start();
    let events = events(&nats).await;
    let hopeless = Consume {
        retry_limit: Some(0),
        ..wanted("dead", "g")
    };
    let mut consumer = join(&events, hopeless.clone()).await;
    let mut other = join(&events, wanted("dead", "other")).await;
    let mut own = join(&events, wanted("dead", "")).await;
    let positions = [
        publish(&events, "dead", "one").await,
        publish(&events, "dead", "two").await,
    ];
    for watching in [&mut other, &mut own] {
        for position in positions {
            let event = next(watching).await;
            assert_eq!(event.position, position);
            watching.ack(&event).await;
        }
    }
    for _ in positions {
        let event = next(&mut consumer).await;
        consumer.nack(&event).await;
    }
    until(Duration::from_secs(5), "both are given up", || async {
        events
            .groups(HERE, "dead")
            .await
            .unwrap()
            .iter()
            .any(|group| group.name == "g" && group.dead == 2)
    })
    .await;
    // Nobody is there when it is handed out again.
    consumer.finish().await;
    events.redrive(HERE, "dead", "g", positions[0]).await.unwrap();
    events.discard(HERE, "dead", "g", positions[1]).await.unwrap();
    let mut consumer = join(&events, hopeless).await;
    let event = next(&mut consumer).await;
    assert_eq!(
        (event.position, event.attempt, event.payload.as_ref()),
        (positions[0], 1, &b"one"[..])
    );
    // It may die once more.
    consumer.nack(&event).await;
    until(Duration::from_secs(5), "it is given up again", || async {
        events.dead_letters(HERE, "dead", "", 10).await.unwrap().len() == 1
    })
    .await;
    for watching in [&mut consumer, &mut other, &mut own] {
        nothing_more(watching).await;
    }
    assert_eq!(
        events.read(HERE, "dead", 10, 0).await.unwrap().len(),
        2,
        "what was handed out again is no new event"
    );
    done(&events, "dead", "other").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_had_that_died_goes_to_others() {
    let nats = Nats::start();
    let here = events(&nats).await;
    let url = nats.url();
    // A server of its own, of which nothing is left when its runtime is.
    let (dying, had) = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let had = runtime.block_on(async {
            let events = crate::here::open(micro_nats::Config::new(url)).await;
            let mut consumer = join(&events, wanted("orphans", "g")).await;
            publish(&events, "orphans", "x").await;
            let event = next(&mut consumer).await;
            // Whoever is dropped says something, which the dead do not.
            Box::leak(Box::new((events, consumer)));
            event
        });
        (runtime, had)
    })
    .await
    .unwrap();
    dying.shutdown_background();
    let start = Instant::now();
    let mut consumer = join(&here, wanted("orphans", "g")).await;
    let event = next(&mut consumer).await;
    assert_eq!(
        (event.position, event.attempt),
        (had.position, 1),
        "nobody knows whether it was tried"
    );
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    consumer.ack(&event).await;
    done(&here, "orphans", "g").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stays_with_who_takes_long() {
    let nats = Nats::start();
    let servers = [events(&nats).await, events(&nats).await];
    let mut slow = join(&servers[0], wanted("long", "g")).await;
    publish(&servers[0], "long", "x").await;
    let event = next(&mut slow).await;
    let mut other = join(&servers[1], wanted("long", "g")).await;
    // Longer than JetStream waits for a word.
    let early = tokio::time::timeout(Duration::from_secs(7), other.next()).await;
    assert!(early.is_err(), "{early:?}");
    slow.ack(&event).await;
    done(&servers[0], "long", "g").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_ones_own_leaves_nothing() {
    let nats = Nats::start();
    let events = events(&nats).await;
    let client = async_nats::connect(nats.url()).await.unwrap();
    let consumers = || async {
        let answer = client
            .request("$JS.API.CONSUMER.NAMES.micro-events-here_-own", "".into())
            .await
            .unwrap();
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        answer["total"].as_u64().unwrap()
    };
    let mut consumer = join(&events, wanted("own", "")).await;
    events.publish(HERE, draft("own", "x")).await.unwrap();
    next(&mut consumer).await;
    assert_eq!(consumers().await, 1);
    assert!(events.groups(HERE, "own").await.unwrap().is_empty());
    drop(consumer);
    until(Duration::from_secs(5), "its consumer is gone", || async {
        consumers().await == 0
    })
    .await;
}
