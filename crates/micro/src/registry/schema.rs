//! What an endpoint takes and answers, told from the contract.
//!
//! Types have the names that they have in Go, since readers of the registry know those. A stream is told as readers
//! know it too, `Context` in and `Stream` out; its fields are those of the real messages, whose names are in the
//! endpoint's metadata `request` and `response`.

use std::collections::BTreeMap;

use micro_rpc::ServiceDescriptor;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::method_options::IdempotencyLevel;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
};

use super::{Endpoint, Value};
use crate::api;

/// In the metadata of an endpoint that may be called twice, as its contract says.
pub const IDEMPOTENT: &str = "idempotent";

/// Deeper levels of a message are not told.
const DEPTH: usize = 6;
/// In JSON these are no objects of their fields, so that the fields would mislead.
const WELL_KNOWN: &str = ".google.protobuf.";

/// The endpoints of a contract, as the registry shows them.
pub fn endpoints(descriptor: &ServiceDescriptor) -> Vec<Endpoint> {
    // Unreadable descriptors are the generator's fault; the service is then found without a description.
    let set = FileDescriptorSet::decode(descriptor.file_descriptor_set).unwrap_or_default();
    let types = Types::new(&set);
    let Some((file, index, service)) = find(&set, descriptor) else {
        return Vec::new();
    };
    let comments = comments(file, index);
    let routes = api::of_contract(descriptor);
    let endpoint = |(number, method): (usize, &MethodDescriptorProto)| {
        let mut request = types.message(method.input_type());
        let mut response = types.message(method.output_type());
        let mut metadata = BTreeMap::new();
        if method.client_streaming() || method.server_streaming() {
            metadata = stream(method);
            metadata.insert("request".to_owned(), rename(&mut request, "Context"));
            metadata.insert("response".to_owned(), rename(&mut response, "Stream"));
        }
        let level = method.options.as_ref().map(|options| options.idempotency_level());
        if level.is_some_and(|level| level != IdempotencyLevel::IdempotencyUnknown) {
            metadata.insert(IDEMPOTENT.to_owned(), "true".to_owned());
        }
        if let Some(text) = comments.get(&number) {
            metadata.insert("description".to_owned(), text.clone());
        }
        let mut endpoint = Endpoint {
            name: format!("{}.{}", service.name(), method.name()),
            request: Some(request),
            response: Some(response),
            metadata,
        };
        if let Some(routes) = routes.get(method.name()) {
            api::Route::add(&mut endpoint, routes);
        }
        endpoint
    };
    service.method.iter().enumerate().map(endpoint).collect()
}

fn stream(method: &MethodDescriptorProto) -> BTreeMap<String, String> {
    let facts = [
        ("stream", true),
        ("client_stream", method.client_streaming()),
        ("server_stream", method.server_streaming()),
    ];
    facts
        .into_iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| (name.to_owned(), "true".to_owned()))
        .collect()
}

/// Gives a message another name and returns its own.
fn rename(message: &mut Value, name: &str) -> String {
    message.r#type = name.to_owned();
    std::mem::replace(&mut message.name, name.to_owned())
}

fn find<'a>(
    set: &'a FileDescriptorSet,
    descriptor: &ServiceDescriptor,
) -> Option<(
    &'a FileDescriptorProto,
    usize,
    &'a prost_types::ServiceDescriptorProto,
)> {
    set.file
        .iter()
        .filter(|file| file.package() == descriptor.package)
        .find_map(|file| {
            let index = file
                .service
                .iter()
                .position(|service| service.name() == descriptor.name)?;
            Some((file, index, &file.service[index]))
        })
}

// A location path of a method's comment is: field 6 (service), its index, field 2 (method), its index.
fn comments(file: &FileDescriptorProto, service: usize) -> BTreeMap<usize, String> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    locations
        .filter_map(|location| match location.path.as_slice() {
            [6, at, 2, method] if usize::try_from(*at) == Ok(service) => {
                let text = location
                    .leading_comments()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                (!text.is_empty()).then_some((usize::try_from(*method).ok()?, text))
            }
            _ => None,
        })
        .collect()
}

struct Types<'a>(BTreeMap<String, &'a DescriptorProto>);

impl<'a> Types<'a> {
    fn new(set: &'a FileDescriptorSet) -> Self {
        let mut types = Self(BTreeMap::new());
        for file in &set.file {
            let scope = if file.package().is_empty() {
                String::new()
            } else {
                format!(".{}", file.package())
            };
            file.message_type
                .iter()
                .for_each(|message| types.add(&scope, message));
        }
        types
    }

    fn add(&mut self, scope: &str, message: &'a DescriptorProto) {
        let full = format!("{scope}.{}", message.name());
        message
            .nested_type
            .iter()
            .for_each(|nested| self.add(&full, nested));
        self.0.insert(full, message);
    }

    fn message(&self, full: &str) -> Value {
        let name = short(full);
        Value {
            name: name.to_owned(),
            r#type: name.to_owned(),
            values: self.fields(full, &[]),
        }
    }

