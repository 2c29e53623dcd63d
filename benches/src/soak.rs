//! Ten minutes at a fixed rate: memory has to stay flat. Not part of a plain run, since it takes its time: `cargo xtask bench soak`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use micro::broker::{self, Broker, Message};
use micro::config::{self, Config, Secrets};
use micro::events::{self, Consume, Draft, Events};
use micro::store::{self, Record, Scope, Store};
use micro_tests::{Server, process};
use tokio::time::{MissedTickBehavior, interval};

use crate::Plan;
use crate::blocks::client;
use crate::report::Figure;

/// Rounds per second; each round is a write, a read, a publish, a consumed event, a message, and every tenth a setting.
const RATE: u32 = 100;
/// Memory is compared between the end of this, when caches are full, and the end.
const WARM_UP: f64 = 0.3;
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_secs(60);
const SAMPLE: Duration = Duration::from_secs(5);
const KEYS: u64 = 1_000;

/// Resident memory of the server at the end, beside what it was when it had warmed up. `--quick` takes a minute.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let length = if plan.is_quick() { SHORT } else { LONG };
    let server = Server::start().await;
    let client = client(&server).await?;
    let begin = Instant::now();
    let load = tokio::spawn(load(client, begin + length));
    let (mut warm, mut samples) = (None, Vec::new());
    while begin.elapsed() < length {
        tokio::time::sleep(SAMPLE).await;
        let bytes = process::resident(server.pid()).context("the server is there")? as f64 / 1e6;
        let at = begin.elapsed().as_secs_f64() / length.as_secs_f64();
        println!("  {:>4.0} s  {bytes:.1} MB", begin.elapsed().as_secs_f64());
        if at >= WARM_UP {
            warm = warm.or(Some(bytes));
            samples.push(bytes);
        }
    }
    let rounds = load.await??;
    let last = &samples[samples.len().saturating_sub(5)..];
    let end = last.iter().sum::<f64>() / last.len() as f64;
    Ok(vec![
        Figure::compared("soak_memory", end, warm.context("it was long enough")?, "MB"),
        Figure::alone("soak_rate", rounds as f64 / length.as_secs_f64(), "rounds/s"),
    ])
}

/// How many rounds there were.
async fn load(client: micro::Client, end: Instant) -> Result<u64> {
    let store = Arc::new(store::Remote::new(&client));
    let events = events::Remote::new(&client);
    let broker = broker::Remote::new(&client);
    let config = config::Remote::new(&client);
    let wanted = Consume {
        topic: "soak".to_owned(),
        group: "soak".to_owned(),
        ack_wait: Some(Duration::from_secs(30)),
        ..Consume::default()
    };
    let mut consumer = events.consume("micro", wanted).await?;
    let mut messages = broker.subscribe("soak", "").await?;
    let scope = Scope::new("micro", "soak");
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut rounds = 0u64;
    while Instant::now() < end {
        ticks.tick().await;
        let key = (rounds % KEYS).to_string();
        store.write(&scope, Record::new(&key, rounds.to_string())).await?;
        store.read(&scope, &key).await?;
        let draft = Draft {
            topic: "soak".to_owned(),
            payload: rounds.to_string().into(),
            ..Draft::default()
        };
        events.publish("micro", draft).await?;
        let event = consumer.next().await.context("the stream has ended")??;
        consumer.ack(&event).await;
        broker.publish("soak", Message::default()).await?;
        messages.next().await.context("the messages have ended")??;
        if rounds.is_multiple_of(10) {
            config.set("micro", "soak.round", rounds.into(), false).await?;
            config.get("micro", "soak.round", Secrets::Masked).await?;
        }
        rounds += 1;
    }
    Ok(rounds)
}
