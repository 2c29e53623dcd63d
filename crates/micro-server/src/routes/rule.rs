//! How a request at a route becomes a message, and the answer what is answered.
//!
//! Routes that say the same of it share one, however many there are, so that a request finds it still at hand.

use micro_codegen::http::{Body, Segment, Template};

use super::claim::Called;
use super::kind::Kind;
use super::table::split_verb;
use crate::gateway::path::decode;

/// All that a rule says but for the texts in its path.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rule {
    pub body: Body,
    /// The one field that is answered with, where it is not all.
    pub answer: Option<Answer>,
    has_verb: bool,
    /// In the order of the path.
    pub variables: Vec<Variable>,
}

/// A field that is in the path.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Variable {
    /// From the message to the field: `["book", "id"]`.
    pub path: Vec<String>,
    pub kind: Kind,
    /// The parts of the path that it takes: from this one on.
    start: usize,
    /// And before this one, or all.
    end: Option<usize>,
    /// It may hold slashes.
    is_many: bool,
}

/// A field of the answer.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    pub name: String,
    pub is_list: bool,
}

impl Rule {
    pub fn new(call: &Called, template: &Template, body: Body, answer: Option<String>) -> Self {
        let variables = template.variables.iter().map(|variable| {
            let is_open = variable.of(&template.segments).last() == Some(&Segment::Rest);
            Variable {
                kind: Kind::of(call.request.as_ref(), &variable.path),
                start: variable.start,
                end: (!is_open).then_some(variable.end),
                is_many: variable.is_many(&template.segments),
                path: variable.path.clone(),
            }
        });
        Self {
            body,
            answer: answer.map(|name| {
                let kind = Kind::of(call.response.as_ref(), std::slice::from_ref(&name));
                let is_list = matches!(kind, Kind::List(_));
                Answer { name, is_list }
            }),
            has_verb: template.verb.is_some(),
            variables: variables.collect(),
        }
    }

    /// The values of the variables in a path by which the route was found, in their order; `None` where one is no text.
    ///
    /// A variable that is one part has all its escapes read. In one that may be more an escaped slash stays as it is: read, it
    /// could not be told from those between parts.
    pub fn captures(&self, path: &str) -> Option<Vec<String>> {
        let path = path.strip_prefix('/')?;
        let path = match self.has_verb {
            true => split_verb(path)?.0,
            false => path,
        };
        let parts: Vec<&str> = path.split('/').collect();
        let values = self.variables.iter().map(|variable| {
            let end = variable.end.unwrap_or(parts.len());
            // What follows the last part may be nothing at all.
            let own = parts.get(variable.start..end).unwrap_or_default();
            match variable.is_many {
                false => Some(decode(&own.join("/"))?.into_owned()),
                true => {
                    let own: Option<Vec<_>> = own.iter().map(|part| decode_but_slashes(part)).collect();
                    Some(own?.join("/"))
                }
            }
        });
        values.collect()
    }
}

impl Variable {
    /// As in a template: `book.id`.
    pub fn name(&self) -> String {
        self.path.join(".")
    }
}

fn decode_but_slashes(part: &str) -> Option<String> {
    let mut text = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find("%2F").into_iter().chain(rest.find("%2f")).min() {
        text.push_str(&decode(&rest[..at])?);
        text.push_str(&rest[at..at + 3]);
        rest = &rest[at + 3..];
    }
    text.push_str(&decode(rest)?);
    Some(text)
}
