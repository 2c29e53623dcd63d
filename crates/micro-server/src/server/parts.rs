//! The parts of the platform and how they are put together.

use std::net::SocketAddr;
use std::sync::Arc;

use micro::registry::{Cache, Endpoint, Node, Registry, Service, schema};
use micro::service::health;
use micro::service::reflection::Reflection;
use micro_proto::api::ApiServer;
use micro_proto::broker::BrokerServer;
use micro_proto::config::ConfigServer;
use micro_proto::debug::DebugServer;
use micro_proto::health::HealthServer;
use micro_proto::network::NetworkServer;
use micro_proto::reflection::ServerReflectionServer;
use micro_proto::registry::RegistryServer;
use micro_proto::snapshot::SnapshotServer;
use micro_proto::store::{BlobStoreServer, StoreServer};
use micro_rpc::{Client, Guard, Handler, Local, Open, ServiceDescriptor};
use tokio::net::TcpListener;

use super::announce::Announcement;
use super::listen::{Listening, reachable};
use super::{Addresses, Config, DRAIN, Error, auth_settings};
use crate::api::{ApiHandler, BlockList, Following};
use crate::auth::Block;
use crate::blob::BlobHandler;
use crate::broker::BrokerHandler;
use crate::config::ConfigHandler;
use crate::drain::{Drain, Draining};
use crate::events::EventsHandler;
use crate::gateway::{self, Gateway, Tls};
use crate::namespace::PLATFORM;
use crate::network::NetworkHandler;
use crate::outside::Backends;
use crate::profile::{Host, Needs, Profile};
use crate::proxy::reflection::ProxyReflection;
use crate::proxy::{ByAlias, OwnDebug, Proxy};
use crate::registry::RegistryHandler;
use crate::runtime::RuntimeHandler;
use crate::snapshot::SnapshotHandler;
use crate::store::StoreHandler;

/// Bytes of a request to the gateway.
const BODY_LIMIT: usize = 100 * 1024 * 1024;

pub(super) struct Parts {
    pub(super) auth: Block,
    /// None where the runtime is another process's.
    pub(super) host: Option<Host>,
    registry: Arc<dyn Registry>,
    cache: Arc<Cache>,
    proxy: Arc<micro_rpc::Server>,
    local: Local,
    gateway: Gateway,
    _gate: Gate,
    services: Vec<Own>,
    version: String,
}

/// Whom the gateway refuses, and what keeps that true.
struct Gate {
    block_list: Arc<BlockList>,
    _following: Following,
}

/// What one of the platform's own services answers.
type Contracts = (&'static str, Vec<&'static ServiceDescriptor>);

/// One of the platform's own services.
struct Own {
    name: &'static str,
    handlers: Vec<Arc<dyn Handler>>,
}

impl Parts {
    /// Opens the drivers and puts the services on them. Streams that never end by themselves end with the proxy's drain.
    pub(super) async fn open(
        config: &Config,
        addresses: &Addresses,
        draining: &Draining,
    ) -> Result<Self, Error> {
        let folder = config.home.join("server");
        let profile = Profile::open(config, &folder).await?;
        let settings = auth_settings(config, &folder, addresses.are_loopback())?;
        let auth = Block::open(settings, profile.store.clone()).await;
        let auth = auth.map_err(|source| Error::part("auth", source))?;
        let settings = match config.shared_key()? {
            Some(key) => ConfigHandler::shared(profile.store.clone(), &key, draining.clone()),
            None => ConfigHandler::open(profile.store.clone(), &config.home, draining.clone()),
        };
        let settings = settings.map_err(|source| Error::part("config", source))?;
        let needs = Needs {
            settings: settings.clone(),
            cgroup: config.cgroup.clone(),
            build: config.build.clone().unwrap_or_else(|| folder.join("build")),
            folder,
            framework: config.framework.clone(),
            accounts: auth.clone(),
            proxy: reachable(addresses.proxy).to_string(),
            gateway: addresses.gateway_url(reachable(addresses.gateway)),
            advertised: config.advertised(addresses.proxy).to_string(),
            interface: config.advertise,
            is_shared: config.shared_key()?.is_some(),
        };
        let host = match config.has("runtime") {
            true => Some(
                profile
                    .host(needs)
                    .await
                    .map_err(|source| Error::part("runtime", source))?,
            ),
            false => None,
        };
        let block_list = BlockList::open(profile.store.clone()).await;
        let block_list = block_list.map_err(|source| Error::part("api", source))?;
        let following = block_list.clone().follow(settings.clone()).await;
        let following = following.map_err(|source| Error::part("api", source))?;
        let network = network(&profile, config, addresses);
        let mut services = services(
            &auth,
            &profile,
            host.as_ref(),
            settings,
            &block_list,
            network,
            (&config.version, draining),
        );
        let contracts = services.iter().map(Own::contracts).collect();
        services.retain(|own| config.has(own.name));
        let gate = Gate {
            block_list,
            _following: following,
        };
        Ok(Self::assemble(
            config,
            auth,
            host,
            profile,
            (services, contracts),
            gate,
        ))
    }

