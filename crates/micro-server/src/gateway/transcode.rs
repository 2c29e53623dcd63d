//! From a request at a route to the message of a call, and from the answer to what is answered, as the route's rule says.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use micro_codegen::http::Body;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Error, Result};
use serde_json::{Map, Value};

use super::{ID, query};
use crate::routes::{Claim, Kind, Rule, camel};

/// So many parameters has a query at most.
const MOST_PAIRS: usize = 1000;
/// So deep are fields in a query at most.
const DEEPEST: usize = 16;

/// What path and query say of a message.
pub(super) struct Given {
    rule: Arc<Rule>,
    fields: Vec<Field>,
}

struct Field {
    path: Vec<String>,
    value: Value,
}

impl Given {
    /// Reads the path, by which the route was found, and the query.
    pub(super) fn read(claim: &Claim, path: &str, query: &str) -> Result<Self> {
        let mut given = Self {
            rule: claim.rule.clone(),
            fields: Vec::new(),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            if given.fields.len() >= MOST_PAIRS {
                return Err(wrong(format!("more than {MOST_PAIRS} query parameters")));
            }
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            let name = query::decode(name).map_err(wrong)?;
            let text = query::decode(text).map_err(wrong)?;
            given.add(claim, &name, &text)?;
        }
        let values = claim.rule.captures(path);
        let values =
            values.ok_or_else(|| wrong("the path is not UTF-8 when its escapes are read".to_owned()))?;
        // Last, since they count whatever a body says.
        for (variable, text) in claim.rule.variables.iter().zip(values) {
            let value = variable
                .kind
                .one(&text)
                .map_err(|problem| wrong(format!("{} in the path {problem}", variable.name())))?;
            let path = variable.path.clone();
            given.fields.push(Field { path, value });
        }
        Ok(given)
    }

    /// A parameter of the query.
    fn add(&mut self, claim: &Claim, name: &str, text: &str) -> Result<()> {
        let about = |problem: &str| wrong(format!("query parameter {name:?} {problem}"));
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        if path.len() > DEEPEST || path.iter().any(String::is_empty) {
            return Err(about("is no path of fields, such as a or a.b"));
        }
        let path = Kind::spelt(claim.call.request.as_ref(), path);
        let is_in_path = claim.rule.variables.iter().any(|variable| variable.path == path);
        match &claim.rule.body {
            _ if is_in_path => return Err(about("is in the path already")),
            Body::Whole => {
                return Err(about(
                    "is not taken: all that the path does not say is in the body",
                ));
            }
            Body::Field(field) if *field == path[0] => return Err(about("is in the body")),
            _ => {}
        }
        let kind = Kind::of(claim.call.request.as_ref(), &path);
        if let Kind::Composite = kind {
            return Err(about(
                "is no single value: name a field within it, or send it in a body",
            ));
        }
        let value = kind.one(text).map_err(|problem| about(&problem))?;
        let known = self.fields.iter_mut().find(|field| field.path == path);
        match (kind, known) {
            (
                Kind::List(_),
                Some(Field {
                    value: Value::Array(list),
                    ..
                }),
            ) => list.push(value),
            (Kind::List(_), _) => self.fields.push(Field {
                path,
                value: Value::Array(vec![value]),
            }),
            (_, Some(_)) => return Err(about("is there twice, and is no list")),
            (_, None) => self.fields.push(Field { path, value }),
        }
        Ok(())
    }

    /// The message with a body, which is empty without one.
    pub(super) fn message(&self, body: Bytes) -> Result<Bytes> {
        let text = body.trim_ascii();
        let mut message = match &self.rule.body {
            Body::Whole if self.fields.is_empty() => return super::message::json(body, None),
            Body::Whole => object(text)?,
            Body::Field(_) if text.is_empty() => Map::new(),
            Body::Field(field) => Map::from_iter([(field.clone(), read(text)?)]),
            Body::None => match object(text)?.is_empty() {
                true => Map::new(),
                false => return Err(wrong("this route takes no body".to_owned())),
            },
        };
        for Field { path, value } in &self.fields {
            put(&mut message, path, value.clone());
        }
        Ok(Value::Object(message).to_string().into())
    }
}

/// What an answer becomes: itself, or the one field that the rule answers with.
pub(super) fn answers(claim: &Claim) -> impl FnMut(Bytes) -> Result<Bytes> + Send + 'static {
    let rule = claim.rule.clone();
    move |answer| {
        let Some(field) = &rule.answer else {
            return Ok(answer);
        };
        let mut message: Map<String, Value> = serde_json::from_slice(&answer).map_err(|error| {
            Error::new(
                ID,
                502,
                format!("the service answered with no JSON object: {error}"),
            )
        })?;
        let key = spelling(&message, &field.name).to_owned();
        let found = message
            .remove(&key)
            .filter(|value| !(field.is_list && value.is_null()));
        let absent = if field.is_list {
            Value::Array(Vec::new())
        } else {
            Value::Null
        };
        Ok(found.unwrap_or(absent).to_string().into())
    }
}

/// Sets a field. What a body said of it under any of its names is gone, and what it said beside it stays.
fn put(message: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((name, below)) = path.split_first() else {
        return;
    };
    let key = spelling(message, name).to_owned();
    if below.is_empty() {
        message.remove(&key);
        message.insert(name.clone(), value);
        return;
    }
    let slot = message.entry(key).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    if let Value::Object(inner) = slot {
        put(inner, below, value);
    }
}

/// The name by which a message has a field.
fn spelling<'a>(message: &'a Map<String, Value>, name: &'a str) -> &'a str {
    if message.contains_key(name) {
        return name;
    }
    let other = message.get_key_value(&camel(name));
    other.map_or(name, |(key, _)| key.as_str())
}

fn object(text: &[u8]) -> Result<Map<String, Value>> {
    match text {
        b"" | b"null" => Ok(Map::new()),
        text => match read(text)? {
            Value::Object(object) => Ok(object),
            _ => Err(wrong("the request's body is not a JSON object".to_owned())),
        },
    }
}

fn read(text: &[u8]) -> Result<Value> {
    serde_json::from_slice(text).map_err(|error| wrong(format!("the request's body is not JSON: {error}")))
}

fn wrong(detail: String) -> Error {
    Error::bad_request(ID, detail)
}
