//! Comments of a contract as Go's documentation, laid out as gofmt leaves it.
//!
//! gofmt rewrites the comments of declarations: it knows paragraphs, headings, lists and indented code, and moves whatever
//! resembles one of them. What people write in contracts is closer to Markdown; it is read as that, and written as blocks
//! that cannot be taken for anything else.

/// A part of a comment; there is a blank line between two of them.
enum Block {
    Text(Vec<String>),
    Heading(String),
    Code(Vec<String>),
    /// Each item's marker and lines.
    List(Vec<(String, Vec<String>)>),
}

/// The comment of the declaration `name`, with its marks.
pub(super) fn format(name: &str, lines: &[String]) -> Vec<String> {
    let blocks = separate(name, parse(lines));
    let mut text = Vec::new();
    for index in 0..blocks.len() {
        if index > 0 {
            text.push("//".to_owned());
        }
        let is_followed = matches!(blocks.get(index + 1), Some(Block::Text(_) | Block::Heading(_)));
        blocks[index].write(index > 0 && is_followed, &mut text);
    }
    text
}

/// Puts a paragraph where indented blocks would be taken for one, or for plain text at the beginning.
fn separate(name: &str, blocks: Vec<Block>) -> Vec<Block> {
    let mut separated: Vec<Block> = Vec::new();
    for block in blocks {
        let between = match (separated.last(), &block) {
            (None, Block::Heading(_) | Block::Code(_) | Block::List(_)) => Some(format!("{name}:")),
            (Some(Block::List(_)), Block::Code(_)) => Some("As code:".to_owned()),
            (Some(Block::Code(_)), Block::List(_)) => Some("Then:".to_owned()),
            _ => None,
        };
        separated.extend(between.map(|line| Block::Text(vec![line])));
        separated.push(block);
    }
    separated
}

impl Block {
    fn write(&self, is_between: bool, text: &mut Vec<String>) {
        match self {
            Block::Heading(line) => text.push(format!("// # {line}")),
            Block::Text(lines) => match lines.as_slice() {
                [line] if is_between && resembles_heading(line) => text.push(format!("// # {line}")),
                lines => text.extend(lines.iter().map(|line| format!("// {line}"))),
            },
            Block::Code(lines) => text.extend(lines.iter().map(|line| match line.as_str() {
                "" => "//".to_owned(),
                line => format!("//\t{line}"),
            })),
            Block::List(items) => {
                for (marker, lines) in items {
                    for (index, line) in lines.iter().enumerate() {
                        let before = if index == 0 { marker } else { "   " };
                        text.push(format!("// {before} {line}"));
                    }
                }
            }
        }
    }
}

/// A paragraph of one line that may be an old-fashioned heading.
fn resembles_heading(line: &str) -> bool {
    line.starts_with(char::is_uppercase)
        && line.ends_with(char::is_alphanumeric)
        && !line.contains(|it| ";:!?+*/=[]{}_^°&§~%#@<\">\\".contains(it))
}

fn parse(lines: &[String]) -> Vec<Block> {
    let mut parser = Parser {
        blocks: Vec::new(),
        is_after_blank: true,
    };
    let mut rest = lines.iter();
    while let Some(line) = rest.next() {
        let line = printable(line);
        if line.trim_start().starts_with("```") {
            let inner = rest.by_ref().map(|line| printable(line));
            let code: Vec<_> = inner
                .take_while(|line| !line.trim_start().starts_with("```"))
                .collect();
            parser.fenced(&line, code);
        } else {
            parser.take(&line);
        }
    }
    for block in &mut parser.blocks {
        if let Block::Code(lines) = block {
            outdent(lines);
        }
    }
    parser
        .blocks
        .retain(|block| !matches!(block, Block::Code(lines) if lines.is_empty()));
    parser.blocks
}

struct Parser {
    blocks: Vec<Block>,
    is_after_blank: bool,
}

