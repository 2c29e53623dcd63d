//! Path templates: `/v1/{name=shelves/*}/books/{book.id}:read`.
//!
//! ```text
//! Template  = "/" Segments [ Verb ]
//! Segments  = Segment { "/" Segment }
//! Segment   = "*" | "**" | LITERAL | Variable
//! Variable  = "{" FieldPath [ "=" Segments ] "}"
//! FieldPath = IDENT { "." IDENT }
//! Verb      = ":" LITERAL
//! ```
//!
//! `*` is one part of a path that is not empty, `**` is all that follows, nothing included, and so comes last. A variable
//! without segments is one part. Literals may be escaped; what they stand for is compared.

mod parse;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};

/// More parts than anybody writes; whoever walks along a template relies on there being few.
const MOST_SEGMENTS: usize = 32;

/// A path with variables.
///
/// ```
/// use micro_codegen::http::{Segment, Template};
///
/// let template = Template::parse("/v1/{name=messages/*}:read")?;
/// assert_eq!(template.shape(), "/v1/messages/*:read");
/// assert_eq!(template.variables[0].path, ["name"]);
/// assert_eq!(template.variables[0].of(&template.segments), [Segment::Literal("messages".into()), Segment::One]);
/// # Ok::<(), micro_codegen::http::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// At least one; [`Segment::Rest`] comes last only.
    pub segments: Vec<Segment>,
    /// What follows the last colon: `read`.
    pub verb: Option<String>,
    /// In the order of the path, no two with the same field.
    pub variables: Vec<Variable>,
}

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// This text, after escapes are read.
    Literal(String),
    /// `*`: whatever is there.
    One,
    /// `**`: all that follows.
    Rest,
}

/// A field that is in the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// From the message to the field: `["book", "id"]`.
    pub path: Vec<String>,
    /// The segments that it takes: from this one on.
    pub start: usize,
    /// And before this one.
    pub end: usize,
}

/// What is wrong with the text of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The text.
    pub template: String,
    /// Where in it, in characters from 1.
    pub column: usize,
    /// What, and what to do.
    pub problem: String,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// Says where it is wrong, and what to do.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        parse::template(text)
    }

    /// The template without the names of its variables. Two of the same shape stand for the same paths.
    pub fn shape(&self) -> String {
        let mut shape = String::new();
        for segment in &self.segments {
            let _ = write!(shape, "/{segment}");
        }
        if let Some(verb) = &self.verb {
            shape.push(':');
            let _ = escape(&mut shape, verb);
        }
        shape
    }

    /// The path if nothing in it is variable.
    pub fn literal(&self) -> Option<String> {
        let is_literal = |segment: &Segment| matches!(segment, Segment::Literal(_));
        self.segments.iter().all(is_literal).then(|| self.shape())
    }
}

impl Variable {
    /// Its own of the segments of its template.
    pub fn of<'a>(&self, segments: &'a [Segment]) -> &'a [Segment] {
        segments.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it may hold slashes, so that escaped ones in it stay escaped.
    pub fn is_many(&self, segments: &[Segment]) -> bool {
        !matches!(self.of(segments), [Segment::Literal(_) | Segment::One])
    }

    /// As in a template: `book.id`.
    pub fn name(&self) -> String {
        self.path.join(".")
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Segment::Literal(text) => escape(f, text),
            Segment::One => f.write_str("*"),
            Segment::Rest => f.write_str("**"),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            template,
            column,
            problem,
        } = self;
        write!(f, "path template {template:?}, character {column}: {problem}")
    }
}

impl std::error::Error for Invalid {}

/// Whether a letter stands for itself in a literal. All else is escaped, in UTF-8.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-._~!$&'()+,;=@".contains(letter)
}

/// A literal as it stands in a template.
fn escape(to: &mut impl fmt::Write, text: &str) -> fmt::Result {
    for letter in text.chars() {
        if is_plain(letter) {
            to.write_char(letter)?;
            continue;
        }
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            write!(to, "%{byte:02X}")?;
        }
    }
    Ok(())
}
