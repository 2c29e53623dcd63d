//! Text of Go, laid out as gofmt leaves it.

use super::comment;

/// A source file that grows line by line.
#[derive(Default)]
pub(super) struct Source {
    text: String,
    depth: usize,
    /// Lines whose cells are not aligned yet.
    rows: Vec<Vec<String>>,
}

impl Source {
    pub(super) fn into_text(mut self) -> String {
        self.align();
        self.text.truncate(self.text.trim_end().len());
        self.text + "\n"
    }

    pub(super) fn line(&mut self, text: &str) {
        self.align();
        self.push(text);
    }

    /// A blank line, unless there is one or a brace was opened just now.
    pub(super) fn gap(&mut self) {
        self.align();
        let is_open = self.text.ends_with("{\n") || self.text.ends_with("(\n");
        if !self.text.is_empty() && !is_open && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line after which the text is indented, up to [`Source::close`].
    pub(super) fn open(&mut self, text: &str) {
        self.line(text);
        self.depth += 1;
    }

    pub(super) fn close(&mut self, text: &str) {
        self.align();
        self.depth -= 1;
        self.push(text);
    }

    /// A line of a table: cells stand below each other as long as no other line comes between.
    pub(super) fn row(&mut self, cells: &[&str]) {
        self.rows
            .push(cells.iter().map(|cell| (*cell).to_owned()).collect());
    }

    /// The comment above the declaration `name`.
    pub(super) fn docs(&mut self, name: &str, lines: &[String]) {
        for line in comment::format(name, lines) {
            self.line(&line);
        }
    }

    /// A function or a method: its head, and the lines of its body.
    pub(super) fn function(&mut self, head: &str, body: &[String]) {
        self.open(&format!("{head} {{"));
        body.iter().for_each(|line| self.line(line));
        self.close("}");
        self.gap();
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(&"\t".repeat(self.depth));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn align(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(String::len).max().unwrap_or_default()
        };
        for row in &rows {
            let cells = row.iter().enumerate();
            let padded = cells.map(|(column, cell)| format!("{cell:<0$}", width(column)));
            let line = padded.collect::<Vec<_>>().join(" ");
            self.push(line.trim_end());
        }
    }
}
