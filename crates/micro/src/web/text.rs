//! Text as it stands in HTML and in addresses.

use std::fmt::Write as _;

/// Text as it stands in HTML, between tags and in quoted attributes: for who writes HTML without a template, which does it by
/// itself.
///
/// ```
/// assert_eq!(micro::web::escaped("<b title='x'>"), "&lt;b title=&#39;x&#39;&gt;");
/// ```
pub fn escaped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => whole.push_str("&amp;"),
            '<' => whole.push_str("&lt;"),
            '>' => whole.push_str("&gt;"),
            '"' => whole.push_str("&quot;"),
            '\'' => whole.push_str("&#39;"),
            letter => whole.push(letter),
        }
    }
    whole
}

/// A part of a path as it stands in a URL.
pub(super) fn in_path(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(byte.into());
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
