//! A seeded schedule of faults: systems are killed, frozen, cut off and silenced under load, one after the other; what was
//! acknowledged is there at the end, and once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use micro_outside::Relay;
use micro_tests::http::Http;
use micro_tests::load::{Load, Tally};
use micro_tests::random::Random;
use micro_tests::wait;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::echo;

use super::{Ground, SOON, System, admin, call, health, server_at, until_called, use_of};

const FAULTS: usize = 9;
const SYSTEMS: [System; 3] = [System::Etcd, System::Nats, System::Database];
/// How long a fault lasts, in milliseconds.
const SHORTEST: u64 = 300;
const LONGEST: usize = 2500;

/// The cables between a server and the systems.
struct Cables([Relay; 3]);

impl Cables {
    async fn of(ground: &Ground) -> Self {
        Self([
            Relay::to(ground.etcd.port()).await,
            Relay::to(ground.nats.port()).await,
            Relay::to(ground.postgres.port()).await,
        ])
    }

    fn to(&self, system: System) -> &Relay {
        &self.0[system as usize]
    }
}

/// Changes one after the other, and those that were acknowledged.
struct Writer {
    acknowledged: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Writer {
    fn start(http: Http, system: System) -> Self {
        let acknowledged: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = acknowledged.clone();
        let task = tokio::spawn(async move {
            for number in 0.. {
                let key = format!("storm/{number}");
                if use_of(&http, system, &key).await.is_ok() {
                    noted.lock().unwrap_or_else(PoisonError::into_inner).push(key);
                } else {
                    // Who is refused comes again in a moment.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        });
        Self { acknowledged, task }
    }

    fn stop(self) -> Vec<String> {
        self.task.abort();
        std::mem::take(&mut self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_in_a_storm() {
    let seed = std::env::var("MICRO_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(6);
    println!("MICRO_SEED={seed}");
    let mut ground = Ground::new();
    let cables = Cables::of(&ground).await;
    let at = |system| format!("127.0.0.1:{}", cables.to(system).port());
    let database = ground.postgres.url();
    let database = database.replace(
        &ground.postgres.port().to_string(),
        &cables.to(System::Database).port().to_string(),
    );
    let server = server_at(
        &format!("http://{}", at(System::Etcd)),
        &format!("nats://{}", at(System::Nats)),
        &database,
        &[],
    )
    .await;
    let _echo = echo::start(&server, "echo");
    until_called(&server, "echo").await;
    let http = admin(&server).await;
    let gateway = server.gateway();
    let load = Load::start(50, move || {
        let gateway = gateway.clone();
        async move { call(&gateway, "echo").await }
    });
    let records = Writer::start(http.clone(), System::Database);
    let events = Writer::start(http.clone(), System::Nats);
    let mut random = Random::new(seed);
    for round in 0..FAULTS {
        let system = SYSTEMS[round % SYSTEMS.len()];
        let lasting = Duration::from_millis(SHORTEST + random.below(LONGEST) as u64);
        fault(&mut ground, &cables, system, random.below(4), lasting).await;
        wait::until("all to be well", SOON, || async {
            let told = health(&server).await;
            (told["status"] == "ok").then_some(()).ok_or(told.to_string())
        })
        .await;
    }
    let Tally { answered, failures } = load.stop().await;
    let (records, events) = (records.stop(), events.stop());
    println!(
        "{answered} calls, {} records, {} events",
        records.len(),
        events.len()
    );
    assert!(failures.len() * 1000 <= answered, "{failures:?}");
    assert!(records.len() > 100 && events.len() > 100);
    for key in &records {
        let read = json!({"key": key}).to_string();
        http.post("/store/Store/Read", read).await.ok();
    }
    let kept = ids(&http).await;
    for id in &events {
        assert_eq!(kept.get(id), Some(&1), "{id}");
    }
}

async fn fault(ground: &mut Ground, cables: &Cables, system: System, kind: usize, lasting: Duration) {
    println!("{system:?} fault {kind} for {lasting:?}");
    match kind {
        0 => ground.kill(system),
        1 => ground.freeze(system),
        2 => cables.to(system).cut(),
        _ => cables.to(system).silence(),
    }
    tokio::time::sleep(lasting).await;
    match kind {
        0 => ground.resume(system),
        1 => ground.thaw(system),
        _ => cables.to(system).mend(),
    }
}

/// How often each id is in the topic.
async fn ids(http: &Http) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    let mut offset = 0;
    loop {
        let page = json!({"topic": "news", "limit": 500, "offset": offset}).to_string();
        let read = http.post("/events/Store/Read", page).await.ok();
        let events = read["events"].as_array().cloned().unwrap_or_default();
        if events.is_empty() {
            return ids;
        }
        offset += events.len();
        for id in events.iter().filter_map(|event: &Value| event["id"].as_str()) {
            *ids.entry(id.to_owned()).or_default() += 1;
        }
    }
}
