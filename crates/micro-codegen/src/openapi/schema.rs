//! Messages and enums as JSON schemas.

use serde_json::{Map, Value, json};

use super::components::{Component, Components, Declared, Side};
use super::{oneof, text, well_known};
use crate::contract::{Enum, Field, Kind, Message, Shape};

/// The schemas of all components, by name.
pub fn all(components: &Components<'_>) -> Map<String, Value> {
    let schema = |(name, side, component): (String, Side, &Component<'_>)| {
        let schemas = Schemas {
            components,
            contract: component.contract,
            side,
        };
        let schema = match component.declared {
            Declared::Message(message) => schemas.message(message),
            Declared::Enum(each) => enumeration(each),
        };
        (name, schema)
    };
    components.all().map(schema).collect()
}

/// Makes schemas of what a contract says, for one way that values go.
#[derive(Clone, Copy)]
pub struct Schemas<'a> {
    pub components: &'a Components<'a>,
    pub contract: usize,
    pub side: Side,
}

impl Schemas<'_> {
    /// The schema of a body, which is the message of an id.
    pub fn body(&self, id: &str) -> Value {
        self.reference(id).unwrap_or_else(|| json!({"type": "object"}))
    }

    /// What stands for a value of a type.
    pub fn kind(&self, kind: &Kind) -> Value {
        match kind {
            Kind::Message(id) | Kind::Enum(id) => self.reference(id),
            kind => scalar(kind, self.side),
        }
        .unwrap_or_else(|| json!({}))
    }

    fn reference(&self, id: &str) -> Option<Value> {
        well_known::schema(id, self.side).or_else(|| {
            let name = self.components.get(self.contract, id)?.name(self.side);
            Some(json!({"$ref": format!("#/components/schemas/{name}")}))
        })
    }

    fn message(&self, message: &Message) -> Value {
        let mut schema = Map::from_iter([("type".to_owned(), json!("object"))]);
        let choices = message
            .oneofs
            .iter()
            .map(|each| oneof::description(message, each));
        let own = text::description(&message.docs);
        text::describe(&mut schema, text::paragraphs(std::iter::once(own).chain(choices)));
        let properties: Map<_, _> = (message.fields.iter())
            .map(|field| (field.name.clone(), self.property(field)))
            .collect();
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), properties.into());
        }
        let exclusions = oneof::exclusions(message);
        if !exclusions.is_empty() {
            schema.insert("dependentSchemas".to_owned(), exclusions.into());
        }
        Value::Object(schema)
    }

    /// What stands for the value of a field.
    pub fn property(&self, field: &Field) -> Value {
        let mut schema = self.shape(field);
        if let Value::Object(schema) = &mut schema {
            // A type of its own may have a description; the field's says more.
            text::describe(schema, text::description(&field.docs));
            if let Some(example) = self.example(field) {
                schema.insert("examples".to_owned(), json!([example]));
            }
        }
        schema
    }

    fn shape(&self, field: &Field) -> Value {
        match &field.shape {
            Shape::Single(kind) if field.oneof.is_none() && is_message(kind) => nullable(self.kind(kind)),
            Shape::Single(kind) => self.kind(kind),
            Shape::Optional(kind) => nullable(self.kind(kind)),
            Shape::Repeated(kind) => json!({"type": "array", "items": self.kind(kind)}),
            Shape::Map(key, value) => map(key, self.kind(value)),
        }
    }
}

/// The schema of a type that needs no component.
pub fn scalar(kind: &Kind, side: Side) -> Option<Value> {
    Some(match kind {
        Kind::Double => json!({"type": "number", "format": "double"}),
        Kind::Float => json!({"type": "number", "format": "float"}),
        Kind::Int32 => json!({"type": "integer", "format": "int32"}),
        Kind::Uint32 => json!({"type": "integer", "format": "uint32", "minimum": 0}),
        Kind::Int64 => big("int64", "^-?[0-9]+$", side),
        Kind::Uint64 => big("uint64", "^[0-9]+$", side),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::String => json!({"type": "string"}),
        // The platform writes bytes of length 0 as null.
        Kind::Bytes => json!({"type": ["string", "null"], "contentEncoding": "base64"}),
        Kind::Timestamp => json!({"type": "string", "format": "date-time"}),
        Kind::Duration => duration(),
        Kind::FieldMask => json!({
            "type": "string",
            "format": "field-mask",
            "description": "Paths of fields, as `name,address.city`.",
        }),
        Kind::Empty => json!({"type": "object"}),
        Kind::Enum(_) | Kind::Message(_) => return None,
    })
}

/// The same, or null.
pub fn nullable(schema: Value) -> Value {
    let Value::Object(mut schema) = schema else {
        return schema;
    };
    if schema.contains_key("$ref") {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    match schema.get_mut("type") {
        Some(Value::Array(types)) if !types.contains(&json!("null")) => types.push(json!("null")),
        Some(Value::String(name)) if name != "null" => {
            let name = std::mem::take(name);
            schema.insert("type".to_owned(), json!([name, "null"]));
        }
        _ => {}
    }
    Value::Object(schema)
}

/// An integer that JSON's numbers do not hold exactly.
fn big(format: &str, pattern: &str, side: Side) -> Value {
    match side {
        Side::Answer => json!({"type": "string", "format": format, "pattern": pattern}),
        Side::Request => {
            let mut schema = json!({"type": ["string", "integer"], "format": format, "pattern": pattern});
            if format == "uint64" {
                schema["minimum"] = json!(0);
            }
            schema
        }
    }
}

fn duration() -> Value {
    json!({
        "type": "string",
        "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$",
        "description": "Seconds, as `1.5s`.",
    })
}

fn is_message(kind: &Kind) -> bool {
    use Kind::{Duration, Empty, FieldMask, Message, Timestamp};
    matches!(kind, Message(_) | Timestamp | Duration | FieldMask | Empty)
}

fn map(key: &Kind, values: Value) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": values});
    let keys = match key {
        Kind::Bool => json!({"enum": ["true", "false"]}),
        Kind::Int32 | Kind::Int64 => json!({"pattern": "^-?[0-9]+$"}),
        Kind::Uint32 | Kind::Uint64 => json!({"pattern": "^[0-9]+$"}),
        _ => return schema,
    };
    schema["propertyNames"] = keys;
    schema
}

fn enumeration(each: &Enum) -> Value {
    let names: Vec<_> = each.values.iter().map(|value| &value.name).collect();
    let mut schema = Map::from_iter([
        ("type".to_owned(), json!("string")),
        ("enum".to_owned(), json!(names)),
    ]);
    let described = each.values.iter().filter_map(|value| {
        let text = text::description(&value.docs)?.replace('\n', "\n  ");
        Some(format!("- `{}`: {text}", value.name))
    });
    let values = described.collect::<Vec<_>>().join("\n");
    let values = (!values.is_empty()).then_some(values);
    text::describe(
        &mut schema,
        text::paragraphs([text::description(&each.docs), values]),
    );
    Value::Object(schema)
}
