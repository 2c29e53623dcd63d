//! The mails that this service has sent, as texts.

/// What a link stands for in a text.
const LINK: &str = "$micro_verification_link";
/// What a code stands for.
const CODE: &str = "$code";

/// A mail to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    pub from_name: String,
    pub subject: String,
    pub text: String,
}

/// What an application wants it to say; what is empty is ours to say.
#[derive(Clone, Debug, Default)]
pub struct Wording {
    pub from_name: String,
    pub subject: String,
    pub text: String,
}

impl Wording {
    /// A mail with a link.
    pub fn with_link(self, to: &str, subject: &str, text: &str, link: &str) -> Letter {
        self.letter(to, subject, text, LINK, link)
    }

    /// A mail with a code.
    pub fn with_code(self, to: &str, subject: &str, text: &str, code: &str) -> Letter {
        self.letter(to, subject, text, CODE, code)
    }

    fn letter(self, to: &str, subject: &str, text: &str, place: &str, content: &str) -> Letter {
        let or = |given: String, ours: &str| {
            if given.trim().is_empty() {
                ours.to_owned()
            } else {
                given
            }
        };
        let text = or(self.text, text);
        let text = match text.contains(place) {
            true => text.replace(place, content),
            // Without it the mail would be of no use.
            false => format!("{text}\n\n{content}\n"),
        };
        Letter {
            to: to.to_owned(),
            from_name: self.from_name,
            subject: or(self.subject, subject),
            text,
        }
    }
}

/// A value in the query of a link.
pub fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(byte.into()),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_in_the_text_in_any_case() {
        let wording = |text: &str| Wording {
            text: text.to_owned(),
            ..Wording::default()
        };
        for (text, expected) in [
            ("Go to $micro_verification_link now", "Go to L now"),
            ("Welcome", "Welcome\n\nL\n"),
            (" ", "Ours: L"),
        ] {
            let letter = wording(text).with_link("a@b.c", "Ours", "Ours: $micro_verification_link", "L");
            assert_eq!((&*letter.text, &*letter.subject), (expected, "Ours"));
        }
        let letter = wording("$code, $code").with_code("a@b.c", "", "", "X");
        assert_eq!(letter.text, "X, X");
    }

    #[test]
    fn a_value_in_a_query_is_one_value() {
        assert_eq!(
            escaped("https://a.b/c?d=e&f=é g"),
            "https%3A%2F%2Fa.b%2Fc%3Fd%3De%26f%3D%C3%A9%20g"
        );
    }
}
