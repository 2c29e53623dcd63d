//! A contract as other languages and documents see it: no descriptors, no paths, all names resolved.
//!
//! Rust has a path of its own ([`crate::generate`]), since its code mirrors files and modules. All else takes one contract with
//! everything that its services speak of, imports included, as flat lists.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::comments::Comments;
use crate::compile::FileSet;
use crate::http::{Routes, Rule};
use crate::names;

/// Types that are kinds of their own.
const WELL_KNOWN: [&str; 4] = [
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
    "google.protobuf.FieldMask",
    "google.protobuf.Empty",
];

/// What one file declares, and the types from elsewhere that it uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// `user.proto`
    pub file: String,
    /// `user`, or empty.
    pub package: String,
    /// The service's short name, as in its address: the last word of the package that is no version, else the file's name.
    pub name: String,
    /// What is said above the package, else above the syntax; lines.
    pub docs: Vec<String>,
    /// In the order of the file.
    pub services: Vec<Service>,
    /// The file's own in its order, inner ones after their outer one, then those from elsewhere in the order of their names.
    pub messages: Vec<Message>,
    /// Likewise.
    pub enums: Vec<Enum>,
}

/// An RPC service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// `User`
    pub name: String,
    pub docs: Vec<String>,
    pub methods: Vec<Method>,
}

/// One of its calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Method {
    /// `Read`
    pub name: String,
    pub docs: Vec<String>,
    /// A message's [`Message::id`], or a well-known type's as `google.protobuf.Empty`.
    pub request: String,
    /// Likewise.
    pub response: String,
    /// The caller sends a stream.
    pub streams_requests: bool,
    /// The service answers with a stream.
    pub streams_responses: bool,
    /// Calling it twice is as calling it once (`idempotency_level` of the method): it may be retried.
    pub is_idempotent: bool,
    /// Its paths over HTTP beyond the automatic one.
    pub routes: Vec<Rule>,
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The full name, without a leading dot: `user.Account.Address`.
    pub id: String,
    /// Its name and those of what it lies in, within its package: `["Account", "Address"]`.
    pub path: Vec<String>,
    pub docs: Vec<String>,
    /// In the order of the file.
    pub fields: Vec<Field>,
    /// Those that are more than an `optional` field; their members are among the fields.
    pub oneofs: Vec<Oneof>,
}

/// A choice between fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Oneof {
    pub name: String,
    pub docs: Vec<String>,
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// As in the file, and in the JSON that the platform writes: `user_id`.
    pub name: String,
    /// What JSON may call it too: `userId`.
    pub json_name: String,
    pub number: i32,
    pub docs: Vec<String>,
    pub shape: Shape,
    /// The name of the oneof that it is a member of.
    pub oneof: Option<String>,
}

/// How often a value may be there.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Once; a scalar has its default where nothing was said, a message may be absent.
    Single(Kind),
    /// Once or not at all, and that is told apart from the default.
    Optional(Kind),
    Repeated(Kind),
    /// The key is a string, an integer or a boolean.
    Map(Kind, Kind),
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Double,
    Float,
    /// 32 bits, signed.
    Int32,
    /// 64 bits, signed; a string in JSON.
    Int64,
    /// 32 bits.
    Uint32,
    /// 64 bits; a string in JSON.
    Uint64,
    Bool,
    String,
    /// Base64 in JSON.
    Bytes,
    /// The id of an [`Enum`]; its values' names in JSON.
    Enum(String),
    /// The id of a [`Message`].
    Message(String),
    /// `google.protobuf.Timestamp`; RFC 3339 in JSON.
    Timestamp,
    /// `google.protobuf.Duration`; `1.5s` in JSON.
    Duration,
    /// `google.protobuf.FieldMask`; `a,b.c` in JSON.
    FieldMask,
    /// `google.protobuf.Empty`; `{}` in JSON.
    Empty,
}

/// An enum.
#[derive(Debug, Clone, PartialEq)]
pub struct Enum {
    /// As of a message.
    pub id: String,
    /// As of a message.
    pub path: Vec<String>,
    pub docs: Vec<String>,
    /// In the order of the file; a number may come again under another name.
    pub values: Vec<Value>,
}

