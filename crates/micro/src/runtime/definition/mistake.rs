//! What is wrong with a file, shown as a compiler would.

use std::fmt;

/// Where a file is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file's name.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The whole line.
    pub text: String,
    /// How many characters of it are meant.
    pub length: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            text,
            ..
        } = self;
        let margin = " ".repeat(line.to_string().len());
        // Tabs stay tabs, so that the caret stands where the terminal shows the word.
        let indent: String = text.chars().take(column - 1).map(blank).collect();
        let carets = "^".repeat(self.length.max(1));
        write!(f, "{file}:{line}:{column}: {}\n{line} | {text}\n", self.what)?;
        write!(f, "{margin} | {indent}{carets}\n{}", self.advice)
    }
}

impl std::error::Error for Mistake {}

fn blank(letter: char) -> char {
    if letter == '\t' { '\t' } else { ' ' }
}
