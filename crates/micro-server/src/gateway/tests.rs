//! Requests through a real listener to a real service behind it.

mod calls;
mod coding;
mod conditional;
pub(crate) mod echo;
mod events;
mod grpc;
mod grpc_web;
pub(crate) mod http;
mod http2;
mod malformed;
mod peer;
mod rates;
mod routes;
mod slow;
mod streams;
mod tls;
mod websocket;

use std::sync::Arc;
use std::time::Duration;

use micro::registry::{Cache, Endpoint, Memory, Node, Registry, Service};
use micro_rpc::Client;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Config, Gateway, Limits, Settings};
use crate::api::BlockList;

/// A gateway and what it needs. Dropping it stops nothing: the runtime of the test does.
struct Subject {
    address: String,
    gateway: Gateway,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

/// Short times, so that what runs into them does not hold the tests up.
pub(crate) fn limits() -> Limits {
    Limits {
        idle: Duration::from_millis(400),
        patience: Duration::from_millis(400),
        call: Duration::from_secs(2),
        body: 200 * 1024,
        message: 100 * 1024,
        ..Limits::default()
    }
}

async fn start() -> Subject {
    start_with(limits()).await
}

async fn start_with(limits: Limits) -> Subject {
    start_as(limits, Settings::default()).await
}

async fn start_as(limits: Limits, settings: Settings) -> Subject {
    serve(gateway_as(limits, settings).await).await
}

async fn gateway(limits: Limits) -> Gateway {
    gateway_as(limits, Settings::default()).await
}

async fn gateway_as(limits: Limits, settings: Settings) -> Gateway {
    let registry = Memory::new();
    let backend = echo::start().await;
    for (namespace, name) in [
        ("micro", "echo"),
        ("micro", "auth"),
        ("micro", "foo.bar"),
        ("acme", "echo"),
    ] {
        registry
            .register(namespace, registered(name, &backend), None)
            .await
            .unwrap();
    }
    registry
        .register("micro", registered("gone", "127.0.0.1:1"), None)
        .await
        .unwrap();
    let registry = Arc::new(registry);
    let cache = Cache::new(registry.clone());
    let client = Client::builder()
        .resolver(cache.clone())
        .namespace("micro")
        .build();
    let config = Config {
        cache,
        registry,
        own: vec![("store", vec![&micro_proto::store::STORE_SERVICE])],
        client,
        blobs: Arc::new(micro::blob::Memory::default()),
        guard: Arc::new(echo::Doorman),
        block_list: BlockList::open(Arc::new(micro::store::Memory::default()))
            .await
            .unwrap(),
        key_set: Arc::new(|| "{\"keys\":[]}".into()),
        backends: Default::default(),
        version: "1.2.3".to_owned(),
        body_limit: limits.body,
        namespace_prefix: String::new(),
        settings,
    };
    Gateway::with_limits(config, limits)
}

async fn serve(gateway: Gateway) -> Subject {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel();
    let served = gateway.clone();
    let serving = tokio::spawn(async move {
        served
            .serve(
                listener,
                async move { drop(stopped.await) },
                Duration::from_secs(5),
            )
            .await;
    });
    Subject {
        address,
        gateway,
        stop,
        serving,
    }
}

fn registered(name: &str, address: &str) -> Service {
    let endpoint = |(name, streams): (&str, bool)| Endpoint {
        name: name.to_owned(),
        metadata: streams
            .then(|| ("stream".to_owned(), "true".to_owned()))
            .into_iter()
            .collect(),
        ..Endpoint::default()
    };
    Service {
        name: name.to_owned(),
        endpoints: [
            ("Echo.Call", false),
            ("Echo.Count", true),
            ("Echo.Join", true),
            ("Echo.Chat", true),
        ]
        .map(endpoint)
        .to_vec(),
        nodes: vec![Node {
            id: format!("{name}-1"),
            address: address.to_owned(),
            ..Node::default()
        }],
        ..Service::default()
    }
}
