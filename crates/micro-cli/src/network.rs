//! `micro network`: the servers of the platform, and the routes that they know.

use clap::{Args, Subcommand};
use micro_proto::network::{
    ConnectRequest, GraphRequest, Network, NetworkClient, Node, NodesRequest, Query, RoutesRequest,
    ServicesRequest,
};
use micro_proto::router::Route;
use micro_rpc::{Context, Error};

use crate::call::{self, Call};
use crate::errors::Result;
use crate::output::{self, Output, print_json};
use crate::session::{Globals, Session};

/// Look at the servers of the platform and their routes.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro network nodes\n   micro network routes --service=helloworld")]
pub struct NetworkArgs {
    #[command(subcommand)]
    command: NetworkCommand,
}

#[derive(Subcommand, Debug)]
enum NetworkCommand {
    /// Tell the server of another one
    #[command(after_help = "EXAMPLE:\n   micro network connect 10.0.0.1:8443")]
    Connect {
        /// Addresses of other servers, IP:PORT
        #[arg(required = true, value_name = "ADDRESS")]
        addresses: Vec<String>,
    },
    /// List what the server is connected to
    #[command(after_help = "EXAMPLE:\n   micro network connections")]
    Connections,
    /// Print the server and what it is connected to, as JSON
    #[command(after_help = "EXAMPLE:\n   micro network graph")]
    Graph,
    /// List the servers
    #[command(after_help = "EXAMPLE:\n   micro network nodes")]
    Nodes,
    /// List the routes to services
    #[command(after_help = "EXAMPLE:\n   micro network routes --service=helloworld")]
    Routes(RouteArgs),
    /// List the services that there are routes to
    #[command(after_help = "EXAMPLE:\n   micro network services")]
    Services,
    /// Call an endpoint with JSON, as `micro call` does
    #[command(
        after_help = "EXAMPLE:\n   micro network call helloworld Helloworld.Call '{\"name\": \"Alice\"}'"
    )]
    Call {
        /// The service
        service: String,
        /// Its endpoint, Handler.Method
        endpoint: String,
        /// The request as JSON
        body: Vec<String>,
    },
}

#[derive(Args, Debug)]
struct RouteArgs {
    /// Only routes to this service
    #[arg(long, default_value = "")]
    service: String,
    /// Only routes to this address
    #[arg(long, default_value = "")]
    address: String,
    /// Only routes through this gateway
    #[arg(long, default_value = "")]
    gateway: String,
    /// Only routes of this router
    #[arg(long, default_value = "")]
    router: String,
    /// Only routes of this network; a namespace is one
    #[arg(long, default_value = "")]
    network: String,
}

const ROUTE: [&str; 7] = [
    "SERVICE", "ADDRESS", "GATEWAY", "ROUTER", "NETWORK", "METRIC", "LINK",
];

/// Runs `micro network`. As JSON it prints what the server answered, whole.
pub async fn run(globals: &Globals, args: NetworkArgs) -> Result<()> {
    let command = match args.command {
        NetworkCommand::Call {
            service,
            endpoint,
            body,
        } => {
            let wanted = Call {
                service,
                endpoint,
                body,
                ..Call::default()
            };
            call::check(&wanted)?;
            return call::call(&Session::open(globals).await?, &wanted).await;
        }
        command => command,
    };
    let session = Session::open(globals).await?;
    let client = NetworkClient::new(&session.client);
    let (ctx, json) = (Context::background(), globals.output == Output::Json);
    let explain = |error: Error| session.explain(error);
    match command {
        NetworkCommand::Connect { addresses } => {
            let nodes = addresses.into_iter().map(at).collect();
            let answer = client.connect(&ctx, ConnectRequest { nodes }).await;
            print_json(&answer.map_err(explain)?)
        }
        NetworkCommand::Connections => {
            let answer = client.graph(&ctx, GraphRequest { depth: 1 }).await;
            let answer = answer.map_err(explain)?;
            if json {
                return print_json(&answer);
            }
            let root = answer.root.unwrap_or_default();
            let nodes: Vec<Node> = root.peers.into_iter().filter_map(|peer| peer.node).collect();
            table_of("NODE", &nodes)
        }
        NetworkCommand::Graph => {
            let answer = client.graph(&ctx, GraphRequest::default()).await;
            print_json(&answer.map_err(explain)?)
        }
        NetworkCommand::Nodes => {
            let answer = client.nodes(&ctx, NodesRequest { depth: 1 }).await;
            let answer = answer.map_err(explain)?;
            if json {
                return print_json(&answer);
            }
            table_of("ID", &answer.nodes)
        }
        NetworkCommand::Routes(args) => {
            let query = Some(args.into());
            let answer = client.routes(&ctx, RoutesRequest { query }).await;
            let mut answer = answer.map_err(explain)?;
            answer.routes.sort_by(|one, other| order(one).cmp(&order(other)));
            if json {
                return print_json(&answer);
            }
            output::line(&output::bordered(&ROUTE, answer.routes.iter().map(row).collect()))
        }
        // Done above.
        NetworkCommand::Call { .. } => Ok(()),
        NetworkCommand::Services => {
            let answer = client.services(&ctx, ServicesRequest::default()).await;
            let mut answer = answer.map_err(explain)?;
            answer.services.sort();
            if json {
                return print_json(&answer);
            }
            answer.services.iter().try_for_each(|name| output::line(name))
        }
    }
}

fn at(address: String) -> Node {
    Node {
        address,
        ..Node::default()
    }
}

impl From<RouteArgs> for Query {
    fn from(args: RouteArgs) -> Self {
        Self {
            service: args.service,
            address: args.address,
            gateway: args.gateway,
            router: args.router,
            network: args.network,
        }
    }
}

fn table_of(first: &str, nodes: &[Node]) -> Result<()> {
    let row = |node: &Node| vec![node.id.clone(), node.address.clone()];
    let table = output::bordered(&[first, "ADDRESS"], nodes.iter().map(row).collect());
    output::line(&table)
}

fn order(route: &Route) -> (&str, &str, i64, &str) {
    (&route.service, &route.network, route.metric, &route.address)
}

fn row(route: &Route) -> Vec<String> {
    let metric = match route.metric {
        i64::MAX => "∞".to_owned(),
        metric => metric.to_string(),
    };
    vec![
        route.service.clone(),
        route.address.clone(),
        route.gateway.clone(),
        route.router.clone(),
        route.network.clone(),
        metric,
        route.link.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_rows() {
        let route = Route {
            service: "user".to_owned(),
            address: "127.0.0.1:1".to_owned(),
            network: "micro".to_owned(),
            router: "r".to_owned(),
            link: "local".to_owned(),
            metric: i64::MAX,
            ..Route::default()
        };
        assert_eq!(
            row(&route),
            ["user", "127.0.0.1:1", "", "r", "micro", "∞", "local"]
        );
        let json = serde_json::to_value(&route).unwrap();
        assert_eq!(json["metric"], i64::MAX.to_string());
    }
}
