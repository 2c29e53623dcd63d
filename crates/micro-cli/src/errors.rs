//! What a command ends with when it fails: a text, an exit code and perhaps advice.

use std::fmt;
use std::io::{self, Write};

/// The result of a command or of a step of one.
pub type Result<T> = std::result::Result<T, Failure>;

/// The exit code of a command whose reader has gone away.
const NOBODY_READS: u8 = 141;

/// Why a command failed, as its user is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code of the process.
    pub code: u8,
    /// One line for a person.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the server could not be reached, or was busy: it may be there in a moment.
    pub is_away: bool,
}

impl Failure {
    /// A failure without advice.
    pub fn new(code: u8, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            hint: None,
            is_away: false,
        }
    }

    /// The same failure, of a server that may be there in a moment.
    #[must_use]
    pub fn away(mut self) -> Self {
        self.is_away = true;
        self
    }

    /// The same failure with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it is only that whoever read the output has gone.
    pub fn is_nobody_reading(&self) -> bool {
        self.code == NOBODY_READS
    }

    /// Writes the text and the advice to the standard error.
    pub fn report(&self) {
        let mut out = io::stderr().lock();
        // What we say ourselves is a sentence. What others said, with a code of its own, stays as they said it.
        let text = match self.code {
            1 => capitalised(&self.text),
            _ => self.text.clone(),
        };
        // When nobody can read the standard error there is nobody to tell.
        for line in [Some(&text), self.hint.as_ref()]
            .into_iter()
            .flatten()
            .filter(|line| !line.is_empty())
        {
            let _ = writeln!(out, "{line}");
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(NOBODY_READS, "");
        }
        Self::new(1, capitalised(&error.to_string()))
    }
}

impl From<micro_rpc::Error> for Failure {
    fn from(error: micro_rpc::Error) -> Self {
        match error.code {
            408 => return Self::new(1, "Request timed out"),
            401 => {
                return Self::new(2, "Not authorized to perform this request")
                    .with_hint("Log in with `micro login`, or ask for a rule that grants it.");
            }
            _ => {}
        }
        let is_away = error.code == 503;
        let failure = known(&error.detail).unwrap_or_else(|| Self::new(127, unnamed(error)));
        if is_away { failure.away() } else { failure }
    }
}

/// The failures that are told apart by their detail.
fn known(detail: &str) -> Option<Failure> {
    if let Some((_, name)) = detail.split_once("malformed method name: ") {
        let name = name.trim_matches('"');
        return Some(Failure::new(
            3,
            format!("Method name \"{name}\" invalid format. Expecting service.endpoint"),
        ));
    }
    if let Some((before, _)) = detail.split_once(": route not found") {
        let name = before.rsplit_once("service ").map_or(before, |(_, name)| name);
        return Some(Failure::new(4, format!("Service \"{name}\" not found")));
    }
    if let Some((_, rest)) = detail.split_once("Error while dialing dial tcp ") {
        let address = rest
            .split_once(": ")
            .map_or(rest, |(address, _)| address)
            .trim_end_matches([':', '"']);
        return Some(
            Failure::new(4, format!("Failed to connect to micro server at {address}"))
                .with_hint("Start one with `micro server`, or choose another with `micro env set`."),
        );
    }
    let (_, name) = detail.split_once("unknown service ")?;
    let what = if name.contains('.') {
        "Service method"
    } else {
        "Service"
    };
    Some(Failure::new(5, format!("{what} \"{name}\" not found")))
}

fn unnamed(error: micro_rpc::Error) -> String {
    match (error.detail.is_empty(), error.status.is_empty()) {
        (false, _) => error.detail,
        (true, false) => error.status,
        (true, true) => format!("The call failed with code {}", error.code),
    }
}

/// A sentence's first letter; a file, an address or a flag at the beginning stays as it is spelt.
fn capitalised(text: &str) -> String {
    let first = text.split(char::is_whitespace).next().unwrap_or_default();
    if !first
        .chars()
        .all(|letter| letter.is_alphabetic() || letter == '\'')
    {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use micro_rpc::Error;

    #[test]
    fn calls_that_fail_have_their_texts_and_codes() {
        let dial = "connection error: Error while dialing dial tcp 127.0.0.1:8081: connection refused";
        let table = [
            (408, "whatever", 1, "Request timed out"),
            (401, "whatever", 2, "Not authorized to perform this request"),
            (
                400,
                "malformed method name: \"foo\"",
                3,
                "Method name \"foo\" invalid format. Expecting service.endpoint",
            ),
            (
                500,
                "service user: route not found",
                4,
                "Service \"user\" not found",
            ),
            (
                503,
                dial,
                4,
                "Failed to connect to micro server at 127.0.0.1:8081",
            ),
            (501, "unknown service User", 5, "Service \"User\" not found"),
            (
                501,
                "unknown service User.Fly",
                5,
                "Service method \"User.Fly\" not found",
            ),
            (409, "taken", 127, "taken"),
            (409, "", 127, "Conflict"),
        ];
        for (code, detail, exit, text) in table {
            let failure = Failure::from(Error::new("x", code, detail));
            assert_eq!((failure.code, failure.text.as_str()), (exit, text), "{detail}");
        }
        assert!(
            Failure::from(Error::unavailable("x", dial))
                .hint
                .unwrap()
                .contains("micro server")
        );
        assert!(
            Failure::from(Error::unauthorized("x", ""))
                .hint
                .unwrap()
                .contains("micro login")
        );
    }

    #[test]
    fn sentences_begin_with_a_capital_and_names_as_they_are_spelt() {
        for (text, shown) in [
            ("no such thing", "No such thing"),
            ("it's gone", "It's gone"),
            ("worker.mu:2:5: what", "worker.mu:2:5: what"),
            ("--block_ports: what", "--block_ports: what"),
            ("", ""),
        ] {
            assert_eq!(capitalised(text), shown);
        }
    }

    #[test]
    fn a_reader_that_left_is_no_news() {
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).text, "");
        assert_eq!(
            Failure::from(io::Error::other("no such thing")).text,
            "No such thing"
        );
    }
}
