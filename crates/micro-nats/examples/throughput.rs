//! Durable publishes through the driver and through the client library alone, on one server in one run:
//! `cargo run --release -p micro-nats --example throughput`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use bytes::Bytes;
use micro::broker::{Broker as _, Message};
use micro::events::{Consume, Draft, Events as _, Start};
use micro_nats::{Broker, Config, Connection, Events};
use micro_outside::Nats;

const IN_FLIGHT: usize = 64;
const EACH: usize = 400;
const ROUNDS: usize = 5;
const PAYLOAD: &[u8] = &[b'x'; 128];

#[tokio::main]
async fn main() {
    let nats = Nats::start();
    let connection = Connection::open(Config::new(nats.url())).await.unwrap();
    let events = Events::open(&connection).await.unwrap();
    let raw = raw(&nats).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (library, driver) = (raw.clone(), events.clone());
        theirs.push(
            rate(move || {
                let raw = library.clone();
                async move {
                    let acknowledged = raw.publish("raw.new", Bytes::from_static(PAYLOAD)).await;
                    acknowledged.unwrap().await.unwrap();
                }
            })
            .await,
        );
        ours.push(
            rate(move || {
                let events = driver.clone();
                async move { drop(events.publish("bench", draft("")).await.unwrap()) }
            })
            .await,
        );
        println!(
            "round {round}: library {:.0}/s, driver {:.0}/s",
            theirs[round], ours[round]
        );
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "median: library {theirs:.0}/s, driver {ours:.0}/s, {:.2} of it",
        ours / theirs
    );

    let number = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let driver = events.clone();
    let with_ids = rate(move || {
        let (events, number) = (driver.clone(), number.clone());
        let id = number
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            .to_string();
        async move { drop(events.publish("bench", draft(&id)).await.unwrap()) }
    })
    .await;
    println!("with ids: {with_ids:.0}/s");
    println!("consumed and acknowledged: {:.0}/s", consumed(&events).await);
    let broker = Broker::new(&connection);
    let messages = rate(move || {
        let broker = broker.clone();
        let message = Message {
            body: Bytes::from_static(PAYLOAD),
            ..Message::default()
        };
        async move { broker.publish("bench", message).await.unwrap() }
    })
    .await;
    println!("broker: {messages:.0}/s");
}

async fn raw(nats: &Nats) -> jetstream::Context {
    let client = async_nats::connect(nats.url()).await.unwrap();
    let context = jetstream::new(client);
    let stream = jetstream::stream::Config {
        name: "raw".to_owned(),
        subjects: vec!["raw.>".to_owned()],
        max_age: Duration::from_secs(24 * 3600),
        ..jetstream::stream::Config::default()
    };
    context.create_stream(stream).await.unwrap();
    context
}

fn draft(id: &str) -> Draft {
    Draft {
        topic: "bench".to_owned(),
        id: id.to_owned(),
        payload: Bytes::from_static(PAYLOAD),
        ..Draft::default()
    }
}

/// Calls per second with so many in flight.
async fn rate<F: Future<Output = ()> + Send + 'static>(
    call: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> f64 {
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let call = call.clone();
        tasks.spawn(async move {
            for _ in 0..EACH {
                call().await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    (IN_FLIGHT * EACH) as f64 / start.elapsed().as_secs_f64()
}

async fn consumed(events: &Events) -> f64 {
    const MANY: usize = 20_000;
    let wanted = Consume {
        topic: "bench".to_owned(),
        group: "g".to_owned(),
        start: Start::Position(1),
        ack_wait: Some(Duration::from_secs(60)),
        retry_limit: None,
    };
    let start = Instant::now();
    let mut consumer = events.consume("bench", wanted).await.unwrap();
    for _ in 0..MANY {
        let event = consumer.next().await.unwrap().unwrap();
        consumer.ack(&event).await;
    }
    MANY as f64 / start.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
