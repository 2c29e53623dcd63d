//! The lines of a file, cut into words.

use super::Mistake;
use super::words::{self, Unclosed, Word};

/// A line that says something.
pub struct Line<'a> {
    file: &'a str,
    number: usize,
    text: &'a str,
    words: Vec<Word>,
}

/// The lines that say something.
pub fn read<'a>(file: &'a str, text: &'a str) -> Result<Vec<Line<'a>>, Mistake> {
    let mut lines = Vec::new();
    for (at, text) in text.lines().enumerate() {
        let text = if at == 0 {
            text.trim_start_matches('\u{feff}')
        } else {
            text
        };
        let words = words::read(text).map_err(|Unclosed(column)| Mistake {
            file: file.to_owned(),
            line: at + 1,
            column: column + 1,
            text: text.to_owned(),
            length: 1,
            what: "this quote is not closed".to_owned(),
            advice: "close it on the same line".to_owned(),
        })?;
        if !words.is_empty() {
            lines.push(Line {
                file,
                number: at + 1,
                text,
                words,
            });
        }
    }
    Ok(lines)
}

/// The mistake of a file that says nothing.
pub fn nothing(file: &str, text: &str) -> Mistake {
    Mistake {
        file: file.to_owned(),
        line: 1,
        column: 1,
        text: text.lines().next().unwrap_or("").to_owned(),
        length: 1,
        what: "the file names no service".to_owned(),
        advice: "begin it with `service NAME`".to_owned(),
    }
}

impl Line<'_> {
    pub fn is_indented(&self) -> bool {
        self.text.starts_with([' ', '\t'])
    }

    /// All words; there is at least one.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    pub fn first(&self) -> &Word {
        &self.words[0]
    }

    /// A mistake at a word, or behind the last one.
    pub fn wrong(&self, word: usize, what: String, advice: impl Into<String>) -> Mistake {
        let end = self.text.trim_end().chars().count();
        let (column, length) = self
            .words
            .get(word)
            .map_or((end, 1), |word| (word.start, word.length));
        Mistake {
            file: self.file.to_owned(),
            line: self.number,
            column: column + 1,
            text: self.text.to_owned(),
            length,
            what,
            advice: advice.into(),
        }
    }

    /// The mistake of a word that only one line may say.
    pub fn twice(&self, word: usize) -> Mistake {
        let said = self.words.get(word).map_or("it", |word| word.text.as_str());
        self.wrong(word, format!("{said} was said before"), "say it once")
    }

    /// The words behind the keyword, at least one.
    pub fn command(&self, example: &str) -> Result<Vec<String>, Mistake> {
        let words: Vec<String> = self.words[1..].iter().map(|word| word.text.clone()).collect();
        if words.first().is_none_or(String::is_empty) {
            let what = format!("{} says nothing", self.first().text);
            return Err(self.wrong(0, what, format!("for example `{example}`")));
        }
        Ok(words)
    }

    /// The one word behind the keyword.
    pub fn only(&self, example: &str) -> Result<String, Mistake> {
        match self.words() {
            [_, only] => Ok(only.text.clone()),
            [keyword] => Err(self.wrong(
                0,
                format!("{} says nothing", keyword.text),
                format!("for example `{example}`"),
            )),
            [keyword, ..] => Err(self.wrong(
                2,
                format!("{} is one word", keyword.text),
                format!("for example `{example}`"),
            )),
            [] => Err(self.wrong(0, "the line is empty".to_owned(), "remove it")),
        }
    }
}
