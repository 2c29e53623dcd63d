//! What a program that speaks gRPC answers, as it tells itself by reflection.
//!
//! With it the registry shows the program's endpoints, so that its methods are commands like those of any service, and calls find
//! their way: outside, the program's handlers stand under its name on the platform, and inside under the package of its contract.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use micro::registry::{Endpoint, schema};
use micro_proto::reflection::server_reflection_request::MessageRequest;
use micro_proto::reflection::server_reflection_response::MessageResponse;
use micro_proto::reflection::{ServerReflection as _, ServerReflectionClient, ServerReflectionRequest};
use micro_rpc::bytes::Bytes;
use micro_rpc::prost::{self, Message};
use micro_rpc::{Client, Context, ServiceDescriptor, Streaming};

const PATIENCE: Duration = Duration::from_secs(2);
/// Both forms of the protocol; they differ in name only.
const REFLECTION: [&str; 2] = ["grpc.reflection.v1", "grpc.reflection.v1alpha"];
/// What servers answer about themselves, which is no part of what they are for.
const OWN: [&str; 2] = ["grpc.reflection.", "grpc.health."];
/// No contract is made of more files.
const MOST_FILES: usize = 256;

/// The handlers of a program and the packages that they are in, and what they take and answer.
#[derive(Debug, Default)]
pub(super) struct Contract {
    packages: BTreeMap<String, String>,
    endpoints: Vec<Endpoint>,
}

/// The part of a file's descriptor that says what else is needed.
#[derive(Clone, PartialEq, Message)]
#[prost(prost_path = "micro_rpc::prost")]
struct File {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, repeated, tag = "3")]
    dependency: Vec<String>,
}

impl Contract {
    /// Asks the program; `None` when it does not tell.
    pub(super) async fn read(address: &str) -> Option<Self> {
        let client = Client::to_address(address);
        for protocol in REFLECTION {
            let asker = Asker(ServerReflectionClient::with_name(&client, protocol));
            let Some(MessageResponse::ListServicesResponse(listed)) =
                asker.ask(MessageRequest::ListServices(String::new())).await
            else {
                continue;
            };
            let mut contract = Self::default();
            for service in listed.service {
                let (package, handler) = service.name.rsplit_once('.').unwrap_or(("", &service.name));
                contract.packages.insert(handler.to_owned(), package.to_owned());
                if !OWN.iter().any(|own| service.name.starts_with(own)) {
                    contract.add(package, handler, &asker.files(&service.name).await);
                }
            }
            return Some(contract);
        }
        None
    }

    fn add(&mut self, package: &str, handler: &str, files: &BTreeMap<String, Bytes>) {
        // A set of files is the files one after the other, each as its first field. The registry's schema wants what generated
        // code has, which lives for ever: so does this process for its one program.
        let mut set = Vec::new();
        for file in files.values() {
            set.push(0x0a);
            prost::encoding::encode_varint(file.len() as u64, &mut set);
            set.extend_from_slice(file);
        }
        let descriptor = ServiceDescriptor {
            package: package.to_owned().leak(),
            name: handler.to_owned().leak(),
            methods: &[],
            file_descriptor_set: set.leak(),
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

struct Asker(ServerReflectionClient);

impl Asker {
    async fn ask(&self, question: MessageRequest) -> Option<MessageResponse> {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        };
        let ctx = Context::background().with_timeout(PATIENCE);
        let questions = Streaming::from_iter([request]);
        let mut answers = self.0.server_reflection_info(&ctx, questions).await.ok()?;
        answers.next().await?.ok()?.message_response
    }

    /// The file of a service and all that it imports. Some programs send them at once, others one by one.
    async fn files(&self, service: &str) -> BTreeMap<String, Bytes> {
        let mut files = BTreeMap::new();
        let mut asked = BTreeSet::new();
        let mut questions = vec![MessageRequest::FileContainingSymbol(service.to_owned())];
        while let Some(question) = questions.pop() {
            let Some(MessageResponse::FileDescriptorResponse(answer)) = self.ask(question).await else {
                continue;
            };
            let mut wanted = Vec::new();
            for bytes in answer.file_descriptor_proto {
                if let Ok(file) = File::decode(&*bytes) {
                    files.insert(file.name, bytes);
                    wanted.extend(file.dependency);
                }
            }
            wanted.retain(|name| !files.contains_key(name) && asked.insert(name.clone()));
            questions.extend(wanted.into_iter().map(MessageRequest::FileByFilename));
            if files.len() > MOST_FILES {
                break;
            }
        }
        files
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
