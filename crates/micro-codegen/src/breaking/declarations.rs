//! What the files of one version declare, by full name, and where.

use std::collections::BTreeMap;
use std::rc::Rc;

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, ServiceDescriptorProto};

use super::{Report, Rule, Version};
use crate::comments::Comments;
use crate::compile::FileSet;

pub type Named<'a, T> = BTreeMap<String, Element<'a, T>>;

/// One version of the contracts.
pub struct Declarations<'a> {
    pub sources: BTreeMap<&'a str, Rc<Source<'a>>>,
    pub messages: Named<'a, DescriptorProto>,
    pub enums: Named<'a, EnumDescriptorProto>,
    pub services: Named<'a, ServiceDescriptorProto>,
}

/// A file.
pub struct Source<'a> {
    pub file: &'a FileDescriptorProto,
    /// It was asked for, and is not only imported.
    pub is_target: bool,
    version: Version,
    comments: Comments<'a>,
}

/// A message, an enum or a service.
pub struct Element<'a, T> {
    pub descriptor: &'a T,
    pub source: Rc<Source<'a>>,
    /// The name within the package: `Account.Address`.
    pub name: String,
    path: Vec<i32>,
}

/// Where something stands.
pub struct Place {
    pub file: String,
    pub line: usize,
    pub version: Version,
}

impl<'a> Declarations<'a> {
    pub fn new(set: &'a FileSet, version: Version) -> Self {
        let mut declarations = Declarations {
            sources: BTreeMap::new(),
            messages: BTreeMap::new(),
            enums: BTreeMap::new(),
            services: BTreeMap::new(),
        };
        for file in &set.files {
            let source = Rc::new(Source {
                file,
                is_target: set.is_target(file.name()),
                version,
                comments: Comments::new(file),
            });
            declarations.add(&source);
            declarations.sources.insert(file.name(), source);
        }
        declarations
    }

    fn add(&mut self, source: &Rc<Source<'a>>) {
        for (message, index) in source.file.message_type.iter().zip(0..) {
            self.add_message(Element::new(
                source,
                message,
                message.name().to_owned(),
                &[4, index],
            ));
        }
        for (each, index) in source.file.enum_type.iter().zip(0..) {
            let element = Element::new(source, each, each.name().to_owned(), &[5, index]);
            self.enums.insert(source.full_name(&element.name), element);
        }
        for (service, index) in source.file.service.iter().zip(0..) {
            let element = Element::new(source, service, service.name().to_owned(), &[6, index]);
            self.services.insert(source.full_name(&element.name), element);
        }
    }

    /// The message and what it declares inside; entries of maps are part of their fields.
    fn add_message(&mut self, message: Element<'a, DescriptorProto>) {
        for (inner, index) in message.descriptor.nested_type.iter().zip(0..) {
            if !inner.options.as_ref().is_some_and(|options| options.map_entry()) {
                self.add_message(message.inner(inner, inner.name(), &[3, index]));
            }
        }
        for (inner, index) in message.descriptor.enum_type.iter().zip(0..) {
            let element = message.inner(inner, inner.name(), &[4, index]);
            self.enums
                .insert(element.source.full_name(&element.name), element);
        }
        self.messages
            .insert(message.source.full_name(&message.name), message);
    }
}

impl Source<'_> {
    /// The name of something that the file declares, with the package's.
    pub fn full_name(&self, name: &str) -> String {
        match self.file.package() {
            "" => name.to_owned(),
            package => format!("{package}.{name}"),
        }
    }

    /// The file itself says it, and it is not left at its default.
    pub fn says(&self, path: &[i32]) -> bool {
        self.comments.has(path)
    }

    pub fn place(&self, path: &[i32]) -> Place {
        Place {
            file: self.file.name().to_owned(),
            line: self.comments.line(path),
            version: self.version,
        }
    }
}

impl<'a, T> Element<'a, T> {
    fn new(source: &Rc<Source<'a>>, descriptor: &'a T, name: String, path: &[i32]) -> Self {
        Element {
            descriptor,
            source: Rc::clone(source),
            name,
            path: path.to_vec(),
        }
    }

    fn inner<I>(&self, descriptor: &'a I, name: &str, below: &[i32]) -> Element<'a, I> {
        let path = [&self.path, below].concat();
        Element::new(&self.source, descriptor, format!("{}.{name}", self.name), &path)
    }

    /// Where it stands, or a part of it.
    pub fn place(&self, below: &[i32]) -> Place {
        self.source.place(&[&self.path, below].concat())
    }

    fn file(&self) -> &str {
        self.source.file.name()
    }
}

/// What was asked for in the old version, beside what has its full name in the new one.
pub fn pairs<'a, 'b, T>(
    old: &'b Named<'a, T>,
    new: &'b Named<'a, T>,
) -> impl Iterator<Item = (&'b Element<'a, T>, &'b Element<'a, T>)> {
    old.iter()
        .filter(|(_, element)| element.source.is_target)
        .filter_map(|(name, old)| Some((old, new.get(name)?)))
}

/// Tells of messages, enums and services that are no longer in their files.
pub fn removed(report: &mut Report, old: &Declarations<'_>, new: &Declarations<'_>) {
    let find = Removal { report, new };
    let find = find.among("message", Rule::MessageNoDelete, &old.messages, &new.messages);
    let find = find.among("enum", Rule::EnumNoDelete, &old.enums, &new.enums);
    find.among("service", Rule::ServiceNoDelete, &old.services, &new.services);
}

struct Removal<'r, 'a> {
    report: &'r mut Report,
    new: &'r Declarations<'a>,
}

impl<'a> Removal<'_, 'a> {
    fn among<T>(self, kind: &str, rule: Rule, old: &Named<'a, T>, new: &Named<'a, T>) -> Self {
        for (full_name, element) in old.iter().filter(|(_, element)| element.source.is_target) {
            // Of a file that is gone, only that is told.
            let Some(source) = self.new.sources.get(element.file()) else {
                continue;
            };
            if declares(new, source, &element.name) || self.goes_with_outer(source, &element.name) {
                continue;
            }
            let (what, advice) = match new.get(full_name) {
                Some(moved) => (
                    format!("{kind} {} was moved to {}", element.name, moved.file()),
                    "leave it in its file, since generated code is found under the file's name",
                ),
                None => (
                    format!("{kind} {} was removed", element.name),
                    "keep it with `option deprecated = true;` for as long as somebody may use it",
                ),
            };
            self.report.add(rule, element.place(&[]), what, advice);
        }
        self
    }

    /// It lay in a message that is no longer there either, which is told of that one.
    fn goes_with_outer(&self, source: &Source<'_>, name: &str) -> bool {
        let outer = name.rsplit_once('.').map(|(outer, _)| outer);
        outer.is_some_and(|outer| !declares(&self.new.messages, source, outer))
    }
}

fn declares<T>(named: &Named<'_, T>, source: &Source<'_>, name: &str) -> bool {
    let found = named.get(&source.full_name(name));
    found.is_some_and(|element| element.file() == source.file.name())
}
