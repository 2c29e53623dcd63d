//! The name that a program has on the platform.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use micro::auth::{Identity, RemoteGuard, TokenSource};
use micro::join::Join;
use micro::registry::{Node, Registry as _, Remote, Service, short_name};
use micro_rpc::{Client, Credentials, Id};
use tokio::net::TcpListener;

use super::ServiceArgs;
use super::endpoint::Endpoint;
use crate::errors::{Failure, Result};
use crate::session::{self, Environment, Globals, NAMESPACE};

const TTL: Duration = Duration::from_secs(90);
const AGAIN: Duration = Duration::from_secs(30);
/// The pause after a registration that failed.
const RETRY: Duration = Duration::from_secs(1);
/// How long the platform may take to forget us.
const PATIENCE: Duration = Duration::from_secs(2);

/// An instance of a service on the platform, with an account of its own.
pub(super) struct Entry {
    control: Client,
    namespace: String,
    service: Service,
}

impl Entry {
    /// Logs in. The account is that of `MICRO_AUTH_ID` and `MICRO_AUTH_SECRET`, or on the server's own machine the one that the
    /// server leaves for those who join it.
    pub(super) async fn join(
        globals: &Globals,
        namespace: &str,
        args: &ServiceArgs,
        listener: &TcpListener,
    ) -> Result<Self> {
        let environment = Environment::resolve(globals)?;
        if !session::is_reachable(&environment.address).await {
            return Err(session::unreachable(&environment.address));
        }
        let anonymous = session::anonymous(&environment, NAMESPACE);
        let first = identity(&globals.home, namespace)?;
        // A server that was started anew has left another account since.
        let (home, own) = (globals.home.clone(), namespace.to_owned());
        let current = move || identity(&home, &own).unwrap_or_else(|_| first.clone());
        let credentials: Arc<dyn Credentials> =
            TokenSource::start_with(&anonymous, Arc::new(current)).await?;
        let control = Client::builder()
            .address(&environment.address)
            .namespace(NAMESPACE)
            .credentials(credentials)
            .build();
        Ok(Self {
            control,
            namespace: namespace.to_owned(),
            service: service(args, &listener.local_addr()?.to_string())?,
        })
    }

    /// Decides about calls by the rules of the namespace.
    pub(super) fn guard(&self, namespace: &str) -> Arc<RemoteGuard> {
        RemoteGuard::start(&self.control, namespace)
    }

    /// Registers, again and again, with what the program tells about itself once it does.
    pub(super) async fn register(&self, endpoint: &Endpoint) {
        let registry = Remote::new(&self.control);
        let mut is_told = false;
        loop {
            let service = Service {
                endpoints: endpoint.contract().await,
                ..self.service.clone()
            };
            let registered = registry.register(&self.namespace, service, Some(TTL)).await;
            match registered {
                Ok(()) => {
                    if !std::mem::replace(&mut is_told, true) {
                        println!(
                            "service {} registered in {} at {}",
                            self.service.name, self.namespace, self.service.nodes[0].address
                        );
                    }
                    until_due(&registry, &self.namespace, &self.service.name).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot register; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Takes the name back; a platform that is away forgets it by itself.
    pub(super) async fn leave(&self) {
        let registry = Remote::new(&self.control);
        let gone = registry.deregister(&self.namespace, self.service.clone());
        let _ = tokio::time::timeout(PATIENCE, gone).await;
    }
}

/// A platform that went away may have forgotten us: its watch ends with it, and then it is told at once.
async fn until_due(registry: &Remote, namespace: &str, name: &str) {
    let gone = async {
        if let Ok(mut changes) = registry.watch(namespace, name).await {
            while let Some(Ok(_)) = changes.next().await {}
        }
        tokio::time::sleep(RETRY).await;
    };
    let _ = tokio::time::timeout(AGAIN, gone).await;
}

fn identity(home: &Path, namespace: &str) -> Result<Identity> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let (Some(id), Some(secret)) = (variable("MICRO_AUTH_ID"), variable("MICRO_AUTH_SECRET")) {
        return Ok(Identity {
            namespace: namespace.to_owned(),
            id,
            secret,
        });
    }
    let join = Join::read(home)?.ok_or_else(|| {
        Failure::new(1, "There is no account to join the platform with").with_hint(
            "set MICRO_AUTH_ID and MICRO_AUTH_SECRET; `micro auth create account --type=service --scopes=service NAME` makes them",
        )
    })?;
    Ok(Identity {
        namespace: NAMESPACE.to_owned(),
        id: join.id,
        secret: join.secret,
    })
}

fn service(args: &ServiceArgs, address: &str) -> Result<Service> {
    let name = short_name(&args.name);
    if name.is_empty() {
        return Err(Failure::new(1, "--name is empty"));
    }
    let facts = [("server", "grpc"), ("transport", "grpc"), ("protocol", "grpc")];
    let metadata = facts.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let node = Node {
        id: format!("{name}-{}", Id::random()),
        address: address.to_owned(),
        metadata: metadata.into_iter().collect(),
        ..Node::default()
    };
    Ok(Service {
        name: name.to_owned(),
        version: args.version.clone(),
        metadata: args
            .metadata
            .iter()
            .map(|pair| split(pair))
            .collect::<Result<BTreeMap<_, _>>>()?,
        nodes: vec![node],
        ..Service::default()
    })
}

fn split(pair: &str) -> Result<(String, String)> {
    let (key, value) = pair
        .split_once('=')
        .ok_or_else(|| Failure::new(1, format!("no metadata: {pair:?}; write key=value")))?;
    Ok((key.to_owned(), value.to_owned()))
}
