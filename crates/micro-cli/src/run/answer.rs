//! Waits until a service that runs answers as well.

use std::time::Duration;

use micro::registry::{Node, Registry as _, Remote};
use micro_proto::debug::{Debug as _, DebugClient, HealthRequest};
use micro_rpc::Context;

use crate::session::{self, Session};

/// How long one that runs may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one question may take.
const ANSWER: Duration = Duration::from_secs(5);
const PACE: Duration = Duration::from_millis(100);

/// Waits until an instance that is registered answers `Debug.Health`; the error says in words why none does.
///
/// Only a service of the framework is sure to be registered and to know that question. Another one may consume only, and
/// be registered nowhere, or speak a protocol of its own: it is taken at the runtime's word, and its instance has to
/// accept a connection.
pub(super) async fn until(session: &Session, name: &str, is_of_framework: bool) -> Result<(), String> {
    let mut last = String::new();
    let asking = async {
        while let Err(reason) = ask(session, name, is_of_framework).await {
            last = reason;
            tokio::time::sleep(PACE).await;
        }
    };
    let done = tokio::time::timeout(PATIENCE, asking).await;
    done.map_err(|_| last)
}

async fn ask(session: &Session, name: &str, is_of_framework: bool) -> Result<(), String> {
    let registry = Remote::new(&session.client);
    let found = registry.get(&session.namespace, name).await;
    let found = found.map_err(|error| format!("the registry does not answer: {}", error.detail))?;
    let mut reason = "it runs, but is not registered".to_owned();
    let mut is_registered = false;
    // One is enough: of those that have just been replaced some may still be listed.
    for node in found.iter().flat_map(|version| &version.nodes) {
        is_registered = true;
        match health(session, name, node, is_of_framework).await {
            Ok(()) => return Ok(()),
            Err(text) => reason = text,
        }
    }
    match is_registered || is_of_framework {
        true => Err(reason),
        false => Ok(()),
    }
}

async fn health(session: &Session, name: &str, node: &Node, is_of_framework: bool) -> Result<(), String> {
    let address = address(node);
    let is_near = session::is_reachable(&address).await;
    let client = match is_near {
        true => session.client_to(&address),
        // The proxy reaches what this machine does not.
        false => session.client.clone(),
    };
    let ctx = Context::background()
        .with_namespace(&session.namespace)
        .with_timeout(ANSWER);
    let asked = DebugClient::with_name(&client, name)
        .health(&ctx, HealthRequest::default())
        .await;
    match asked {
        Ok(_) => Ok(()),
        // That it has nothing of the kind, or not for this user, is an answer too.
        Err(error) if !matches!(error.code, 408 | 500 | 503) => Ok(()),
        Err(_) if !is_of_framework && is_near => Ok(()),
        Err(error) => Err(format!(
            "it runs, but its instance at {address} does not answer: {}",
            error.detail
        )),
    }
}

fn address(node: &Node) -> String {
    match node.port {
        port if port > 0 && !node.address.contains(':') => format!("{}:{port}", node.address),
        _ => node.address.clone(),
    }
}
