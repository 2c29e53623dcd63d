//! The registry service: checks who asks, and asks the driver.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro::api::METADATA;
use micro::broker::{Broker, Message};
use micro::registry::{Action, Event, Registry, Service};
use micro_proto::registry as proto;
use micro_proto::registry::{
    EmptyResponse, EventType, GetRequest, GetResponse, ListRequest, ListResponse, Options,
    Registry as Contract, Result as Change, WatchRequest,
};
use micro_rpc::futures_util::{StreamExt, stream};
use micro_rpc::{Context, Error, Result, Streaming};

use micro_rpc::prost::Message as _;

use crate::drain::Draining;
use crate::{broker, namespace, routes};

/// Where registrations are published.
const TOPIC: &str = "registry.events";

/// Answers the registry's contract from a driver.
pub struct RegistryHandler {
    registry: Arc<dyn Registry>,
    broker: Arc<dyn Broker>,
    /// Tells this registry from others in what it publishes.
    id: String,
    draining: Draining,
    /// Registrations with routes are looked at one by one: of two that come at once, one is second.
    turn: tokio::sync::Mutex<()>,
}

impl RegistryHandler {
    /// Over a driver; watches end with the drain. Whoever subscribes to `registry.events` is told of registrations.
    pub fn new(registry: Arc<dyn Registry>, broker: Arc<dyn Broker>, draining: Draining) -> Self {
        Self {
            registry,
            broker,
            id: uuid::Uuid::new_v4().to_string(),
            draining,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// At most once, like all messages: a registration does not fail for want of a listener.
    async fn publish(&self, kind: EventType, service: Service) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let event = proto::Event {
            id: self.id.clone(),
            r#type: kind.into(),
            timestamp: i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            service: Some(service),
        };
        let header = [
            ("Content-Type", "application/grpc+proto"),
            ("Micro-Topic", TOPIC),
            ("Micro-Namespace", namespace::PLATFORM),
        ];
        let message = Message {
            header: header
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            body: event.encode_to_vec().into(),
        };
        let topic = broker::topic(namespace::PLATFORM, TOPIC);
        if let Err(error) = self.broker.publish(&topic, message).await {
            tracing::warn!(%error, "cannot publish what was registered");
        }
    }
}

fn domain(options: Option<&Options>) -> &str {
    options.map_or("", |options| options.domain.as_str())
}

/// The namespace to read in, once the caller may; `*` is for the platform's own accounts.
fn readable(ctx: &Context, options: Option<&Options>, id: &str) -> Result<String> {
    if domain(options) == "*" {
        namespace::authorize_admin(ctx, namespace::PLATFORM, id)?;
        return Ok("*".to_owned());
    }
    let named = namespace::named(domain(options), namespace::PLATFORM, id)?;
    namespace::authorize(ctx, named, id)?;
    Ok(named.to_owned())
}

fn writable(ctx: &Context, service: &Service, id: &str) -> Result<String> {
    let named = namespace::named(domain(service.options.as_ref()), namespace::PLATFORM, id)?;
    namespace::authorize_admin(ctx, named, id)?;
    Ok(named.to_owned())
}

fn ttl(service: &Service) -> Option<Duration> {
    let seconds = service.options.as_ref().map_or(0, |options| options.ttl);
    u64::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
}

/// What watchers are told of a change: of a new version twice, as created and then as updated.
fn changes(event: Event) -> Vec<Result<Change>> {
    let actions: &[&str] = match event.action {
        Action::Create => &["create", "update"],
        Action::Update => &["update"],
        Action::Delete => &["delete"],
    };
    let change = |action: &&str| Change {
        action: (*action).to_owned(),
        service: Some(event.service.clone()),
        timestamp: 0,
    };
    actions.iter().map(|action| Ok(change(action))).collect()
}

#[micro_rpc::async_trait]
impl Contract for RegistryHandler {
    async fn get_service(&self, ctx: &Context, request: GetRequest) -> Result<GetResponse> {
        const ID: &str = "registry.Registry.GetService";
        let namespace = readable(ctx, request.options.as_ref(), ID)?;
        let services = self.registry.get(&namespace, &request.service).await?;
        if services.is_empty() {
            return Err(Error::not_found(ID, "service not found"));
        }
        Ok(GetResponse { services })
    }

    async fn register(&self, ctx: &Context, service: Service) -> Result<EmptyResponse> {
        let namespace = writable(ctx, &service, "registry.Registry.Register")?;
        let ttl = ttl(&service);
        let has_routes = service
            .endpoints
            .iter()
            .any(|each| each.metadata.contains_key(METADATA));
        let turn = if has_routes {
            Some(self.turn.lock().await)
        } else {
            None
        };
        routes::check(&*self.registry, &namespace, &service).await?;
        self.registry.register(&namespace, service.clone(), ttl).await?;
        drop(turn);
        self.publish(EventType::Create, service).await;
        Ok(EmptyResponse::default())
    }

    async fn deregister(&self, ctx: &Context, service: Service) -> Result<EmptyResponse> {
        let namespace = writable(ctx, &service, "registry.Registry.Deregister")?;
        self.registry.deregister(&namespace, service.clone()).await?;
        self.publish(EventType::Delete, service).await;
        Ok(EmptyResponse::default())
    }

