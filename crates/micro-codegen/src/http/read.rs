//! What methods say with the option, as it was written.

use protox::prost_reflect::{DynamicMessage, ExtensionDescriptor, MethodDescriptor, ReflectMessage, Value};

/// The number that all tools know the option by.
const NUMBER: u32 = 72_295_728;
/// Patterns with a method of their own.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// A rule, not yet looked at.
pub struct Raw {
    /// Method and path; `None` when no pattern is set.
    pub pattern: Option<(String, String)>,
    pub body: String,
    pub response_body: String,
    pub additional: Vec<Raw>,
}

/// The rule of a method, if it has one.
pub fn rule(option: &ExtensionDescriptor, method: &MethodDescriptor) -> Option<Raw> {
    let options = method.options();
    if !options.has_extension(option) {
        return None;
    }
    options.get_extension(option).as_message().map(raw)
}

/// The option, of a pool that has it. One that only has its name is somebody else's.
pub fn option(pool: &protox::prost_reflect::DescriptorPool) -> Option<ExtensionDescriptor> {
    let found = pool
        .all_extensions()
        .find(|each| each.full_name() == "google.api.http");
    found.filter(|each| each.number() == NUMBER && each.kind().as_message().is_some())
}

/// Where the option stands, below a method in the places of a file.
pub fn place(service: usize, method: usize) -> Vec<i32> {
    [6, service, 2, method, 4, NUMBER as usize]
        .into_iter()
        .filter_map(|step| i32::try_from(step).ok())
        .collect()
}

fn raw(rule: &DynamicMessage) -> Raw {
    let additional = match field(rule, "additional_bindings") {
        Some(Value::List(rules)) => rules.iter().filter_map(Value::as_message).map(raw).collect(),
        _ => Vec::new(),
    };
    Raw {
        pattern: pattern(rule),
        body: text(rule, "body"),
        response_body: text(rule, "response_body"),
        additional,
    }
}

fn pattern(rule: &DynamicMessage) -> Option<(String, String)> {
    if let Some(Value::Message(custom)) = field(rule, "custom") {
        return Some((text(&custom, "kind"), text(&custom, "path")));
    }
    METHODS.into_iter().find_map(|name| match field(rule, name) {
        Some(Value::String(path)) => Some((name.to_ascii_uppercase(), path)),
        _ => None,
    })
}

fn text(message: &DynamicMessage, name: &str) -> String {
    match field(message, name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    }
}

/// A field that is set, of a definition that has it: contracts may bring along one of their own.
fn field(message: &DynamicMessage, name: &str) -> Option<Value> {
    let field = message.descriptor().get_field_by_name(name)?;
    message
        .has_field(&field)
        .then(|| message.get_field(&field).into_owned())
}
