//! The registry as services and the command line reach it: over RPC.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, future};
use micro_proto::registry::{
    GetRequest, ListRequest, Options, Registry as _, RegistryClient, Result as Change, WatchRequest,
};
use micro_rpc::{Client, Context, Result, Streaming};

use super::{Action, Event, Registry, Service};

/// Asks the platform's registry service.
#[derive(Clone)]
pub struct Remote {
    client: RegistryClient,
}

impl Remote {
    /// Over a client that leads to the platform with an account.
    pub fn new(client: &Client) -> Self {
        Self {
            client: RegistryClient::new(client),
        }
    }
}

fn context() -> Context {
    Context::background().with_namespace("micro")
}

// The wire has whole seconds, and 0 is for ever: less than one second is one.
fn options(namespace: &str, ttl: Option<Duration>) -> Option<Options> {
    let seconds = |ttl: Duration| ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
    let ttl = ttl.map_or(0, |ttl| i64::try_from(seconds(ttl)).unwrap_or(i64::MAX));
    Some(Options {
        ttl,
        domain: namespace.to_owned(),
    })
}

#[async_trait]
impl Registry for Remote {
    async fn register(&self, namespace: &str, mut service: Service, ttl: Option<Duration>) -> Result<()> {
        super::check(&service)?;
        service.options = options(namespace, ttl);
        self.client.register(&context(), service).await.map(drop)
    }

    async fn deregister(&self, namespace: &str, mut service: Service) -> Result<()> {
        service.options = options(namespace, None);
        self.client.deregister(&context(), service).await.map(drop)
    }

    async fn get(&self, namespace: &str, name: &str) -> Result<Vec<Service>> {
        let request = GetRequest {
            service: name.to_owned(),
            options: options(namespace, None),
        };
        match self.client.get_service(&context(), request).await {
            Ok(answer) => Ok(answer.services),
            Err(error) if error.code == 404 => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn list(&self, namespace: &str) -> Result<Vec<Service>> {
        let request = ListRequest {
            options: options(namespace, None),
        };
        Ok(self.client.list_services(&context(), request).await?.services)
    }

    async fn watch(&self, namespace: &str, name: &str) -> Result<Streaming<Event>> {
        let request = WatchRequest {
            service: name.to_owned(),
            options: options(namespace, None),
        };
        let asked = namespace.to_owned();
        let changes = self.client.watch(&context(), request).await?;
        let mut created = None;
        let events = changes.filter_map(move |change| {
            let told = match change {
                Ok(change) => first_told(event(change, &asked), &mut created).map(Ok),
                Err(error) => Some(Err(error)),
            };
            future::ready(told)
        });
        Ok(Streaming::new(events))
    }
}

/// On the wire a new version is told twice, as created and then as updated.
fn first_told(event: Event, created: &mut Option<Service>) -> Option<Event> {
    let before = created.take();
    if event.action == Action::Update && before.as_ref() == Some(&event.service) {
        return None;
    }
    if event.action == Action::Create {
        *created = Some(event.service.clone());
    }
    Some(event)
}

fn event(change: Change, asked: &str) -> Event {
    let service = change.service.unwrap_or_default();
    let namespace = service
        .metadata
        .get("domain")
        .cloned()
        .unwrap_or_else(|| asked.to_owned());
    let action = match change.action.as_str() {
        "create" => Action::Create,
        "delete" => Action::Delete,
        _ => Action::Update,
    };
    Event {
        action,
        namespace,
        service,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_life_is_not_an_endless_one() {
        let ttl = |ttl: Option<Duration>| options("micro", ttl).unwrap().ttl;
        assert_eq!(ttl(Some(Duration::from_millis(1))), 1);
        assert_eq!(ttl(Some(Duration::from_secs(90))), 90);
        assert_eq!((ttl(Some(Duration::ZERO)), ttl(None)), (0, 0));
    }
}
