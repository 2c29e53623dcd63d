use std::sync::Arc;
use std::time::Duration;

use micro::registry::{Cache, Memory, Node, Registry, Service};
use micro::service::debug::DebugHandler;
use micro::service::reflection::Reflection;
use micro_proto::debug::{Debug, DebugClient, DebugServer, HealthRequest};
use micro_proto::reflection::server_reflection_request::MessageRequest;
use micro_proto::reflection::server_reflection_response::MessageResponse;
use micro_proto::reflection::{
    ServerReflection, ServerReflectionClient, ServerReflectionRequest, ServerReflectionServer,
};
use micro_rpc::{Handler, Server, server::Builder};
use proptest::prelude::*;
use tokio::net::TcpListener;

use super::reflection::ProxyReflection;
use super::*;

#[test]
fn paths_name_service_handler_and_method() {
    for (path, expected) in [
        (
            "/helloworld.Helloworld/Call",
            Some(("helloworld", "Helloworld", "Call")),
        ),
        ("/go.micro.service.user.User/Read", Some(("user", "User", "Read"))),
        ("/foo.bar.Baz/Cat", Some(("foo.bar", "Baz", "Cat"))),
        ("/Foo/Bar", Some(("", "Foo", "Bar"))),
        ("/nothing", None),
        ("/user./Read", None),
        ("/user.User/", None),
        ("/user.User/Read/More", None),
    ] {
        assert_eq!(route(path), expected, "{path}");
    }
}

proptest! {
    #[test]
    fn any_path_is_a_route_or_none(path in "[/.a-zA-Z]{0,24}|\\PC{0,24}") {
        if let Some((service, handler, method)) = route(&path) {
            prop_assert!(!handler.is_empty() && !handler.contains('.') && !method.is_empty());
            let tail = if service.is_empty() { format!("/{handler}/{method}") } else { format!("{service}.{handler}/{method}") };
            prop_assert!(path.ends_with(&tail) || path == format!("/.{handler}/{method}"), "{path}");
        }
    }
}

async fn serve(server: Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        server
            .serve(listener, std::future::pending(), Duration::ZERO)
            .await
    });
    address
}

fn debug() -> Arc<dyn Handler> {
    Arc::new(DebugServer::new(DebugHandler::default()))
}

/// Something that looks like a service called `debug`, so that its contract is `debug.Debug`.
fn service() -> Builder {
    let reflection = ServerReflectionServer::new(Reflection::new(&[debug().descriptor()]));
    Server::builder("debug")
        .handle(debug())
        .handle(Arc::new(reflection))
}

struct Setup {
    registry: Arc<dyn Registry>,
    proxy: String,
}

impl Setup {
    async fn new() -> Self {
        let registry: Arc<dyn Registry> = Arc::new(Memory::new());
        let client = Client::builder().resolver(Cache::new(registry.clone())).build();
        let reflection = ProxyReflection::new(Reflection::default(), registry.clone(), client.clone());
        let server = Server::builder("proxy")
            .relay(Arc::new(Proxy::new(
                client.clone(),
                client,
                vec!["registry", "proxy"],
            )))
            .handle(Arc::new(ServerReflectionServer::new(reflection)))
            .build();
        Self {
            registry,
            proxy: serve(server).await,
        }
    }

    async fn register(&self, namespace: &str, name: &str, address: &str) {
        let node = Node {
            id: format!("{name}-1"),
            address: address.to_owned(),
            ..Node::default()
        };
        let endpoint = micro::registry::Endpoint {
            name: "Debug.Health".to_owned(),
            ..Default::default()
        };
        let service = Service {
            name: name.to_owned(),
            nodes: vec![node],
            endpoints: vec![endpoint],
            ..Service::default()
        };
        self.registry.register(namespace, service, None).await.unwrap();
    }

    async fn call(&self, name: &str, ctx: &Context) -> Result<String> {
        let client = DebugClient::with_name(&Client::to_address(&self.proxy), name);
        client
            .health(ctx, HealthRequest::default())
            .await
            .map(|answer| answer.status)
    }
}

#[tokio::test]
async fn calls_are_relayed_within_their_namespace() {
    let setup = Setup::new().await;
    setup
        .register("acme", "debug", &serve(service().build()).await)
        .await;
    let acme = Context::background().with_namespace("acme");
    assert_eq!(setup.call("debug", &acme).await.unwrap(), "ok");
    assert_eq!(setup.call("go.micro.service.debug", &acme).await.unwrap(), "ok");
    let missing = setup.call("debug", &Context::background()).await.unwrap_err();
    assert_eq!(
        (missing.code, missing.detail.as_str()),
        (500, "service debug: route not found")
    );
}

#[tokio::test]
async fn calls_that_lead_nowhere_are_told_so() {
    let setup = Setup::new().await;
    setup.register("micro", "proxy", &setup.proxy).await;
    let ctx = Context::background();
    let own = setup.call("proxy", &ctx).await.unwrap_err();
    assert_eq!((own.code, own.detail.as_str()), (501, "unknown service Debug"));
    setup.register("micro", "mirror", &setup.proxy).await;
    let circle = setup.call("mirror", &ctx).await.unwrap_err();
    assert_eq!(circle.code, 500);
    assert!(circle.detail.contains("in circles"), "{circle}");
    let nameless = Client::to_address(&setup.proxy).service("");
    let answer: Result<HealthRequest> = nameless.unary(&ctx, "Foo.Bar", &HealthRequest::default()).await;
    let blank = answer.unwrap_err();
    assert_eq!(
        (blank.code, blank.id.as_str(), blank.detail.as_str()),
        (400, ID, "service name is blank")
    );
}

async fn reflect(setup: &Setup, ctx: &Context, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let client = ServerReflectionClient::with_name(&Client::to_address(&setup.proxy), "grpc.reflection.v1");
    let mut answers = client
        .server_reflection_info(ctx, Streaming::from_iter([request]))
        .await
        .unwrap();
    answers.next().await.unwrap().unwrap().message_response.unwrap()
}

async fn listed(setup: &Setup, ctx: &Context) -> Vec<String> {
    match reflect(setup, ctx, MessageRequest::ListServices(String::new())).await {
        MessageResponse::ListServicesResponse(list) => list.service.into_iter().map(|one| one.name).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn reflection_reaches_the_services() {
    let setup = Setup::new().await;
    let address = serve(service().build()).await;
    setup.register("micro", "debug", &address).await;
    setup.register("acme", "hidden", &address).await;
    let ctx = Context::background();
    assert_eq!(listed(&setup, &ctx).await, ["debug.Debug"]);
    assert!(
        listed(&setup, &ctx.clone().with_namespace("acme"))
            .await
            .is_empty(),
        "tenants are not told on"
    );
    let symbol = |name: &str| MessageRequest::FileContainingSymbol(name.to_owned());
    let found = reflect(&setup, &ctx, symbol("debug.Debug")).await;
    assert!(
        matches!(found, MessageResponse::FileDescriptorResponse(_)),
        "{found:?}"
    );
    let missing = reflect(&setup, &ctx, symbol("nobody.Nobody")).await;
    assert!(
        matches!(missing, MessageResponse::ErrorResponse(_)),
        "{missing:?}"
    );
}
