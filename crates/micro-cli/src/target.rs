//! Which service of the runtime a command is about.

use micro_proto::runtime::{ReadOptions, ReadRequest, Runtime as _, RuntimeClient, Service};
use micro_rpc::{Context, Error};

use crate::errors::{Failure, Result};
use crate::session::Session;
use crate::{source, status};

pub(crate) const LATEST: &str = "latest";

/// A service of the current namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// `NAME`, `NAME@VERSION`, or a dot for the service of this folder; the version is empty where none is named.
pub(crate) fn named(text: &str, version: Option<String>) -> Result<(String, String)> {
    let (name, version) = status::split(text, version);
    if name != "." {
        return Ok((name, version));
    }
    Ok((source::name_of(&std::env::current_dir()?)?, version))
}

/// The version that is meant where none was named: `latest`, or the only one that there is.
pub(crate) async fn resolve(session: &Session, name: &str, version: &str) -> Result<Target> {
    let target = |version: &str| Target {
        name: name.to_owned(),
        version: version.to_owned(),
    };
    if !version.is_empty() && version != LATEST {
        return Ok(target(version));
    }
    let known = read(session, name).await?;
    match known.as_slice() {
        [only] if version.is_empty() => Ok(target(&only.version)),
        several
            if version.is_empty() && several.len() > 1 && several.iter().all(|one| one.version != LATEST) =>
        {
            let versions: Vec<String> = several
                .iter()
                .map(|one| format!("{name}@{}", one.version))
                .collect();
            let text = format!("{name} runs in several versions, none of which is {LATEST}");
            Err(Failure::new(1, text).with_hint(format!("say which: {}", versions.join(", "))))
        }
        _ => Ok(target(LATEST)),
    }
}

/// The services of a name, or all of them.
pub(crate) async fn read(session: &Session, name: &str) -> Result<Vec<Service>> {
    let options = ReadOptions {
        service: name.to_owned(),
        namespace: session.namespace.clone(),
        ..ReadOptions::default()
    };
    let request = ReadRequest {
        options: Some(options),
    };
    let ctx = Context::background().with_namespace("micro");
    let answer = RuntimeClient::new(&session.client).read(&ctx, request).await;
    Ok(answer.map_err(|error| session.explain(error))?.services)
}

/// What is said when the runtime does not know it.
pub(crate) fn explain(session: &Session, target: &Target, error: Error) -> Failure {
    if error.detail == "not found" {
        let text = format!(
            "Service \"{}\" of version {} not found",
            target.name, target.version
        );
        return Failure::new(1, text).with_hint("see micro status");
    }
    session.explain(error)
}
