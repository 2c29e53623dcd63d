//! What commands print: tables, and JSON in the order it came in.

use std::io::{self, Write};

use serde::de::IgnoredAny;

use crate::errors::{Failure, Result};

/// The form in which a command answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Writes a line to the standard output; unlike `println!` it survives a reader that went away.
pub fn line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Columns padded with spaces, without borders; the last column is not padded.
pub fn table(headers: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut lines = Vec::with_capacity(rows.len() + 1);
    if !headers.is_empty() {
        lines.push(headers.iter().map(|&header| header.to_owned()).collect());
    }
    lines.extend(rows);
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(at))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
    lines.iter().map(|line| padded(line, &widths)).collect()
}

fn padded(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        text.push_str(cell);
        text.extend(std::iter::repeat_n(
            ' ',
            width.saturating_sub(cell.chars().count()) + 2,
        ));
    }
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
    text
}

/// Columns with borders, the headers in the middle of theirs: as tables of the network have always looked.
pub fn bordered(headers: &[&str], rows: Vec<Vec<String>>) -> String {
    let width = |at: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count());
        cells.chain([headers[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headers.len()).map(width).collect();
    let rule: String = widths
        .iter()
        .map(|width| format!("+{}", "-".repeat(width + 2)))
        .collect();
    let head: String = headers
        .iter()
        .zip(&widths)
        .map(|(header, width)| format!("| {header:^width$} "))
        .collect();
    let mut text = format!("{rule}+\n{head}|\n{rule}+\n");
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(&match cell.parse::<f64>() {
                Ok(_) => format!("| {cell:>width$} "),
                Err(_) => format!("| {cell:<width$} "),
            });
        }
        text.push_str("|\n");
    }
    if !rows.is_empty() {
        text.push_str(&format!("{rule}+\n"));
    }
    text
}

/// Prints a value as JSON, indented with tabs.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|error| Failure::new(1, error.to_string()))?;
    line(&reindent(&text))
}

/// The same JSON indented with tabs. It works on the text, so that the order of the keys and the digits of the
/// numbers stay as they were sent. What is no JSON is returned unchanged.
pub fn reindent(json: &str) -> String {
    if serde_json::from_str::<IgnoredAny>(json).is_err() {
        return json.to_owned();
    }
    let mut out = Indenter {
        text: String::with_capacity(json.len() * 2),
        depth: 0,
        opened: false,
    };
    let (mut quoted, mut escaped) = (false, false);
    for letter in json.chars() {
        if quoted {
            out.text.push(letter);
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if !letter.is_ascii_whitespace() {
            quoted = letter == '"';
            out.push(letter);
        }
    }
    out.text
}

struct Indenter {
    text: String,
    depth: usize,
    /// A bracket was opened and nothing is in it so far.
    opened: bool,
}

impl Indenter {
    fn push(&mut self, letter: char) {
        let empty = std::mem::take(&mut self.opened);
        match letter {
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                if !empty {
                    self.new_line();
                }
                self.text.push(letter);
                return;
            }
            _ if empty => self.new_line(),
            _ => {}
        }
        self.text.push(letter);
        match letter {
            '{' | '[' => {
                self.depth += 1;
                self.opened = true;
            }
            ',' => self.new_line(),
            ':' => self.text.push(' '),
            _ => {}
        }
    }

    fn new_line(&mut self) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n('\t', self.depth));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_is_indented_as_it_came() {
        let table = [
            (r#"{"z":1,"a":[]}"#, "{\n\t\"z\": 1,\n\t\"a\": []\n}"),
            (r#"{ "s" : "a,{\"}:[ \\" }"#, "{\n\t\"s\": \"a,{\\\"}:[ \\\\\"\n}"),
            ("[1, {\"b\":null}]", "[\n\t1,\n\t{\n\t\t\"b\": null\n\t}\n]"),
            ("{}", "{}"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("not json {", "not json {"),
            ("", ""),
        ];
        for (json, expected) in table {
            assert_eq!(reindent(json), expected);
        }
    }

    #[test]
    fn tables_are_padded() {
        let rows = vec![
            vec!["é".into(), "latest".into()],
            vec!["greeter".into(), String::new()],
        ];
        assert_eq!(
            table(&["NAME", "VERSION"], rows),
            "NAME     VERSION\né        latest\ngreeter\n"
        );
        assert_eq!(table(&[], Vec::new()), "");
    }

    #[test]
    fn tables_have_borders() {
        let rows = vec![vec!["user".into(), "é".into(), "1".into()]];
        assert_eq!(
            bordered(&["ID", "ADDRESS", "METRIC"], rows),
            "+------+---------+--------+\n\
             |  ID  | ADDRESS | METRIC |\n\
             +------+---------+--------+\n\
             | user | é       |      1 |\n\
             +------+---------+--------+\n"
        );
        assert_eq!(bordered(&["ID"], Vec::new()), "+----+\n| ID |\n+----+\n");
    }

    proptest! {
        #[test]
        fn indenting_changes_no_value(text in ".*", number: f64) {
            let value = serde_json::json!({"a": [text.clone(), {"b": number}], text: {}});
            let json = value.to_string();
            let again: serde_json::Value = serde_json::from_str(&reindent(&json)).unwrap();
            prop_assert_eq!(again, serde_json::from_str::<serde_json::Value>(&json).unwrap());
        }

        #[test]
        fn anything_is_survived(text in ".*") {
            reindent(&text);
        }
    }
}
