//! Whether the services run that others need.

use std::collections::BTreeSet;

use micro::registry::{Registry as _, Remote};
use micro::runtime::State;
use micro_proto::runtime::Service;

use super::answer;
use crate::dynamic;
use crate::errors::{Failure, Result};
use crate::session::Session;
use crate::source::Source;
use crate::target;
use crate::watch::{self, Screen};

/// Waits until everything answers that a single service depends on; fails when something does not run.
pub(super) async fn check_one(session: &Session, source: &Source) -> Result<()> {
    let needs: Vec<(&str, &str)> = source
        .definition
        .depends
        .iter()
        .map(|name| (source.name.as_str(), name.as_str()))
        .collect();
    check(session, &needs, "does not run").await
}

/// The same for pairs of a service and what it needs; `absence` is what is said of one that is nowhere.
pub(super) async fn check(session: &Session, needs: &[(&str, &str)], absence: &str) -> Result<()> {
    if needs.is_empty() {
        return Ok(());
    }
    let known = target::read(session, "").await?;
    let mut absent = Vec::new();
    for (service, name) in needs {
        if !is_there(session, &known, name).await? {
            absent.push((*service, *name));
        }
    }
    if !absent.is_empty() {
        return Err(explain(&absent, absence));
    }
    let names: BTreeSet<&str> = needs.iter().map(|(_, name)| *name).collect();
    for name in names.into_iter().filter(|name| !dynamic::is_core(name)) {
        wait(session, &known, name).await?;
    }
    Ok(())
}

/// Whether it runs or is about to: under the runtime, beside it, or as a part of the platform.
async fn is_there(session: &Session, known: &[Service], name: &str) -> Result<bool> {
    if dynamic::is_core(name)
        || known
            .iter()
            .any(|service| service.name == name && is_alive(service))
    {
        return Ok(true);
    }
    let found = Remote::new(&session.client).get(&session.namespace, name).await;
    let found = found.map_err(|error| session.explain(error))?;
    Ok(found.iter().any(|version| !version.nodes.is_empty()))
}

fn is_alive(service: &Service) -> bool {
    [State::Pending, State::Building, State::Starting, State::Running]
        .iter()
        .any(|state| *state as i32 == service.status)
}

/// A server that has just been started may still be bringing it up.
async fn wait(session: &Session, known: &[Service], name: &str) -> Result<()> {
    let alive = known
        .iter()
        .find(|service| service.name == name && is_alive(service));
    if let Some(service) = alive.filter(|service| service.status != State::Running as i32) {
        watch::until_running(session, &Screen::default(), name, &service.version).await?;
    }
    let answered = answer::until(session, name, false).await;
    answered.map_err(|reason| Failure::new(1, format!("{name} is needed: {reason}")))
}

fn explain(absent: &[(&str, &str)], absence: &str) -> Failure {
    let lines: Vec<String> = absent
        .iter()
        .map(|(service, name)| format!("{service}: depends on {name:?}, which {absence}"))
        .collect();
    let (_, first) = absent[0];
    Failure::new(1, lines.join("\n")).with_hint(format!("start it first: micro run {first}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_who_needs_it() {
        let failure = explain(&[("shop", "payment"), ("shop", "user")], "does not run");
        assert_eq!(
            failure.text,
            "shop: depends on \"payment\", which does not run\nshop: depends on \"user\", which does not run"
        );
        assert_eq!(failure.hint.as_deref(), Some("start it first: micro run payment"));
    }
}
