//! Cookies of a service.

use std::time::Duration;

use micro_rpc::{Error, Result};

use super::text;

const ID: &str = "web.cookie";
/// Browsers keep no longer ones.
const LONGEST: usize = 4096;

/// A cookie to set with [`Answer::cookie`](super::Answer::cookie).
///
/// Unless said otherwise no script can read it, other sites cannot have it sent along with what they ask for, it is sent to this
/// service alone, only over TLS where the page came over TLS, and it is gone when the browser is closed.
///
/// ```
/// use micro::web::{Answer, Cookie};
/// use std::time::Duration;
///
/// let hour = Duration::from_secs(3600);
/// let answer = Answer::redirect("./")?.cookie(Cookie::new("session", "3f9a").strict().lasting(hour));
/// # drop(answer);
/// # Ok::<(), micro::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Cookie {
    name: String,
    value: String,
    lifetime: Option<Duration>,
    is_strict: bool,
    is_for_scripts: bool,
}

impl Cookie {
    /// A cookie. Its value is any text; its name is ASCII without blanks, quotes, commas, semicolons, backslashes and equals signs,
    /// and the names that begin with `micro-` are the platform's.
    pub fn new(name: &str, value: &str) -> Self {
        Self {
            name: name.to_owned(),
            value: value.to_owned(),
            lifetime: None,
            is_strict: false,
            is_for_scripts: false,
        }
    }

    /// Takes a cookie away.
    pub fn removed(name: &str) -> Self {
        Self::new(name, "").lasting(Duration::ZERO)
    }

    /// Kept for that long instead of until the browser is closed; in whole seconds.
    pub fn lasting(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Not sent either when somebody follows a link from another site: he is then nobody until he asks again.
    pub fn strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// Scripts may read it, and whatever gets a script to run may too: nothing that proves who somebody is.
    pub fn for_scripts(mut self) -> Self {
        self.is_for_scripts = true;
        self
    }

    /// The header's value, for pages below `base` (`/user/`).
    pub(super) fn line(&self, base: &str, is_secure: bool) -> Result<String> {
        if self.name.to_ascii_lowercase().starts_with("micro-") {
            return Err(self.wrong("has a name that is the platform's"));
        }
        self.any_line(base, is_secure)
    }

    /// The same for the platform's own.
    pub(super) fn any_line(&self, base: &str, is_secure: bool) -> Result<String> {
        let Self { name, value, .. } = self;
        if name.is_empty() || !name.bytes().all(is_plain) || name.contains('=') {
            return Err(self.wrong("has a name that browsers do not take"));
        }
        let same_site = if self.is_strict { "Strict" } else { "Lax" };
        let mut line = format!("{name}={}; Path={base}; SameSite={same_site}", encoded(value));
        if !self.is_for_scripts {
            line.push_str("; HttpOnly");
        }
        if is_secure {
            line.push_str("; Secure");
        }
        if let Some(lifetime) = self.lifetime {
            line.push_str(&format!("; Max-Age={}", lifetime.as_secs()));
        }
        if line.len() > LONGEST {
            return Err(self.wrong("is longer than the 4096 bytes that browsers keep"));
        }
        Ok(line)
    }

    fn wrong(&self, what: &str) -> Error {
        Error::internal(ID, format!("the cookie {:?} {what}", self.name))
    }
}

/// What stands for itself in a cookie, and in its name but for the equals sign.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// Text as it stands in a cookie.
fn encoded(text: &str) -> String {
    text::percent_encoded(text, |byte| is_plain(byte) && byte != b'%')
}

/// What a cookie's value says. One that was set otherwise and is no text stands as it came.
pub(super) fn decoded(value: &str) -> String {
    text::percent_decoded(value.as_bytes(), false).unwrap_or_else(|_| value.to_owned())
}

/// A cookie that a browser sent.
pub(super) fn find<'a>(mut lines: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    lines.find_map(|line| {
        let mut pairs = line.split(';').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(known, _)| known.trim() == name)?;
        Some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_closed_unless_opened() {
        let hour = Duration::from_secs(3600);
        for (cookie, is_secure, expected) in [
            (
                Cookie::new("a", "b=c"),
                false,
                "a=b=c; Path=/user/; SameSite=Lax; HttpOnly",
            ),
            (
                Cookie::new("a", "b").strict().lasting(hour),
                true,
                "a=b; Path=/user/; SameSite=Strict; HttpOnly; Secure; Max-Age=3600",
            ),
            (
                Cookie::new("a", "x; Path=/\r\n100% é"),
                false,
                "a=x%3B%20Path=/%0D%0A100%25%20%C3%A9; Path=/user/; SameSite=Lax; HttpOnly",
            ),
            (
                Cookie::new("a", "").for_scripts(),
                false,
                "a=; Path=/user/; SameSite=Lax",
            ),
            (
                Cookie::removed("a"),
                false,
                "a=; Path=/user/; SameSite=Lax; HttpOnly; Max-Age=0",
            ),
        ] {
            assert_eq!(cookie.line("/user/", is_secure).unwrap(), expected);
        }
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a=b", "x"),
            ("a;", "x"),
            ("é", "x"),
            ("micro-token", "x"),
            ("Micro-Form", "x"),
            ("a", &"x".repeat(LONGEST)),
        ] {
            let error = Cookie::new(name, value).line("/", false).unwrap_err();
            assert_eq!(error.code, 500, "{name} {value}");
        }
    }

    #[test]
    fn any_text_comes_back() {
        for text in ["", "a+b=c/d", "x; Path=/\r\n100% é", "%41", "\"quoted\", \\"] {
            assert_eq!(decoded(&encoded(text)), text);
        }
        assert_eq!(decoded("100%&%ff"), "100%&%ff");
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let lines = ["a=1; bb=2", "b = 3;c", "b=4"];
        for (name, expected) in [("a", Some("1")), ("b", Some("3")), ("c", None), ("bb", Some("2"))] {
            assert_eq!(find(lines.into_iter(), name), expected, "{name}");
        }
    }
}
