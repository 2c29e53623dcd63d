//! The parts of the platform and how they are put together.

use std::sync::Arc;

use micro::registry::{self, Cache, Node, Registry, Service};
use micro::service::debug::DebugHandler;
use micro::service::health;
use micro::service::reflection::Reflection;
use micro_proto::debug::DebugServer;
use micro_proto::health::HealthServer;
use micro_proto::reflection::ServerReflectionServer;
use micro_proto::registry::RegistryServer;
use micro_proto::runtime::{RuntimeServer, SourceServer};
use micro_rpc::{Client, Handler};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Addresses, Config, DRAIN, Error, part, reachable};
use crate::auth::{self, Block};
use crate::gateway::{self, Gateway};
use crate::profile::Profile;
use crate::proxy::{Proxy, reflection::ProxyReflection};
use crate::registry::RegistryHandler;
use crate::runtime::RuntimeHandler;

pub(super) struct Parts {
    pub(super) auth: Block,
    pub(super) runtime: Arc<micro_local::Runtime>,
    registry: Arc<dyn Registry>,
    proxy: micro_rpc::Server,
    gateway: Gateway,
    mounted: Vec<(&'static str, Vec<Arc<dyn Handler>>)>,
    version: String,
}

/// Gives services the accounts that they run under.
struct Issuer(Block);

#[micro_rpc::async_trait]
impl micro_local::runtime::Issuer for Issuer {
    async fn issue(&self, namespace: &str, name: &str, version: &str) -> micro::Result<(String, String)> {
        self.0.issue_service_account(namespace, name, version).await
    }
}

impl Parts {
    pub(super) async fn open(config: &Config, addresses: &Addresses) -> Result<Self, Error> {
        let folder = config.home.join("server");
        let Profile { store, registry } = Profile::open(&config.profile, &folder).await?;
        let loopback = addresses.proxy.ip().is_loopback() && addresses.gateway.ip().is_loopback();
        let settings = auth::Config {
            key_file: folder.join("auth.key"),
            loopback,
            disable_admin: config.disable_admin,
        };
        let auth = Block::open(settings, store.clone())
            .await
            .map_err(|source| Error::Part {
                name: "auth",
                source: Box::new(source),
            })?;
        let runtime = micro_local::Runtime::open(micro_local::runtime::Config {
            folder: folder.clone(),
            build: config.build.clone().unwrap_or_else(|| folder.join("build")),
            framework: config.framework.clone(),
            store,
            registry: registry.clone(),
            credentials: Arc::new(Issuer(auth.clone())),
            proxy: reachable(addresses.proxy).to_string(),
        })
        .await
        .map_err(|source| part("runtime", source))?;
        let runtime = Arc::new(runtime);
        let cache = Cache::new(registry.clone());
        let client = Client::builder()
            .resolver(cache.clone())
            .namespace("micro")
            .build();
        let mounted = handlers(&auth, &registry, &runtime);
        let proxy = proxy(&auth, &registry, &client, &mounted);
        let gateway = Gateway::new(gateway::Config {
            cache,
            client,
            guard: auth.guard(),
            version: config.version.clone(),
            body_limit: 100 * 1024 * 1024,
            namespace_prefix: String::new(),
        });
        Ok(Self {
            auth,
            runtime,
            registry,
            proxy,
            gateway,
            mounted,
            version: config.version.clone(),
        })
    }

    /// Answers on both listeners until `stopped` turns true.
    pub(super) fn serve(
        &self,
        proxy: TcpListener,
        gateway: TcpListener,
        stopped: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let (server, http) = (self.proxy.clone(), self.gateway.clone());
        let (first, second) = (until(stopped.clone()), until(stopped.clone()));
        vec![
            tokio::spawn(async move { server.serve(proxy, first, DRAIN).await }),
            tokio::spawn(async move { http.serve(gateway, second, DRAIN).await }),
        ]
    }

    /// Lists the platform's own services beside those that it runs.
    pub(super) async fn register(&self, addresses: &Addresses) -> micro::Result<()> {
        let proxy = reachable(addresses.proxy).to_string();
        for (name, handlers) in &self.mounted {
            let endpoints = handlers
                .iter()
                .flat_map(|handler| registry::schema::endpoints(handler.descriptor()));
            self.registry
                .register("micro", self.entry(name, &proxy, endpoints.collect()), None)
                .await?;
        }
        self.registry
            .register("micro", self.entry("proxy", &proxy, Vec::new()), None)
            .await?;
        // The gateway speaks HTTP; over gRPC it is asked at the proxy, like the other parts.
        self.registry
            .register("micro", self.entry("api", &proxy, Vec::new()), None)
            .await
    }

    fn entry(&self, name: &str, address: &str, endpoints: Vec<registry::Endpoint>) -> Service {
        let node = Node {
            id: format!("{name}-1"),
            address: address.to_owned(),
            ..Node::default()
        };
        Service {
            name: name.to_owned(),
            version: self.version.clone(),
            endpoints,
            nodes: vec![node],
            ..Service::default()
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow_and_update() && stopped.changed().await.is_ok() {}
}

fn handlers(
    auth: &Block,
    registry: &Arc<dyn Registry>,
    runtime: &Arc<micro_local::Runtime>,
) -> Vec<(&'static str, Vec<Arc<dyn Handler>>)> {
    let runtime = RuntimeHandler::new(runtime.clone());
    vec![
        ("auth", auth.handlers()),
        (
            "registry",
            vec![Arc::new(RegistryServer::new(RegistryHandler::new(
                registry.clone(),
            )))],
        ),
        (
            "runtime",
            vec![
                Arc::new(RuntimeServer::new(runtime.clone())),
                Arc::new(SourceServer::new(runtime)),
            ],
        ),
    ]
}

fn proxy(
    auth: &Block,
    registry: &Arc<dyn Registry>,
    client: &Client,
    mounted: &[(&'static str, Vec<Arc<dyn Handler>>)],
) -> micro_rpc::Server {
    let guard: Arc<dyn micro_rpc::Guard> = auth.guard();
    let mut builder = micro_rpc::Server::builder("proxy")
        .guard(guard)
        .relay(Arc::new(Proxy::new(client.clone())));
    let all = || mounted.iter().flat_map(|(_, handlers)| handlers);
    for handler in all() {
        builder = builder.handle(handler.clone());
    }
    let debug = Arc::new(DebugHandler::default());
    let debugging: Arc<dyn Handler> = Arc::new(DebugServer::from_arc(debug.clone()));
    for name in mounted.iter().map(|(name, _)| *name).chain(["proxy", "api"]) {
        builder = builder.handle_as(name, debugging.clone());
    }
    let names = all().map(|handler| handler.descriptor().full_name()).collect();
    let health: Arc<dyn Handler> = Arc::new(HealthServer::from_arc(health::always(names)));
    let mut descriptors: Vec<_> = all().map(|handler| handler.descriptor()).collect();
    descriptors.push(health.descriptor());
    let reflection = ProxyReflection::new(Reflection::new(&descriptors), registry.clone(), client.clone());
    let reflecting: Arc<dyn Handler> = Arc::new(ServerReflectionServer::new(reflection));
    let server = builder
        .handle(health)
        .handle_as("grpc.reflection.v1alpha", reflecting.clone())
        .handle(reflecting)
        .build();
    debug.watch(server.clone());
    server
}
