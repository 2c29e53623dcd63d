//! What befalls the server while events are published and consumed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use micro::events::{Consume, Events as _, Start};
use micro_nats::Events;
use micro_outside::Nats;

use crate::here::{HERE, done, draft, events, join, until, wanted};

const TOPIC: &str = "load";
/// What a call may take while NATS is away.
const SOON: Duration = Duration::from_secs(2);
/// What it may take until everything works again.
const RECOVERY: Duration = Duration::from_secs(5);

/// What was acknowledged to publishers, and by consumers.
#[derive(Default)]
struct Books {
    is_over: AtomicBool,
    published: Mutex<BTreeSet<String>>,
    consumed: Mutex<BTreeSet<String>>,
    refused: AtomicUsize,
    again: AtomicUsize,
}

impl Books {
    fn counts(&self) -> (usize, usize) {
        (
            self.published.lock().unwrap().len(),
            self.consumed.lock().unwrap().len(),
        )
    }

    fn missing(&self) -> usize {
        let consumed = self.consumed.lock().unwrap();
        self.published.lock().unwrap().difference(&consumed).count()
    }

    async fn publish(&self, events: &Events, publisher: usize) {
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let payload = format!("{publisher}-{number}");
            let start = Instant::now();
            let published = events.publish(HERE, draft(TOPIC, &payload)).await;
            assert!(start.elapsed() < SOON, "a publish hung for {:?}", start.elapsed());
            match published {
                Ok(_) => drop(self.published.lock().unwrap().insert(payload)),
                Err(error) => {
                    assert_eq!(error.code, 503, "{error}");
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    let backend = events.backend();
                    tokio::time::timeout(Duration::from_secs(20), backend.until_reached())
                        .await
                        .unwrap();
                }
            }
        }
    }

    async fn consume(&self, events: &Events) {
        let all = Consume {
            start: Start::Position(1),
            ..wanted(TOPIC, "g")
        };
        let mut consumer = join(events, all).await;
        while let Some(event) = consumer.next().await {
            let event = event.unwrap();
            consumer.ack(&event).await;
            let payload = String::from_utf8(event.payload.to_vec()).unwrap();
            if !self.consumed.lock().unwrap().insert(payload) {
                self.again.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Waits until events are published and consumed that were not.
    async fn works(&self, what: &str) {
        let (published, consumed) = self.counts();
        let start = Instant::now();
        until(RECOVERY, what, || async {
            let now = self.counts();
            now.0 > published + 20 && now.1 > consumed + 20
        })
        .await;
        println!("{what}: after {:?}", start.elapsed());
    }
}

async fn noticed(server: &Events) {
    until(Duration::from_secs(3), "it is noticed", || async {
        server.backend().away().is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    let mut nats = Nats::start();
    let books = Arc::new(Books::default());
    let mut tasks = tokio::task::JoinSet::new();
    let servers = [events(&nats).await, events(&nats).await];
    for server in &servers {
        let (one, books) = (server.clone(), books.clone());
        tasks.spawn(async move { books.consume(&one).await });
    }
    let mut publishers = tokio::task::JoinSet::new();
    for publisher in 0..4 {
        let (one, books) = (servers[publisher % 2].clone(), books.clone());
        publishers.spawn(async move { books.publish(&one, publisher).await });
    }
    books.works("at first").await;
    for round in 0..2 {
        nats.process().kill();
        noticed(&servers[0]).await;
        nats.process().resume();
        books.works(&format!("after crash {round}")).await;
    }
    nats.process().freeze();
    noticed(&servers[0]).await;
    nats.process().thaw();
    books.works("after a freeze").await;
    assert!(books.refused.load(Ordering::Relaxed) > 0);
    books.is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = publishers.join_next().await {
        ended.unwrap();
    }
    until(
        Duration::from_secs(20),
        "all that was acknowledged is consumed",
        || async { books.missing() == 0 },
    )
    .await;
    done(&servers[0], TOPIC, "g").await;
    let (published, consumed) = books.counts();
    let (refused, again) = (&books.refused, &books.again);
    println!("{published} acknowledged, {refused:?} refused, {consumed} consumed, {again:?} of them again");
}
