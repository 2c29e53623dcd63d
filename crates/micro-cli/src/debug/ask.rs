//! One question to each instance of a service.

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use micro::registry::{Registry as _, Remote, short_name};
use micro_proto::debug::{
    Debug, DebugClient, HealthRequest, LogRequest, Record, Span, StatsRequest, StatsResponse, TraceRequest,
};
use micro_rpc::{Client, Context, Error};

use crate::dynamic::{self, PLATFORM};
use crate::errors::{Failure, Result};
use crate::session::{self, Session};

/// How long an instance may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// An instance, and what it said.
pub(super) struct Asked<T> {
    pub(super) service: String,
    pub(super) version: String,
    pub(super) node: String,
    pub(super) address: String,
    pub(super) answer: std::result::Result<T, Error>,
}

pub(super) async fn health(session: &Session, name: &str) -> Result<Vec<Asked<String>>> {
    each(session, name, |debug, ctx| async move {
        let answer = debug.health(&ctx, HealthRequest::default()).await?;
        Ok(answer.status)
    })
    .await
}

pub(super) async fn stats(session: &Session, name: &str) -> Result<Vec<Asked<StatsResponse>>> {
    each(session, name, |debug, ctx| async move {
        debug.stats(&ctx, StatsRequest::default()).await
    })
    .await
}

pub(super) async fn log(
    session: &Session,
    name: &str,
    count: i64,
    since: i64,
) -> Result<Vec<Asked<Vec<Record>>>> {
    each(session, name, |debug, ctx| async move {
        let answer = debug.log(&ctx, LogRequest { count, since }).await?;
        Ok(answer.records)
    })
    .await
}

pub(super) async fn trace(session: &Session, name: &str, id: &str) -> Result<Vec<Asked<Vec<Span>>>> {
    each(session, name, |debug, ctx| {
        let id = id.to_owned();
        async move { Ok(debug.trace(&ctx, TraceRequest { id }).await?.spans) }
    })
    .await
}

async fn each<T, F>(
    session: &Session,
    name: &str,
    ask: impl Fn(DebugClient, Context) -> F,
) -> Result<Vec<Asked<T>>>
where
    F: Future<Output = std::result::Result<T, Error>>,
{
    let (namespace, versions) = find(session, name).await?;
    let only_one = versions.iter().map(|version| version.nodes.len()).sum::<usize>() == 1;
    let (ask, namespace) = (&ask, &namespace);
    let asking = versions.iter().flat_map(|version| {
        version.nodes.iter().map(move |node| async move {
            let address = address(node);
            let client = way(session, &address, only_one).await;
            let ctx = Context::background()
                .with_namespace(namespace)
                .with_timeout(PATIENCE);
            let answer = match client {
                Some(client) => ask(DebugClient::with_name(&client, &version.name), ctx).await,
                None => Err(Error::unavailable("micro", "cannot be reached from here")),
            };
            Asked {
                service: version.name.clone(),
                version: version.version.clone(),
                node: node.id.clone(),
                address,
                answer,
            }
        })
    });
    Ok(join_all(asking).await)
}

/// An instance is asked itself. One that this machine cannot reach is asked through the proxy, which is sure to lead to it
/// only where there is no other.
async fn way(session: &Session, address: &str, only_one: bool) -> Option<Client> {
    match session::is_reachable(address).await {
        true => Some(session.client_to(address)),
        false => only_one.then(|| session.client.clone()),
    }
}

fn address(node: &micro::registry::Node) -> String {
    match node.port {
        port if port > 0 && !node.address.contains(':') => format!("{}:{port}", node.address),
        _ => node.address.clone(),
    }
}

/// The namespace that the service is in, and its versions.
async fn find(session: &Session, name: &str) -> Result<(String, Vec<micro::registry::Service>)> {
    let registry = Remote::new(&session.client);
    let name = short_name(name);
    let own =
        (!dynamic::is_core(name) && session.namespace != PLATFORM).then_some(session.namespace.as_str());
    for namespace in own.into_iter().chain([PLATFORM]) {
        let found = registry.get(namespace, name).await;
        let found = found.map_err(|error| session.explain(error))?;
        if !found.is_empty() {
            return Ok((namespace.to_owned(), found));
        }
    }
    Err(Failure::new(4, format!("Service \"{name}\" not found")).with_hint("see micro services"))
}
