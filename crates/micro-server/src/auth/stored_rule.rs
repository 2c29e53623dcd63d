//! How rules lie on the store.

use micro::auth::{Access, Resource, Rule};
use micro::store::{self, Change, Record};
use serde::{Deserialize, Serialize};

/// What the keys of all rules begin with.
pub(super) const PREFIX: &str = "rules/";

/// A rule as it is on the store: JSON, access as a number.
#[derive(Serialize, Deserialize)]
struct StoredRule {
    id: String,
    #[serde(default)]
    scope: String,
    resource: StoredResource,
    access: i32,
    #[serde(default)]
    priority: i32,
}

#[derive(Serialize, Deserialize)]
struct StoredResource {
    name: String,
    r#type: String,
    endpoint: String,
}

pub(super) fn key(ns: &str, id: &str) -> String {
    format!("{PREFIX}{ns}/{id}")
}

pub(super) fn namespace_of(key: &str) -> &str {
    key.split('/').nth(1).unwrap_or_default()
}

pub(super) fn turn_key(ns: &str) -> String {
    format!("rulesOf/{ns}")
}

/// Writes the namespace's record, if nobody did since it had this version.
pub(super) fn turn(ns: &str, version: Option<u64>) -> Change {
    let record = Record::new(turn_key(ns), "");
    match version {
        Some(version) => Change::PutIf(record, version),
        None => Change::PutNew(record),
    }
}

pub(super) fn record(ns: &str, rule: &Rule) -> Record {
    let Resource { kind, name, endpoint } = rule.resource.clone();
    let stored = StoredRule {
        id: rule.id.clone(),
        scope: rule.scope.clone(),
        resource: StoredResource {
            name,
            r#type: kind,
            endpoint,
        },
        access: rule.access.into(),
        priority: rule.priority,
    };
    Record::new(
        key(ns, &rule.id),
        serde_json::to_vec(&stored).expect("a rule is text and numbers"),
    )
}

pub(super) fn parse(record: &Record) -> store::Result<Rule> {
    let stored: StoredRule = serde_json::from_slice(&record.value)
        .map_err(|error| store::Error::invalid(format!("{} is not a rule", record.key)).caused_by(error))?;
    let StoredResource {
        name,
        r#type,
        endpoint,
    } = stored.resource;
    Ok(Rule {
        id: stored.id,
        scope: stored.scope,
        resource: Resource {
            kind: r#type,
            name,
            endpoint,
        },
        access: Access::from(stored.access),
        priority: stored.priority,
    })
}
