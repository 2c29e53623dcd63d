//! How often a field's value is there, and whether its absence is told.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::Breaks;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// The default stands for absence.
    Implicit,
    /// Absence is told from the default.
    Explicit,
    Required,
    Repeated,
    Map,
}

impl Cardinality {
    /// Of a field of a message, in a file of a syntax.
    pub fn of(syntax: &str, message: &DescriptorProto, field: &FieldDescriptorProto) -> Self {
        let tells_absence = syntax != "proto3"
            || field.oneof_index.is_some()
            || matches!(field.r#type(), Type::Message | Type::Group);
        match field.label() {
            Label::Repeated if entry(message, field).is_some() => Cardinality::Map,
            Label::Repeated => Cardinality::Repeated,
            Label::Required => Cardinality::Required,
            Label::Optional if tells_absence => Cardinality::Explicit,
            Label::Optional => Cardinality::Implicit,
        }
    }

    /// What breaks when this becomes another.
    pub fn change(self, new: Self) -> Option<Breaks> {
        let is_one = |it| matches!(it, Cardinality::Implicit | Cardinality::Explicit);
        match self == new {
            true => None,
            false if is_one(self) && is_one(new) => Some(Breaks::Code),
            false => Some(Breaks::Wire),
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Cardinality::Implicit => "one value",
            Cardinality::Explicit => "an optional value",
            Cardinality::Required => "a required value",
            Cardinality::Repeated => "a list",
            Cardinality::Map => "a map",
        }
    }
}

/// The key and the value of a map.
pub fn entry<'a>(
    message: &'a DescriptorProto,
    field: &FieldDescriptorProto,
) -> Option<(&'a FieldDescriptorProto, &'a FieldDescriptorProto)> {
    let name = field.type_name().rsplit('.').next()?;
    let is_entry = |inner: &&DescriptorProto| {
        let options = inner.options.as_ref();
        inner.name() == name && options.is_some_and(|options| options.map_entry())
    };
    if field.r#type() != Type::Message {
        return None;
    }
    match message.nested_type.iter().find(is_entry)?.field.as_slice() {
        [key, value] => Some((key, value)),
        _ => None,
    }
}
