//! Routes as operations: a method under a path of its own.
//!
//! A path of OpenAPI has one variable for one part, so what of a template is text within a variable stands in the path as
//! text: `/v1/{name=shelves/*}` is `/v1/shelves/{name}`. Paths that differ in the names of their variables only are one path
//! to OpenAPI; the first names count there, and each parameter says which field it is.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::components::Side;
use super::operation::Operation;
use super::schema::Schemas;
use super::{platform, well_known};
use crate::contract::{Field, Kind, Message, Method, Shape};
use crate::http::{Body, Rule, Segment};

/// What can be a key of a path.
const METHODS: [&str; 6] = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"];
/// Messages within messages further down are not told as parameters.
const DEPTH: usize = 4;

/// The names of variables, by the shape of their path.
#[derive(Default)]
pub struct Names(BTreeMap<String, Vec<String>>);

/// A place for an operation, and the operation.
pub struct Described {
    pub path: String,
    /// Lower-case.
    pub method: String,
    pub operation: Value,
}

/// One variable part of a path.
struct Part {
    name: String,
    /// The field that it is, or is in; `None` for a part that no field has.
    field: Option<String>,
    /// The variable as the template has it, if it is more than this part.
    whole: Option<String>,
    is_many: bool,
}

impl Operation<'_> {
    /// A route of a method; `None` for one with a method that OpenAPI does not know.
    pub fn route(&self, method: &Method, rule: &Rule, id: &str, names: &mut Names) -> Option<Described> {
        let http = match (rule.method.as_str(), &rule.body) {
            ("*", Body::None) => "GET",
            ("*", _) => "POST",
            (named, _) => METHODS.into_iter().find(|known| *known == named)?,
        };
        let mut parts = parts(rule);
        let own = parts.iter().map(|part| part.name.clone()).collect();
        let shared = names.0.entry(rule.template.shape()).or_insert(own);
        for (part, name) in parts.iter_mut().zip(shared.iter()) {
            part.name.clone_from(name);
        }
        let mut operation = self.heading(method, id);
        operation.insert("parameters".to_owned(), self.parameters(method, rule, &parts));
        if let Some(body) = self.body(method, rule) {
            operation.insert("requestBody".to_owned(), body);
        }
        operation.insert("responses".to_owned(), self.answers(method, rule).into());
        Some(Described {
            path: path(rule, &parts),
            method: http.to_ascii_lowercase(),
            operation: Value::Object(operation),
        })
    }

    fn parameters(&self, method: &Method, rule: &Rule, parts: &[Part]) -> Value {
        let mut all: Vec<Value> = parts.iter().map(|part| self.in_path(method, part)).collect();
        if rule.body != Body::Whole
            && let Some(request) = self.message(&method.request)
        {
            let mut query = Query {
                operation: self,
                rule,
                found: Vec::new(),
            };
            query.add(request, "", DEPTH);
            all.extend(query.found);
        }
        if let Value::Array(common) = platform::parameters() {
            all.extend(common);
        }
        Value::Array(all)
    }

    fn in_path(&self, method: &Method, part: &Part) -> Value {
        let field = part
            .field
            .as_ref()
            .and_then(|path| self.field(&method.request, path));
        let schema = match (&field, &part.whole) {
            (Some(field), None) if !part.is_many => self.asked().property(field),
            _ => json!({"type": "string"}),
        };
        let mut description = match (&part.field, &part.whole) {
            (Some(field), Some(whole)) => format!("A part of `{field}`, which is `{whole}` as a whole."),
            (Some(field), None) => format!("`{field}` of the request."),
            (None, _) => "Any text.".to_owned(),
        };
        if part.is_many {
            description.push_str(" It may have slashes.");
        }
        json!({"name": part.name, "in": "path", "required": true, "description": description, "schema": schema})
    }

    fn body(&self, method: &Method, rule: &Rule) -> Option<Value> {
        let content = match &rule.body {
            Body::None => return None,
            Body::Whole => self.content(&method.request, Side::Request, method.streams_requests),
            Body::Field(name) => {
                let field = self.field(&method.request, name)?;
                self.wrapped(self.asked().property(field), method.streams_requests)
            }
        };
        Some(json!({"required": true, "content": content}))
    }

    fn answers(&self, method: &Method, rule: &Rule) -> Map<String, Value> {
        let mut responses = self.responses(method);
        let field = rule
            .response_body
            .as_ref()
            .and_then(|name| self.field(&method.response, name));
        if let Some(field) = field {
            let schema = self.schemas(Side::Answer).property(field);
            responses["200"]["content"] = self.wrapped(schema, method.streams_responses);
        }
        responses
    }

    fn asked(&self) -> Schemas<'_> {
        self.schemas(Side::Request)
    }

    fn message(&self, id: &str) -> Option<&Message> {
        self.place.contract.message(id).filter(|_| !well_known::is(id))
    }

    /// The field at a path of a message.
    fn field(&self, id: &str, path: &str) -> Option<&Field> {
        let mut fields = &self.message(id)?.fields;
        let mut names = path.split('.').peekable();
        loop {
            let name = names.next()?;
            let field = fields.iter().find(|field| field.name == name)?;
            if names.peek().is_none() {
                return Some(field);
            }
            let Kind::Message(id) = field.shape.kind() else {
                return None;
            };
            fields = &self.message(id)?.fields;
        }
    }
}

