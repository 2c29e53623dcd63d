//! The law of [`Registry`](super::Registry), as checks that every implementation passes.

use std::time::Duration;

use super::{Action, Endpoint, Node, Registry, Service};

fn service(name: &str, version: &str, nodes: &[&str]) -> Service {
    let node = |id: &&str| Node {
        id: (*id).to_owned(),
        address: format!("{id}:1"),
        ..Node::default()
    };
    Service {
        name: name.to_owned(),
        version: version.to_owned(),
        nodes: nodes.iter().map(node).collect(),
        ..Service::default()
    }
}

/// Runs all checks in namespaces of their own. Panics where the promise is broken.
pub async fn run(registry: &dyn Registry) {
    nodes_come_and_go(registry).await;
    what_is_said_anew_counts(registry).await;
    what_cannot_be_called_is_refused(registry).await;
    namespaces_are_apart(registry).await;
    watchers_are_told(registry).await;
    nodes_expire(registry).await;
}

async fn ids(registry: &dyn Registry, namespace: &str, name: &str) -> Vec<String> {
    let versions = registry.get(namespace, name).await.expect("get answers");
    versions
        .into_iter()
        .flat_map(|version| version.nodes)
        .map(|node| node.id)
        .collect()
}

async fn nodes_come_and_go(registry: &dyn Registry) {
    let namespace = "conformance-nodes";
    registry
        .register(namespace, service("user", "1", &["a"]), None)
        .await
        .expect("register");
    registry
        .register(namespace, service("user", "1", &["b"]), None)
        .await
        .expect("register another");
    registry
        .register(namespace, service("user", "2", &["c"]), None)
        .await
        .expect("register another version");
    assert_eq!(
        registry.get(namespace, "user").await.expect("get").len(),
        2,
        "one entry per version"
    );
    assert_eq!(
        ids(registry, namespace, "go.micro.service.user").await,
        ["a", "b", "c"]
    );
    registry
        .deregister(namespace, service("user", "1", &["a"]))
        .await
        .expect("deregister");
    assert_eq!(ids(registry, namespace, "user").await, ["b", "c"]);
    registry
        .deregister(namespace, service("user", "1", &["b"]))
        .await
        .expect("deregister the last");
    registry
        .deregister(namespace, service("user", "1", &["b"]))
        .await
        .expect("deregister what is gone");
    assert_eq!(ids(registry, namespace, "user").await, ["c"]);
    assert!(registry.get(namespace, "nobody").await.expect("get").is_empty());
}

async fn what_is_said_anew_counts(registry: &dyn Registry) {
    let namespace = "conformance-anew";
    let mut moved = service("user", "1", &["a"]);
    registry
        .register(namespace, moved.clone(), None)
        .await
        .expect("register");
    moved.nodes[0].address = "elsewhere:2".to_owned();
    moved.metadata.insert("team".to_owned(), "identity".to_owned());
    moved.endpoints.push(Endpoint {
        name: "User.Read".to_owned(),
        ..Endpoint::default()
    });
    registry
        .register(namespace, moved, None)
        .await
        .expect("register anew");
    let known = registry.get(namespace, "user").await.expect("get").remove(0);
    assert_eq!(known.nodes.len(), 1);
    assert_eq!(known.nodes[0].address, "elsewhere:2");
    assert_eq!(known.endpoints[0].name, "User.Read");
    assert_eq!(known.metadata["team"], "identity");
    assert_eq!(
        known.metadata["domain"], namespace,
        "a service says where it is from"
    );
}

async fn what_cannot_be_called_is_refused(registry: &dyn Registry) {
    let namespace = "conformance-refused";
    let mut lost = service("user", "1", &["a"]);
    lost.nodes[0].address.clear();
    for wrong in [
        service("user", "1", &[]),
        service("", "1", &["a"]),
        service("user", "1", &[""]),
        lost,
    ] {
        let refused = registry
            .register(namespace, wrong.clone(), None)
            .await
            .expect_err("nobody could call it");
        assert_eq!(refused.code, 400, "{wrong:?}");
    }
    assert!(registry.list(namespace).await.expect("list").is_empty());
}

