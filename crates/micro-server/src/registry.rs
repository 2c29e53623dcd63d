//! The registry service: checks who asks, and asks the driver.

use std::sync::Arc;
use std::time::Duration;

use micro::registry::{Action, Event, Registry, Service};
use micro_proto::registry::{
    EmptyResponse, GetRequest, GetResponse, ListRequest, ListResponse, Options, Registry as Contract,
    Result as Change, WatchRequest,
};
use micro_rpc::{Context, Error, Result, Streaming};

use crate::drain::Draining;
use crate::namespace;

/// Answers the registry's contract from a driver.
pub struct RegistryHandler {
    registry: Arc<dyn Registry>,
    draining: Draining,
}

impl RegistryHandler {
    /// Over a driver; watches end with the drain.
    pub fn new(registry: Arc<dyn Registry>, draining: Draining) -> Self {
        Self { registry, draining }
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

fn change(event: Event) -> Change {
    let action = match event.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    };
    Change {
        action: action.to_owned(),
        service: Some(event.service),
        timestamp: 0,
    }
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
        self.registry.register(&namespace, service, ttl).await?;
        Ok(EmptyResponse::default())
    }

    async fn deregister(&self, ctx: &Context, service: Service) -> Result<EmptyResponse> {
        let namespace = writable(ctx, &service, "registry.Registry.Deregister")?;
        self.registry.deregister(&namespace, service).await?;
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
        Ok(self.draining.bound(events.map(|event| Ok(change(event)))))
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
        let handler = RegistryServer::new(RegistryHandler::new(Arc::new(Memory::new()), drain.signal()));
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
        let handler = RegistryHandler::new(Arc::new(Memory::new()), drain.signal());
        let account = Everybody.authenticate("micro").unwrap();
        let ctx = Context::background().with_account(account);
        let mut changes = handler.watch(&ctx, WatchRequest::default()).await.unwrap();
        drain.begin();
        assert!(changes.next().await.is_none());
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
