//! Reads the text of a template, and says what is wrong with it.

use super::{Invalid, MOST_SEGMENTS, Segment, Template, Variable, is_plain};

type Result<T> = std::result::Result<T, Invalid>;

const NO_TEXT: &str = "this cannot stand in a path: write it as %XX";

pub(super) fn template(text: &str) -> Result<Template> {
    let mut parser = Parser {
        text,
        at: 0,
        segments: Vec::new(),
        variables: Vec::new(),
    };
    parser.expect('/', "a path begins with a slash: write \"/\" before it")?;
    parser.segments(false)?;
    let verb = match parser.take(':') {
        true => Some(parser.literal("a verb follows the colon, as in \":cancel\"")?),
        false => None,
    };
    match parser.peek() {
        None => Ok(Template {
            segments: parser.segments,
            verb,
            variables: parser.variables,
        }),
        Some('/') if verb.is_some() => {
            parser.wrong("a colon begins a verb, which ends the path: write %3A for a colon within a part")
        }
        Some('}') => parser.wrong("there is no variable that this closes: write \"{\" before its name"),
        Some('{' | '*') => {
            parser.wrong("a part is text, * or a variable as a whole: put a slash before this")
        }
        Some(letter) if within_text(letter) => {
            parser.wrong("a part is text, * or a variable as a whole: put a slash before this")
        }
        Some(_) => parser.wrong(NO_TEXT),
    }
}

/// What stands for itself; beyond ASCII too, as people write it.
fn within_text(letter: char) -> bool {
    is_plain(letter) || (!letter.is_ascii() && !letter.is_whitespace() && !letter.is_control())
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    segments: Vec<Segment>,
    variables: Vec<Variable>,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let is_there = self.peek() == Some(expected);
        if is_there {
            self.at += expected.len_utf8();
        }
        is_there
    }

    fn expect(&mut self, expected: char, otherwise: &str) -> Result<()> {
        match self.take(expected) {
            true => Ok(()),
            false => self.wrong(otherwise),
        }
    }

    fn wrong<T>(&self, problem: &str) -> Result<T> {
        Err(Invalid {
            template: self.text.to_owned(),
            column: self.text[..self.at].chars().count() + 1,
            problem: problem.to_owned(),
        })
    }

    fn segments(&mut self, within: bool) -> Result<()> {
        loop {
            self.segment(within)?;
            if self.peek() != Some('/') {
                return Ok(());
            }
            if self.segments.last() == Some(&Segment::Rest) {
                return self.wrong("** is all that follows, so nothing follows it: use * before this");
            }
            self.at += 1;
        }
    }

    fn segment(&mut self, within: bool) -> Result<()> {
        if self.segments.len() >= MOST_SEGMENTS {
            return self.wrong(&format!("a path has at most {MOST_SEGMENTS} parts"));
        }
        match self.peek() {
            Some('{') if within => {
                self.wrong("a variable is not within another: close the first with \"}\" before this")
            }
            Some('{') => self.variable(),
            Some('*') => {
                self.at += 1;
                let segment = match self.take('*') {
                    true => Segment::Rest,
                    false => Segment::One,
                };
                self.segments.push(segment);
                Ok(())
            }
            _ => {
                let text = self.literal("a part of the path is missing: write text, * or a variable")?;
                if matches!(text.as_str(), "." | "..") {
                    return self.wrong("no path that is sent has a part . or ..: leave it out");
                }
                self.segments.push(Segment::Literal(text));
                Ok(())
            }
        }
    }

    fn variable(&mut self) -> Result<()> {
        let begin = self.at;
        self.at += 1;
        let start = self.segments.len();
        let mut path = vec![self.identifier()?];
        while self.take('.') {
            path.push(self.identifier()?);
        }
        match self.take('=') {
            true => self.segments(true)?,
            false => self.segments.push(Segment::One),
        }
        self.expect(
            '}',
            "the variable is not closed: write \"}\" after its name or its segments",
        )?;
        if self.variables.iter().any(|known| known.path == path) {
            self.at = begin;
            return self.wrong(&format!(
                "the variable {} is there twice: leave one out",
                path.join(".")
            ));
        }
        let end = self.segments.len();
        self.variables.push(Variable { path, start, end });
        Ok(())
    }

    fn identifier(&mut self) -> Result<String> {
        let is_letter = |(at, letter): (usize, char)| {
            letter == '_' || letter.is_ascii_alphabetic() || (at > 0 && letter.is_ascii_digit())
        };
        let rest = self.rest();
        let end = rest.char_indices().find(|each| !is_letter(*each));
        let name = rest[..end.map_or(rest.len(), |(at, _)| at)].to_owned();
        if name.is_empty() {
            return self.wrong("a field's name belongs here: letters, digits and underscores");
        }
        self.at += name.len();
        Ok(name)
    }

    /// Text with escapes, which are read.
    fn literal(&mut self, otherwise: &str) -> Result<String> {
        let start = self.at;
        let mut bytes = Vec::new();
        while let Some(letter) = self.peek() {
            if letter == '%' {
                bytes.push(self.escaped()?);
            } else if within_text(letter) {
                self.at += letter.len_utf8();
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                break;
            }
        }
        if self.at == start {
            return match self.peek() {
                None | Some('/' | ':' | '{' | '}' | '*') => self.wrong(otherwise),
                Some(_) => self.wrong(NO_TEXT),
            };
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(_) => {
                self.at = start;
                self.wrong("the escapes here are no text in UTF-8")
            }
        }
    }

    fn escaped(&mut self) -> Result<u8> {
        let digits = self.rest().as_bytes().get(1..3).unwrap_or_default();
        let is_hex = digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
        let byte = std::str::from_utf8(digits)
            .ok()
            .filter(|_| is_hex)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                self.at += 3;
                Ok(byte)
            }
            None => self.wrong("two hexadecimal digits follow %: write %25 for the sign itself"),
        }
    }
}
