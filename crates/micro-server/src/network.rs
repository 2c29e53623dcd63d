//! The network service: which servers make up the platform, and which routes they know.
//!
//! There is one server in the local profile. Addresses of others that it is told of are listed and not called: whoever may
//! reach the port may name them, so that calling them would let anybody point the server at anything.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use micro::registry::{Node as Instance, Registry, Service};
use micro_proto::network::{
    ConnectRequest, ConnectResponse, Error as Fault, GraphRequest, GraphResponse, Network as Contract, Node,
    NodesRequest, NodesResponse, Peer, Query, RoutesRequest, RoutesResponse, ServicesRequest,
    ServicesResponse, Status, StatusRequest, StatusResponse,
};
use micro_proto::router::Route;
use micro_rpc::{Context, Error, Result};

use crate::namespace::{self, PLATFORM};

/// So many addresses of others are kept.
const MOST_PEERS: usize = 64;
/// Metric of a route to an instance that this server knows itself.
const NEAR: i64 = 1;

/// Answers the network's contract from the registry.
pub struct NetworkHandler {
    registry: Arc<dyn Registry>,
    id: String,
    address: String,
    peers: Mutex<BTreeSet<SocketAddr>>,
}

impl NetworkHandler {
    /// `id` names this server, `address` is where it is reached.
    pub fn new(registry: Arc<dyn Registry>, id: String, address: String) -> Self {
        Self {
            registry,
            id,
            address,
            peers: Mutex::default(),
        }
    }

    fn own(&self) -> Node {
        Node {
            id: self.id.clone(),
            address: self.address.clone(),
            network: PLATFORM.to_owned(),
            status: Some(Status {
                error: Some(Fault::default()),
            }),
            ..Node::default()
        }
    }

    fn others(&self) -> Vec<Node> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let node = |address: &SocketAddr| Node {
            id: number_of(&address.to_string()),
            address: address.to_string(),
            network: PLATFORM.to_owned(),
            ..Node::default()
        };
        peers.iter().map(node).collect()
    }

    async fn routes_in(&self, network: &str) -> Result<Vec<Route>> {
        let services = self.registry.list(network).await?;
        Ok(services
            .iter()
            .flat_map(|service| service.nodes.iter().map(|node| self.route(service, node)))
            .collect())
    }

    fn route(&self, service: &Service, node: &Instance) -> Route {
        let domain = service.metadata.get("domain");
        Route {
            service: service.name.clone(),
            address: node.address.clone(),
            network: domain.cloned().unwrap_or_else(|| PLATFORM.to_owned()),
            router: self.id.clone(),
            link: "local".to_owned(),
            metric: NEAR,
            ..Route::default()
        }
    }
}

/// A node that does not say its id is called by a number that its address makes (FNV-1a).
fn number_of(address: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    address.bytes().fold(0xcbf2_9ce4_8422_2325, step).to_string()
}

fn matches(query: &Query, route: &Route) -> bool {
    let fits = |wanted: &str, value: &str| wanted.is_empty() || wanted == "*" || wanted == value;
    fits(micro::registry::short_name(&query.service), &route.service)
        && fits(&query.address, &route.address)
        && fits(&query.gateway, &route.gateway)
        && fits(&query.router, &route.router)
}

#[micro_rpc::async_trait]
impl Contract for NetworkHandler {
    async fn connect(&self, _ctx: &Context, request: ConnectRequest) -> Result<ConnectResponse> {
        const ID: &str = "network.Network.Connect";
        let address = |node: &Node| {
            node.address.parse::<SocketAddr>().map_err(|_| {
                let detail = format!(
                    "{:?} is not an address: write IP:PORT, for example 10.0.0.1:8443",
                    node.address
                );
                Error::bad_request(ID, detail)
            })
        };
        let new: Vec<SocketAddr> = request.nodes.iter().map(address).collect::<Result<_>>()?;
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let added: BTreeSet<SocketAddr> = peers.iter().copied().chain(new).collect();
        if added.len() > MOST_PEERS {
            return Err(Error::too_many_requests(
                ID,
                format!("a node keeps at most {MOST_PEERS} addresses of others"),
            ));
        }
        *peers = added;
        Ok(ConnectResponse::default())
    }

    async fn graph(&self, _ctx: &Context, _request: GraphRequest) -> Result<GraphResponse> {
        let leaf = |node| Peer {
            node: Some(node),
            peers: Vec::new(),
        };
        Ok(GraphResponse {
            root: Some(Peer {
                node: Some(self.own()),
                peers: self.others().into_iter().map(leaf).collect(),
            }),
        })
    }

    async fn nodes(&self, _ctx: &Context, _request: NodesRequest) -> Result<NodesResponse> {
        let mut nodes = vec![self.own()];
        nodes.extend(self.others());
        Ok(NodesResponse { nodes })
    }

    async fn routes(&self, ctx: &Context, request: RoutesRequest) -> Result<RoutesResponse> {
        const ID: &str = "network.Network.Routes";
        let query = request.query.unwrap_or_default();
        let asks_for_all = query.network == "*";
        let asked = if asks_for_all { PLATFORM } else { &query.network };
        let network = namespace::named(asked, ctx.namespace(), ID)?;
        namespace::authorize_admin(ctx, network, ID)?;
        // Who names no network and is of the platform's own sees all of them.
        let is_all = asks_for_all || (query.network.is_empty() && network == PLATFORM);
        let mut routes = self.routes_in(if is_all { "*" } else { network }).await?;
        routes.retain(|route| matches(&query, route));
        Ok(RoutesResponse { routes })
    }

