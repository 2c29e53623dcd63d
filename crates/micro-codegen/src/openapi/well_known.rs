//! The types of protobuf whose JSON is not that of their fields.
//!
//! Generated code has no form for some of them. Services in other languages have, and their contracts are described too.

use serde_json::{Value, json};

use super::components::Side;
use super::schema::{nullable, scalar};
use crate::contract::Kind;

/// Whether the id is that of one of them.
pub fn is(id: &str) -> bool {
    schema(id, Side::Answer).is_some()
}

/// Whether its JSON in a request may be what it is not in an answer.
pub fn has_sides(id: &str) -> bool {
    matches!(short(id), Some("Int64Value" | "UInt64Value"))
}

/// The schema, or `None` for an id that is of no such type.
pub fn schema(id: &str, side: Side) -> Option<Value> {
    let kind = match short(id)? {
        "Timestamp" => return scalar(&Kind::Timestamp, side),
        "Duration" => return scalar(&Kind::Duration, side),
        "FieldMask" => return scalar(&Kind::FieldMask, side),
        "Empty" => return scalar(&Kind::Empty, side),
        "Any" => return Some(any()),
        "Struct" => return Some(json!({"type": "object"})),
        "Value" => return Some(json!({"description": "Any JSON."})),
        "ListValue" => return Some(json!({"type": "array", "items": {}})),
        "NullValue" => return Some(json!({"type": "null"})),
        "DoubleValue" => Kind::Double,
        "FloatValue" => Kind::Float,
        "Int64Value" => Kind::Int64,
        "UInt64Value" => Kind::Uint64,
        "Int32Value" => Kind::Int32,
        "UInt32Value" => Kind::Uint32,
        "BoolValue" => Kind::Bool,
        "StringValue" => Kind::String,
        "BytesValue" => Kind::Bytes,
        _ => return None,
    };
    scalar(&kind, side).map(nullable)
}

fn short(id: &str) -> Option<&str> {
    id.strip_prefix("google.protobuf.")
}

fn any() -> Value {
    json!({
        "type": "object",
        "description": "A message of a type that it names itself.",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
    })
}
