//! How names of ours, which may hold nearly any letter, become names of NATS.

/// The longest that a part of the name of a stream or a consumer may be, which is the name of a folder too.
const LONGEST: usize = 80;

/// A name as one token of a subject. Letters, digits and `-` stand for themselves, each other byte is `_` and two digits, so that
/// no two names become one; nothing at all is `_`.
pub(crate) fn token(name: &str) -> String {
    if name.is_empty() {
        return "_".to_owned();
    }
    let mut token = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            token.push(char::from(byte));
        } else {
            token.push('_');
            for digit in [byte >> 4, byte & 15] {
                token.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
            }
        }
    }
    token
}

/// The name of a token; `None` where it is none of ours.
pub(crate) fn name(token: &str) -> Option<String> {
    if token == "_" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        rest = others;
        if first == b'_' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A name as part of the name of a stream or a consumer: the token, or a hash where that is too long for a folder.
pub(crate) fn part(name: &str) -> String {
    let token = token(name);
    if token.len() <= LONGEST {
        return token;
    }
    // A token never begins with two of these.
    format!("__{}", micro::secret::hash(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_names_again() {
        for text in [
            "",
            "user",
            "user.created",
            "*",
            ">",
            "_",
            "__",
            "a_2e",
            "größe",
            "A-b",
            "$JS.API.>",
        ] {
            let token = token(text);
            assert!(
                token
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter)),
                "{token}"
            );
            assert_eq!(name(&token).as_deref(), Some(text));
        }
        assert_eq!([name("_2"), name("_zz"), name("_ff")], [None, None, None]);
    }

    #[test]
    fn long_names_are_kept_apart() {
        let [one, two] = ["a", "b"].map(|end| part(&("ä".repeat(100) + end)));
        assert!(one.len() <= LONGEST && two.len() <= LONGEST && one != two);
    }
}
