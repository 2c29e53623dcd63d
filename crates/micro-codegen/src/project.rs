//! The folder of a service, and all that follows from its contracts.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::client;
use crate::compile::{FileSet, compile};
use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::generate::{GeneratedFile, Options, generate};
use crate::openapi::{Info, document};
use crate::write;

/// A language that clients are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    Go,
    Python,
    TypeScript,
}

impl Language {
    /// All there are.
    pub const ALL: [Language; 3] = [Language::Go, Language::Python, Language::TypeScript];

    /// The name of its folder in `client/`.
    pub fn name(self) -> &'static str {
        match self {
            Language::Go => "go",
            Language::Python => "python",
            Language::TypeScript => "typescript",
        }
    }

    /// The language of a name, as people say it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "go" | "golang" => Some(Language::Go),
            "python" | "py" => Some(Language::Python),
            "typescript" | "ts" | "javascript" | "js" | "node" => Some(Language::TypeScript),
            _ => None,
        }
    }

    fn files(self, contract: &Contract) -> Vec<GeneratedFile> {
        match self {
            Language::Go => client::go::files(contract),
            Language::Python => client::python::files(contract),
            Language::TypeScript => client::typescript::files(contract),
        }
    }
}

/// What is made of contracts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outputs {
    /// Code and fakes, beside the contracts.
    pub rust: bool,
    /// `api/openapi.json`.
    pub openapi: bool,
    /// `client/LANGUAGE/`.
    pub clients: Vec<Language>,
}

impl Outputs {
    /// Whether there is nothing to make.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A folder with contracts: a service's, whose contracts lie in `proto/`, or one in which they lie themselves.
#[derive(Debug, Clone)]
pub struct Project {
    folder: PathBuf,
    proto: PathBuf,
    contracts: Vec<PathBuf>,
}

impl Project {
    /// Looks for contracts; `None` where there are none.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        let proto = folder.join("proto");
        let proto = if proto.is_dir() { proto } else { folder.to_owned() };
        let mut contracts = Vec::new();
        find(&proto, proto != folder, &mut contracts)?;
        Ok((!contracts.is_empty()).then(|| Self {
            folder: folder.to_owned(),
            proto,
            contracts,
        }))
    }

    /// The service's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder that imports are relative to.
    pub fn proto(&self) -> &Path {
        &self.proto
    }

    /// The contracts' files, in order.
    pub fn contracts(&self) -> &[PathBuf] {
        &self.contracts
    }

    /// What is there already, and so is kept up to date: an empty room is not built.
    pub fn present(&self) -> Outputs {
        let has = |path: &str| self.folder.join(path).is_dir();
        Outputs {
            rust: self.proto.join("Cargo.toml").is_file() || self.has_rust(),
            openapi: has("api"),
            clients: Language::ALL
                .into_iter()
                .filter(|language| has(&format!("client/{}", language.name())))
                .collect(),
        }
    }

    fn has_rust(&self) -> bool {
        self.contracts
            .iter()
            .any(|contract| contract.with_extension("rs").is_file())
    }

    /// Reads the contracts.
    ///
    /// # Errors
    ///
    /// When one is no valid contract; the message leads with file and line.
    pub fn compile(&self) -> Result<FileSet> {
        compile(&self.contracts, std::slice::from_ref(&self.proto))
    }

    /// Brings what follows from the contracts up to date and returns the files that differed; with `check` it only tells.
    ///
    /// # Errors
    ///
    /// When a contract asks for what there is no code for, or a file cannot be read or written.
    pub fn generate(&self, set: &FileSet, outputs: &Outputs, check: bool) -> Result<Vec<PathBuf>> {
        write(&self.files(set, outputs)?, &self.folder, check)
    }

    fn files(&self, set: &FileSet, outputs: &Outputs) -> Result<Vec<GeneratedFile>> {
        let options = Options {
            width: width(&self.folder),
            extensions_from: extensions_from(&self.proto),
            ..Options::default()
        };
        let files = files(set, outputs, &options)?.into_iter();
        Ok(files.map(|file| self.placed(file)).collect())
    }

    /// What somebody wrote by hand is not written over.
    ///
    /// # Errors
    ///
    /// Names a file that is not generated and stands where one would be.
    pub fn refuse_foreign(&self, set: &FileSet, outputs: &Outputs) -> Result<()> {
        for file in self.files(set, outputs)? {
            let path = self.folder.join(&file.path);
            let is_ours = match fs::read_to_string(&path) {
                Ok(text) => is_generated(&text),
                Err(_) => !path.exists(),
            };
            if !is_ours {
                return Err(Error::Foreign(path));
            }
        }
        Ok(())
    }

    /// Where contracts lie in the folder itself, so does what is beside them.
    fn placed(&self, file: GeneratedFile) -> GeneratedFile {
        let beside = file
            .path
            .strip_prefix("proto")
            .ok()
            .filter(|_| self.proto == self.folder);
        GeneratedFile {
            path: beside.map_or_else(|| file.path.clone(), Path::to_owned),
            content: file.content,
        }
    }
}

/// Code says so in its first line, documents say what they are, and a mark without a text says nothing.
fn is_generated(text: &str) -> bool {
    let head = text.lines().next().unwrap_or_default();
    text.trim().is_empty()
        || head.contains("@generated")
        || (head.starts_with('{') && text.contains("\"openapi\""))
}