/// One of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// As in the file and in JSON: `COLOUR_RED`.
    pub name: String,
    pub number: i32,
    pub docs: Vec<String>,
}

impl Contract {
    /// The contracts of the set that were asked for.
    pub fn of(set: &FileSet) -> Vec<Contract> {
        set.targets()
            .map(|file| Contract::new(&set.files, file, &set.routes))
            .collect()
    }

    /// One file, which is among `files` as is all that it imports.
    pub(crate) fn new(
        files: &[FileDescriptorProto],
        file: &FileDescriptorProto,
        routes: &Routes,
    ) -> Contract {
        let comments = Comments::new(file);
        let package = comments.text(&[2]);
        let stem = file.name().rsplit('/').next().unwrap_or_default();
        let stem = stem.strip_suffix(".proto").unwrap_or(stem);
        let mut words = file.package().rsplit('.').filter(|word| !word.is_empty());
        let name = words.find(|word| !names::is_version(word));
        let mut contract = Contract {
            file: file.name().to_owned(),
            package: file.package().to_owned(),
            name: name.unwrap_or(stem).to_owned(),
            docs: if package.is_empty() {
                comments.text(&[12])
            } else {
                package
            },
            services: services(file, &comments, routes),
            messages: Vec::new(),
            enums: Vec::new(),
        };
        Declarations::of(file).add_to(&mut contract);
        contract.add_imported(files, file);
        contract
    }

    /// The message of an id.
    pub fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// The enum of an id.
    pub fn enumeration(&self, id: &str) -> Option<&Enum> {
        self.enums.iter().find(|known| known.id == id)
    }

    fn add_imported(&mut self, files: &[FileDescriptorProto], own: &FileDescriptorProto) {
        let mut others = Declarations::default();
        for file in files.iter().filter(|file| file.name() != own.name()) {
            others.extend(Declarations::of(file));
        }
        let mut wanted: Vec<String> = self.messages.iter().flat_map(Message::uses).collect();
        let methods = self.services.iter().flat_map(|service| &service.methods);
        wanted.extend(methods.flat_map(|method| [method.request.clone(), method.response.clone()]));
        let mut seen = BTreeSet::new();
        let mut found = Declarations::default();
        while let Some(id) = wanted.pop() {
            if WELL_KNOWN.contains(&id.as_str()) || !seen.insert(id.clone()) {
                continue;
            }
            if let Some(message) = others.messages.remove(&id) {
                wanted.extend(message.uses());
                found.messages.insert(id, message);
            } else if let Some(known) = others.enums.remove(&id) {
                found.enums.insert(id, known);
            }
        }
        self.messages.extend(found.messages.into_values());
        self.enums.extend(found.enums.into_values());
    }
}

impl Message {
    /// The ids of the messages and enums of its fields.
    fn uses(&self) -> Vec<String> {
        let kinds = self.fields.iter().map(|field| field.shape.kind());
        kinds
            .filter_map(|kind| match kind {
                Kind::Enum(id) | Kind::Message(id) => Some(id.clone()),
                _ => None,
            })
            .collect()
    }
}

impl Shape {
    /// The type of its values; of a map, those that the keys lead to.
    pub fn kind(&self) -> &Kind {
        match self {
            Shape::Single(kind) | Shape::Optional(kind) | Shape::Repeated(kind) | Shape::Map(_, kind) => kind,
        }
    }
}

fn services(file: &FileDescriptorProto, comments: &Comments<'_>, routes: &Routes) -> Vec<Service> {
    let routes = |service: &str, method: &str| {
        let names = [file.package(), service, method].into_iter();
        let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
        routes.get(&names.join(".")).cloned().unwrap_or_default()
    };
    let method = |service: &str, at: &[i32], method: &prost_types::MethodDescriptorProto| Method {
        name: method.name().to_owned(),
        docs: comments.text(at),
        request: full_name(method.input_type()),
        response: full_name(method.output_type()),
        streams_requests: method.client_streaming(),
        streams_responses: method.server_streaming(),
        is_idempotent: names::is_idempotent(method),
        routes: routes(service, method.name()),
    };
    let services = file.service.iter().zip(0..);
    services
        .map(|(service, index)| Service {
            name: service.name().to_owned(),
            docs: comments.text(&[6, index]),
            methods: (service.method.iter().zip(0..))
                .map(|(each, number)| method(service.name(), &[6, index, 2, number], each))
                .collect(),
        })
        .collect()
}

