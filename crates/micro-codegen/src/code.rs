//! Text of Rust, laid out as rustfmt leaves it.
//!
//! Knows only the shapes that the generator emits.

/// How wide rustfmt lets a thing be on one line; the parts are its shares of `max_width`.
#[derive(Clone, Copy)]
struct Widths {
    line: usize,
    attribute_args: usize,
    call_args: usize,
    chain: usize,
    array: usize,
}

impl Widths {
    fn new(line: usize) -> Self {
        let share = |tenths: usize| line * tenths / 10;
        let (call_args, chain, array) = (share(6), share(6), share(6));
        Widths {
            line,
            attribute_args: share(7),
            call_args,
            chain,
            array,
        }
    }
}

/// A piece of source code that grows line by line.
pub struct Code {
    text: String,
    depth: usize,
    widths: Widths,
}

impl Code {
    /// No text yet; lines may become `width` characters long.
    pub fn new(width: usize) -> Self {
        Code {
            text: String::new(),
            depth: 0,
            widths: Widths::new(width),
        }
    }

    /// No text yet, and one step further in.
    pub fn inner(&self) -> Self {
        Code {
            text: String::new(),
            depth: self.depth + 1,
            widths: self.widths,
        }
    }

    /// No text yet, at the same depth.
    pub fn sibling(&self) -> Self {
        Code {
            text: String::new(),
            ..*self
        }
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

    /// A line between two indented parts.
    pub fn reopen(&mut self, text: &str) {
        self.close(text);
        self.depth += 1;
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
        if inner.len() <= self.widths.attribute_args && self.fits(&whole) {
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

    /// `head(param, param) -> result` followed by `end`: `;`, or ` {` up to [`Code::close`].
    pub fn signature(&mut self, head: &str, params: &[String], result: &str, end: &str) {
        let arrow = if result.is_empty() {
            String::new()
        } else {
            format!(" -> {result}")
        };
        let start = format!("{head}({})", params.join(", "));
        let whole = format!("{start}{arrow}{end}");
        if end == ";" && self.fits(&whole) && !self.fits(&format!("{whole} ")) {
            // rustfmt leaves room for a brace, and notices only then that there is none.
            self.line(&start);
            self.line(&format!("{}{end}", arrow.trim_start()));
        } else if self.fits(&whole) {
            self.line(&whole);
        } else {
            self.open(&format!("{head}("));
            params.iter().for_each(|param| self.line(&format!("{param},")));
            self.close(&format!("){arrow}{end}"));
        }
        self.depth += usize::from(end.ends_with('{'));
    }

    /// `pub struct Name(Type);`
    pub fn tuple_struct(&mut self, name: &str, kind: &str) {
        let whole = format!("pub struct {name}({kind});");
        if self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(&format!("pub struct {name}("));
        self.line(&format!("{kind},"));
        self.close(");");
    }

    /// `Bound: Fn(A, B) -> R,`, a line of a where clause.
    pub fn bound(&mut self, name: &str, args: &[&str], result: &str) {
        let whole = format!("{name}: Fn({}) -> {result},", args.join(", "));
        if self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(&format!("{name}: Fn("));
        args.iter().for_each(|arg| self.line(&format!("{arg},")));
        self.close(&format!(") -> {result},"));
    }

    /// `before receiver.method(args) end`, where `end` may begin with `.await`.
    pub fn chain(&mut self, before: &str, receiver: &str, call: (&str, &[&str]), end: &str) {
        let (method, args) = call;
        let call = format!(".{method}({})", args.join(", "));
        // A mark that ends the statement or the item is no part of the chain.
        let chain = format!("{receiver}{call}{}", end.trim_end_matches([';', ',']));
        let whole = format!("{before}{receiver}{call}{end}");
        if chain.len() <= self.widths.chain && self.fits(&whole) {
            return self.line(&whole);
        }
        let (tail, end) = if end.starts_with(".await") {
            ("", Some(end))
        } else {
            (end, None)
        };
        self.open(&format!("{before}{receiver}"));
        self.call(&format!(".{method}"), args, tail);
        end.into_iter().for_each(|end| self.line(end));
        self.depth -= 1;
    }

    /// `head(args) end`
    pub fn call(&mut self, head: &str, args: &[&str], end: &str) {
        let text = args.join(", ");
        let whole = format!("{head}({text}){end}");
        if text.len() <= self.widths.call_args && self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(&format!("{head}("));
        args.iter().for_each(|arg| self.line(&format!("{arg},")));
        self.close(&format!("){end}"));
    }

    /// `outer(inner(arg, arg))` followed by `end`
    pub fn wrapped_call(&mut self, outer: &str, inner: &str, args: &[&str], end: &str) {
        let call = format!("{inner}({})", args.join(", "));
        let whole = format!("{outer}({call}){end}");
        if call.len() <= self.widths.call_args && self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(&format!("{outer}({inner}("));
        args.iter().for_each(|arg| self.line(&format!("{arg},")));
        self.close(&format!(")){end}"));
    }

    /// `head([a.method(), b.method()])`
    pub fn call_with_each(&mut self, head: &str, receivers: &[String], method: &str) {
        let items: Vec<_> = receivers.iter().map(|it| format!("{it}.{method}()")).collect();
        let array = format!("[{}]", items.join(", "));
        let whole = format!("{head}({array})");
        if array.len() <= self.widths.array && self.fits(&whole) {
            return self.line(&whole);
        }
        self.open(&format!("{head}(["));
        receivers
            .iter()
            .for_each(|it| self.chain("", it, (method, &[]), ","));
        self.close("])");
    }

    /// `head value`, a value that goes on below and is indented, up to [`Code::close_value`].
    pub fn open_value(&mut self, head: &str, value: &str) -> bool {
        let whole = format!("{head} {value}");
        let is_broken = !self.fits(&whole);
        match is_broken {
            true => {
                self.open(head);
                self.open(value);
            }
            false => self.open(&whole),
        }
        is_broken
    }

    pub fn close_value(&mut self, text: &str, is_broken: bool) {
        self.close(text);
        self.depth -= usize::from(is_broken);
    }

    fn fits(&self, text: &str) -> bool {
        self.depth * 4 + text.chars().count() <= self.widths.line
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
