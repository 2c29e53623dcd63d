//! From names of a contract to names of TypeScript.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToLowerCamelCase, ToUpperCamelCase};

use crate::contract::{Contract, Kind, Message, Method, Service};

/// Names that no type can have, and those of the standard library that a program would miss if a type hid them.
const TAKEN_TYPES: &[&str] = &[
    "Array",
    "ArrayBuffer",
    "AsyncGenerator",
    "AsyncIterable",
    "AsyncIterator",
    "BigInt",
    "Boolean",
    "DataView",
    "Date",
    "Error",
    "Function",
    "Generator",
    "Infinity",
    "Iterable",
    "Iterator",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Partial",
    "Promise",
    "Proxy",
    "Readonly",
    "Record",
    "Reflect",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "TypeError",
    "Uint8Array",
    "WeakMap",
    "WeakSet",
];

/// What every object has, and what makes of an object something else: as a field or a method it would be mistaken.
const TAKEN_MEMBERS: &[&str] = &[
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "prototype",
    "then",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// The names of all types of a contract; no two are the same.
pub struct Names {
    types: BTreeMap<String, String>,
    clients: BTreeMap<String, String>,
}

impl Names {
    /// What comes first keeps its name: services, then the file's own types, outer ones before inner ones, then those from
    /// elsewhere.
    pub fn new(contract: &Contract) -> Self {
        let mut used: BTreeSet<String> = TAKEN_TYPES.iter().map(|name| (*name).to_owned()).collect();
        let mut clients = BTreeMap::new();
        for Service { name, .. } in &contract.services {
            let wanted = format!("{}Client", type_name(name));
            clients.insert(name.clone(), free(&mut used, wanted));
        }
        let messages = declared(contract).map(|it| (&it.id, &it.path));
        let enums = contract.enums.iter().map(|it| (&it.id, &it.path));
        let mut types_in_order: Vec<_> = messages.chain(enums).collect();
        types_in_order.sort_by_key(|(id, path)| (!is_own(contract, id, path), path.len()));
        let mut types = BTreeMap::new();
        for (id, path) in types_in_order {
            let wanted = path.iter().map(|part| type_name(part)).collect();
            types.insert(id.clone(), free(&mut used, wanted));
        }
        Names { types, clients }
    }

    /// The name of a message or an enum.
    pub fn of_type<'a>(&'a self, id: &'a str) -> &'a str {
        self.types.get(id).map_or(id, String::as_str)
    }

    /// The name of the class that calls a service.
    pub fn of_client<'a>(&'a self, service: &'a str) -> &'a str {
        self.clients.get(service).map_or(service, String::as_str)
    }
}

/// The names of a message's properties: by the names of its fields, and of its oneofs with a `?` behind.
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    pub fn of(message: &Message) -> Self {
        let mut used = taken_members();
        let mut names = BTreeMap::new();
        for field in message.fields.iter().filter(|field| field.oneof.is_none()) {
            names.insert(field.name.clone(), free(&mut used, value_name(&field.name)));
        }
        for oneof in &message.oneofs {
            let name = free(&mut used, value_name(&oneof.name));
            names.insert(format!("{}?", oneof.name), name);
            let members = message
                .fields
                .iter()
                .filter(|field| field.oneof.as_ref() == Some(&oneof.name));
            let mut cases = BTreeSet::new();
            for field in members {
                names.insert(field.name.clone(), free(&mut cases, value_name(&field.name)));
            }
        }
        Properties(names)
    }

    /// Of a field: its property, or within a oneof its case.
    pub fn of_field<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }

    pub fn of_oneof<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(&format!("{name}?")).map_or(name, String::as_str)
    }
}

/// The names of a service's methods, in its order.
pub fn methods(methods: &[Method]) -> Vec<String> {
    let mut used = taken_members();
    methods
        .iter()
        .map(|method| free(&mut used, value_name(&method.name)))
        .collect()
}

/// The messages that the file has types for; the well-known ones are the runtime's.
pub fn declared(contract: &Contract) -> impl Iterator<Item = &Message> {
    let messages = contract.messages.iter();
    messages.filter(|message| well_known(&message.id).is_none())
}