impl Parser {
    fn fenced(&mut self, fence: &str, mut code: Vec<String>) {
        // Code that begins like a list would become one.
        if code
            .iter()
            .find(|line| !line.is_empty())
            .is_some_and(|line| list_item(line).is_some())
        {
            code.insert(0, fence.trim().to_owned());
            code.push("```".to_owned());
        }
        self.blocks.push(Block::Code(code));
        self.is_after_blank = true;
    }

    fn take(&mut self, line: &str) {
        let is_after_blank = std::mem::replace(&mut self.is_after_blank, line.is_empty());
        let is_indented = line.starts_with("    ") || line.starts_with('\t');
        if let Some((marker, text)) = list_item(line) {
            return self.item(marker, text);
        }
        match self.blocks.last_mut() {
            Some(Block::Code(lines)) if is_indented || line.is_empty() => lines.push(line.to_owned()),
            _ if line.is_empty() => {}
            Some(Block::List(items)) if !is_after_blank || line.starts_with(' ') => {
                if let Some((_, lines)) = items.last_mut() {
                    lines.push(prose(line));
                }
            }
            _ if is_indented && is_after_blank => self.blocks.push(Block::Code(vec![line.to_owned()])),
            _ if line.starts_with('#') && !line.trim_matches(['#', ' ']).is_empty() => {
                let heading = prose(line.trim_start_matches('#'));
                self.blocks.push(Block::Heading(heading));
                self.is_after_blank = true;
            }
            Some(Block::Text(lines)) if !is_after_blank => lines.push(prose(line)),
            _ => self.blocks.push(Block::Text(vec![prose(line)])),
        }
    }

    fn item(&mut self, marker: String, text: &str) {
        match self.blocks.last_mut() {
            Some(Block::List(items)) => {
                let is_numbered = |marker: &str| marker.ends_with('.');
                let is_alike = items
                    .first()
                    .is_some_and(|(first, _)| is_numbered(first) == is_numbered(&marker));
                match items.last_mut() {
                    // A list has one kind of marker; the other one is text.
                    Some((_, lines)) if !is_alike => lines.push(format!("{} {}", marker.trim(), prose(text))),
                    _ => items.push((marker, vec![prose(text)])),
                }
            }
            _ => self.blocks.push(Block::List(vec![(marker, vec![prose(text)])])),
        }
    }
}

/// The marker of a list's item as gofmt writes it, and the item's text.
fn list_item(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    let text = line.strip_prefix(['-', '*', '+', '•']);
    let (marker, text) = match text {
        Some(text) => ("  -".to_owned(), text),
        None => {
            let digits = line.bytes().take_while(u8::is_ascii_digit).count();
            let text = line[digits..].strip_prefix(['.', ')']).filter(|_| digits > 0)?;
            (format!(" {}.", &line[..digits]), text)
        }
    };
    (text.starts_with([' ', '\t']) && !text.trim().is_empty()).then(|| (marker, text.trim()))
}

/// The line without what a source file of Go cannot hold.
fn printable(line: &str) -> String {
    let kept = line
        .chars()
        .filter(|it| *it == '\t' || !(it.is_control() || *it == '\u{FEFF}'));
    kept.collect::<String>().trim_end().to_owned()
}

/// A line of text without what gofmt would replace: doubled quotes, and definitions of links.
fn prose(line: &str) -> String {
    let mut text = line.trim().to_owned();
    while text.contains("``") {
        text = text.replace("``", "`");
    }
    text = text.replace("''", "\"");
    match text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((name, rest)) => format!("{name}:{rest}"),
        None => text,
    }
}

/// Takes away the blank lines around, and the indentation that all lines share.
fn outdent(lines: &mut Vec<String>) {
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.drain(..blank);
    let indentation = |line: &String| line.len() - line.trim_start_matches([' ', '\t']).len();
    let Some(first) = lines.first().cloned() else {
        return;
    };
    let others = lines.iter().filter(|line| !line.is_empty());
    let shared = others.fold(indentation(&first), |shared, line| {
        let common = first
            .bytes()
            .zip(line.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        shared.min(common)
    });
    for line in lines.iter_mut().filter(|line| !line.is_empty()) {
        line.drain(..shared);
    }
}