fn full_name(name: &str) -> String {
    name.trim_start_matches('.').to_owned()
}

/// What files declare, by id.
#[derive(Default)]
struct Declarations {
    messages: BTreeMap<String, Message>,
    enums: BTreeMap<String, Enum>,
    /// The ids in the order of the file.
    order: Vec<String>,
}

impl Declarations {
    fn of(file: &FileDescriptorProto) -> Self {
        let mut declarations = Self::default();
        let walk = Walk {
            package: file.package(),
            comments: Comments::new(file),
        };
        for (message, index) in file.message_type.iter().zip(0..) {
            walk.message(&mut declarations, &[], &[4, index], message);
        }
        for (each, index) in file.enum_type.iter().zip(0..) {
            walk.enumeration(&mut declarations, &[], &[5, index], each);
        }
        declarations
    }

    fn extend(&mut self, other: Self) {
        self.messages.extend(other.messages);
        self.enums.extend(other.enums);
    }

    fn add_to(mut self, contract: &mut Contract) {
        for id in &self.order {
            contract.messages.extend(self.messages.remove(id));
            contract.enums.extend(self.enums.remove(id));
        }
    }
}

struct Walk<'a> {
    package: &'a str,
    comments: Comments<'a>,
}

impl Walk<'_> {
    fn id(&self, path: &[String]) -> String {
        let package = Some(self.package).filter(|package| !package.is_empty());
        let names = package.into_iter().chain(path.iter().map(String::as_str));
        names.collect::<Vec<_>>().join(".")
    }

    fn message(&self, into: &mut Declarations, outer: &[String], at: &[i32], message: &DescriptorProto) {
        let path = [outer, &[message.name().to_owned()]].concat();
        let id = self.id(&path);
        let below = |field: i32, index: i32| [at, &[field, index]].concat();
        let is_made_up = |index: i32| {
            let mut members = message
                .field
                .iter()
                .filter(|field| field.oneof_index == Some(index));
            members.any(FieldDescriptorProto::proto3_optional)
        };
        let oneofs = message.oneof_decl.iter().zip(0..);
        let made = Message {
            id: id.clone(),
            path: path.clone(),
            docs: self.comments.text(at),
            fields: (message.field.iter().zip(0..))
                .map(|(field, index)| self.field(message, field, &below(2, index)))
                .collect(),
            oneofs: (oneofs.filter(|(_, index)| !is_made_up(*index)))
                .map(|(oneof, index)| Oneof {
                    name: oneof.name().to_owned(),
                    docs: self.comments.text(&below(8, index)),
                })
                .collect(),
        };
        into.order.push(id.clone());
        into.messages.insert(id, made);
        for (nested, index) in message.nested_type.iter().zip(0..) {
            if !is_map_entry(nested) {
                self.message(into, &path, &below(3, index), nested);
            }
        }
        for (nested, index) in message.enum_type.iter().zip(0..) {
            self.enumeration(into, &path, &below(4, index), nested);
        }
    }

    fn enumeration(&self, into: &mut Declarations, outer: &[String], at: &[i32], each: &EnumDescriptorProto) {
        let path = [outer, &[each.name().to_owned()]].concat();
        let id = self.id(&path);
        let value = |(value, index): (&prost_types::EnumValueDescriptorProto, i32)| Value {
            name: value.name().to_owned(),
            number: value.number(),
            docs: self.comments.text(&[at, &[2, index]].concat()),
        };
        let made = Enum {
            id: id.clone(),
            path,
            docs: self.comments.text(at),
            values: each.value.iter().zip(0..).map(value).collect(),
        };
        into.order.push(id.clone());
        into.enums.insert(id, made);
    }

    fn field(&self, message: &DescriptorProto, field: &FieldDescriptorProto, at: &[i32]) -> Field {
        let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
        let oneof = oneof.and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
        Field {
            name: field.name().to_owned(),
            json_name: match field.json_name() {
                "" => names::json_name(field.name()),
                name => name.to_owned(),
            },
            number: field.number(),
            docs: self.comments.text(at),
            shape: shape(message, field),
            oneof: oneof.map(|oneof| oneof.name().to_owned()),
        }
    }
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(|options| options.map_entry())
}

