//! Every message and enum of a file set, and how Rust names it from wherever it is used.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::compile::FileSet;
use crate::generate::Options;
use crate::names;

/// The well-known types that micro-rpc's `wkt` has; add one there first, then here.
const WELL_KNOWN: &[&str] = &["Duration", "Empty", "FieldMask", "Timestamp"];

/// Where a Rust type lives.
#[derive(Clone)]
enum Home {
    /// In a module of the generated tree.
    Here(Vec<String>),
    /// Under a path of another crate.
    Crate(String),
    /// Nowhere: its file is imported, and neither generated nor said to be in another crate.
    Unknown { file: String },
}

struct Entry<'a> {
    home: Home,
    name: String,
    message: Option<&'a DescriptorProto>,
}

/// The types by full name with a leading dot, as descriptors refer to them.
pub struct Types<'a> {
    entries: BTreeMap<String, Entry<'a>>,
    extensions_from: Option<i32>,
    only_messages: bool,
}

impl<'a> Types<'a> {
    pub fn new(set: &'a FileSet, options: &Options) -> Self {
        let mut types = Types {
            entries: BTreeMap::new(),
            extensions_from: options.extensions_from,
            only_messages: options.only_messages,
        };
        for file in &set.files {
            types.add_file(file, set, options);
        }
        types
    }

    /// Whether the messages stand alone, without JSON and without micro-rpc.
    pub fn only_messages(&self) -> bool {
        self.only_messages
    }

    /// Whether the field is ours in a contract that is not.
    pub fn is_extension(&self, field: &FieldDescriptorProto) -> bool {
        self.extensions_from.is_some_and(|first| field.number() >= first)
    }

    fn add_file(&mut self, file: &'a FileDescriptorProto, set: &FileSet, options: &Options) {
        let package = match file.package() {
            "" => String::new(),
            package => format!(".{package}"),
        };
        let base = match options.externs.get(file.name()) {
            Some(path) => Home::Crate(path.clone()),
            None if set.is_target(file.name()) => Home::Here(file_modules(file.name())),
            None => Home::Unknown {
                file: file.name().to_owned(),
            },
        };
        self.add(&package, &base, &file.message_type, &file.enum_type);
    }

    fn add(
        &mut self,
        parent: &str,
        home: &Home,
        messages: &'a [DescriptorProto],
        enums: &[EnumDescriptorProto],
    ) {
        for descriptor in enums {
            self.insert(parent, home, descriptor.name(), None);
        }
        for message in messages {
            self.insert(parent, home, message.name(), Some(message));
            let parent = format!("{parent}.{}", message.name());
            let home = home.inside(&names::module_name(message.name()));
            self.add(&parent, &home, &message.nested_type, &message.enum_type);
        }
    }

    fn insert(&mut self, parent: &str, home: &Home, name: &str, message: Option<&'a DescriptorProto>) {
        let full = format!("{parent}.{name}");
        let (home, name) = match well_known(&full) {
            Some(name) => (Home::Crate("micro_rpc::wkt".into()), name.to_owned()),
            None => (home.clone(), names::type_name(name)),
        };
        self.entries.insert(full, Entry { home, name, message });
    }

    /// The message behind a field of type map, if the field is one.
    pub fn map_entry(&self, field: &FieldDescriptorProto) -> Option<&'a DescriptorProto> {
        let message = self.entries.get(field.type_name())?.message?;
        let is_map = message
            .options
            .as_ref()
            .is_some_and(|options| options.map_entry());
        is_map.then_some(message)
    }

    /// How code in the module `scope` names a type, or why it cannot.
    pub fn path(&self, scope: &[String], full_name: &str) -> Result<String, String> {
        let entry = self
            .entries
            .get(full_name)
            .ok_or_else(|| format!("no type {full_name}"))?;
        match &entry.home {
            Home::Here(modules) => Ok(relative(scope, modules, &entry.name)),
            Home::Crate(path) => Ok(format!("{path}::{}", entry.name)),
            Home::Unknown { .. } if full_name.starts_with(".google.protobuf.") => Err(format!(
                "{} has no generated form; only {} have",
                full_name.trim_start_matches('.'),
                WELL_KNOWN.join(", ")
            )),
            Home::Unknown { file } => Err(format!(
                "type {} comes from {file}, which is not generated here; name the crate it is in",
                full_name.trim_start_matches('.')
            )),
        }
    }

    /// Whether a message can hold itself through `field` without a list between.
    pub fn is_recursive(&self, message: &str, field: &FieldDescriptorProto) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![field.type_name()];
        while let Some(name) = open.pop() {
            if name == message {
                return true;
            }
            if seen.insert(name)
                && let Some(descriptor) = self.entries.get(name).and_then(|it| it.message)
            {
                open.extend(
                    descriptor
                        .field
                        .iter()
                        .filter(|it| is_single(it))
                        .map(|it| it.type_name()),
                );
            }
        }
        false
    }
}

impl Home {
    fn inside(&self, module: &str) -> Home {
        match self {
            Home::Here(modules) => Home::Here([modules.as_slice(), &[module.to_owned()]].concat()),
            Home::Crate(path) => Home::Crate(format!("{path}::{module}")),
            Home::Unknown { .. } => self.clone(),
        }
    }
}

/// The modules that a file becomes: `a/b.proto` is `a::b`.
pub fn file_modules(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".proto").unwrap_or(file);
    stem.split('/').map(names::value_name).collect()
}

fn is_single(field: &FieldDescriptorProto) -> bool {
    field.r#type() == Type::Message && field.label() != Label::Repeated
}

fn well_known(full_name: &str) -> Option<&str> {
    let name = full_name.strip_prefix(".google.protobuf.")?;
    WELL_KNOWN.contains(&name).then_some(name)
}

fn relative(scope: &[String], modules: &[String], name: &str) -> String {
    let shared = scope.iter().zip(modules).take_while(|(a, b)| a == b).count();
    let up = "super::".repeat(scope.len() - shared);
    let down: String = modules[shared..]
        .iter()
        .map(|module| format!("{module}::"))
        .collect();
    format!("{up}{down}{name}")
}