async fn namespaces_are_apart(registry: &dyn Registry) {
    registry
        .register("conformance-a", service("one", "1", &["a"]), None)
        .await
        .expect("register");
    registry
        .register("conformance-b", service("two", "1", &["b"]), None)
        .await
        .expect("register");
    let names = |services: Vec<Service>| {
        services
            .into_iter()
            .map(|service| service.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(registry.list("conformance-a").await.expect("list")),
        ["one"]
    );
    assert!(
        registry
            .get("conformance-a", "two")
            .await
            .expect("get")
            .is_empty()
    );
    let all = names(registry.list("*").await.expect("list all"));
    assert!(all.contains(&"one".to_owned()) && all.contains(&"two".to_owned()));
}

async fn watchers_are_told(registry: &dyn Registry) {
    let namespace = "conformance-watch";
    let mut events = registry.watch(namespace, "user").await.expect("watch");
    // Over a network the watch begins a moment after the call: the first change is repeated until it is seen.
    let first = loop {
        registry
            .register(namespace, service("user", "1", &["a"]), None)
            .await
            .expect("register");
        match tokio::time::timeout(Duration::from_millis(200), events.next()).await {
            Ok(event) => break event.expect("an event").expect("no error"),
            Err(_) => registry
                .deregister(namespace, service("user", "1", &["a"]))
                .await
                .expect("deregister"),
        }
    };
    assert_eq!(
        (first.service.name.as_str(), first.namespace.as_str()),
        ("user", namespace)
    );
    while tokio::time::timeout(Duration::from_millis(200), events.next())
        .await
        .is_ok()
    {}
    registry
        .register(namespace, service("other", "1", &["x"]), None)
        .await
        .expect("register another");
    registry
        .register(namespace, service("user", "1", &["a"]), None)
        .await
        .expect("refresh: no change, nothing told");
    registry
        .register(namespace, service("user", "1", &["b"]), None)
        .await
        .expect("register a second node");
    let event = events.next().await.expect("an event").expect("no error");
    assert_eq!(
        (event.action, event.service.name.as_str()),
        (Action::Update, "user"),
        "only what was asked for"
    );
    assert_eq!(event.service.nodes.len(), 2);
    registry
        .deregister(namespace, service("user", "1", &["a"]))
        .await
        .expect("deregister one");
    let event = events.next().await.expect("an event").expect("no error");
    assert_eq!((event.action, event.service.nodes.len()), (Action::Update, 1));
    registry
        .deregister(namespace, service("user", "1", &["b"]))
        .await
        .expect("deregister the last");
    assert_eq!(
        events.next().await.expect("an event").expect("no error").action,
        Action::Delete
    );
}

async fn nodes_expire(registry: &dyn Registry) {
    let namespace = "conformance-ttl";
    let mut events = registry.watch(namespace, "").await.expect("watch");
    registry
        .register(namespace, service("kept", "1", &["k"]), None)
        .await
        .expect("register");
    registry
        .register(
            namespace,
            service("brief", "1", &["b"]),
            Some(Duration::from_secs(1)),
        )
        .await
        .expect("register");
    let long = Some(Duration::from_secs(60));
    registry
        .register(
            namespace,
            service("renewed", "1", &["r"]),
            Some(Duration::from_secs(1)),
        )
        .await
        .expect("register");
    registry
        .register(namespace, service("renewed", "1", &["r"]), long)
        .await
        .expect("register again");
    let deleted = async {
        loop {
            let event = events.next().await.expect("an event").expect("no error");
            if event.action == Action::Delete {
                return event.service.name;
            }
        }
    };
    let name = tokio::time::timeout(Duration::from_secs(5), deleted)
        .await
        .expect("expiry is told");
    assert_eq!(name, "brief");
    assert!(ids(registry, namespace, "brief").await.is_empty());
    assert_eq!(ids(registry, namespace, "kept").await, ["k"]);
    assert_eq!(ids(registry, namespace, "renewed").await, ["r"]);
}