fn shape(message: &DescriptorProto, field: &FieldDescriptorProto) -> Shape {
    if field.label() == Label::Repeated {
        let name = field.type_name().rsplit('.').next().unwrap_or_default();
        let mut entries = message.nested_type.iter().filter(|nested| is_map_entry(nested));
        let entry = entries.find(|entry| field.r#type() == Type::Message && entry.name() == name);
        return match entry.map(|entry| entry.field.as_slice()) {
            Some([key, value]) => Shape::Map(kind(key), kind(value)),
            _ => Shape::Repeated(kind(field)),
        };
    }
    if field.proto3_optional() {
        Shape::Optional(kind(field))
    } else {
        Shape::Single(kind(field))
    }
}

fn kind(field: &FieldDescriptorProto) -> Kind {
    match field.r#type() {
        Type::Double => Kind::Double,
        Type::Float => Kind::Float,
        Type::Int32 | Type::Sint32 | Type::Sfixed32 => Kind::Int32,
        Type::Int64 | Type::Sint64 | Type::Sfixed64 => Kind::Int64,
        Type::Uint32 | Type::Fixed32 => Kind::Uint32,
        Type::Uint64 | Type::Fixed64 => Kind::Uint64,
        Type::Bool => Kind::Bool,
        Type::String => Kind::String,
        Type::Bytes => Kind::Bytes,
        Type::Enum => Kind::Enum(full_name(field.type_name())),
        Type::Message | Type::Group => match field.type_name() {
            ".google.protobuf.Timestamp" => Kind::Timestamp,
            ".google.protobuf.Duration" => Kind::Duration,
            ".google.protobuf.FieldMask" => Kind::FieldMask,
            ".google.protobuf.Empty" => Kind::Empty,
            name => Kind::Message(full_name(name)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile_source;

    #[test]
    fn a_contract_is_flat_and_says_what_it_means() {
        let source = "syntax = \"proto3\";\n// Keeps users.\npackage go.micro.service.user;\n\
            import \"google/protobuf/timestamp.proto\";\n\
            // Its calls.\nservice User {\n  // Reads [one].\n  rpc Read(Account) returns (stream Account.Inner) {\n\
            option idempotency_level = NO_SIDE_EFFECTS;\n }\n}\n\
            message Account {\n  // The id.\n  string user_id = 1;\n  map<string, Inner> inners = 2;\n\
            optional int64 age = 3;\n  oneof way { bytes raw = 4; Kind kind = 5; }\n\
            google.protobuf.Timestamp at = 6;\n\
            message Inner { repeated Account all = 1; }\n  enum Kind { NONE = 0; }\n}\n";
        let set = compile_source("user.proto", source).unwrap();
        let contract = Contract::of(&set).remove(0);
        assert_eq!(
            (contract.name.as_str(), &contract.docs[0][..]),
            ("user", "Keeps users.")
        );
        let read = &contract.services[0].methods[0];
        assert!(read.is_idempotent && read.streams_responses && !read.streams_requests);
        assert_eq!(read.docs, ["Reads [one]."]);
        assert_eq!(read.response, "go.micro.service.user.Account.Inner");
        let ids: Vec<_> = contract
            .messages
            .iter()
            .map(|message| message.path.join("."))
            .collect();
        assert_eq!(ids, ["Account", "Account.Inner"]);
        let account = &contract.messages[0];
        let inner = Kind::Message("go.micro.service.user.Account.Inner".into());
        let shapes: Vec<_> = account.fields.iter().map(|field| field.shape.clone()).collect();
        assert_eq!(shapes[1], Shape::Map(Kind::String, inner));
        assert_eq!(shapes[2], Shape::Optional(Kind::Int64));
        assert_eq!(shapes[5], Shape::Single(Kind::Timestamp));
        assert_eq!(account.fields[0].json_name, "userId");
        assert_eq!(account.fields[3].oneof.as_deref(), Some("way"));
        assert_eq!(account.oneofs.len(), 1);
        assert_eq!(contract.enums[0].values[0].name, "NONE");
    }
}