/// Collects the fields that a query may have.
struct Query<'a> {
    operation: &'a Operation<'a>,
    rule: &'a Rule,
    found: Vec<Value>,
}

impl Query<'_> {
    fn add(&mut self, message: &Message, above: &str, depth: usize) {
        for field in &message.fields {
            let name = match above {
                "" => field.name.clone(),
                above => format!("{above}.{}", field.name),
            };
            if self.is_taken(&name) {
                continue;
            }
            match &field.shape {
                Shape::Map(..) => {}
                Shape::Single(Kind::Message(id)) | Shape::Optional(Kind::Message(id)) => {
                    let below = self.operation.message(id).filter(|_| depth > 1);
                    if let Some(below) = below {
                        self.add(below, &name, depth - 1);
                    }
                }
                shape if matches!(shape.kind(), Kind::Message(_) | Kind::Empty) => {}
                _ => {
                    let schema = self.operation.asked().property(field);
                    self.found
                        .push(json!({"name": name, "in": "query", "required": false, "schema": schema}));
                }
            }
        }
    }

    fn is_taken(&self, name: &str) -> bool {
        let is_body = matches!(&self.rule.body, Body::Field(body) if body == name);
        is_body
            || self
                .rule
                .template
                .variables
                .iter()
                .any(|variable| variable.name() == name)
    }
}

fn parts(rule: &Rule) -> Vec<Part> {
    let template = &rule.template;
    let mut parts: Vec<Part> = Vec::new();
    for (at, segment) in template.segments.iter().enumerate() {
        if matches!(segment, Segment::Literal(_)) {
            continue;
        }
        let holds = |variable: &&crate::http::Variable| (variable.start..variable.end).contains(&at);
        let variable = template.variables.iter().find(holds);
        let whole = variable
            .map(|variable| variable.of(&template.segments))
            .filter(|own| own.len() > 1);
        let wanted = variable.map_or_else(|| "part".to_owned(), |variable| variable.name());
        let mut names =
            std::iter::once(wanted.clone()).chain((2..).map(|number| format!("{wanted}_{number}")));
        let is_free = |name: &String| !parts.iter().any(|part| part.name == *name);
        parts.push(Part {
            name: names.find(is_free).unwrap_or(wanted),
            field: variable.map(|variable| variable.name()),
            whole: whole.map(|own| own.iter().map(Segment::to_string).collect::<Vec<_>>().join("/")),
            is_many: *segment == Segment::Rest,
        });
    }
    parts
}

fn path(rule: &Rule, parts: &[Part]) -> String {
    let mut path = String::new();
    let mut names = parts.iter().map(|part| &part.name);
    for segment in &rule.template.segments {
        path.push('/');
        match segment {
            Segment::Literal(_) => path.push_str(&segment.to_string()),
            _ => path.push_str(&format!("{{{}}}", names.next().map_or("", String::as_str))),
        }
    }
    match &rule.template.verb {
        Some(verb) => format!("{path}:{}", Segment::Literal(verb.clone())),
        None => path,
    }
}

#[cfg(test)]
mod tests;
