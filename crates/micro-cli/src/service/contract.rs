//! What a program that speaks gRPC answers, as it tells itself by reflection.
//!
//! With it the registry shows the program's endpoints, so that its methods are commands like those of any service, and calls find
//! their way: outside, the program's handlers stand under its name on the platform, and inside under the package of its contract.

use std::collections::BTreeMap;
use std::time::Duration;

use micro::registry::{Endpoint, schema};
use micro::service::reflection::{Described, describe};
use micro_rpc::{Client, Context, ServiceDescriptor};

const PATIENCE: Duration = Duration::from_secs(2);
/// Both forms of the protocol; they differ in name only.
const REFLECTION: [&str; 2] = ["grpc.reflection.v1", "grpc.reflection.v1alpha"];

/// The handlers of a program and the packages that they are in, and what they take and answer.
#[derive(Debug, Default)]
pub(super) struct Contract {
    packages: BTreeMap<String, String>,
    endpoints: Vec<Endpoint>,
}

impl Contract {
    /// Asks the program; `None` when it does not tell.
    pub(super) async fn read(address: &str) -> Option<Self> {
        let client = Client::to_address(address);
        for protocol in REFLECTION {
            let ctx = Context::background().with_timeout(PATIENCE);
            if let Some(described) = describe(&client, protocol, &ctx).await {
                let mut contract = Self::default();
                described.into_iter().for_each(|service| contract.add(service));
                return Some(contract);
            }
        }
        None
    }

    fn add(&mut self, service: Described) {
        let (package, handler) = service.name.rsplit_once('.').unwrap_or(("", &service.name));
        self.packages.insert(handler.to_owned(), package.to_owned());
        if service.files.is_empty() {
            return;
        }
        // The registry's schema wants what generated code has, which lives for ever: so does this process for its one program.
        let descriptor = ServiceDescriptor {
            package: package.to_owned().leak(),
            name: handler.to_owned().leak(),
            methods: &[],
            file_descriptor_set: service.files.leak(),
        };
        self.endpoints.extend(schema::endpoints(&descriptor));
    }

    pub(super) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The package of a handler, when it is known.
    pub(super) fn package(&self, handler: &str) -> Option<&str> {
        self.packages.get(handler).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use micro::service::reflection::Reflection;
    use micro_proto::network::NETWORK_SERVICE;
    use micro_proto::reflection::ServerReflectionServer;
    use micro_rpc::{Handler, Server};

    use super::*;

    #[tokio::test]
    async fn a_program_tells_its_contract() {
        let reflecting: Arc<dyn Handler> =
            Arc::new(ServerReflectionServer::new(Reflection::new(&[&NETWORK_SERVICE])));
        for protocol in REFLECTION {
            let server = Server::builder("program")
                .handle_as(protocol, reflecting.clone())
                .build();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            tokio::spawn(async move {
                server
                    .serve(listener, std::future::pending(), Duration::ZERO)
                    .await;
            });
            let contract = Contract::read(&address).await.unwrap();
            assert_eq!(contract.package("Network"), Some("network"));
            let routes = contract
                .endpoints()
                .iter()
                .find(|one| one.name == "Network.Routes")
                .unwrap();
            let answer = routes.response.as_ref().unwrap();
            let route = &answer.values[0];
            assert_eq!(route.r#type, "[]Route");
            assert!(
                route.values.iter().any(|field| field.name == "metric"),
                "what is imported is known too: {route:?}"
            );
        }
        assert!(Contract::read("127.0.0.1:1").await.is_none());
    }
}
