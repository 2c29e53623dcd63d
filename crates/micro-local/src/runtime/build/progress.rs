//! Tells cargo's progress from what the compiler has to say.
//!
//! The compiler is asked for its colours. Everything is told apart, and written into the log, without them; what went wrong
//! is kept with them too, for who reads it on a terminal.

/// The longest message that is kept.
const MESSAGE_BYTES: usize = 8 * 1024;

/// What cargo takes its progress bar away with before it says something else.
const ERASE: &str = "\u{1b}[K";

/// The words at the beginning of cargo's remarks on its own work.
const REMARKS: &[&str] = &[
    "Adding",
    "Blocking",
    "Building",
    "Checking",
    "Compiling",
    "Dirty",
    "Downloaded",
    "Downloading",
    "Finished",
    "Fresh",
    "Locking",
    "Packaging",
    "Removing",
    "Unpacking",
    "Updating",
];

/// One piece of cargo's output.
#[derive(Debug, PartialEq)]
pub enum Seen {
    /// What it is at.
    Progress(String),
    /// What people should read.
    Message(String),
}

/// Why a build, or what came after it, failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    pub plain: String,
    /// The same as the compiler shows it on a terminal, if it is the compiler's.
    pub coloured: Option<String>,
}

impl<T: Into<String>> From<T> for Reason {
    fn from(plain: T) -> Self {
        Self {
            plain: plain.into(),
            coloured: None,
        }
    }
}

/// Cargo's output so far.
#[derive(Default)]
pub struct Output {
    partial: Vec<u8>,
    messages: Vec<Line>,
    message_bytes: usize,
}

/// A line that people should read.
struct Line {
    plain: String,
    coloured: String,
}

impl Output {
    /// What the next bytes bring. A line may be overwritten in place, so that a carriage return ends one too.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Seen> {
        let mut seen = Vec::new();
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || piece.ends_with(b"\r") {
                seen.extend(self.rest());
            }
        }
        seen
    }

    /// What came behind the last line's end.
    pub fn rest(&mut self) -> Vec<Seen> {
        let bytes = std::mem::take(&mut self.partial);
        if bytes.is_empty() {
            return Vec::new();
        }
        let is_overwritten = bytes.ends_with(b"\r");
        let text = String::from_utf8_lossy(&bytes);
        let plain = without_escapes(&text);
        let plain = plain.trim_end();
        if let Some(progress) = progress(plain) {
            return vec![Seen::Progress(progress)];
        }
        if is_remark(plain) || (plain.is_empty() && (is_overwritten || self.messages.is_empty())) {
            return Vec::new();
        }
        if self.message_bytes < MESSAGE_BYTES * 4 {
            self.message_bytes += plain.len() + 1;
            self.messages.push(Line {
                plain: plain.to_owned(),
                coloured: text.trim_end().trim_start_matches(ERASE).to_owned(),
            });
        }
        vec![Seen::Message(plain.to_owned())]
    }

    /// The errors among the messages, if there are any: from the first on, without the warnings in between.
    pub fn error(&self) -> Option<Reason> {
        let blocks = || self.messages.split(|line| line.plain.is_empty());
        let begins =
            |block: &&[Line], word: &str| block.first().is_some_and(|line| line.plain.starts_with(word));
        let errors: Vec<&[Line]> = blocks()
            .skip_while(|block| !begins(block, "error"))
            .filter(|block| !block.is_empty() && !begins(block, "warning"))
            .collect();
        let everything = || blocks().filter(|block| !block.is_empty()).collect();
        let kept: Vec<&[Line]> = if errors.is_empty() { everything() } else { errors };
        (!kept.is_empty()).then(|| Reason {
            plain: joined(&kept, |line| &line.plain),
            coloured: Some(joined(&kept, |line| &line.coloured)),
        })
    }
}

/// The blocks as text, as much of it as is kept.
fn joined(blocks: &[&[Line]], text_of: impl Fn(&Line) -> &str) -> String {
    let mut text = String::new();
    let mut plain_bytes = 0;
    for (at, block) in blocks.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { "\n\n" });
        for (number, line) in block.iter().enumerate() {
            plain_bytes += line.plain.len() + 1;
            if plain_bytes > MESSAGE_BYTES {
                text.push_str("\n... (the log has all of it)");
                return text;
            }
            text.push_str(if number == 0 { "" } else { "\n" });
            text.push_str(text_of(line));
        }
    }
    text
}

