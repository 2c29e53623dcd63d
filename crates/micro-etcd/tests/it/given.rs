//! What the tests begin with.

use std::time::Duration;

use micro::Streaming;
use micro::registry::{Event, Node, Registry as _, Service};
use micro_etcd::{Config, Registry};
use micro_outside::wait;

/// What is waited for may take so long on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);
pub const LONG: Option<Duration> = Some(Duration::from_secs(90));

pub fn open(endpoint: &str) -> Registry {
    let config = Config {
        endpoints: vec![endpoint.to_owned()],
        ..Config::default()
    };
    Registry::open(config).unwrap()
}

pub fn service(name: &str, nodes: &[&str]) -> Service {
    let node = |id: &&str| Node {
        id: (*id).to_owned(),
        address: format!("{id}:1"),
        ..Node::default()
    };
    Service {
        name: name.to_owned(),
        version: "1".to_owned(),
        nodes: nodes.iter().map(node).collect(),
        ..Service::default()
    }
}

/// The nodes of a service, as a registry has them now.
pub fn ids(registry: &Registry, name: &str) -> Vec<String> {
    let versions = registry.lookup("micro", name);
    let nodes = versions
        .iter()
        .flat_map(|versions| versions.iter())
        .flat_map(|version| &version.nodes);
    nodes.map(|node| node.id.clone()).collect()
}

pub async fn until(what: &str, holds: impl FnMut() -> bool) {
    wait::until_true(what, PATIENCE, holds).await;
}

/// Waits until a registry has exactly these nodes.
pub async fn until_ids(registry: &Registry, name: &str, expected: &[&str]) {
    wait::until(&format!("{name} to have {expected:?}"), PATIENCE, || async {
        let ids = ids(registry, name);
        if ids == expected {
            Ok(())
        } else {
            Err(format!("{ids:?}; {:?}", registry.status()))
        }
    })
    .await;
}

/// Waits until it has read etcd.
pub async fn until_open(registry: &Registry) {
    until("etcd is read", || registry.status().revision > 0).await;
}

pub async fn register(registry: &Registry, name: &str, nodes: &[&str], ttl: Option<Duration>) {
    registry
        .register("micro", service(name, nodes), ttl)
        .await
        .unwrap();
}

pub async fn deregister(registry: &Registry, name: &str, nodes: &[&str]) {
    registry.deregister("micro", service(name, nodes)).await.unwrap();
}

/// The next event in words: `update user a b`.
pub async fn next(events: &mut Streaming<Event>) -> String {
    let event = tokio::time::timeout(PATIENCE, events.next())
        .await
        .expect("an event");
    let Event { action, service, .. } = event.expect("the watch goes on").unwrap();
    let nodes: Vec<_> = service.nodes.iter().map(|node| node.id.as_str()).collect();
    format!("{action:?} {} {}", service.name, nodes.join(" ")).to_lowercase()
}