/// The kind of a message that has a form of its own in JSON.
pub fn well_known(id: &str) -> Option<Kind> {
    match id.strip_prefix("google.protobuf.")? {
        "Timestamp" => Some(Kind::Timestamp),
        "Duration" => Some(Kind::Duration),
        "FieldMask" => Some(Kind::FieldMask),
        "Empty" => Some(Kind::Empty),
        _ => None,
    }
}

/// The name of a contract's file, which is not the runtime's.
pub fn file_stem(name: &str) -> String {
    match name {
        "micro" => "micro_".to_owned(),
        name => name.to_owned(),
    }
}

fn is_own(contract: &Contract, id: &str, path: &[String]) -> bool {
    let package = id.strip_suffix(&path.join(".")).unwrap_or_default();
    package.trim_end_matches('.') == contract.package
}

fn taken_members() -> BTreeSet<String> {
    TAKEN_MEMBERS.iter().map(|name| (*name).to_owned()).collect()
}

/// The name, with as many underscores behind as it takes to be the only one.
fn free(used: &mut BTreeSet<String>, mut name: String) -> String {
    while !used.insert(name.clone()) {
        name.push('_');
    }
    name
}

/// As it is where that is a type's name, so that `HTTPRequest` stays.
fn type_name(name: &str) -> String {
    let is_upper = name.starts_with(|first: char| first.is_ascii_uppercase());
    if is_upper && !name.contains('_') {
        name.to_owned()
    } else {
        identifier(name, name.to_upper_camel_case())
    }
}

fn value_name(name: &str) -> String {
    identifier(name, name.to_lower_camel_case())
}

/// Without its underscores a name may be a number, or nothing.
fn identifier(name: &str, changed: String) -> String {
    if changed.starts_with(|first: char| first.is_ascii_alphabetic()) {
        changed
    } else if name.starts_with('_') {
        name.to_owned()
    } else {
        format!("_{changed}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile_source;

    fn contract(source: &str) -> Contract {
        let set = compile_source("a.proto", &format!("syntax = \"proto3\";\npackage a;\n{source}")).unwrap();
        Contract::of(&set).remove(0)
    }

    #[test]
    fn names_follow_typescript() {
        let check = |name: &str, types: &str, value: &str| {
            assert_eq!(
                (type_name(name).as_str(), value_name(name).as_str()),
                (types, value)
            );
        };
        check("user_id", "UserId", "userId");
        check("userId", "UserId", "userId");
        check("HTTPRequest", "HTTPRequest", "httpRequest");
        check("string", "String", "string");
        check("_1", "_1", "_1");
        check("__", "__", "__");
        check("an_int64", "AnInt64", "anInt64");
    }

    #[test]
    fn no_two_types_have_one_name() {
        let contract = contract(
            "service Echo { rpc Call(AB) returns (AB); }\nmessage A { message B {} message string {} }\n\
             message AB {}\nmessage EchoClient {}\nmessage Promise {}\nmessage string {}",
        );
        let names = Names::new(&contract);
        let check = |id: &str, name: &str| assert_eq!(names.of_type(id), name);
        assert_eq!(names.of_client("Echo"), "EchoClient");
        check("a.EchoClient", "EchoClient_");
        check("a.AB", "AB");
        check("a.A.B", "AB_");
        check("a.A.string", "AString");
        check("a.Promise", "Promise_");
        check("a.string", "String_");
    }

    #[test]
    fn no_two_properties_have_one_name() {
        let contract = contract(
            "message A {\n  string user_id = 1;\n  string constructor = 3;\n\
             oneof user_ID { string to_string = 4; string choice = 5; }\n  oneof class { string type = 6; }\n}",
        );
        let properties = Properties::of(&contract.messages[0]);
        let fields = ["user_id", "constructor", "to_string", "choice", "type"];
        let found = fields.map(|name| properties.of_field(name));
        assert_eq!(found, ["userId", "constructor_", "toString", "choice", "type"]);
        let oneofs = ["user_ID", "class"].map(|name| properties.of_oneof(name));
        assert_eq!(oneofs, ["userId_", "class"]);
    }
}
