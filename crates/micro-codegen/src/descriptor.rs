//! The compiled contract as a constant, for reflection.

use crate::generate::{Scope, head};

pub fn file(scope: &Scope<'_>, descriptor_set: &[u8]) -> String {
    let mut code = head(scope);
    code.line("/// The contract and all that it imports: a serialised `FileDescriptorSet`.");
    code.line("pub const FILE_DESCRIPTOR_SET: &[u8] = b\"\\");
    let mut text = code.into_text();
    for line in literal(descriptor_set, scope.width - 5) {
        text.push_str(&format!("    {line}\\\n"));
    }
    text.push_str("    \";\n");
    text
}

/// Lines of a byte string, at most `width` long. A line ends in a backslash that skips the white space after it, so no
/// line begins with a space of its own.
fn literal(bytes: &[u8], width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for &byte in bytes {
        let is_first = lines.last().is_some_and(String::is_empty);
        let text = match byte {
            b'\n' => "\\n".to_owned(),
            b'"' | b'\\' => format!("\\{}", byte as char),
            b' ' if is_first => "\\x20".to_owned(),
            b' '..=b'~' => (byte as char).to_string(),
            _ => format!("\\x{byte:02x}"),
        };
        match lines.last_mut() {
            Some(line) if line.len() + text.len() <= width => line.push_str(&text),
            _ => lines.push(if byte == b' ' { "\\x20".to_owned() } else { text }),
        }
    }
    lines
}