/// What follows from contracts, relative to the folder of their service.
///
/// # Errors
///
/// When a contract asks for what there is no code for, or for a route that cannot work.
pub fn files(set: &FileSet, outputs: &Outputs, options: &Options) -> Result<Vec<GeneratedFile>> {
    set.check_routes()?;
    let mut files = Vec::new();
    let mut add = |folder: &str, made: Vec<GeneratedFile>| {
        files.extend(made.into_iter().map(|file| GeneratedFile {
            path: Path::new(folder).join(file.path),
            content: file.content,
        }));
    };
    if outputs.rust {
        add("proto", generate(set, options)?);
    }
    let contracts = Contract::of(set);
    let contracts: Vec<Contract> = contracts
        .into_iter()
        .filter(|contract| !contract.services.is_empty())
        .collect();
    if outputs.openapi && !contracts.is_empty() {
        let document = openapi(&contracts);
        add("api", vec![document]);
    }
    for contract in &contracts {
        for language in &outputs.clients {
            add(&format!("client/{}", language.name()), language.files(contract));
        }
    }
    Ok(files)
}

fn openapi(contracts: &[Contract]) -> GeneratedFile {
    let names: Vec<&str> = contracts.iter().map(|contract| contract.name.as_str()).collect();
    let info = Info {
        title: names.join(", "),
        // That of the service, unless it says otherwise when it runs.
        version: "latest".to_owned(),
        ..Info::default()
    };
    GeneratedFile {
        path: "openapi.json".into(),
        content: format!("{:#}\n", document(contracts, &info)),
    }
}

fn find(folder: &Path, deep: bool, contracts: &mut Vec<PathBuf>) -> Result<()> {
    for path in entries(folder)? {
        if path.is_dir() && deep {
            find(&path, deep, contracts)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            contracts.push(path);
        }
    }
    Ok(())
}

/// What lies in a folder, in order.
///
/// # Errors
///
/// When it cannot be read.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| Error::File {
        path: folder.to_owned(),
        source,
    };
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// How wide rustfmt makes code in a folder: what the nearest `rustfmt.toml` says, else its default.
fn width(folder: &Path) -> usize {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let texts = folder.ancestors().flat_map(|folder| {
        ["rustfmt.toml", ".rustfmt.toml"].map(|name| fs::read_to_string(folder.join(name)).ok())
    });
    let configuration = texts.flatten().next().unwrap_or_default();
    said(&configuration, "max_width").unwrap_or(Options::default().width)
}

/// Where the contract is another's, the number from which on fields are ours: what `proto/Cargo.toml` says below
/// `[package.metadata.micro]`.
fn extensions_from(proto: &Path) -> Option<i32> {
    let manifest = fs::read_to_string(proto.join("Cargo.toml")).ok()?;
    let (_, metadata) = manifest.split_once("\n[package.metadata.micro]\n")?;
    let section = metadata.split("\n[").next().unwrap_or_default();
    said(section, "extensions-from")
}

/// What a line of TOML says.
fn said<T: FromStr>(lines: &str, name: &str) -> Option<T> {
    lines.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        let value = value.split('#').next().unwrap_or_default();
        (key.trim() == name).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_brought_up_to_date_where_it_has_rooms() {
        let dir = tempfile::tempdir().unwrap();
        let service = dir.path().join("user");
        assert!(Project::find(dir.path()).unwrap().is_none());
        fs::create_dir_all(service.join("proto/shared")).unwrap();
        fs::write(dir.path().join("rustfmt.toml"), "max_width = 60 # narrow\n").unwrap();
        let contract = "syntax = \"proto3\";\npackage user;\nimport \"shared/place.proto\";\n\
            service User {\n  rpc Read(ReadRequestOfAUserWithAVeryLongName) returns (Place);\n}\n\
            message ReadRequestOfAUserWithAVeryLongName {}\n";
        fs::write(service.join("proto/user.proto"), contract).unwrap();
        let shared = "syntax = \"proto3\";\npackage user;\nmessage Place {\n  string town = 1;\n  string street = 100;\n}\n";
        fs::write(service.join("proto/shared/place.proto"), shared).unwrap();
        let project = Project::find(&service).unwrap().unwrap();
        assert_eq!(project.contracts().len(), 2);
        assert!(project.present().is_empty(), "nobody asked for anything yet");
        let outputs = Outputs {
            rust: true,
            ..Outputs::default()
        };
        let set = project.compile().unwrap();
        let stale = project.generate(&set, &outputs, true).unwrap();
        assert_eq!(stale, project.generate(&set, &outputs, false).unwrap());
        assert!(stale.contains(&service.join("proto/user/fakes.rs")), "{stale:?}");
        assert!(project.generate(&set, &outputs, true).unwrap().is_empty());
        assert!(project.present().rust);
        let code = || fs::read_to_string(service.join("proto/shared/place.rs")).unwrap();
        assert!(!code().contains("leaves_out_extensions"));
        let manifest =
            "[package]\nname = \"user-proto\"\n\n[package.metadata.micro]\nextensions-from = 100\n\n[lib]\n";
        fs::write(service.join("proto/Cargo.toml"), manifest).unwrap();
        project.generate(&set, &outputs, false).unwrap();
        assert_eq!(code().matches("leaves_out_extensions").count(), 1);
        project.refuse_foreign(&set, &outputs).unwrap();
        let mine = service.join("proto/user/fakes.rs");
        let generated = fs::read_to_string(&mine).unwrap();
        fs::write(&mine, "// mine\n").unwrap();
        let refused = project.refuse_foreign(&set, &outputs).unwrap_err();
        assert!(
            refused.to_string().contains("fakes.rs was not generated"),
            "{refused}"
        );
        fs::write(&mine, generated).unwrap();
        let code = fs::read_to_string(service.join("proto/user.rs")).unwrap();
        let longest = code
            .lines()
            .filter(|line| line.contains("async fn read"))
            .map(str::len)
            .max();
        assert!(longest.is_some_and(|longest| longest <= 60), "{code}");
    }
}
