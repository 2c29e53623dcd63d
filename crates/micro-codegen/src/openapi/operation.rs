//! Methods as operations.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::components::{Components, Side};
use super::route::Names;
use super::schema::Schemas;
use super::{naming, platform, text};
use crate::contract::{Contract, Method, Service};

const LINES: &str = "application/x-ndjson";
const JSON: &str = "application/json";

const REQUEST_LINES: &str = "The request is a stream: each line of the body is one message.";
const ANSWER_LINES: &str = "The answer is a stream: each line is one message, sent as it comes. Ask for it with \
    `Accept: application/x-ndjson`; without, messages follow each other with nothing in between. An error before the first message is \
    an answer of its own. One after it is the last line, an `Error`.";

/// The operations of a document, and the tags that group them.
#[derive(Default)]
pub struct Operations {
    pub paths: Map<String, Value>,
    pub tags: Vec<Value>,
    ids: BTreeSet<String>,
    names: Names,
}

/// Those of all services. Where contracts have a service of the same address, or a whole method, the first is the one described.
pub fn all(contracts: &[Contract], components: &Components<'_>) -> Operations {
    let addresses = by_address(contracts);
    let first: Vec<_> = addresses.iter().map(|places| places[0]).collect();
    let tags = naming::tags(first.iter().map(|place| (place.contract, place.service)));
    let mut operations = Operations::default();
    for (places, tag) in addresses.iter().zip(&tags) {
        operations
            .tags
            .push(self::tag(tag, places[0].contract, places[0].service));
        for place in places {
            operations.add_service(&Operation {
                components,
                place: *place,
                tag,
            });
        }
    }
    operations
}

/// A service, and where it is declared.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Of the contract.
    index: usize,
    pub contract: &'a Contract,
    service: &'a Service,
}

/// The services that are called by the same path together; none of the lists is empty.
fn by_address(contracts: &[Contract]) -> Vec<Vec<Place<'_>>> {
    let mut addresses: Vec<Vec<Place<'_>>> = Vec::new();
    for (index, contract) in contracts.iter().enumerate() {
        for service in &contract.services {
            let place = Place {
                index,
                contract,
                service,
            };
            let is_same = |known: &&mut Vec<Place<'_>>| known[0].address() == place.address();
            match addresses.iter_mut().find(is_same) {
                Some(places) => places.push(place),
                None => addresses.push(vec![place]),
            }
        }
    }
    addresses
}

impl Place<'_> {
    fn address(&self) -> (&str, &str) {
        (&self.contract.name, &self.service.name)
    }
}

impl Operations {
    fn add_service(&mut self, describe: &Operation<'_>) {
        for method in &describe.place.service.methods {
            self.add(describe, method);
        }
    }

    fn add(&mut self, describe: &Operation<'_>, method: &Method) {
        let path = describe.path(method);
        if self.paths.contains_key(&path) {
            return;
        }
        let id = self.new_id(describe.id(method));
        self.paths
            .insert(path, json!({"post": describe.operation(method, &id)}));
        for rule in &method.routes {
            let id = self.new_id(format!("{}_route", describe.id(method)));
            if let Some(described) = describe.route(method, rule, &id, &mut self.names)
                && let Value::Object(at_path) = self.paths.entry(described.path).or_insert_with(|| json!({}))
            {
                at_path.entry(described.method).or_insert(described.operation);
            }
        }
    }

    fn new_id(&mut self, wanted: String) -> String {
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let mut ids = std::iter::once(wanted.clone()).chain(numbered);
        let id = ids.find(|id| !self.ids.contains(id)).unwrap_or(wanted);
        self.ids.insert(id.clone());
        id
    }
}

/// A service without a comment is described by its contract, if it is the only one there.
fn tag(name: &str, contract: &Contract, service: &Service) -> Value {
    let mut tag = Map::from_iter([("name".to_owned(), json!(name))]);
    let is_domain = contract.services.len() == 1 || service.name.eq_ignore_ascii_case(&contract.name);
    let of_contract = || text::description(&contract.docs).filter(|_| is_domain);
    text::describe(&mut tag, text::description(&service.docs).or_else(of_contract));
    Value::Object(tag)
}

/// Describes the methods of one service.
pub struct Operation<'a> {
    components: &'a Components<'a>,
    pub place: Place<'a>,
    tag: &'a str,
}

impl Operation<'_> {
    fn path(&self, method: &Method) -> String {
        let (name, service) = self.place.address();
        format!("/{name}/{service}/{}", method.name)
    }

    fn id(&self, method: &Method) -> String {
        let (name, service) = self.place.address();
        format!("{name}_{service}_{}", method.name)
    }

    fn operation(&self, method: &Method, id: &str) -> Value {
        let mut operation = self.heading(method, id);
        operation.insert("parameters".to_owned(), platform::parameters());
        operation.insert("requestBody".to_owned(), self.request(method));
        operation.insert("responses".to_owned(), self.responses(method).into());
        Value::Object(operation)
    }

    /// What is the same under each path.
    pub fn heading(&self, method: &Method, id: &str) -> Map<String, Value> {
        // Viewers head the operation with it, so there is always one.
        let summary = text::first_sentence(&method.docs).unwrap_or_else(|| method.name.clone());
        let mut operation = Map::from_iter([
            ("operationId".to_owned(), json!(id)),
            ("tags".to_owned(), json!([self.tag])),
            ("summary".to_owned(), summary.into()),
        ]);
        text::describe(&mut operation, description(method));
        if method.is_idempotent {
            operation.insert("x-idempotent".to_owned(), json!(true));
        }
        operation
    }

    fn request(&self, method: &Method) -> Value {
        let content = self.content(&method.request, Side::Request, method.streams_requests);
        json!({"required": method.request != "google.protobuf.Empty", "content": content})
    }

    pub fn responses(&self, method: &Method) -> Map<String, Value> {
        let streams = method.streams_responses;
        let text = if streams {
            "The messages, one on each line."
        } else {
            "The answer."
        };
        let content = self.content(&method.response, Side::Answer, streams);
        let mut responses = platform::errors();
        responses.insert("200".to_owned(), json!({"description": text, "content": content}));
        if streams {
            let text = "The stream ended without a message.";
            responses.insert("204".to_owned(), json!({"description": text}));
        }
        responses
    }

    pub fn content(&self, id: &str, side: Side, streams: bool) -> Value {
        self.wrapped(self.schemas(side).body(id), streams)
    }

    /// What has a schema as the content of a body.
    pub fn wrapped(&self, schema: Value, streams: bool) -> Value {
        match streams {
            true => json!({LINES: {"schema": schema, "x-ndjson": true}}),
            false => json!({JSON: {"schema": schema}}),
        }
    }

    pub fn schemas(&self, side: Side) -> Schemas<'_> {
        Schemas {
            components: self.components,
            contract: self.place.index,
            side,
        }
    }
}

fn description(method: &Method) -> Option<String> {
    text::paragraphs([
        text::description(&method.docs),
        method.streams_requests.then(|| REQUEST_LINES.to_owned()),
        method.streams_responses.then(|| ANSWER_LINES.to_owned()),
    ])
}
