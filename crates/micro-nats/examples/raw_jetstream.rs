//! JetStream without the driver, for `cargo xtask bench backends`: `raw_jetstream URL` takes lines `publish MILLISECONDS`, and
//! answers each with how many acknowledged publishes a second the client library made for so long.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::time::{Duration, Instant};

use async_nats::jetstream;
use bytes::Bytes;

const IN_FLIGHT: usize = 64;
const PAYLOAD: &[u8] = &[b'x'; 128];
/// Not counted.
const WARM_UP: Duration = Duration::from_millis(300);

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).expect("an address");
    let context = jetstream::new(async_nats::connect(url).await.unwrap());
    let stream = jetstream::stream::Config {
        name: "raw".to_owned(),
        subjects: vec!["raw.>".to_owned()],
        max_age: Duration::from_secs(24 * 3600),
        ..jetstream::stream::Config::default()
    };
    context.create_stream(stream).await.unwrap();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let milliseconds = line.strip_prefix("publish ").unwrap().parse().unwrap();
        println!("{}", rate(&context, Duration::from_millis(milliseconds)).await);
    }
}

/// Acknowledged publishes a second with so many in flight.
async fn rate(context: &jetstream::Context, duration: Duration) -> f64 {
    let begin = Instant::now() + WARM_UP;
    let end = begin + duration;
    let callers = (0..IN_FLIGHT).map(|_| {
        let context = context.clone();
        tokio::spawn(async move {
            let mut answered = 0u64;
            loop {
                let sent = context.publish("raw.new", Bytes::from_static(PAYLOAD)).await;
                sent.unwrap().await.unwrap();
                let now = Instant::now();
                if now >= end {
                    return answered;
                }
                answered += u64::from(now >= begin);
            }
        })
    });
    let mut answered = 0;
    for caller in callers.collect::<Vec<_>>() {
        answered += caller.await.unwrap();
    }
    answered as f64 / duration.as_secs_f64()
}
