//! Text of Rust, laid out as rustfmt leaves it.
//!
//! Knows only the shapes that the generator emits. The widths are rustfmt's defaults.

const LINE: usize = 100;
const ATTRIBUTE_ARGS: usize = 70;
const CALL_ARGS: usize = 60;
const CHAIN: usize = 60;

/// A piece of source code that grows line by line.
#[derive(Default)]
pub struct Code {
    text: String,
    depth: usize,
}

impl Code {
    pub fn new(depth: usize) -> Self {
        Code { text: String::new(), depth }
    }

    pub fn depth(&self) -> usize {
        self.depth
    }

    pub fn into_text(self) -> String {
        self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn line(&mut self, text: &str) {
        self.text.push_str(&"    ".repeat(self.depth));
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A blank line, unless nothing or an opening brace stands before it.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("{\n") && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line after which the text is indented, up to [`Code::close`].
    pub fn open(&mut self, text: &str) {
        self.line(text);
        self.depth += 1;
    }

    pub fn close(&mut self, text: &str) {
        self.depth -= 1;
        self.line(text);
    }

    /// Text that is laid out already.
    pub fn append(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn docs(&mut self, lines: &[String]) {
        self.comment("///", lines);
    }

    pub fn comment(&mut self, mark: &str, lines: &[String]) {
        for line in lines {
            self.line(format!("{mark} {line}").trim_end());
        }
    }

    /// `#[name(arg, arg)]`
    pub fn attribute(&mut self, name: &str, args: &[String]) {
        let inner = args.join(", ");
        let whole = format!("#[{name}({inner})]");
        if inner.len() <= ATTRIBUTE_ARGS && self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(&format!("#[{name}("));
        for (index, arg) in args.iter().enumerate() {
            let comma = if index + 1 < args.len() { "," } else { "" };
            self.line(&format!("{arg}{comma}"));
        }
        self.close(")]");
    }

    /// `#[derive(A, B)]`, which rustfmt fills instead of listing.
    pub fn derive(&mut self, traits: &str) {
        let whole = format!("#[derive({traits})]");
        if self.fits(&whole) {
            return self.line(&whole);
        }
        self.open("#[derive(");
        self.line(&format!("{traits},"));
        self.close(")]");
    }

    /// `name: Type,`, over several lines if need be.
    pub fn member(&mut self, name: &str, kind: &str) {
        let whole = format!("{name}: {kind},");
        if self.fits(&whole) {
            return self.line(&whole);
        }
        let below = format!("{kind},");
        if self.fits(&format!("    {below}")) {
            self.open(&format!("{name}:"));
            self.line(&below);
            self.depth -= 1;
            return;
        }
        self.break_type(&format!("{name}: "), kind);
    }

    fn break_type(&mut self, prefix: &str, kind: &str) {
        let Some((head, args)) = kind.strip_suffix('>').and_then(|it| it.split_once('<')) else {
            return self.line(&format!("{prefix}{kind},"));
        };
        self.open(&format!("{prefix}{head}<"));
        for arg in split_args(args) {
            match self.fits(&format!("{arg},")) {
                true => self.line(&format!("{arg},")),
                false => self.break_type("", arg),
            }
        }
        self.close(">,");
    }

    /// `head(param, param) -> result` followed by `end`, which is `;` or ` {`.
    pub fn signature(&mut self, head: &str, params: &[String], result: &str, end: &str) {
        let arrow = if result.is_empty() { String::new() } else { format!(" -> {result}") };
        let whole = format!("{head}({}){arrow}{end}", params.join(", "));
        if self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(&format!("{head}("));
        for param in params {
            self.parameter(param);
        }
        self.close(&format!("){arrow}{end}"));
    }

    fn parameter(&mut self, param: &str) {
        if self.fits(&format!("{param},")) {
            return self.line(&format!("{param},"));
        }
        // Too long a list of bounds is broken before each plus.
        let bounds: Vec<&str> = param.split(" + ").collect();
        for (index, bound) in bounds.iter().enumerate() {
            let plus = if index == 0 { "" } else { "+ " };
            let comma = if index + 1 == bounds.len() { "," } else { "" };
            self.line(&format!("{plus}{bound}{comma}"));
        }
    }

    /// `before receiver.method(args).await end`
    pub fn awaited_call(
        &mut self,
        before: &str,
        receiver: &str,
        method: &str,
        args: &[&str],
        end: &str,
    ) {
        let args_text = args.join(", ");
        // What follows the call, less the semicolon, counts as part of the chain.
        let tail = end.trim_end_matches(';');
        let chain = format!("{receiver}.{method}({args_text}).await{tail}");
        if chain.len() <= CHAIN && self.fits(&format!("{before}{chain};")) {
            return self.line(&format!("{before}{receiver}.{method}({args_text}).await{end}"));
        }
        self.open(&format!("{before}{receiver}"));
        let call = format!(".{method}({args_text})");
        if args_text.len() <= CALL_ARGS && self.fits(&call) {
            self.line(&call);
        } else {
            self.open(&format!(".{method}("));
            args.iter().for_each(|arg| self.line(&format!("{arg},")));
            self.close(")");
        }
        self.line(&format!(".await{end}"));
        self.depth -= 1;
    }

    /// `before function(args) after`
    pub fn call(&mut self, before: &str, args: &[&str], after: &str) {
        let args_text = args.join(", ");
        let whole = format!("{before}({args_text}){after}");
        if args_text.len() <= CALL_ARGS && self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(&format!("{before}("));
        args.iter().for_each(|arg| self.line(&format!("{arg},")));
        self.close(&format!("){after}"));
    }

    fn fits(&self, text: &str) -> bool {
        self.depth * 4 + text.chars().count() <= LINE
    }
}

/// Splits `A, B<C, D>` at its outer commas.
fn split_args(args: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0usize, 0, Vec::new());
    for (index, character) in args.char_indices() {
        match character {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(args[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(args[start..].trim());
    parts
}
