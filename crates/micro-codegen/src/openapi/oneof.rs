//! Fields of which at most one is set.
//!
//! Said in words and as `not`, which validators obey and which generators and viewers leave alone: `oneOf` beside properties would
//! make of one message as many types as it has choices, and hide its other fields from the reader.

use serde_json::{Value, json};

use super::text;
use crate::contract::{Message, Oneof};

/// What it says of itself, and the rule.
pub fn description(message: &Message, oneof: &Oneof) -> Option<String> {
    let names: Vec<_> = members(message, oneof).map(|name| format!("`{name}`")).collect();
    let (last, others) = names.split_last()?;
    let rule = match others {
        [] => format!("`{}`: {last}, or nothing.", oneof.name),
        others => format!(
            "`{}`: at most one of {} and {last} is set.",
            oneof.name,
            others.join(", ")
        ),
    };
    match text::description(&oneof.docs) {
        Some(docs) => Some(format!("{rule} {docs}")),
        None => Some(rule),
    }
}

/// What a message must not be: one with two members of a choice.
pub fn excluded(message: &Message) -> Option<Value> {
    let mut pairs = Vec::new();
    for oneof in &message.oneofs {
        let names: Vec<_> = members(message, oneof).collect();
        for (index, first) in names.iter().enumerate() {
            let seconds = names.iter().skip(index + 1);
            pairs.extend(seconds.map(|second| json!({"required": [first, second]})));
        }
    }
    match pairs.len() {
        0 => None,
        1 => pairs.pop(),
        _ => Some(json!({"anyOf": pairs})),
    }
}

fn members<'a>(message: &'a Message, oneof: &'a Oneof) -> impl Iterator<Item = &'a str> {
    let is_member = |field: &&crate::contract::Field| field.oneof.as_deref() == Some(oneof.name.as_str());
    message
        .fields
        .iter()
        .filter(is_member)
        .map(|field| field.name.as_str())
}
