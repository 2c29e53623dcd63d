//! What an endpoint takes and answers, told from the contract.

use std::collections::BTreeMap;

use micro_rpc::ServiceDescriptor;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

use super::{Endpoint, Value};

/// Deeper levels of a message are not told.
const DEPTH: usize = 6;

/// The endpoints of a contract, as the registry shows them.
pub fn endpoints(descriptor: &ServiceDescriptor) -> Vec<Endpoint> {
    // Unreadable descriptors are the generator's fault; the service is then found without a description.
    let set = FileDescriptorSet::decode(descriptor.file_descriptor_set).unwrap_or_default();
    let types = Types::new(&set);
    let Some((file, index, service)) = find(&set, descriptor) else {
        return Vec::new();
    };
    let comments = comments(file, index);
    let endpoint = |(number, method): (usize, &prost_types::MethodDescriptorProto)| {
        let streams = method.client_streaming() || method.server_streaming();
        let mut metadata = BTreeMap::new();
        if streams {
            metadata.insert("stream".to_owned(), "true".to_owned());
        }
        for (name, is) in [
            ("client_stream", method.client_streaming()),
            ("server_stream", method.server_streaming()),
        ] {
            if is {
                metadata.insert(name.to_owned(), "true".to_owned());
            }
        }
        if let Some(text) = comments.get(&number) {
            metadata.insert("description".to_owned(), text.clone());
        }
        Endpoint {
            name: format!("{}.{}", service.name(), method.name()),
            request: Some(types.message(method.input_type())),
            response: Some(types.message(method.output_type())),
            metadata,
        }
    };
    service.method.iter().enumerate().map(endpoint).collect()
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
            values: self.fields(full, 1),
        }
    }

    fn fields(&self, full: &str, depth: usize) -> Vec<Value> {
        // Values of enums are listed nowhere else: the type's name must do.
        let Some(message) = self.0.get(full).filter(|_| depth <= DEPTH) else {
            return Vec::new();
        };
        message
            .field
            .iter()
            .map(|field| self.field(field, depth))
            .collect()
    }

    fn field(&self, field: &FieldDescriptorProto, depth: usize) -> Value {
        let value = |r#type: String, values| Value {
            name: field.name().to_owned(),
            r#type,
            values,
        };
        if let Some((key, content)) = self.map_entry(field) {
            let values = if content.r#type() == Type::Message {
                self.fields(content.type_name(), depth + 1)
            } else {
                Vec::new()
            };
            return value(format!("map[{}]{}", scalar(key), scalar(content)), values);
        }
        let values = if field.r#type() == Type::Message {
            self.fields(field.type_name(), depth + 1)
        } else {
            Vec::new()
        };
        let list = if field.label() == Label::Repeated {
            "[]"
        } else {
            ""
        };
        value(format!("{list}{}", scalar(field)), values)
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

    #[test]
    fn a_contract_is_told_in_go_type_names() {
        let endpoints = endpoints(&micro_proto::auth::AUTH_SERVICE);
        let generate = endpoints
            .iter()
            .find(|endpoint| endpoint.name == "Auth.Generate")
            .unwrap();
        let request = generate.request.as_ref().unwrap();
        let types: Vec<_> = request
            .values
            .iter()
            .map(|value| (value.name.as_str(), value.r#type.as_str()))
            .collect();
        assert!(types.contains(&("metadata", "map[string]string")), "{types:?}");
        assert!(types.contains(&("scopes", "[]string")), "{types:?}");
        assert!(types.contains(&("options", "Options")), "{types:?}");
        assert!(generate.metadata["description"].starts_with("Generate creates"));
        let watch = &super::endpoints(&micro_proto::registry::REGISTRY_SERVICE)[4];
        assert_eq!(
            (watch.name.as_str(), watch.metadata["stream"].as_str()),
            ("Registry.Watch", "true")
        );
    }
}
