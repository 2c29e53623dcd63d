//! Tells cargo's progress from what the compiler has to say.

/// The longest message that is kept.
const MESSAGE_BYTES: usize = 8 * 1024;

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

/// Cargo's output so far.
#[derive(Default)]
pub struct Output {
    partial: Vec<u8>,
    messages: String,
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
        let line = without_escapes(&String::from_utf8_lossy(&bytes));
        let line = line.trim_end();
        if let Some(progress) = progress(line) {
            return vec![Seen::Progress(progress)];
        }
        if is_remark(line) || (line.is_empty() && (is_overwritten || self.messages.is_empty())) {
            return Vec::new();
        }
        if self.messages.len() < MESSAGE_BYTES * 4 {
            self.messages.push_str(line);
            self.messages.push('\n');
        }
        vec![Seen::Message(line.to_owned())]
    }

    /// The errors among the messages, if there are any: from the first on, without the warnings in between.
    pub fn error(&self) -> Option<String> {
        let blocks = self.messages.split("\n\n").map(str::trim_end);
        let errors = blocks.skip_while(|block| !block.starts_with("error"));
        let kept: Vec<&str> = errors
            .filter(|block| !block.starts_with("warning") && !block.is_empty())
            .collect();
        let mut text = kept.join("\n\n");
        if text.len() > MESSAGE_BYTES {
            text.truncate(text.floor_char_boundary(MESSAGE_BYTES));
            text.push_str("\n... (the log has all of it)");
        }
        let everything = || Some(self.messages.trim().to_owned()).filter(|all| !all.is_empty());
        Some(text).filter(|text| !text.is_empty()).or_else(everything)
    }
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

/// The text without terminal control sequences: the progress bar brings some even where colours are off.
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
            assert_eq!(output.error().unwrap(), ERROR);
        }
    }

    #[test]
    fn causes_belong_to_the_error() {
        let mut output = Output::default();
        output.feed(b"error: failed to load\n\nCaused by:\n  no such host\n");
        assert_eq!(
            output.error().unwrap(),
            "error: failed to load\n\nCaused by:\n  no such host"
        );
        assert_eq!(Output::default().error(), None);
    }
}
