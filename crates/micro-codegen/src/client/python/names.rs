//! From names of a contract to names of Python; what would clash gets an underscore behind it, as PEP 8 has it.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};

use crate::contract::{Contract, Kind, Message};

/// Words that Python keeps to itself.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// What the module takes from `typing`.
pub const TYPING: &[&str] = &["Iterable", "Optional", "Union"];

/// What the runtime offers to everybody, in the order of `isort`.
pub const RUNTIME: &[&str] = &[
    "MessageStream",
    "MicroError",
    "datetime_to_timestamp",
    "duration_to_timedelta",
    "from_json",
    "timedelta_to_duration",
    "timestamp_to_datetime",
    "to_json",
];

/// Types that annotations name: a field of that name would stand in their way.
const FIELD_TYPES: &[&str] = &["bool", "bytes", "dict", "float", "int", "list", "self", "str"];

/// What a method may not be called: the client's own, and types as above.
const METHODS: &[&str] = &["close", "float", "str"];

/// What every enum has.
const ENUM_MEMBERS: &[&str] = &[
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "conjugate",
    "denominator",
    "from_bytes",
    "imag",
    "is_integer",
    "mro",
    "name",
    "numerator",
    "real",
    "to_bytes",
    "value",
];

/// Names that are given away one by one.
pub struct Taken(BTreeSet<String>);

impl Taken {
    pub fn new(names: &[&str]) -> Self {
        Taken(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The members of an enum.
    pub fn by_enum() -> Self {
        Taken::new(ENUM_MEMBERS)
    }

    /// The fields of a message.
    pub fn by_message() -> Self {
        Taken::new(FIELD_TYPES)
    }

    /// The methods of a client.
    pub fn by_client() -> Self {
        Taken::new(METHODS)
    }

    pub fn is_free(&self, name: &str) -> bool {
        is_identifier(name) && !self.0.contains(name)
    }

    /// The name, with as many underscores as it takes; one that begins with a digit gets a letter in front.
    pub fn take(&mut self, name: &str) -> String {
        let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
        let mut name = if begins {
            name.to_owned()
        } else {
            format!("n{name}")
        };
        while !self.is_free(&name) {
            name.push('_');
        }
        self.0.insert(name.clone());
        name
    }
}

fn is_identifier(name: &str) -> bool {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    begins && !KEYWORDS.contains(&name)
}

/// What the classes of a contract are called.
pub struct Names {
    types: BTreeMap<String, String>,
    /// Of each service, in the order of the contract.
    pub clients: Vec<String>,
}

impl Names {
    pub fn new(contract: &Contract) -> Self {
        let mut taken = Taken::new(&[TYPING, RUNTIME].concat());
        if uses_empty(contract) {
            taken.take("Empty");
        }
        let services = contract.services.iter();
        let clients = services
            .map(|service| taken.take(&(class(&service.name) + "Client")))
            .collect();
        let messages = messages(contract).map(|message| (&message.id, &message.path));
        let enums = contract.enums.iter().map(|each| (&each.id, &each.path));
        let mut types = BTreeMap::new();
        for (id, path) in messages.chain(enums) {
            types.insert(id.clone(), taken.take(&free_class(contract, &taken, id, path)));
        }
        Names { types, clients }
    }

    /// The class of a message or an enum.
    pub fn of(&self, id: &str) -> &str {
        self.types.get(id).map_or("object", String::as_str)
    }

    /// All classes, sorted as `isort` does.
    pub fn sorted(&self) -> Vec<&str> {
        let mut all: Vec<_> = self
            .types
            .values()
            .chain(&self.clients)
            .map(String::as_str)
            .collect();
        all.sort_by_key(|name| (!is_constant(name), *name));
        all
    }
}

/// `isort` takes names in capitals for constants, and puts them first.
fn is_constant(name: &str) -> bool {
    name.len() > 1 && !name.contains(|character: char| character.is_ascii_lowercase())
}

/// The name of what an import brings along says where it comes from, if it is not free otherwise.
fn free_class(contract: &Contract, taken: &Taken, id: &str, path: &[String]) -> String {
    let name = path.iter().map(|part| class(part)).collect::<String>();
    let package = id
        .strip_suffix(&path.join("."))
        .unwrap_or_default()
        .trim_end_matches('.');
    if taken.is_free(&name) || package == contract.package {
        return name;
    }
    package.split('.').map(class).collect::<String>() + &name
}

/// `Account`; what is written like that already stays as it is.
pub fn class(name: &str) -> String {
    let is_camel = name.starts_with(|first: char| first.is_ascii_uppercase()) && !name.contains('_');
    if is_camel {
        name.to_owned()
    } else {
        name.to_upper_camel_case()
    }
}

/// `user_id`, without an underscore in front, which would mean something.
pub fn snake(name: &str) -> String {
    name.to_snake_case()
}

/// The package of a contract.
pub fn package(name: &str) -> String {
    let is_part = |each: char| each.is_ascii_alphanumeric();
    let name: String = name
        .chars()
        .map(|each| if is_part(each) { each } else { '_' })
        .collect();
    Taken::new(&[]).take(&(snake(&name) + "_client"))
}

/// The module in it.
pub fn module(package: &str) -> String {
    Taken::new(&[]).take(package.strip_suffix("_client").unwrap_or(package))
}

/// The messages that get a class; well-known types have forms of their own.
pub fn messages(contract: &Contract) -> impl Iterator<Item = &Message> {
    contract
        .messages
        .iter()
        .filter(|message| well_known(&message.id).is_none())
}

/// The type of what a method takes or gives.
pub fn method_kind(id: &str) -> Kind {
    well_known(id).unwrap_or_else(|| Kind::Message(id.to_owned()))
}

fn well_known(id: &str) -> Option<Kind> {
    match id {
        "google.protobuf.Timestamp" => Some(Kind::Timestamp),
        "google.protobuf.Duration" => Some(Kind::Duration),
        "google.protobuf.FieldMask" => Some(Kind::FieldMask),
        "google.protobuf.Empty" => Some(Kind::Empty),
        _ => None,
    }
}

/// Whether callers meet the empty message: in a field or in a stream, since elsewhere it is nothing at all.
pub fn uses_empty(contract: &Contract) -> bool {
    let mut fields = messages(contract).flat_map(|message| &message.fields);
    let mut methods = contract.services.iter().flat_map(|service| &service.methods);
    let is_empty = |id: &str| method_kind(id) == Kind::Empty;
    fields.any(|field| *field.shape.kind() == Kind::Empty)
        || methods.any(|method| {
            (method.streams_requests && is_empty(&method.request))
                || (method.streams_responses && is_empty(&method.response))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_python() {
        assert_eq!(class("HTTPRequest"), "HTTPRequest");
        assert_eq!(class("string"), "String");
        assert_eq!(class("note_book"), "NoteBook");
        assert_eq!(snake("userId"), "user_id");
        assert_eq!(snake("_id"), "id");
        assert_eq!(package("my-notes"), "my_notes_client");
        assert_eq!(package("2fa"), "n2fa_client");
        assert_eq!(module("import_client"), "import_");
    }

    #[test]
    fn what_is_taken_gets_an_underscore() {
        let mut taken = Taken::by_message();
        let names = ["a", "a", "a", "int", "class", "1", ""].map(|name| taken.take(name));
        assert_eq!(names, ["a", "a_", "a__", "int_", "class_", "n1", "n"]);
    }
}
