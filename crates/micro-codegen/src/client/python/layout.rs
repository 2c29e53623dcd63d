//! Text of Python, laid out as Black leaves it.
//!
//! Knows only the shapes that this client has.

/// How long a line may be.
const WIDTH: usize = 88;

/// Source code that grows line by line.
#[derive(Default)]
pub struct Source {
    text: String,
    depth: usize,
    wants_blank: bool,
}

/// An expression.
pub enum Expr {
    /// What is never split.
    Atom(String),
    /// A function and its arguments.
    Call(String, Vec<Expr>),
}

impl Expr {
    pub fn atom(text: impl Into<String>) -> Expr {
        Expr::Atom(text.into())
    }

    pub fn call(function: &str, arguments: impl Into<Vec<Expr>>) -> Expr {
        Expr::Call(function.to_owned(), arguments.into())
    }

    fn flat(&self) -> String {
        match self {
            Expr::Atom(text) => text.clone(),
            Expr::Call(function, arguments) => format!("{function}({})", flat(arguments)),
        }
    }
}

fn flat(arguments: &[Expr]) -> String {
    let arguments: Vec<_> = arguments.iter().map(Expr::flat).collect();
    arguments.join(", ")
}

impl Source {
    pub fn new(text: String) -> Self {
        Source {
            text,
            ..Source::default()
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn into_text(self) -> String {
        self.text
    }

    pub fn append(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn line(&mut self, text: &str) {
        if std::mem::take(&mut self.wants_blank) {
            self.text.push('\n');
        }
        if !text.is_empty() {
            self.text.push_str(&"    ".repeat(self.depth));
            self.text.push_str(text);
        }
        self.text.push('\n');
    }

    /// So many blank lines, unless all the text or a block has just begun.
    pub fn blank(&mut self, lines: usize) {
        self.wants_blank = false;
        if self.text.is_empty() || self.text.ends_with(":\n") {
            return;
        }
        let there = self.text.len() - self.text.trim_end_matches('\n').len();
        self.text
            .push_str(&"\n".repeat((lines + 1).saturating_sub(there)));
    }

    /// A blank line, should another one follow in this block.
    pub fn want_blank(&mut self) {
        self.wants_blank = true;
    }

    /// A line after which the text is indented, up to [`Source::close`].
    pub fn open(&mut self, text: &str) {
        self.line(text);
        self.depth += 1;
    }

    pub fn close(&mut self) {
        self.wants_blank = false;
        self.depth -= 1;
    }

    /// How many characters there are left on a line.
    pub fn width(&self) -> usize {
        WIDTH - self.depth * 4
    }

    /// Whether a line of that text is short enough.
    pub fn fits(&self, text: &str) -> bool {
        text.chars().count() <= self.width()
    }

    /// An expression between two texts, on as few lines as it takes.
    pub fn expr(&mut self, before: &str, expr: &Expr, after: &str) {
        let whole = format!("{before}{}{after}", expr.flat());
        let Expr::Call(function, arguments) = expr else {
            return self.line(&whole);
        };
        if self.fits(&whole) || arguments.is_empty() {
            return self.line(&whole);
        }
        if !before.is_empty() && !self.fits(&format!("{before}{function}(")) {
            self.open(&format!("{before}("));
            self.expr("", expr, "");
            self.close();
            return self.line(&format!("){after}"));
        }
        self.open(&format!("{before}{function}("));
        self.arguments(arguments);
        self.close();
        self.line(&format!("){after}"));
    }

    fn arguments(&mut self, arguments: &[Expr]) {
        let joined = flat(arguments);
        match arguments {
            [one] => self.expr("", one, ""),
            _ if self.fits(&joined) => self.line(&joined),
            many => many.iter().for_each(|argument| self.expr("", argument, ",")),
        }
    }

    /// The head of a method; its body is indented, up to [`Source::close`].
    pub fn method(&mut self, name: &str, parameters: &[String], returned: &str) {
        let joined = parameters.join(", ");
        let whole = format!("def {name}({joined}) -> {returned}:");
        if self.fits(&whole) {
            return self.open(&whole);
        }
        self.open(&format!("def {name}("));
        if self.fits(&joined) && parameters.len() > 1 {
            self.line(&joined);
        } else {
            parameters
                .iter()
                .for_each(|parameter| self.line(&format!("{parameter},")));
        }
        self.close();
        self.open(&format!(") -> {returned}:"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expr: &Expr, expected: &str) {
        let mut source = Source::default();
        source.open("if x:");
        source.expr("y = ", expr, "");
        assert_eq!(source.into_text(), format!("if x:\n{expected}"));
    }

    #[test]
    fn calls_are_split_from_the_outside() {
        let long = |length: usize| Expr::atom("a".repeat(length));
        check(
            &Expr::call("f", [long(77)]),
            &format!("    y = f({})\n", "a".repeat(77)),
        );
        check(
            &Expr::call("f", [long(78)]),
            &format!("    y = f(\n        {}\n    )\n", "a".repeat(78)),
        );
        let (one, other) = ("a".repeat(40), "a".repeat(38));
        let two = Expr::call("f", [long(40), long(38)]);
        check(&two, &format!("    y = f(\n        {one}, {other}\n    )\n"));
        let inner = Expr::call("f", [Expr::call("g", [long(40), long(38)])]);
        let lines = format!("            {one},\n            {other},\n");
        check(
            &inner,
            &format!("    y = f(\n        g(\n{lines}        )\n    )\n"),
        );
    }
}
