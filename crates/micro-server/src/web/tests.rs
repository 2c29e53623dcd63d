//! Requests through a real listener to services with pages behind it.

mod answers;
mod login;
mod site;

use std::sync::Arc;
use std::time::Duration;

use micro::registry::{Cache, Endpoint, Memory, Node, Registry, Service};
use micro_rpc::Client;
use tokio::net::TcpListener;

use crate::api::BlockList;
use crate::gateway::tests::{echo, limits};
use crate::gateway::{Config, Gateway, Settings};

/// Starts a web gateway before some services, and tells its address.
async fn start() -> String {
    let registry = Arc::new(Memory::new());
    let site = site::start().await;
    for (namespace, name, address, endpoint) in [
        ("micro", "site", site.as_str(), "Web.Serve"),
        ("micro", "user", &site, "Web.Serve"),
        ("micro", "plain", &site, "Plain.Call"),
        ("micro", "gone", "127.0.0.1:1", "Web.Serve"),
        ("micro", "auth", &site, "Auth.Token"),
        ("acme", "site", &site, "Web.Serve"),
    ] {
        let service = registered(name, address, endpoint);
        registry.register(namespace, service, None).await.unwrap();
    }
    let cache = Cache::new(registry.clone());
    let client = Client::builder()
        .resolver(cache.clone())
        .namespace("micro")
        .build();
    let blocked = BlockList::open(Arc::new(micro::store::Memory::default())).await;
    let config = Config {
        cache,
        registry,
        own: Vec::new(),
        client,
        blobs: Arc::new(micro::blob::Memory::default()),
        guard: Arc::new(echo::Doorman),
        block_list: blocked.unwrap(),
        key_set: Arc::new(|| "{\"keys\":[]}".into()),
        backends: Default::default(),
        version: "1.2.3".to_owned(),
        body_limit: limits().body,
        namespace_prefix: String::new(),
        settings: Settings::default(),
    };
    let gateway = Gateway::with_limits(config, limits()).for_browsers();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(gateway.serve(listener, std::future::pending(), Duration::ZERO));
    address
}

fn registered(name: &str, address: &str, endpoint: &str) -> Service {
    Service {
        name: name.to_owned(),
        endpoints: vec![Endpoint {
            name: endpoint.to_owned(),
            ..Endpoint::default()
        }],
        nodes: vec![Node {
            id: format!("{name}-1"),
            address: address.to_owned(),
            ..Node::default()
        }],
        ..Service::default()
    }
}
