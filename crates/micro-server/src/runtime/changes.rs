//! Tells what has changed: an event on the topic `runtime` of the platform's own namespace.

use std::collections::BTreeMap;
use std::sync::Arc;

use micro::events::{Draft, Events};
use micro::runtime::Resource;
use micro_proto::runtime::Service;
use serde_json::{Value, json};
use tracing::warn;

use crate::namespace::PLATFORM;

const TOPIC: &str = "runtime";

/// What a request is about.
#[derive(Clone, Debug)]
pub enum Subject {
    Service(Service),
    Resource(Resource),
}

/// Publishes changes.
#[derive(Clone)]
pub struct Changes(Arc<dyn Events>);

impl Changes {
    pub fn new(events: Arc<dyn Events>) -> Self {
        Self(events)
    }

    /// Publishes that something was `created`, `updated` or `deleted`. What was done is done: an event that cannot be
    /// published is logged.
    pub async fn tell(&self, what: &str, namespace: &str, subject: &Subject) {
        let draft = draft(what, namespace, subject);
        let kind = draft.metadata["type"].clone();
        if let Err(error) = self.0.publish(PLATFORM, draft).await {
            warn!(kind, namespace, %error, "cannot publish a change of the runtime");
        }
    }
}

fn draft(what: &str, namespace: &str, subject: &Subject) -> Draft {
    let (kind, namespace) = match subject {
        Subject::Service(_) => ("service", namespace),
        Subject::Resource(resource) => (resource.kind(), resource.namespace()),
    };
    let kind = format!("{kind}.{what}");
    let mut payload = json!({ "Type": kind, "Service": Value::Null, "Namespace": namespace });
    match subject {
        Subject::Service(service) => payload["Service"] = describe(service),
        Subject::Resource(resource) => payload["Name"] = json!(resource.name()),
    }
    Draft {
        topic: TOPIC.to_owned(),
        metadata: BTreeMap::from([
            ("type".to_owned(), kind),
            ("namespace".to_owned(), namespace.to_owned()),
        ]),
        payload: payload.to_string().into(),
        ..Draft::default()
    }
}

fn describe(service: &Service) -> Value {
    let version = Some(&service.version).filter(|version| !version.is_empty());
    json!({
        "Name": micro::registry::short_name(&service.name),
        "Version": version.map_or(micro::runtime::DEFAULT_VERSION, String::as_str),
        "Source": service.source,
        "Metadata": service.metadata,
        "Status": service.status,
    })
}
