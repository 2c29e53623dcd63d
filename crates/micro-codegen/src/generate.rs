//! From a file set to source files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use prost_types::FileDescriptorProto;

use crate::code::Code;
use crate::comments::Comments;
use crate::compile::FileSet;
use crate::error::{Error, Result};
use crate::types::{Types, file_modules};
use crate::{descriptor, enumeration, fakes, message, names, service};

/// What the contract alone does not tell.
#[derive(Debug, Clone)]
pub struct Options {
    /// The `max_width` of the rustfmt.toml that the code is to conform to.
    pub width: usize,
    /// Imported files whose code is in another crate: `user.proto` is in `user_proto`.
    pub externs: BTreeMap<String, String>,
    /// Fields from this number on are ours in a contract that is not: JSON leaves them out for who does not ask.
    pub extensions_from: Option<i32>,
    /// Whether a crate holds so many contracts that each one's fakes are compiled for who asks: with the feature `fakes-user`
    /// those of `user.proto`.
    pub fakes_on_demand: bool,
    /// Nothing but the messages, which stand on `prost` and `bytes` alone, and on micro-rpc where a well-known type is among them:
    /// for the contract of a system that is not ours, which a driver speaks.
    pub only_messages: bool,
}

impl Default for Options {
    /// As rustfmt is without a file, and every type from a file that is generated.
    fn default() -> Self {
        Options {
            width: 100,
            externs: BTreeMap::new(),
            extensions_from: None,
            fakes_on_demand: false,
            only_messages: false,
        }
    }
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Relative to the folder that the generated code goes to.
    pub path: PathBuf,
    pub content: String,
}

