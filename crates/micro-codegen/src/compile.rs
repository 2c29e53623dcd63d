//! From `.proto` files to descriptors, imports and comments included.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use prost_types::FileDescriptorProto;
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

use crate::error::{Error, Result};
use crate::http::{self, Annotations, Mistake, Routes};

/// Compiled contracts with all that they import.
pub struct FileSet {
    /// Imports come before the files that import them.
    pub(crate) files: Vec<FileDescriptorProto>,
    /// Each file as bytes: prost drops options of extensions, these keep them.
    encoded: BTreeMap<String, Vec<u8>>,
    targets: BTreeSet<String>,
    /// The HTTP rules of the targets, and those that cannot work.
    pub(crate) routes: Routes,
    mistakes: Vec<Mistake>,
}

/// Compiles `protos`, looking for them and for their imports in `includes`.
///
/// # Errors
///
/// When a file is missing or is no valid contract; the message leads with file and line.
pub fn compile(protos: &[PathBuf], includes: &[PathBuf]) -> Result<FileSet> {
    let mut resolver = ChainFileResolver::new();
    for include in includes {
        resolver.add(IncludeFileResolver::new(include.clone()));
    }
    file_set(resolver, protos).map_err(|error| Error::Compile(Box::new(error)))
}

/// Compiles texts, each with the name that others import it by; they import each other and well-known types.
///
/// # Errors
///
/// When one is no valid contract or imports what is not among them; the message leads with file and line.
pub fn compile_sources(sources: &[(String, String)]) -> Result<FileSet> {
    let names: Vec<&str> = sources.iter().map(|(name, _)| name.as_str()).collect();
    compile_named(sources, &names)
}

/// Compiles one file that need not exist, and that imports nothing but well-known types.
pub(crate) fn compile_source(name: &str, source: &str) -> Result<FileSet> {
    compile_sources(&[(name.to_owned(), source.to_owned())])
}

/// Compiles those of the texts that are named, and of the others what they import.
pub(crate) fn compile_named(sources: &[(String, String)], names: &[&str]) -> Result<FileSet> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Sources(sources.iter().cloned().collect()));
    file_set(resolver, names).map_err(|error| Error::Compile(Box::new(error)))
}

/// Texts by name.
struct Sources(BTreeMap<String, String>);

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.get(name) {
            Some(source) => File::from_source(name, source),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// What a contract brings along itself goes before what everybody has.
fn file_set(
    mut resolver: ChainFileResolver,
    files: impl IntoIterator<Item = impl AsRef<Path>>,
) -> Result<FileSet, protox::Error> {
    resolver.add(GoogleFileResolver::new());
    resolver.add(Annotations);
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(files)?;
    let targets = compiler.files().filter(|file| !file.is_import());
    let targets: BTreeSet<String> = targets.map(|file| file.name().into()).collect();
    let pool = compiler.descriptor_pool();
    let (routes, mistakes) = http::of_pool(&pool, |file| targets.contains(file));
    let encoded = pool
        .files()
        .map(|file| (file.name().to_owned(), file.encode_to_vec()));
    Ok(FileSet {
        targets,
        encoded: encoded.collect(),
        files: compiler.file_descriptor_set().file,
        routes,
        mistakes,
    })
}

impl FileSet {
    /// Refuses HTTP rules that cannot work. Not while compiling: what was made of a contract in the past is compared with
    /// what is made of it now, whatever was wrong then.
    ///
    /// # Errors
    ///
    /// Names file, line and column of each, and what to do.
    pub fn check_routes(&self) -> Result<()> {
        match self.mistakes.is_empty() {
            true => Ok(()),
            false => Err(Error::Routes(self.mistakes.clone())),
        }
    }

    /// The files that code is generated for, those asked for and not their imports.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &FileDescriptorProto> {
        self.files.iter().filter(|file| self.is_target(file.name()))
    }

    pub(crate) fn is_target(&self, name: &str) -> bool {
        self.targets.contains(name)
    }

    /// A serialised `FileDescriptorSet` of `file` after all that it imports.
    pub(crate) fn descriptor_set(&self, file: &FileDescriptorProto) -> Vec<u8> {
        let mut needed = BTreeSet::from([file.name()]);
        for file in self.files.iter().rev().filter(|file| file.name.is_some()) {
            if needed.contains(file.name()) {
                needed.extend(file.dependency.iter().map(String::as_str));
            }
        }
        let mut set = Vec::new();
        for file in self.files.iter().filter(|file| needed.contains(file.name())) {
            if let Some(bytes) = self.encoded.get(file.name()) {
                append_file(&mut set, bytes);
            }
        }
        set
    }
}

/// Appends field 1 of `FileDescriptorSet`: key, length, bytes.
fn append_file(set: &mut Vec<u8>, file: &[u8]) {
    set.push(0x0a);
    let mut length = file.len();
    while length >= 0x80 {
        set.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    set.push(length as u8);
    set.extend_from_slice(file);
}