    fn assemble(
        config: &Config,
        auth: Block,
        host: Option<Host>,
        profile: Profile,
        (services, contracts): (Vec<Own>, Vec<Contracts>),
        gate: Gate,
    ) -> Self {
        let registry = profile.registry;
        let cache = Cache::new(registry.clone());
        let local = Local::default();
        let client = Client::builder()
            .local(&local)
            .resolver(cache.clone())
            .namespace(PLATFORM)
            .build();
        let guard: Arc<dyn Guard> = Arc::new(ByAlias::new(auth.guard()));
        let proxy = proxy(
            guard.clone(),
            &registry,
            &client,
            &services,
            &profile.backends,
            gateway::platform(&client, &cache),
        );
        let gateway = Gateway::new(gateway::Config {
            cache: cache.clone(),
            registry: registry.clone(),
            own: contracts,
            client,
            blobs: profile.blobs,
            backends: profile.backends,
            guard,
            block_list: gate.block_list.clone(),
            key_set: key_set(&auth),
            version: config.version.clone(),
            body_limit: BODY_LIMIT,
            namespace_prefix: String::new(),
            settings: config.gateway.clone(),
        });
        Self {
            auth,
            host,
            registry,
            cache,
            proxy,
            local,
            gateway,
            _gate: gate,
            services,
            version: config.version.clone(),
        }
    }

    /// On all of these listeners the same answers.
    pub(super) fn serve_proxy(&self, listeners: Vec<TcpListener>, drain: Drain) -> Listening {
        let serving: Vec<_> = listeners
            .into_iter()
            .map(|listener| {
                let (server, begun) = (self.proxy.clone(), drain.signal().begun());
                async move { server.serve(listener, begun, DRAIN).await }
            })
            .collect();
        Listening::start(drain, async move {
            futures_util::future::join_all(serving).await;
        })
    }

    pub(super) fn serve_gateway(&self, listener: TcpListener, tls: Option<Tls>) -> Listening {
        let drain = Drain::new();
        let gateway = match tls {
            Some(tls) => self.gateway.secured(tls),
            None => self.gateway.clone(),
        };
        let begun = drain.signal().begun();
        Listening::start(drain, gateway.serve(listener, begun, DRAIN))
    }

    pub(super) fn serve_web(&self, listener: TcpListener) -> Listening {
        let drain = Drain::new();
        let (gateway, begun) = (self.gateway.for_browsers(), drain.signal().begun());
        Listening::start(drain, gateway.serve(listener, begun, DRAIN))
    }

    /// Has the platform's own services called without the network from here, under the address that they are listed with.
    pub(super) fn open_here(&self, address: SocketAddr) -> Open {
        self.local.open(&address.to_string(), &self.proxy)
    }

    /// Lists the platform's own services beside those that it runs.
    pub(super) async fn announce(&self, address: SocketAddr) -> Result<Announcement, Error> {
        // The gateway speaks HTTP; over gRPC it is asked at the proxy, like the other parts.
        let proxy = address.to_string();
        let entries = self
            .services
            .iter()
            .map(|own| self.entry(own.name, &proxy, own.endpoints()))
            .collect();
        let announced = Announcement::start(self.registry.clone(), entries).await;
        // From the first call on, a service that comes up in the platform's namespace is known at once.
        let known = match announced {
            Ok(announcement) => self.cache.get(PLATFORM, "registry").await.map(|_| announcement),
            failed => failed,
        };
        known.map_err(|source| Error::part("registry", source))
    }

    /// `service Handler.Method` of all that is mounted.
    #[cfg(test)]
    pub(super) fn endpoints(&self) -> Vec<String> {
        let handlers = self
            .services
            .iter()
            .flat_map(|own| own.handlers.iter().map(|handler| (own.name, handler)));
        let endpoints = handlers.flat_map(|(name, handler)| {
            let contract = handler.descriptor();
            contract
                .methods
                .iter()
                .map(move |method| format!("{name} {}.{}", contract.name, method.name))
        });
        endpoints.collect()
    }

