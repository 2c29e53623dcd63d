//! From names of a contract to names of Go.
//!
//! All that a package declares shares one scope. First come the names of the runtime, which are the same in every package,
//! then the clients, then messages and enums, outer ones first, then the constants. Who finds its name taken gets a longer
//! one.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;

use crate::contract::{Contract, Enum, Field, Kind, Message, Shape};

/// Words that Go keeps for itself, and `main`, which cannot be imported.
const NO_PACKAGES: &[&str] = &[
    "break",
    "case",
    "chan",
    "const",
    "continue",
    "default",
    "defer",
    "else",
    "fallthrough",
    "for",
    "func",
    "go",
    "goto",
    "if",
    "import",
    "interface",
    "main",
    "map",
    "package",
    "range",
    "return",
    "select",
    "struct",
    "switch",
    "type",
    "var",
];

/// What the runtime declares and exports.
const RUNTIME: &[&str] = &[
    "BidiStream",
    "CallOption",
    "ClientStream",
    "Error",
    "FieldMask",
    "Option",
    "Pointer",
    "ServerStream",
    "WithAddress",
    "WithAttempts",
    "WithHTTPClient",
    "WithHeader",
    "WithNamespace",
    "WithService",
    "WithTimeout",
    "WithToken",
];

/// The methods of every message.
const MESSAGE_METHODS: &[&str] = &["MarshalJSON", "UnmarshalJSON"];

/// Words that are written in capitals.
const INITIALISMS: &[&str] = &[
    "acl", "api", "ascii", "cpu", "css", "dns", "eof", "grpc", "guid", "html", "http", "https", "id", "ip",
    "json", "jwt", "qps", "ram", "rpc", "sla", "smtp", "sql", "ssh", "tcp", "tls", "ttl", "udp", "ui", "uid",
    "uri", "url", "utf8", "uuid", "vm", "xml",
];

/// The name of a service's package.
pub(super) fn package(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = letters.map(|it| it.to_ascii_lowercase()).collect();
    let is_name = plain.starts_with(|first: char| first.is_ascii_alphabetic());
    if is_name && !NO_PACKAGES.contains(&plain.as_str()) {
        plain
    } else {
        format!("service{plain}")
    }
}

/// The path of its module.
pub(super) fn module(name: &str) -> String {
    let is_allowed = |it: &char| it.is_ascii_alphanumeric() || "-_".contains(*it);
    format!(
        "go.micro.service.{}",
        name.chars().filter(is_allowed).collect::<String>()
    )
}

/// The name that a type, a field or a method has outside its package.
pub(super) fn exported(name: &str) -> String {
    let is_go = name.starts_with(|first: char| first.is_ascii_uppercase()) && !name.contains('_');
    let is_shouted = name.len() > 1 && !name.contains(|it: char| it.is_ascii_lowercase());
    if is_go && !is_shouted {
        return name.to_owned();
    }
    let snake = name.to_snake_case();
    let joined: String = snake.split('_').map(word).collect();
    match joined.starts_with(|first: char| first.is_ascii_alphabetic()) {
        true => joined,
        false => format!("X{joined}"),
    }
}