/// `Building [===>   ] 34/90: tokio, h2` is `Compiling 34/90 tokio`; `Compiling tokio v1.0.0` alone counts too.
fn progress(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(bar) = line.strip_prefix("Building [") {
        let (_, counts) = bar.split_once("] ")?;
        let (counts, names) = counts
            .split_once(": ")
            .unwrap_or((counts.trim_end_matches(':'), ""));
        let name = names
            .split([',', '('])
            .next()
            .unwrap_or("")
            .trim_end_matches("...")
            .trim();
        return Some(format!("Compiling {counts} {name}").trim_end().to_owned());
    }
    let (verb, rest) = line.split_once(' ')?;
    match verb {
        "Compiling" | "Downloading" | "Downloaded" | "Updating" => {
            Some(format!("{verb} {}", rest.split(" (").next().unwrap_or(rest)))
        }
        "Blocking" => Some(format!("{verb} {rest}")),
        _ => None,
    }
}

/// Cargo's remarks are set to the right; what the compiler says is not, and does not begin with these words.
fn is_remark(line: &str) -> bool {
    line.starts_with(' ')
        && line
            .split_whitespace()
            .next()
            .is_some_and(|word| REMARKS.contains(&word))
}

/// The text without terminal control sequences.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
        } else if characters.next() == Some('[') {
            // A sequence ends with its first letter.
            for parameter in characters.by_ref() {
                if parameter.is_ascii_alphabetic() {
                    break;
                }
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "    Updating crates.io index\n   Compiling proc-macro2 v1.0.1\n\
        \u{1b}[K    Building [=======>           ] 34/90: tokio, h2(build.rs)...\r\u{1b}[K   Compiling greeter v0.1.0 (/x/greeter)\n\
        warning: unused variable: `x`\n --> src/main.rs:2:9\n\n\
        error[E0308]: mismatched types\n --> src/main.rs:3:18\n  |\n3 |     let n: u32 = \"x\";\n\n\
        warning: `greeter` generated 1 warning\n\
        error: could not compile `greeter` (bin \"greeter\") due to 1 previous error\n";

    const ERROR: &str =
        "error[E0308]: mismatched types\n --> src/main.rs:3:18\n  |\n3 |     let n: u32 = \"x\";";

    #[test]
    fn progress_and_messages_are_told_apart() {
        for step in [1, 7, OUTPUT.len()] {
            let mut output = Output::default();
            let mut seen: Vec<Seen> = OUTPUT
                .as_bytes()
                .chunks(step)
                .flat_map(|bytes| output.feed(bytes))
                .collect();
            seen.extend(output.rest());
            let progress: Vec<&str> = seen
                .iter()
                .filter_map(|seen| match seen {
                    Seen::Progress(text) => Some(text.as_str()),
                    Seen::Message(_) => None,
                })
                .collect();
            assert_eq!(
                progress,
                [
                    "Updating crates.io index",
                    "Compiling proc-macro2 v1.0.1",
                    "Compiling 34/90 tokio",
                    "Compiling greeter v0.1.0",
                ]
            );
            assert_eq!(output.error().unwrap().plain, ERROR);
        }
    }

    #[test]
    fn causes_belong_to_the_error() {
        let mut output = Output::default();
        output.feed(b"error: failed to load\n\nCaused by:\n  no such host\n");
        assert_eq!(
            output.error().unwrap().plain,
            "error: failed to load\n\nCaused by:\n  no such host"
        );
        assert_eq!(Output::default().error(), None);
    }

    #[test]
    fn colours_are_kept_beside_the_plain_text() {
        let mut output = Output::default();
        output.feed(b"\x1b[1m\x1b[92m   Compiling\x1b[0m greeter v0.1.0\n\x1b[K\x1b[1m\x1b[91merror\x1b[0m: no\n --> \x1b[94mx\x1b[0m\n");
        let reason = output.error().unwrap();
        assert_eq!(reason.plain, "error: no\n --> x");
        assert_eq!(
            reason.coloured.unwrap(),
            "\x1b[1m\x1b[91merror\x1b[0m: no\n --> \x1b[94mx\x1b[0m"
        );
    }

    #[test]
    fn a_long_message_is_cut_between_lines() {
        let mut output = Output::default();
        for number in 0..2_000 {
            output.feed(format!("error: line {number}\n").as_bytes());
        }
        let plain = output.error().unwrap().plain;
        assert!(plain.len() < MESSAGE_BYTES + 40);
        assert!(plain.ends_with("\n... (the log has all of it)"), "{plain}");
    }
}