    async fn list_services(&self, ctx: &Context, request: ListRequest) -> Result<ListResponse> {
        let namespace = readable(ctx, request.options.as_ref(), "registry.Registry.ListServices")?;
        Ok(ListResponse {
            services: self.registry.list(&namespace).await?,
        })
    }

    async fn watch(&self, ctx: &Context, request: WatchRequest) -> Result<Streaming<Change>> {
        let namespace = readable(ctx, request.options.as_ref(), "registry.Registry.Watch")?;
        let events = self.registry.watch(&namespace, &request.service).await?;
        let told =
            events.flat_map(|event| stream::iter(event.map_or_else(|error| vec![Err(error)], changes)));
        Ok(self.draining.bound(Streaming::new(told)))
    }
}

#[cfg(test)]
mod tests {
    use micro::registry::{Memory, Node, Remote, conformance};
    use micro_proto::registry::RegistryServer;
    use micro_rpc::{Access, Account, Client, Guard, Server};

    use super::*;
    use crate::drain::Drain;

    struct Everybody;

    #[micro_rpc::async_trait]
    impl Guard for Everybody {
        fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
            let account = Account {
                id: "test".to_owned(),
                kind: "service".to_owned(),
                issuer: token.to_owned(),
                scopes: vec!["service".to_owned()],
                ..Account::default()
            };
            Some(Arc::new(account))
        }
        fn authorise(&self, _access: &Access<'_>) -> Result<()> {
            Ok(())
        }
    }

    struct Token(&'static str);

    impl micro_rpc::Credentials for Token {
        fn token(&self) -> Option<Arc<str>> {
            Some(self.0.into())
        }
    }

    async fn client(issuer: &'static str) -> Client {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let drain = Drain::new();
        let broker = Arc::new(micro::broker::Memory::default());
        let handler = RegistryHandler::new(Arc::new(Memory::new()), broker, drain.signal());
        let handler = RegistryServer::new(handler);
        let server = Server::builder("registry")
            .handle(Arc::new(handler))
            .guard(Arc::new(Everybody))
            .build();
        tokio::spawn(async move {
            server
                .serve(listener, std::future::pending(), Duration::ZERO)
                .await;
            drop(drain);
        });
        Client::builder()
            .address(&address)
            .credentials(Arc::new(Token(issuer)))
            .build()
    }

    #[tokio::test]
    async fn over_the_network_the_promise_is_the_same() {
        conformance::run(&Remote::new(&client("micro").await)).await;
    }

    #[tokio::test]
    async fn watches_end_with_the_drain() {
        let drain = Drain::new();
        let broker = Arc::new(micro::broker::Memory::default());
        let handler = RegistryHandler::new(Arc::new(Memory::new()), broker, drain.signal());
        let account = Everybody.authenticate("micro").unwrap();
        let ctx = Context::background().with_account(account);
        let mut changes = handler.watch(&ctx, WatchRequest::default()).await.unwrap();
        drain.begin();
        assert!(changes.next().await.is_none());
    }

    #[tokio::test]
    async fn a_new_version_is_created_then_updated_and_published() {
        let drain = Drain::new();
        let broker = Arc::new(micro::broker::Memory::default());
        let handler = RegistryHandler::new(Arc::new(Memory::new()), broker.clone(), drain.signal());
        let ctx = Context::background().with_account(Everybody.authenticate("micro").unwrap());
        let topic = crate::broker::topic("micro", TOPIC);
        let mut published = broker.subscribe(&topic, "").await.unwrap();
        let mut changes = handler.watch(&ctx, WatchRequest::default()).await.unwrap();
        let node = Node {
            id: "a".to_owned(),
            address: "a:1".to_owned(),
            ..Node::default()
        };
        let service = Service {
            name: "user".to_owned(),
            nodes: vec![node],
            ..Service::default()
        };
        handler.register(&ctx, service.clone()).await.unwrap();
        handler.deregister(&ctx, service).await.unwrap();
        for action in ["create", "update", "delete"] {
            assert_eq!(changes.next().await.unwrap().unwrap().action, action);
        }
        for kind in [EventType::Create, EventType::Delete] {
            let message = published.next().await.unwrap().unwrap();
            let event = proto::Event::decode(&message.body[..]).unwrap();
            assert_eq!(
                (event.r#type, event.service.unwrap().name),
                (kind.into(), "user".to_owned())
            );
        }
    }

    #[tokio::test]
    async fn tenants_stay_apart() {
        let registry = Remote::new(&client("acme").await);
        let node = Node {
            id: "a".to_owned(),
            address: "a:1".to_owned(),
            ..Node::default()
        };
        let service = Service {
            name: "user".to_owned(),
            nodes: vec![node],
            ..Service::default()
        };
        registry.register("acme", service.clone(), None).await.unwrap();
        assert_eq!(registry.list("acme").await.unwrap().len(), 1);
        let refused = registry.register("other", service, None).await.unwrap_err();
        assert_eq!(
            (refused.code, refused.detail.as_str()),
            (403, "access denied to namespace")
        );
        assert_eq!(registry.list("*").await.unwrap_err().code, 403);
        assert_eq!(registry.list("micro").await.unwrap_err().code, 403);
    }
}