/// Writes the code of each file of the set: `x.rs`, `x/descriptor.rs` and, with services, `x/fakes.rs`; of messages alone, `x.rs`.
///
/// # Errors
///
/// When a contract asks for what there is no code for; the message names file and line.
pub fn generate(set: &FileSet, options: &Options) -> Result<Vec<GeneratedFile>> {
    set.check_routes()?;
    let types = Types::new(set, options);
    let mut files = Vec::new();
    for file in set
        .targets()
        .filter(|file| !options.externs.contains_key(file.name()))
    {
        let scope = Scope::of_file(&types, file, options.width);
        files.extend(generate_file(set, &scope, options)?);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn generate_file(set: &FileSet, scope: &Scope<'_>, options: &Options) -> Result<Vec<GeneratedFile>> {
    let file = scope.file;
    if file.syntax() != "proto3" {
        return Err(scope.error(&[12], "only syntax = \"proto3\" is generated"));
    }
    let stem = file.name().strip_suffix(".proto").unwrap_or(file.name());
    if scope.types.only_messages() {
        return Ok(vec![source(
            format!("{stem}.rs"),
            contract(scope, stem, options)?,
        )]);
    }
    let has_services = !file.service.is_empty();
    let mut files = vec![
        source(format!("{stem}.rs"), contract(scope, stem, options)?),
        source(
            format!("{stem}/descriptor.rs"),
            descriptor::file(scope, &set.descriptor_set(file)),
        ),
    ];
    if has_services {
        files.push(source(format!("{stem}/fakes.rs"), fakes::file(scope)?));
    }
    Ok(files)
}

fn source(path: String, content: String) -> GeneratedFile {
    GeneratedFile {
        path: path.into(),
        content,
    }
}

/// Messages, enums and services of one file.
fn contract(scope: &Scope<'_>, stem: &str, options: &Options) -> Result<String> {
    service::check_names(scope)?;
    let file = scope.file;
    let has_all = !scope.types.only_messages();
    let mut body = Module::new(Code::new(scope.width));
    for (index, descriptor) in file.message_type.iter().enumerate() {
        message::emit(&mut body, &scope.at(&[4, index as i32]), descriptor)?;
    }
    for (index, descriptor) in file.enum_type.iter().enumerate() {
        enumeration::emit(&mut body, &scope.at(&[5, index as i32]), descriptor)?;
    }
    let mut services = Code::new(scope.width);
    for index in (0..file.service.len()).filter(|_| has_all) {
        service::emit(&mut services, scope, index)?;
    }

    let mut code = head(scope);
    let package = scope.comments.docs(&[2]);
    let docs = if package.is_empty() {
        scope.comments.docs(&[12])
    } else {
        package
    };
    code.comment("//!", &docs);
    code.gap();
    code.line("#![allow(clippy::all)] // names and shapes are the contract's");
    if has_all {
        code.gap();
        code.line("mod descriptor;");
        if !services.is_empty() {
            if options.fakes_on_demand {
                code.line(&format!("#[cfg(feature = \"fakes-{stem}\")]"));
            }
            code.line("pub mod fakes;");
        }
        code.gap();
        code.line("pub use descriptor::FILE_DESCRIPTOR_SET;");
    }
    for part in [body.finish(), services.into_text()]
        .iter()
        .filter(|part| !part.is_empty())
    {
        code.gap();
        code.append(part);
    }
    Ok(code.into_text())
}

/// The mark that tells people and tools not to edit.
pub fn head(scope: &Scope<'_>) -> Code {
    let mut code = Code::new(scope.width);
    let name = scope.file.name().rsplit('/').next().unwrap_or_default();
    code.line(&format!(
        "// @generated from {name} by micro; edit that file instead of this one."
    ));
    code.gap();
    code
}

/// Where in a contract the generator is, and what it needs to know there.
#[derive(Clone)]
pub struct Scope<'a> {
    pub types: &'a Types<'a>,
    pub file: &'a FileDescriptorProto,
    /// How long a line may be.
    pub width: usize,
    pub comments: std::rc::Rc<Comments<'a>>,
    /// Simple names of all types of the file: a name of the prelude among them is spelt in full.
    declared: std::rc::Rc<BTreeSet<String>>,
    /// The Rust module that the code goes to.
    pub modules: Vec<String>,
    /// The full proto name of the enclosing package or message, with a leading dot unless empty.
    pub parent: String,
    /// The path of the element in the descriptor.
    pub path: Vec<i32>,
}

impl<'a> Scope<'a> {
    fn of_file(types: &'a Types<'a>, file: &'a FileDescriptorProto, width: usize) -> Self {
        let package = file.package();
        Scope {
            types,
            file,
            width,
            comments: Comments::new(file).into(),
            declared: declared(file).into(),
            modules: file_modules(file.name()),
            parent: if package.is_empty() {
                String::new()
            } else {
                format!(".{package}")
            },
            path: Vec::new(),
        }
    }

    /// The same scope at an element further down.
    pub fn at(&self, path: &[i32]) -> Self {
        Scope {
            path: [&self.path, path].concat(),
            ..self.clone()
        }
    }

    /// The scope of what the message `name` declares inside.
    pub fn inside(&self, name: &str) -> Self {
        let mut inner = self.clone();
        inner.modules.push(names::module_name(name));
        inner.parent = format!("{}.{name}", self.parent);
        inner
    }

    pub fn docs(&self) -> Vec<String> {
        self.comments.docs(&self.path)
    }

    pub fn type_path(&self, full_name: &str) -> Result<String> {
        let found = self.types.path(&self.modules, full_name);
        found.map_err(|problem| self.error(&[], problem))
    }

    /// A type of the standard library, by the short name where the contract leaves it free.
    pub fn std(&self, path: &str) -> String {
        let name = path.rsplit("::").next().unwrap_or(path);
        let is_prelude = !path.contains("collections") && !self.declared.contains(name);
        if is_prelude {
            name.to_owned()
        } else {
            format!("std::{path}")
        }
    }

    pub fn error(&self, path: &[i32], problem: impl Into<String>) -> Error {
        let line = self.comments.line(&[&self.path, path].concat());
        Error::Contract {
            file: self.file.name().to_owned(),
            line,
            problem: problem.into(),
        }
    }
}

fn declared(file: &FileDescriptorProto) -> BTreeSet<String> {
    let mut open: Vec<_> = file.message_type.iter().collect();
    let mut names: Vec<_> = file.enum_type.iter().map(|it| it.name()).collect();
    names.extend(file.service.iter().map(|it| it.name()));
    while let Some(message) = open.pop() {
        names.push(message.name());
        names.extend(message.enum_type.iter().map(|it| it.name()));
        names.extend(message.oneof_decl.iter().map(|it| it.name()));
        open.extend(&message.nested_type);
    }
    names.into_iter().map(names::type_name).collect()
}

/// A module of messages and enums; it imports the parts of micro-rpc that its own items name.
pub struct Module {
    pub code: Code,
    uses: BTreeSet<&'static str>,
}

impl Module {
    pub fn new(code: Code) -> Self {
        Module {
            code,
            uses: BTreeSet::new(),
        }
    }

    pub fn needs(&mut self, parts: &[&'static str]) {
        self.uses.extend(parts);
    }

    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }

    /// The module's text, its imports first.
    pub fn finish(self) -> String {
        let mut code = self.code.sibling();
        let names: Vec<_> = self.uses.into_iter().collect();
        match names.as_slice() {
            [] => {}
            [one] => code.line(&format!("use micro_rpc::{one};")),
            many => code.line(&format!("use micro_rpc::{{{}}};", many.join(", "))),
        }
        code.gap();
        code.append(&self.code.into_text());
        code.into_text()
    }
}
