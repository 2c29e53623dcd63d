//! A service: a name, a version, and the contracts it answers.

pub mod debug;
pub mod health;
pub mod reflection;
mod subscription;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use micro_proto::debug::DebugServer;
use micro_proto::health::HealthServer;
use micro_proto::reflection::ServerReflectionServer;
use micro_rpc::{Guard, Handler, Message, Server, ServiceDescriptor, server};
use tokio::sync::watch;

use subscription::Typed;
pub use subscription::{RawSubscriber, Subscriber, decode};
pub(crate) use subscription::{follow, listen};

use crate::api::{self, HttpServer, Routes};
use crate::events::Outbox;
use crate::examples;
use crate::registry::{self, Endpoint};
use crate::web::{Pages, WebServer};

/// What [`crate::run`] runs.
///
/// ```
/// let service = micro::Service::new("user").version("1.2.0").metadata("team", "identity");
/// assert_eq!(service.name(), "user");
/// ```
#[must_use]
pub struct Service {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) metadata: BTreeMap<String, String>,
    handlers: Vec<Arc<dyn Handler>>,
    pub(crate) subscribers: Vec<(String, Arc<dyn RawSubscriber>)>,
    pub(crate) listeners: Vec<(String, Arc<dyn RawSubscriber>)>,
    pub(crate) outboxes: Vec<Outbox>,
    routes: Vec<api::Route>,
    limits: server::Limits,
    examples: &'static str,
}

impl Service {
    /// A service of that name; `go.micro.service.user` is `user`. The runtime may name it otherwise.
    pub fn new(name: &str) -> Self {
        Self {
            name: registry::short_name(name).to_owned(),
            version: "latest".to_owned(),
            metadata: BTreeMap::new(),
            handlers: Vec::new(),
            subscribers: Vec::new(),
            listeners: Vec::new(),
            outboxes: Vec::new(),
            routes: Vec::new(),
            limits: server::Limits::default(),
            examples: "{}",
        }
    }

    /// The version that is registered; `latest` unless set.
    pub fn version(mut self, version: &str) -> Self {
        self.version = version.to_owned();
        self
    }