    /// `within` are the messages that lead here. One that holds itself is told once: each level more would multiply it.
    fn fields(&self, full: &str, within: &[&str]) -> Vec<Value> {
        let is_told = within.len() < DEPTH && !within.contains(&full) && !full.starts_with(WELL_KNOWN);
        let Some(message) = self.0.get(full).filter(|_| is_told) else {
            return Vec::new();
        };
        let within = [within, &[full]].concat();
        message
            .field
            .iter()
            .map(|field| self.field(field, &within))
            .collect()
    }

    fn field(&self, field: &FieldDescriptorProto, within: &[&str]) -> Value {
        let (content, r#type) = match self.map_entry(field) {
            Some((key, content)) => (content, format!("map[{}]{}", scalar(key), scalar(content))),
            None if field.label() == Label::Repeated => (field, format!("[]{}", scalar(field))),
            None => (field, scalar(field)),
        };
        // Values of enums are listed nowhere: the type's name must do.
        let is_message = content.r#type() == Type::Message;
        let values = if is_message {
            self.fields(content.type_name(), within)
        } else {
            Vec::new()
        };
        Value {
            name: field.name().to_owned(),
            r#type,
            values,
        }
    }

    fn map_entry(
        &self,
        field: &FieldDescriptorProto,
    ) -> Option<(&'a FieldDescriptorProto, &'a FieldDescriptorProto)> {
        let entry = self.0.get(field.type_name())?;
        let is_map = entry
            .options
            .as_ref()
            .is_some_and(prost_types::MessageOptions::map_entry);
        is_map
            .then(|| Some((entry.field.first()?, entry.field.get(1)?)))
            .flatten()
    }
}

fn scalar(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Double => "float64",
        Type::Float => "float32",
        Type::Int64 | Type::Sfixed64 | Type::Sint64 => "int64",
        Type::Uint64 | Type::Fixed64 => "uint64",
        Type::Int32 | Type::Sfixed32 | Type::Sint32 => "int32",
        Type::Uint32 | Type::Fixed32 => "uint32",
        Type::Bool => "bool",
        Type::String => "string",
        Type::Bytes => "[]uint8",
        Type::Enum | Type::Message | Type::Group => short(field.type_name()),
    }
    .to_owned()
}

fn short(full: &str) -> &str {
    full.rsplit_once('.').map_or(full, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(descriptor: &ServiceDescriptor, name: &str) -> Endpoint {
        endpoints(descriptor)
            .into_iter()
            .find(|endpoint| endpoint.name == name)
            .unwrap()
    }

    fn types(value: Option<&Value>) -> Vec<(&str, &str)> {
        value
            .unwrap()
            .values
            .iter()
            .map(|value| (value.name.as_str(), value.r#type.as_str()))
            .collect()
    }

    #[test]
    fn a_contract_is_told_in_go_type_names() {
        let generate = endpoint(&micro_proto::auth::AUTH_SERVICE, "Auth.Generate");
        let request = types(generate.request.as_ref());
        for expected in [
            ("metadata", "map[string]string"),
            ("scopes", "[]string"),
            ("options", "Options"),
        ] {
            assert!(request.contains(&expected), "{request:?}");
        }
        assert_eq!(generate.request.as_ref().unwrap().r#type, "GenerateRequest");
        assert!(generate.metadata["description"].starts_with("Generate creates"));
        assert!(!generate.metadata.contains_key("stream"));
    }

    #[test]
    fn a_stream_has_the_known_names_and_the_real_fields() {
        let watch = endpoint(&micro_proto::registry::REGISTRY_SERVICE, "Registry.Watch");
        let (request, response) = (watch.request.as_ref().unwrap(), watch.response.as_ref().unwrap());
        assert_eq!(
            (request.name.as_str(), request.r#type.as_str()),
            ("Context", "Context")
        );
        assert_eq!(
            (response.name.as_str(), response.r#type.as_str()),
            ("Stream", "Stream")
        );
        assert_eq!(
            types(Some(request)),
            [("service", "string"), ("options", "Options")]
        );
        assert_eq!(
            (&*watch.metadata["request"], &*watch.metadata["response"]),
            ("WatchRequest", "Result")
        );
        assert_eq!(
            (&*watch.metadata["stream"], &*watch.metadata["server_stream"]),
            ("true", "true")
        );
        assert!(!watch.metadata.contains_key("client_stream"));
    }

    #[test]
    fn a_message_that_holds_itself_is_told_once() {
        // registry.Value holds a list of itself, within the endpoints of a service.
        let register = endpoint(&micro_proto::registry::REGISTRY_SERVICE, "Registry.Register");
        let child = |value: &Value, name: &str| {
            value
                .values
                .iter()
                .find(|value| value.name == name)
                .cloned()
                .unwrap()
        };
        let value = child(&child(register.request.as_ref().unwrap(), "endpoints"), "request");
        assert_eq!(
            types(Some(&value)),
            [("name", "string"), ("type", "string"), ("values", "[]Value")]
        );
        assert!(child(&value, "values").values.is_empty());
    }
}
