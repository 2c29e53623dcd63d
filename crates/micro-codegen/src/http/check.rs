//! Which rules can work, and what is wrong with the others.

use std::collections::BTreeMap;
use std::fmt;

use protox::prost_reflect::{
    DescriptorPool, ExtensionDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
    MethodDescriptor,
};

use super::read::{self, Raw};
use super::{Body, GATEWAY_PATHS, Rule, Segment, Template, wrong_method};

/// The rules of methods, by their full names.
pub type Routes = BTreeMap<String, Vec<Rule>>;

/// A rule that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What, and what to do.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            problem,
        } = self;
        write!(f, "{file}:{line}:{column}: {problem}")
    }
}

/// The rules of the wanted files of a pool, and what is wrong with those that are not among them.
pub fn of_pool(pool: &DescriptorPool, is_wanted: impl Fn(&str) -> bool) -> (Routes, Vec<Mistake>) {
    let mut found = Found::default();
    if let Some(option) = read::option(pool) {
        for file in pool.files().filter(|file| is_wanted(file.name())) {
            found.add_file(&option, &file);
        }
    }
    (found.routes, found.mistakes)
}

#[derive(Default)]
struct Found {
    routes: Routes,
    mistakes: Vec<Mistake>,
    /// Which method has a route: its HTTP method and shape.
    holders: BTreeMap<(String, String), String>,
}

impl Found {
    fn add_file(&mut self, option: &ExtensionDescriptor, file: &FileDescriptor) {
        for (service, at) in file.services().zip(0..) {
            for (method, number) in service.methods().zip(0..) {
                let Some(raw) = read::rule(option, &method) else {
                    continue;
                };
                for problem in self.add(&method, &raw) {
                    let (line, column) = position(file, &read::place(at, number));
                    let problem = format!("the route of rpc {}: {problem}", method.name());
                    let file = file.name().to_owned();
                    self.mistakes.push(Mistake {
                        file,
                        line,
                        column,
                        problem,
                    });
                }
            }
        }
    }

    /// Adds the rules of a method and returns what is wrong with them.
    fn add(&mut self, method: &MethodDescriptor, raw: &Raw) -> Vec<String> {
        let mut problems = Vec::new();
        let nested = raw
            .additional
            .iter()
            .any(|binding| !binding.additional.is_empty());
        if nested {
            problems.push(
                "additional_bindings stand within others: put all of them in the first list".to_owned(),
            );
        }
        for raw in std::iter::once(raw).chain(&raw.additional) {
            match rule(method, raw).and_then(|rule| self.claimed(method, rule)) {
                Ok(rule) => self
                    .routes
                    .entry(method.full_name().to_owned())
                    .or_default()
                    .push(rule),
                Err(problem) => problems.push(problem),
            }
        }
        problems
    }

    fn claimed(&mut self, method: &MethodDescriptor, rule: Rule) -> Result<Rule, String> {
        let key = (rule.method.clone(), rule.template.shape());
        if let Some(holder) = self.holders.get(&key) {
            return Err(format!(
                "{} {} is {holder}'s already: change one of them",
                key.0, key.1
            ));
        }
        self.holders.insert(key, format!("rpc {}", method.name()));
        Ok(rule)
    }
}

/// Of the option, wherever of its fields is said first.
fn position(file: &FileDescriptor, place: &[i32]) -> (usize, usize) {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let locations = info.into_iter().flat_map(|info| &info.location);
    let spans = locations.filter(|location| location.path.starts_with(place));
    let first = spans
        .map(|location| location.span.get(..2).unwrap_or_default())
        .min();
    let from_1 = |at: usize| {
        let number = first.and_then(|span| span.get(at)).copied().unwrap_or(0);
        usize::try_from(number).unwrap_or(0) + 1
    };
    (from_1(0), from_1(1))
}

fn rule(method: &MethodDescriptor, raw: &Raw) -> Result<Rule, String> {
    let Some((http, path)) = &raw.pattern else {
        return Err("it has no path: add one, as in get: \"/v1/messages/{id}\"".to_owned());
    };
    if let Some(problem) = wrong_method(http) {
        return Err(problem);
    }
    let template = Template::parse(path).map_err(|invalid| invalid.to_string())?;
    if let Some(Segment::Literal(first)) = template.segments.first()
        && GATEWAY_PATHS.contains(&first.as_str())
    {
        return Err(format!(
            "{path:?}: paths below /{first} are the gateway's own: begin with another word"
        ));
    }
    let (input, output) = (method.input(), method.output());
    for variable in &template.variables {
        in_path(&input, &variable.path)?;
    }
    let body = Body::of(&raw.body);
    if let Body::Field(name) = &body {
        top_level("body", &input, name)?;
        if template
            .variables
            .iter()
            .any(|variable| variable.path == [name.as_str()])
        {
            return Err(format!(
                "field {name} is in the path and is the body: leave it out of one"
            ));
        }
    }
    if body != Body::None && matches!(http.as_str(), "GET" | "HEAD") {
        return Err(format!(
            "{http} has no body: leave body out, or use post, put or patch"
        ));
    }
    if body == Body::None && method.is_client_streaming() {
        let advice = "add body: \"*\", and a method that has a body";
        return Err(format!(
            "the stream of requests is sent as a body of lines: {advice}"
        ));
    }
    let response_body = Some(raw.response_body.clone()).filter(|name| !name.is_empty());
    if let Some(name) = &response_body {
        top_level("response_body", &output, name)?;
    }
    Ok(Rule {
        method: http.clone(),
        template,
        body,
        response_body,
    })
}

/// A variable is one value at the end of single messages.
fn in_path(message: &MessageDescriptor, path: &[String]) -> Result<(), String> {
    let whole = path.join(".");
    let mut message = message.clone();
    let Some((last, above)) = path.split_last() else {
        return Ok(());
    };
    for name in above {
        let field = find("the path", &message, name)?;
        message = match field.kind() {
            Kind::Message(inner) if !field.is_list() && !field.is_map() => inner,
            _ => {
                let problem = format!("the path has {{{whole}}}, but {name} is no single message");
                return Err(format!("{problem}: use a field of {}", message.name()));
            }
        };
    }
    let field = find("the path", &message, last)?;
    let problem = match field.kind() {
        _ if field.is_list() || field.is_map() => "is repeated",
        Kind::Message(_) => "is a message",
        _ => return Ok(()),
    };
    Err(format!(
        "the path has {{{whole}}}, which {problem}: use a field that is one value, such as a string or a number"
    ))
}

fn top_level(what: &str, message: &MessageDescriptor, name: &str) -> Result<(), String> {
    if let Some((first, _)) = name.split_once('.') {
        return Err(format!(
            "{what} is {name:?}, which is within a field: name one of {} itself, such as {first:?}",
            message.name()
        ));
    }
    find(what, message, name).map(drop)
}

fn find(what: &str, message: &MessageDescriptor, name: &str) -> Result<FieldDescriptor, String> {
    message.get_field_by_name(name).ok_or_else(|| {
        let names: Vec<_> = message.fields().map(|field| field.name().to_owned()).collect();
        let has = match names.is_empty() {
            true => "it has none".to_owned(),
            false => format!("it has {}", names.join(", ")),
        };
        format!(
            "{what} names {name:?}, but {} has no such field: {has}",
            message.name()
        )
    })
}

#[cfg(test)]
mod tests;