fn word(word: &str) -> String {
    if INITIALISMS.contains(&word) {
        return word.to_ascii_uppercase();
    }
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Names of one scope, each of which is given once.
pub(super) struct Taken(BTreeSet<String>);

impl Taken {
    pub(super) fn new(names: &[&str]) -> Self {
        Taken(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The fields of a message.
    pub(super) fn of_message() -> Self {
        Self::new(MESSAGE_METHODS)
    }

    /// The name if it is free, else with the ending, else with a number.
    pub(super) fn claim(&mut self, name: &str, ending: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}{ending}{number}"));
        let wishes = [name.to_owned(), format!("{name}{ending}")];
        let mut free = wishes
            .into_iter()
            .chain(numbered)
            .filter(|wish| !self.0.contains(wish));
        let given = free.next().unwrap_or_default();
        self.0.insert(given.clone());
        given
    }
}

/// A service's names.
#[derive(Clone, Default)]
pub(super) struct ServiceNames {
    /// `EchoClient`
    pub(super) client: String,
    /// `NewEcho`
    pub(super) constructor: String,
}

/// What a package declares.
pub(super) struct Names {
    services: BTreeMap<String, ServiceNames>,
    types: BTreeMap<String, String>,
    constants: BTreeMap<(String, String), String>,
}

impl Names {
    pub(super) fn of(contract: &Contract) -> Self {
        let mut taken = Taken::new(RUNTIME);
        let services = contract.services.iter().map(|service| {
            let name = exported(&service.name);
            let names = ServiceNames {
                client: taken.claim(&format!("{name}Client"), ""),
                constructor: taken.claim(&format!("New{name}"), ""),
            };
            (service.name.clone(), names)
        });
        let services = services.collect();
        let types = types(contract, &mut taken);
        let constants = constants(contract, &types, &mut taken);
        Names {
            services,
            types,
            constants,
        }
    }

    pub(super) fn service(&self, name: &str) -> ServiceNames {
        self.services.get(name).cloned().unwrap_or_default()
    }

    /// The type of a message or an enum.
    pub(super) fn type_of(&self, id: &str) -> &str {
        self.types.get(id).map_or("", String::as_str)
    }

    pub(super) fn constant(&self, of: &Enum, value: &str) -> &str {
        let key = (of.id.clone(), value.to_owned());
        self.constants.get(&key).map_or("", String::as_str)
    }

    /// The type of a field.
    pub(super) fn field(&self, field: &Field) -> String {
        match &field.shape {
            Shape::Single(kind) if field.oneof.is_none() => self.single(kind),
            Shape::Single(kind) | Shape::Optional(kind) => self.optional(kind),
            Shape::Repeated(kind) => format!("[]{}", self.element(kind)),
            Shape::Map(key, kind) => format!("map[{}]{}", self.value(key), self.element(kind)),
        }
    }

    /// The type of a message that is sent or answered, without a pointer.
    pub(super) fn payload(&self, id: &str) -> String {
        self.value(&well_known(id).unwrap_or_else(|| Kind::Message(id.to_owned())))
    }

    fn single(&self, kind: &Kind) -> String {
        match kind {
            Kind::Message(_) | Kind::Timestamp | Kind::Duration | Kind::Empty => self.optional(kind),
            kind => self.value(kind),
        }
    }

    fn optional(&self, kind: &Kind) -> String {
        match kind {
            Kind::Bytes | Kind::FieldMask => self.value(kind),
            kind => format!("*{}", self.value(kind)),
        }
    }

    fn element(&self, kind: &Kind) -> String {
        match kind {
            Kind::Message(_) => format!("*{}", self.value(kind)),
            kind => self.value(kind),
        }
    }

    fn value(&self, kind: &Kind) -> String {
        let name = match kind {
            Kind::Double => "float64",
            Kind::Float => "float32",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint32 => "uint32",
            Kind::Uint64 => "uint64",
            Kind::Bool => "bool",
            Kind::String => "string",
            Kind::Bytes => "[]byte",
            Kind::Enum(id) | Kind::Message(id) => self.type_of(id),
            Kind::Timestamp => "time.Time",
            Kind::Duration => "time.Duration",
            Kind::FieldMask => "FieldMask",
            Kind::Empty => "struct{}",
        };
        name.to_owned()
    }
}

/// The kind that a message of protobuf's own is.
pub(super) fn well_known(id: &str) -> Option<Kind> {
    match id {
        "google.protobuf.Timestamp" => Some(Kind::Timestamp),
        "google.protobuf.Duration" => Some(Kind::Duration),
        "google.protobuf.FieldMask" => Some(Kind::FieldMask),
        "google.protobuf.Empty" => Some(Kind::Empty),
        _ => None,
    }
}

/// The messages that become a type of the package.
pub(super) fn messages(contract: &Contract) -> impl Iterator<Item = &Message> {
    let messages = contract.messages.iter();
    messages.filter(|message| well_known(&message.id).is_none())
}

fn types(contract: &Contract, taken: &mut Taken) -> BTreeMap<String, String> {
    let messages = messages(contract).map(|it| (&it.id, &it.path, "Message"));
    let enums = contract.enums.iter().map(|it| (&it.id, &it.path, "Enum"));
    let mut all: Vec<_> = messages.chain(enums).collect();
    all.sort_by_key(|(_, path, _)| path.len());
    let named = all.into_iter().map(|(id, path, ending)| {
        let name: String = path.iter().map(|part| exported(part)).collect();
        (id.clone(), taken.claim(&name, ending))
    });
    named.collect()
}

fn constants(
    contract: &Contract,
    types: &BTreeMap<String, String>,
    taken: &mut Taken,
) -> BTreeMap<(String, String), String> {
    let mut constants = BTreeMap::new();
    for each in &contract.enums {
        let prefix = types.get(&each.id).map_or("", String::as_str);
        let own = each.path.last().map_or("", String::as_str);
        for value in &each.values {
            let name = format!("{prefix}{}", short(own, &value.name));
            constants.insert((each.id.clone(), value.name.clone()), taken.claim(&name, "Value"));
        }
    }
    constants
}

/// A value's name without the enum's own in front.
fn short(of: &str, value: &str) -> String {
    let (of, value) = (of.to_snake_case() + "_", value.to_snake_case());
    let short = value.strip_prefix(&of).unwrap_or(&value);
    short.split('_').map(word).collect()
}