    async fn services(&self, ctx: &Context, _request: ServicesRequest) -> Result<ServicesResponse> {
        namespace::authorize_admin(ctx, PLATFORM, "network.Network.Services")?;
        let listed = self.registry.list("*").await?;
        let names: BTreeSet<String> = listed.into_iter().map(|service| service.name).collect();
        Ok(ServicesResponse {
            services: names.into_iter().collect(),
        })
    }

    async fn status(&self, _ctx: &Context, _request: StatusRequest) -> Result<StatusResponse> {
        Err(Error::not_implemented(
            "network.Network.Status",
            "rpc: can't find method Status",
        ))
    }
}

#[cfg(test)]
mod tests {
    use micro::registry::Memory;
    use micro_proto::network::{NetworkClient, NetworkServer};

    use super::*;
    use crate::peer;

    async fn registry() -> Arc<dyn Registry> {
        let registry = Memory::new();
        for (namespace, name, address) in [
            ("micro", "user", "a:1"),
            ("acme", "user", "b:2"),
            ("acme", "shop", "c:3"),
        ] {
            let node = Instance {
                id: format!("{name}-1"),
                address: address.to_owned(),
                ..Instance::default()
            };
            let service = Service {
                name: name.to_owned(),
                nodes: vec![node],
                ..Service::default()
            };
            registry.register(namespace, service, None).await.unwrap();
        }
        Arc::new(registry)
    }

    async fn client(caller: &'static str) -> NetworkClient {
        let handler = NetworkHandler::new(registry().await, "here".to_owned(), "127.0.0.1:8081".to_owned());
        NetworkClient::new(&peer::client(Arc::new(NetworkServer::new(handler)), caller).await)
    }

    async fn addresses(client: &NetworkClient, namespace: &str, query: Query) -> Result<Vec<String>> {
        let ctx = Context::background().with_namespace(namespace);
        let answer = client.routes(&ctx, RoutesRequest { query: Some(query) }).await?;
        Ok(answer.routes.into_iter().map(|route| route.address).collect())
    }

    fn query(network: &str, service: &str) -> Query {
        Query {
            network: network.to_owned(),
            service: service.to_owned(),
            ..Query::default()
        }
    }

    #[tokio::test]
    async fn routes_are_those_of_the_network() {
        let platform = client("micro user admin").await;
        for (namespace, network, service, expected) in [
            ("micro", "", "", &["c:3", "b:2", "a:1"][..]),
            ("micro", "*", "user", &["b:2", "a:1"]),
            ("micro", "micro", "", &["a:1"]),
            ("acme", "", "go.micro.service.user", &["b:2"]),
            ("micro", "acme", "*", &["c:3", "b:2"]),
            ("micro", "", "nobody", &[]),
        ] {
            let mut found = addresses(&platform, namespace, query(network, service))
                .await
                .unwrap();
            found.sort_by(|a, b| b.cmp(a));
            assert_eq!(found, expected, "{namespace} {network} {service}");
        }
        let ctx = Context::background();
        let all = platform.services(&ctx, ServicesRequest::default()).await.unwrap();
        assert_eq!(all.services, ["shop", "user"]);
        let owner = client("acme user admin").await;
        assert_eq!(
            addresses(&owner, "acme", query("", "shop")).await.unwrap(),
            ["c:3"]
        );
        for network in ["micro", "*"] {
            let refused = addresses(&owner, "acme", query(network, "")).await.unwrap_err();
            assert_eq!(refused.code, 403, "{network}");
        }
    }

    #[tokio::test]
    async fn nodes_are_this_one_and_those_it_was_told_of() {
        let anybody = client("").await;
        let ctx = Context::background();
        let connect = |addresses: Vec<String>| {
            let node = |address| Node {
                address,
                ..Node::default()
            };
            ConnectRequest {
                nodes: addresses.into_iter().map(node).collect(),
            }
        };
        let told = connect(vec!["10.0.0.1:8443".to_owned(), "10.0.0.1:8443".to_owned()]);
        anybody.connect(&ctx, told).await.unwrap();
        let wrong = anybody
            .connect(&ctx, connect(vec!["nowhere".to_owned()]))
            .await
            .unwrap_err();
        assert!(wrong.code == 400 && wrong.detail.contains("nowhere"), "{wrong}");
        let many = (0..MOST_PEERS).map(|port| format!("10.0.0.2:{port}")).collect();
        assert_eq!(anybody.connect(&ctx, connect(many)).await.unwrap_err().code, 429);

        let nodes = anybody.nodes(&ctx, NodesRequest::default()).await.unwrap().nodes;
        let shown: Vec<_> = nodes.iter().map(|node| node.address.as_str()).collect();
        assert_eq!(shown, ["127.0.0.1:8081", "10.0.0.1:8443"]);
        assert!(nodes[0].id == "here" && nodes[1].id.parse::<u64>().is_ok());
        let graph = anybody.graph(&ctx, GraphRequest::default()).await.unwrap();
        let root = graph.root.unwrap();
        let own = root.node.unwrap();
        assert_eq!(own.network, "micro");
        assert_eq!(own.status.unwrap().error.unwrap(), Fault::default());
        assert_eq!(root.peers.len(), 1);
        let status = anybody.status(&ctx, StatusRequest::default()).await.unwrap_err();
        assert_eq!(status.detail, "rpc: can't find method Status");
    }
}
