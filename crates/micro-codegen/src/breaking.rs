//! What of a contract's change breaks those who rely on the old one.
//!
//! The rules and their names are those of buf's categories `FILE` (generated code) and `WIRE_JSON` (what is sent, in binary and
//! in JSON). A change is told once: where a removed field breaks three rules, the gravest is named and the advice mends all.
//! Messages, enums and services are compared by their full names, so that one that moves to another file is compared too.
//!
//! | checked | what must stay | breaks |
//! |---|---|---|
//! | `FILE_NO_DELETE`, `FILE_SAME_SYNTAX` | the file and its syntax | code |
//! | `FILE_SAME_PACKAGE` | the package | wire |
//! | `FILE_SAME_GO_PACKAGE` and 15 other options of files | the names that generators derive from them | code |
//! | `MESSAGE_NO_DELETE`, `ENUM_NO_DELETE`, `SERVICE_NO_DELETE`, `RPC_NO_DELETE`, `ONEOF_NO_DELETE` | what is named, in its file | code |
//! | `MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR` | the accessor | code |
//! | `FIELD_NO_DELETE`, `ENUM_VALUE_NO_DELETE` | the element, though name and number are reserved | code |
//! | `FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED`, `…_NAME_RESERVED`, likewise `ENUM_VALUE_…` | the element, or its number and name as reserved | wire |
//! | `FIELD_SAME_NAME`, `FIELD_SAME_JSON_NAME`, `ENUM_VALUE_SAME_NAME` | the name of a number; an enum's number may get further ones | wire |
//! | `FIELD_SAME_TYPE` | the type, though the new one is read alike | code |
//! | `FIELD_WIRE_JSON_COMPATIBLE_TYPE` | a type that is read alike: `int32` and `uint32`, `int64` and `uint64`, `fixed32` and `sfixed32`, `fixed64` and `sfixed64`, an enum and one of the same short name with all its values | wire |
//! | `FIELD_SAME_CARDINALITY` | with `optional` or without | code |
//! | `FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY` | one value, a list or a map | wire |
//! | `FIELD_SAME_ONEOF` | the oneof, or none | wire |
//! | `FIELD_SAME_JSTYPE` | the option, on integers of 64 bits | code |
//! | `RESERVED_MESSAGE_NO_DELETE`, `RESERVED_ENUM_NO_DELETE` | what is reserved | wire |
//! | `RPC_SAME_REQUEST_TYPE`, `…_RESPONSE_TYPE`, `…_CLIENT_STREAMING`, `…_SERVER_STREAMING`, `…_IDEMPOTENCY_LEVEL` | the method's signature | wire |
//!
//! | not checked | why |
//! |---|---|
//! | `PACKAGE_…_NO_DELETE` | of the category `PACKAGE` only: the rules for files say the same and more |
//! | `FIELD_WIRE_COMPATIBLE_TYPE`, `FIELD_WIRE_COMPATIBLE_CARDINALITY` | of the category `WIRE` only: JSON is spoken here, and its rules are stricter |
//! | `FIELD_SAME_DEFAULT`, `EXTENSION_…`, `MESSAGE_SAME_REQUIRED_FIELDS`, `MESSAGE_SAME_MESSAGE_SET_WIRE_FORMAT` | proto2 only, for which no code is generated |
//! | `ENUM_SAME_TYPE`, `ENUM_SAME_JSON_FORMAT`, `MESSAGE_SAME_JSON_FORMAT`, `FIELD_SAME_UTF8_VALIDATION` | differ between syntaxes and editions only, which `FILE_SAME_SYNTAX` tells |
//! | `FIELD_SAME_CPP_STRING_TYPE`, `FIELD_SAME_JAVA_UTF8_VALIDATION` | inside of C++ and of Java, which are not generated |
//! | `FIELD_SAME_LABEL`, `FIELD_SAME_CTYPE`, `FILE_SAME_JAVA_STRING_CHECK_UTF8`, `FILE_SAME_PHP_GENERIC_SERVICES` | buf itself has replaced or emptied them |
//! | the first value of an enum | buf has a lint for it, and proto3 no other first value than zero |

mod cardinality;
mod declarations;
mod enumeration;
mod field;
mod file;
mod message;
mod reserved;
mod rule;
mod service;
mod types;

use std::fmt;

use crate::compile::FileSet;
use declarations::{Declarations, Place};

pub use rule::Rule;

/// A change that somebody will notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// `user.proto`
    pub file: String,
    /// Where the element stands in the new version, or stood in the old one if it is gone, counted from 1.
    pub line: usize,
    /// The version that `file` and `line` are of.
    pub version: Version,
    /// The rule that it breaks.
    pub rule: Rule,
    /// `field 3 "email" of message Account was removed`
    pub what: String,
    /// What to do instead.
    pub advice: String,
    /// The same as the rule's.
    pub breaks: Breaks,
}

/// One of the two that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The one that somebody relies on.
    Old,
    /// The one that is to take its place.
    New,
}

/// What no longer works after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breaks {
    /// Programs that run already: one side no longer understands what the other sends, in binary or in JSON. Code breaks as well.
    Wire,
    /// Programs that are built with code which is generated from the new version.
    Code,
}

/// The changes from `old` to `new` that break who relies on `old`, by file and line.
///
/// Compared is what the files declare that `old` was compiled for, wherever it stands in `new`.
///
/// ```
/// use micro_codegen::breaking::{Rule, compare};
/// use micro_codegen::compile_sources;
///
/// let version = |field: &str| {
///     let text = format!("syntax = \"proto3\"; message Account {{ {field} }}");
///     compile_sources(&[("user.proto".to_owned(), text)])
/// };
/// let breaks = compare(&version("string name = 1;")?, &version("int32 name = 1;")?);
/// assert_eq!(breaks[0].rule, Rule::FieldWireJsonCompatibleType);
/// # Ok::<(), micro_codegen::Error>(())
/// ```
pub fn compare(old: &FileSet, new: &FileSet) -> Vec<Break> {
    let (old, new) = (
        Declarations::new(old, Version::Old),
        Declarations::new(new, Version::New),
    );
    let mut report = Report(Vec::new());
    file::compare(&mut report, &old, &new);
    declarations::removed(&mut report, &old, &new);
    for (old_message, new_message) in declarations::pairs(&old.messages, &new.messages) {
        message::compare(&mut report, old_message, new_message);
        field::compare(&mut report, (&old, old_message), (&new, new_message));
    }
    for (old, new) in declarations::pairs(&old.enums, &new.enums) {
        enumeration::compare(&mut report, old, new);
    }
    for (old, new) in declarations::pairs(&old.services, &new.services) {
        service::compare(&mut report, old, new);
    }
    report.sorted()
}

/// What was found so far.
struct Report(Vec<Break>);

impl Report {
    fn add(&mut self, rule: Rule, place: Place, what: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Break {
            file: place.file,
            line: place.line,
            version: place.version,
            rule,
            what: what.into(),
            advice: advice.into(),
            breaks: rule.breaks(),
        });
    }

    fn sorted(mut self) -> Vec<Break> {
        let key = |it: &Break| (it.file.clone(), it.line, it.version, it.rule, it.what.clone());
        self.0.sort_by_cached_key(key);
        self.0
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Break {
            file,
            line,
            what,
            advice,
            ..
        } = self;
        write!(f, "{file}:{line}: {what}: {advice}")?;
        match self.version {
            Version::Old => f.write_str(" (the line is of the old version)"),
            Version::New => Ok(()),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Breaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Breaks::Wire => "wire",
            Breaks::Code => "code",
        })
    }
}
