//! What texts are made into.
//!
//! The registry tells of each endpoint what it takes, in types as Go has them. That is what a text in a path or a query is
//! made into: which fields are lists, and what is a number. A field that is not told is handed on as text, and the service
//! says what it makes of it.

use micro::registry::Value as Type;
use serde_json::Value as Json;

/// What the text of a field is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Text,
    Flag,
    /// The name of a value, or its number.
    Enum,
    /// Of values that are `Text`, or another one.
    List(Element),
    /// A message or a map, or a list of them: no text says it.
    Composite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Element {
    Text,
    Flag,
    Enum,
}

impl Kind {
    /// Of a field of a message; text where it is not told.
    pub fn of(message: Option<&Type>, path: &[String]) -> Self {
        let mut told = message;
        for (name, at) in path.iter().zip(0..) {
            if at > 0 && told.is_some_and(is_many) {
                return Self::Composite;
            }
            told = told.and_then(|message| named(message, name));
        }
        told.map_or(Self::Text, Self::told)
    }

    fn told(field: &Type) -> Self {
        let name = field.r#type.as_str();
        if name == "[]uint8" {
            return Self::Text;
        }
        let is_composite = !field.values.is_empty() || name.starts_with("map[");
        let element = match name.trim_start_matches("[]") {
            _ if is_composite => return Self::Composite,
            "bool" => Element::Flag,
            "string" | "uint8" | "int32" | "int64" | "uint32" | "uint64" | "float32" | "float64" => {
                Element::Text
            }
            _ => Element::Enum,
        };
        match element {
            _ if name.starts_with("[]") => Self::List(element),
            Element::Text => Self::Text,
            Element::Flag => Self::Flag,
            Element::Enum => Self::Enum,
        }
    }

    /// A path with the names that the contract has, where it was sent as `userId`.
    pub fn spelt(message: Option<&Type>, mut path: Vec<String>) -> Vec<String> {
        let mut told = message;
        for name in &mut path {
            told = told.and_then(|message| named(message, name));
            if let Some(field) = told {
                name.clone_from(&field.name);
            }
        }
        path
    }

    /// One value. Services read numbers from text as from numbers, so a number stays the text that it was.
    pub fn one(self, text: &str) -> Result<Json, String> {
        match self {
            Self::Flag | Self::List(Element::Flag) => match text {
                "true" | "1" => Ok(Json::Bool(true)),
                "false" | "0" => Ok(Json::Bool(false)),
                _ => Err(format!("is {text:?}, which is neither true nor false")),
            },
            Self::Enum | Self::List(Element::Enum) => {
                Ok(text.parse::<i32>().map_or_else(|_| text.into(), Json::from))
            }
            _ => Ok(text.into()),
        }
    }
}

/// Whether a field is a list or a map, of whose values a path of names says none.
fn is_many(field: &Type) -> bool {
    field.r#type.starts_with("[]") || field.r#type.starts_with("map[")
}

fn named<'a>(message: &'a Type, name: &str) -> Option<&'a Type> {
    let mut fields = message.values.iter();
    fields.find(|field| field.name == name || camel(&field.name) == name)
}

/// `user_id` as JSON has it too: `userId`.
pub(crate) fn camel(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut begins = false;
    for letter in name.chars() {
        match letter {
            '_' => begins = true,
            letter if std::mem::take(&mut begins) => text.push(letter.to_ascii_uppercase()),
            letter => text.push(letter),
        }
    }
    text
}
