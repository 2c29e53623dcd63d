//! What can go wrong between a contract and its code.

use std::fmt;
use std::path::PathBuf;

use crate::http::Mistake;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why no code came out.
#[derive(Debug)]
pub enum Error {
    /// The contract does not compile.
    Compile(Box<protox::Error>),
    /// The contract compiles, and asks for what the generator has no code for.
    Contract {
        file: String,
        line: usize,
        problem: String,
    },
    /// The HTTP routes of a contract cannot work.
    Routes(Vec<Mistake>),
    /// An earlier version of the contracts cannot be had from git.
    History { reference: String, problem: String },
    /// A file could not be read or written.
    File { path: PathBuf, source: std::io::Error },
    /// A file that is not generated stands where one would be.
    Foreign(PathBuf),
    /// A template of a new service is wrong.
    Template { path: String, source: minijinja::Error },
    /// A service cannot have this name.
    Name { name: String, problem: String },
    /// The folder of a new service is there already.
    Exists(PathBuf),
    /// What a service says of itself cannot be read.
    Descriptors {
        /// Which of those that were given, from 0.
        index: usize,
        source: Box<protox::prost_reflect::DescriptorError>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The alternate form of protox leads with file, line and column.
            Error::Compile(source) => write!(f, "{source:?}"),
            Error::Contract { file, line, problem } => write!(f, "{file}:{line}: {problem}"),
            Error::Routes(mistakes) => {
                let lines: Vec<_> = mistakes.iter().map(Mistake::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Error::File { path, .. } => write!(f, "cannot access {}", path.display()),
            Error::Foreign(path) => write!(
                f,
                "{} was not generated, and would be written over: move it away first",
                path.display()
            ),
            Error::Template { path, .. } => write!(f, "cannot write {path}"),
            Error::History { reference, problem } => {
                write!(f, "cannot read the contracts of {reference:?}: {problem}")
            }
            Error::Name { name, problem } => write!(f, "service name {name:?} {problem}"),
            Error::Exists(path) => write!(f, "{} exists already", path.display()),
            Error::Descriptors { index, .. } => {
                write!(f, "descriptor set {index} is damaged, or lacks what it imports")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::File { source, .. } => Some(source),
            Error::Template { source, .. } => Some(source),
            Error::Descriptors { source, .. } => Some(source),
            _ => None,
        }
    }
}
