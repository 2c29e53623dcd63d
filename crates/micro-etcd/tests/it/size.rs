//! Many services, many watchers, few requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use micro::registry::{Endpoint, Node, Registry as _, Service, Value};
use micro_outside::Etcd;

use crate::given::{LONG, next, open, register, until};

const SERVICES: usize = 1000;
const NODES: usize = 10;
const WATCHERS: usize = 100;

/// As a service of the platform registers itself.
fn node(service: usize, number: usize) -> Node {
    let fact = |name: &str| (name.to_owned(), "grpc".to_owned());
    Node {
        id: format!("service{service}-{number}"),
        address: format!("10.0.{}.{number}:8080", service % 256),
        port: 0,
        metadata: BTreeMap::from(["server", "transport", "protocol", "registry", "pid"].map(fact)),
    }
}

fn described(service: usize) -> Service {
    let field = |name: &str| Value {
        name: name.to_owned(),
        r#type: "string".to_owned(),
        values: Vec::new(),
    };
    let message = |name: &str| Value {
        values: ["id", "name", "email", "created", "updated"].map(field).into(),
        ..field(name)
    };
    let endpoint = |method: &str| Endpoint {
        name: format!("Service{service}.{method}"),
        request: Some(message("Request")),
        response: Some(message("Response")),
        metadata: BTreeMap::new(),
    };
    Service {
        name: format!("service{service}"),
        version: "latest".to_owned(),
        endpoints: ["Create", "Read", "Update", "Delete", "List"]
            .map(endpoint)
            .into(),
        nodes: (0..NODES).map(|number| node(service, number)).collect(),
        ..Service::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_services_are_listed_watched_and_kept_with_few_requests() {
    let etcd = Etcd::start();
    let one = open(&etcd.endpoint());
    let start = Instant::now();
    stream::iter(0..SERVICES)
        .for_each_concurrent(32, |number| {
            let one = &one;
            async move { one.register("micro", described(number), LONG).await.unwrap() }
        })
        .await;
    println!(
        "{SERVICES} services x {NODES} nodes registered in {:?}: {:?}",
        start.elapsed(),
        one.requests()
    );
    assert_eq!(one.requests().writes, SERVICES as u64, "one for each");

    let start = Instant::now();
    let other = open(&etcd.endpoint());
    let listed = other.list("micro").await.unwrap();
    println!(
        "opened and listed in {:?}: {:?}",
        start.elapsed(),
        other.requests()
    );
    let start = Instant::now();
    assert_eq!(other.list("micro").await.unwrap(), listed);
    println!("listed again in {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!((listed.len(), listed[0].nodes.len()), (SERVICES, NODES));

    let other = Arc::new(other);
    told_within_a_second(&one, &other).await;
    looked_up_in_no_time(&other).await;
    quiet_while_nothing_changes(&one).await;
}

async fn told_within_a_second(one: &micro_etcd::Registry, other: &Arc<micro_etcd::Registry>) {
    let before = other.requests();
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS {
        watchers.push(other.watch("micro", "").await.unwrap());
    }
    let start = Instant::now();
    register(one, "new", &["a"], LONG).await;
    for events in &mut watchers {
        assert_eq!(next(events).await, "create new a");
    }
    println!("told to {WATCHERS} watchers within {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(asked(other, before), 0, "watchers cost etcd nothing");
}

async fn looked_up_in_no_time(registry: &micro_etcd::Registry) {
    const TIMES: u32 = 10_000;
    let names: Vec<_> = (0..SERVICES).map(|number| format!("service{number}")).collect();
    let before = registry.requests();
    let start = Instant::now();
    for name in names.iter().cycle().take(TIMES as usize) {
        assert!(registry.lookup("micro", name).is_some());
    }
    let each = start.elapsed() / TIMES;
    let start = Instant::now();
    for name in names.iter().cycle().take(TIMES as usize / 10) {
        assert_eq!(registry.get("micro", name).await.unwrap().len(), 1);
    }
    println!(
        "a lookup takes {each:?}, a copy of all about a service {:?}",
        start.elapsed() / (TIMES / 10)
    );
    assert!(each < Duration::from_micros(5), "{each:?}");
    assert_eq!(asked(registry, before), 0, "lookups cost etcd nothing");
}

async fn quiet_while_nothing_changes(registry: &micro_etcd::Registry) {
    // What was registered before lingers in no queue.
    until("all is written", || registry.status().unwritten == 0).await;
    let before = registry.requests();
    let start = Instant::now();
    for number in 0..SERVICES {
        registry.register("micro", described(number), LONG).await.unwrap();
    }
    println!("{SERVICES} services refreshed in {:?}", start.elapsed());
    until("the pulse goes on", || {
        registry.requests().keep_alives >= before.keep_alives + 2
    })
    .await;
    let after = registry.requests();
    println!("{:?} of refreshes: {after:?}", start.elapsed());
    assert_eq!(asked(registry, before), 0, "keep-alives only");
    let pulses = after.keep_alives - before.keep_alives;
    assert!(
        pulses as f64 <= 1.0 + start.elapsed().as_secs_f64(),
        "{pulses} in {:?}",
        start.elapsed()
    );
}

/// Requests since then that are no keep-alives.
fn asked(registry: &micro_etcd::Registry, before: micro_etcd::Requests) -> u64 {
    let after = registry.requests();
    (after.total() - after.keep_alives) - (before.total() - before.keep_alives)
}
