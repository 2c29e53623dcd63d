//! Fields of which at most one is set.
//!
//! Said in words and as `dependentSchemas`, which validators obey and which generators leave alone: `oneOf` beside properties would
//! make of one message as many types as it has choices, and hide its other fields from the reader.

use serde_json::{Map, Value, json};

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

/// For each member of a choice, that the others are not there with it.
pub fn exclusions(message: &Message) -> Map<String, Value> {
    let mut exclusions = Map::new();
    for oneof in message
        .oneofs
        .iter()
        .filter(|oneof| members(message, oneof).count() > 1)
    {
        for name in members(message, oneof) {
            let others = members(message, oneof).filter(|other| *other != name);
            let others: Map<_, _> = others.map(|other| (other.to_owned(), json!(false))).collect();
            exclusions.insert(name.to_owned(), json!({"properties": others}));
        }
    }
    exclusions
}

fn members<'a>(message: &'a Message, oneof: &'a Oneof) -> impl Iterator<Item = &'a str> {
    let is_member = |field: &&crate::contract::Field| field.oneof.as_deref() == Some(oneof.name.as_str());
    message
        .fields
        .iter()
        .filter(is_member)
        .map(|field| field.name.as_str())
}
