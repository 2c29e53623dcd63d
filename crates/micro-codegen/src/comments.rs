//! Comments of a contract, as Rust documentation.

use std::collections::BTreeMap;

use prost_types::FileDescriptorProto;
use prost_types::source_code_info::Location;

/// What stands beside each element of a file; an element is named by its path, as descriptors do.
pub struct Comments<'a> {
    locations: BTreeMap<&'a [i32], &'a Location>,
}

impl<'a> Comments<'a> {
    pub fn new(file: &'a FileDescriptorProto) -> Self {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        Comments {
            locations: locations.map(|it| (it.path.as_slice(), it)).collect(),
        }
    }

    /// The lines of documentation of an element.
    pub fn docs(&self, path: &[i32]) -> Vec<String> {
        let Some(location) = self.locations.get(path) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for comment in [location.leading_comments(), location.trailing_comments()] {
            let block = clean(comment);
            if !lines.is_empty() && !block.is_empty() {
                lines.push(String::new());
            }
            lines.extend(block);
        }
        lines
    }

    /// The lines of the comment of an element as they were written.
    pub fn text(&self, path: &[i32]) -> Vec<String> {
        let location = self.locations.get(path);
        let comments = location.map(|location| [location.leading_comments(), location.trailing_comments()]);
        let mut lines = Vec::new();
        for comment in comments.into_iter().flatten() {
            let text = comment.trim_end().lines().map(str::trim_end);
            let block: Vec<_> = text.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
            let blank = block.iter().take_while(|line| line.is_empty()).count();
            if !lines.is_empty() && blank < block.len() {
                lines.push(String::new());
            }
            lines.extend(block[blank..].iter().map(|line| (*line).to_owned()));
        }
        lines
    }

    /// Whether the element stands in the file.
    pub fn has(&self, path: &[i32]) -> bool {
        self.locations.contains_key(path)
    }

    /// The line, counted from 1, where an element stands; 1 if that is not known.
    pub fn line(&self, path: &[i32]) -> usize {
        let start = self
            .locations
            .get(path)
            .and_then(|location| location.span.first());
        start.and_then(|line| usize::try_from(*line).ok()).unwrap_or(0) + 1
    }
}

/// Turns a comment into Markdown that rustdoc renders as it was meant: no accidental code block,
/// which would be compiled as a test, and no accidental link.
fn clean(comment: &str) -> Vec<String> {
    let mut in_fence = false;
    let mut lines: Vec<String> = Vec::new();
    for line in comment.trim_end().lines() {
        let line = line.trim_end();
        let line = line.strip_prefix(' ').unwrap_or(line);
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
            let bare = in_fence && line.trim() == "```";
            lines.push(if bare {
                format!("{line}text")
            } else {
                line.to_owned()
            });
        } else if in_fence {
            lines.push(line.to_owned());
        } else {
            lines.push(prose(line));
        }
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.split_off(blank)
}

fn prose(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let mut text = " ".repeat(indent.min(3));
    let mut in_code = false;
    for character in line.trim_start().chars() {
        in_code ^= character == '`';
        if !in_code && matches!(character, '[' | ']' | '<') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_harmless_markdown() {
        let check = |comment: &str, expected: &[&str]| assert_eq!(clean(comment), expected);
        check("", &[]);
        check(" One.\n Two.\n", &["One.", "Two."]);
        check("\n list[0] is `list[0]`\n", &["list\\[0\\] is `list[0]`"]);
        check("      deep\n", &["   deep"]);
        check(" ```\n let x = [1];\n ```\n", &["```text", "let x = [1];", "```"]);
    }
}
