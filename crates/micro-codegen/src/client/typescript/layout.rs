//! Text of TypeScript, laid out as prettier leaves it.
//!
//! Knows only the shapes that the generator emits.

/// How long prettier lets a line become.
const WIDTH: usize = 80;

/// Where the line before a block was broken.
pub enum Block {
    /// Nowhere.
    Whole,
    /// Behind the call's bracket.
    InCall,
    /// Before the call.
    Below,
}

/// A piece of source code that grows line by line.
#[derive(Default)]
pub struct Text {
    text: String,
    depth: usize,
}

impl Text {
    pub fn into_string(self) -> String {
        self.text
    }

    pub fn line(&mut self, line: &str) {
        if !line.is_empty() {
            self.text.push_str(&"  ".repeat(self.depth));
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A blank line, unless nothing, an opening brace or a blank line stands before it.
    pub fn gap(&mut self) {
        let is_open = self.text.ends_with("{\n") || self.text.ends_with("\n\n");
        if !self.text.is_empty() && !is_open {
            self.text.push('\n');
        }
    }

    /// A line after which the text is indented, up to [`Text::close`].
    pub fn open(&mut self, line: &str) {
        self.line(line);
        self.depth += 1;
    }

    pub fn close(&mut self, line: &str) {
        self.dedent();
        self.line(line);
    }

    /// What follows is one step further in, up to [`Text::dedent`].
    pub fn indent(&mut self) {
        self.depth += 1;
    }

    pub fn dedent(&mut self) {
        self.depth -= 1;
    }

    /// A comment that documents what follows.
    pub fn docs(&mut self, lines: &[String]) {
        let lines: Vec<_> = lines.iter().map(|line| line.replace("*/", "*\\/")).collect();
        match lines.as_slice() {
            [] => {}
            [one] => self.line(&format!("/** {one} */")),
            many => {
                self.line("/**");
                for line in many {
                    self.line(format!(" * {line}").trim_end());
                }
                self.line(" */");
            }
        }
    }

    /// `head(item, item)tail`, each item on a line of its own where one line would be too long. Brackets are the last
    /// character of `head` and the first of `tail`.
    pub fn list(&mut self, head: &str, items: &[String], comma: &str, tail: &str) {
        let whole = format!("{head}{}{tail}", items.join(", "));
        if self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(head);
        let last = items.len().saturating_sub(1);
        for (item, index) in items.iter().zip(0..) {
            let end = if index == last { comma } else { "," };
            self.line(&format!("{item}{end}"));
        }
        self.close(tail);
    }

    /// `head value`, the value on the next line where one line would be too long.
    pub fn value(&mut self, head: &str, value: &str) {
        let whole = format!("{head} {value}");
        if self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(head);
        self.line(value);
        self.dedent();
    }

    /// `head A | B;`, each member on a line of its own where they do not fit on one.
    pub fn union(&mut self, head: &str, members: &[String]) {
        let whole = format!("{head} {};", members.join(" | "));
        if self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(head);
        let whole = format!("{};", members.join(" | "));
        let last = members.len().saturating_sub(1);
        if self.fits(&whole) {
            self.line(&whole);
        } else {
            for (member, index) in members.iter().zip(0..) {
                let end = if index == last { ";" } else { "" };
                self.line(&format!("| {member}{end}"));
            }
        }
        self.dedent();
    }

    /// `head call(item, item)tail`, likewise, or with each item on a line of its own.
    pub fn call(&mut self, head: &str, call: &str, items: &[String], tail: &str) {
        let opening = format!("{head} {call}");
        let whole = format!("{opening}{}{tail}", items.join(", "));
        if self.fits(&opening) || self.fits(&whole) {
            return self.list(&opening, items, ",", tail);
        }
        self.open(head);
        self.list(call, items, ",", tail);
        self.dedent();
    }

    /// `head call(value`, where the value is a block that goes on below, up to [`Text::close_block`] with what this gives.
    pub fn open_block(&mut self, head: &str, call: &str, block: &str) -> Block {
        let opening = format!("{head} {call}");
        let whole = format!("{opening}{block}");
        if self.fits(&whole) {
            self.open(&whole);
            Block::Whole
        } else if self.fits(&opening) {
            self.open(&opening);
            self.open(block);
            Block::InCall
        } else {
            self.open(head);
            self.open(&format!("{call}{block}"));
            Block::Below
        }
    }

    /// `close` ends the block, and a `)` and a `;` the rest.
    pub fn close_block(&mut self, close: &str, block: &Block) {
        match block {
            Block::Whole => self.close(&format!("{close});")),
            Block::InCall => {
                self.close(&format!("{close},"));
                self.close(");");
            }
            Block::Below => {
                self.close(&format!("{close});"));
                self.dedent();
            }
        }
    }

    /// Whether the line is short enough here.
    pub fn fits(&self, line: &str) -> bool {
        self.depth * 2 + line.chars().count() <= WIDTH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(build: impl FnOnce(&mut Text), expected: &[&str]) {
        let mut text = Text::default();
        build(&mut text);
        text.line("end");
        assert_eq!(text.into_string(), format!("{}\nend\n", expected.join("\n")));
    }

    #[test]
    fn what_is_too_long_is_broken() {
        let [x30, x40, x70] = [30, 40, 70].map(|length| "x".repeat(length));
        let list = |text: &mut Text, item: &str| text.list("f(", &[item.into(), item.into()], ",", ");");
        check(|text| list(text, "a"), &["f(a, a);"]);
        let (item, last) = (format!("  {x40},"), format!("  {x40},"));
        check(|text| list(text, &x40), &["f(", &item, &last, ");"]);

        let call = |text: &mut Text, head: &str| text.call(head, "call(", &["abc".into()], "),");
        check(|text| call(text, &x30), &[&format!("{x30} call(abc),")]);
        let opening = format!("{x70} call(");
        check(|text| call(text, &x70), &[&opening, "  abc,", "),"]);
        let long = format!("{x70}{x30}");
        check(|text| call(text, &long), &[&long, "  call(abc),"]);

        check(|text| text.value(&x40, &x40), &[&x40, &format!("  {x40}")]);
    }

    #[test]
    fn unions_are_broken_twice() {
        let union = |text: &mut Text, length| text.union("type A =", &["x".repeat(length), "y".into()]);
        let x70 = "x".repeat(70);
        check(
            |text| union(text, 60),
            &[&format!("type A = {} | y;", "x".repeat(60))],
        );
        check(|text| union(text, 70), &["type A =", &format!("  {x70} | y;")]);
        check(
            |text| union(text, 80),
            &["type A =", &format!("  | {x70}xxxxxxxxxx"), "  | y;"],
        );
    }

    #[test]
    fn blocks_are_broken_where_it_helps() {
        let block = |text: &mut Text, head: &str| {
            let block = text.open_block(head, "call(", "({");
            text.line("a,");
            text.close_block("})", &block);
        };
        let (short, middle, long) = ("x".repeat(20), "x".repeat(73), "x".repeat(90));
        check(
            |text| block(text, &short),
            &[&format!("{short} call(({{"), "  a,", "}));"],
        );
        check(
            |text| block(text, &middle),
            &[&format!("{middle} call("), "  ({", "    a,", "  }),", ");"],
        );
        check(
            |text| block(text, &long),
            &[&long, "  call(({", "    a,", "  }));"],
        );
    }

    #[test]
    fn comments_cannot_end_early() {
        let mut text = Text::default();
        text.open("{");
        text.docs(&["a */".into()]);
        text.docs(&["a".into(), String::new(), "b".into()]);
        text.docs(&[]);
        assert_eq!(
            text.into_string(),
            "{\n  /** a *\\/ */\n  /**\n   * a\n   *\n   * b\n   */\n"
        );
    }
}
