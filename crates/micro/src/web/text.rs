//! Text as it stands in HTML and in addresses.

use std::fmt::Write as _;
use std::string::FromUtf8Error;

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
    percent_encoded(name, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
    })
}

/// Text with a percent sign and two digits in the place of each byte that does not stand for itself.
pub(super) fn percent_encoded(text: &str, is_plain: impl Fn(u8) -> bool) -> String {
    let mut whole = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            whole.push(byte.into());
        } else {
            let _ = write!(whole, "%{byte:02X}");
        }
    }
    whole
}

/// The reverse. A lone percent sign stands for itself, as it does to browsers; in forms a plus sign is a blank.
pub(super) fn percent_decoded(text: &[u8], is_form: bool) -> Result<String, FromUtf8Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) if is_form => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) if let Some(byte) = hexadecimal(*high, *low) => {
                bytes.push(byte);
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes)
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