    /// A fact about the service that the registry shows.
    pub fn metadata(mut self, name: &str, value: &str) -> Self {
        self.metadata.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Answers a contract: `.handle(proto::UserServer::new(handler::User::new()))`.
    pub fn handle(mut self, handler: impl Handler) -> Self {
        self.handlers.push(Arc::new(handler));
        self
    }

    /// Shows pages under `/{service}/` of the web gateway: `.web(Pages::new().file("index.html", ...))`.
    pub fn web(self, pages: Pages) -> Self {
        self.handle(WebServer::new(pages))
    }

    /// Answers HTTP requests that are no calls, at routes of its own: `.api(Routes::new(router).route("POST", "/hooks/stripe"))`.
    /// One router has all of them: what was said before is replaced.
    pub fn api(mut self, routes: Routes) -> Self {
        self.handlers
            .retain(|handler| handler.descriptor().full_name() != "http.Http");
        self.routes.clone_from(&routes.declared);
        self.handle(HttpServer::new(routes))
    }

    /// Handles the events of a topic, which all instances of the service share; [`Subscriber`] says how.
    pub fn subscribe<M: Message>(self, topic: &str, subscriber: impl Subscriber<M>) -> Self {
        self.subscribe_raw(topic, Typed(subscriber, PhantomData))
    }

    /// The same for events that need not be messages of a contract.
    pub fn subscribe_raw(mut self, topic: &str, subscriber: impl RawSubscriber) -> Self {
        self.subscribers.push((topic.to_owned(), Arc::new(subscriber)));
        self
    }

    /// Handles the messages that the broker hands out on a topic, which all instances of the service share. They come at most
    /// once: what must arrive is an event.
    pub fn listen<M: Message>(mut self, topic: &str, subscriber: impl Subscriber<M>) -> Self {
        let subscriber = Arc::new(Typed(subscriber, PhantomData));
        self.listeners.push((topic.to_owned(), subscriber));
        self
    }

    /// Publishes what was put into an outbox, for as long as the service runs.
    pub fn outbox(mut self, outbox: &Outbox) -> Self {
        self.outboxes.push(outbox.clone());
        self
    }

    /// Replaces the default limits on messages, connections and time.
    pub fn limits(mut self, limits: server::Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The examples of its calls, which the command line, the documents and [`crate::examples::check`] read:
    /// `.examples(include_str!("api/examples.json"))`.
    pub fn examples(mut self, json: &'static str) -> Self {
        self.examples = json;
        self
    }

    pub(crate) fn examples_text(&self) -> &'static str {
        self.examples
    }

    /// The name under which the service is found.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the service answers, as the registry shows it.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let examples = examples::parse(self.examples).unwrap_or_else(|error| {
            tracing::warn!(service = self.name, %error, "the examples are not shown");
            examples::Examples::new()
        });
        let endpoints = self
            .handlers
            .iter()
            .flat_map(|handler| registry::schema::endpoints(handler.descriptor()));
        endpoints
            .map(|endpoint| self.with_routes(self.with_examples(endpoint, &examples)))
            .collect()
    }

    /// Those of calls are in their contracts.
    fn with_routes(&self, mut endpoint: Endpoint) -> Endpoint {
        if endpoint.name == api::ENDPOINT {
            api::Route::add(&mut endpoint, &self.routes);
        }
        endpoint
    }

    fn with_examples(&self, mut endpoint: Endpoint, examples: &examples::Examples) -> Endpoint {
        let mut of_endpoint = examples
            .iter()
            .filter(|(name, _)| examples::names(name, &self.name, &endpoint.name));
        if let Some((_, examples)) = of_endpoint.next()
            && let Ok(text) = serde_json::to_string(examples)
        {
            endpoint.metadata.insert(examples::METADATA.to_owned(), text);
        }
        endpoint
    }

    /// The server of this service: its contracts, and with them health, reflection and `Debug`.
    pub fn server(
        &self,
        guard: Option<Arc<dyn Guard>>,
        namespace: &str,
        serving: watch::Receiver<bool>,
    ) -> Server {
        let mut builder = Server::builder(&self.name)
            .namespace(namespace)
            .limits(self.limits);
        for handler in &self.handlers {
            builder = builder
                .handle_as(&self.name, handler.clone())
                .handle(handler.clone());
        }
        if let Some(guard) = guard {
            builder = builder.guard(guard);
        }
        mount_own(builder, &self.handlers, &self.name, serving)
    }
}

/// Adds what every server answers about itself, and finishes it.
pub(crate) fn mount_own(
    builder: server::Builder,
    handlers: &[Arc<dyn Handler>],
    name: &str,
    serving: watch::Receiver<bool>,
) -> Server {
    let mut descriptors: Vec<&'static ServiceDescriptor> =
        handlers.iter().map(|handler| handler.descriptor()).collect();
    let names = descriptors
        .iter()
        .map(|descriptor| descriptor.full_name())
        .chain([name.to_owned()])
        .collect();
    let health: Arc<dyn Handler> = Arc::new(HealthServer::new(health::HealthHandler::new(names, serving)));
    let debug = Arc::new(debug::DebugHandler::default());
    let debugging: Arc<dyn Handler> = Arc::new(DebugServer::from_arc(debug.clone()));
    descriptors.push(health.descriptor());
    descriptors.push(debugging.descriptor());
    let reflection = reflection::Reflection::new(&descriptors);
    let reflecting: Arc<dyn Handler> = Arc::new(ServerReflectionServer::new(reflection));
    let server = builder
        .handle(health)
        .handle_as(name, debugging.clone())
        .handle(debugging)
        .handle_as("grpc.reflection.v1alpha", reflecting.clone())
        .handle(reflecting)
        .build();
    debug.watch(server.clone());
    server
}