    fn entry(&self, name: &str, address: &str, endpoints: Vec<Endpoint>) -> Service {
        let node = Node {
            id: format!("{name}-{}", uuid::Uuid::new_v4()),
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

impl Own {
    fn new(name: &'static str, handlers: Vec<Arc<dyn Handler>>) -> Self {
        Self { name, handlers }
    }

    fn contracts(&self) -> Contracts {
        let contracts = self.handlers.iter().map(|handler| handler.descriptor());
        (self.name, contracts.collect())
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        let contracts = self.handlers.iter().map(|handler| handler.descriptor());
        contracts.flat_map(schema::endpoints).collect()
    }
}

fn services(
    auth: &Block,
    profile: &Profile,
    host: Option<&Host>,
    settings: ConfigHandler,
    block_list: &Arc<BlockList>,
    network: NetworkHandler,
    (version, draining): (&str, &Draining),
) -> Vec<Own> {
    let registry = RegistryHandler::new(profile.registry.clone(), profile.broker.clone(), draining.clone());
    let events = EventsHandler::new(profile.events.clone(), draining.clone());
    let broker = BrokerHandler::new(profile.broker.clone(), draining.clone());
    let blobs = BlobHandler::new(profile.blobs.clone());
    let api = ApiServer::new(ApiHandler::new(block_list.clone()));
    let store = StoreHandler::new(profile.store.clone(), draining.clone());
    let snapshot = SnapshotHandler::new(profile, &settings, version, draining.clone());
    let runtime = host.map(|host| {
        let runtime = RuntimeHandler::new(host.runtime(), profile.events.clone(), draining.clone());
        Own::new("runtime", runtime.handlers())
    });
    let others = vec![
        Own::new("auth", auth.handlers()),
        Own::new("broker", vec![Arc::new(BrokerServer::new(broker))]),
        Own::new("config", vec![Arc::new(ConfigServer::new(settings))]),
        Own::new("events", events.handlers()),
        Own::new("network", vec![Arc::new(NetworkServer::new(network))]),
        Own::new("registry", vec![Arc::new(RegistryServer::new(registry))]),
        Own::new(
            "store",
            vec![
                Arc::new(StoreServer::new(store)),
                Arc::new(BlobStoreServer::new(blobs)),
                Arc::new(SnapshotServer::new(snapshot)),
            ],
        ),
        Own::new("proxy", Vec::new()),
        Own::new("api", vec![Arc::new(api)]),
    ];
    others.into_iter().chain(runtime).collect()
}

fn key_set(auth: &Block) -> gateway::KeySet {
    let auth = auth.clone();
    Arc::new(move || auth.key_set())
}

/// Where the network of this server is found: on the port that programs know for it, if that is open.
fn network(profile: &Profile, config: &Config, addresses: &Addresses) -> NetworkHandler {
    let known = addresses.blocks.iter().find(|block| block.name == "network");
    let address = known.map_or(addresses.proxy, |block| block.address);
    NetworkHandler::new(
        profile.registry.clone(),
        uuid::Uuid::new_v4().to_string(),
        config.advertised(address).to_string(),
    )
}

fn proxy(
    guard: Arc<dyn Guard>,
    registry: &Arc<dyn Registry>,
    client: &Client,
    services: &[Own],
    backends: &Backends,
    platform: Client,
) -> Arc<micro_rpc::Server> {
    let names = services.iter().map(|own| own.name).collect();
    let relay = Proxy::new(client.clone(), platform, names);
    let mut builder = micro_rpc::Server::builder("proxy")
        .guard(guard)
        .relay(Arc::new(relay));
    let debug = Arc::new(OwnDebug::new(backends.clone()));
    let debugging: Arc<dyn Handler> = Arc::new(DebugServer::from_arc(debug.clone()));
    for own in services {
        // Both forms of a name are accepted wherever one is.
        for name in [own.name.to_owned(), format!("go.micro.service.{}", own.name)] {
            for handler in own.handlers.iter().chain([&debugging]) {
                builder = builder.handle_as(&name, handler.clone());
            }
        }
    }
    let contracts = services.iter().flat_map(|own| &own.handlers);
    let mut contracts: Vec<_> = contracts.map(|handler| handler.descriptor()).collect();
    let names = contracts.iter().map(|contract| contract.full_name()).collect();
    let health: Arc<dyn Handler> = Arc::new(HealthServer::from_arc(health::always(names)));
    contracts.push(health.descriptor());
    let reflection = ProxyReflection::new(Reflection::new(&contracts), registry.clone(), client.clone());
    let reflecting: Arc<dyn Handler> = Arc::new(ServerReflectionServer::new(reflection));
    let builder = builder
        .handle(health)
        .handle_as("grpc.reflection.v1alpha", reflecting.clone())
        .handle(reflecting);
    let server = Arc::new(builder.build());
    debug.watch(Arc::downgrade(&server));
    server
}
