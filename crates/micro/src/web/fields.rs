//! What a form or a query says.

use std::str::FromStr;

use micro_rpc::{Error, Result};

use super::text;

/// More is no form that a person fills in.
const MOST: usize = 1000;
/// Bytes of a form.
const LONGEST: usize = 1 << 20;
const ID: &str = "web.form";

/// Fields of a form or of a query, in the order in which they were sent.
///
/// ```
/// use micro::web::Fields;
///
/// let form = Fields::parse(b"name=Ann+Lee&age=42&likes=tea&likes=cake")?;
/// assert_eq!(form.text("name"), "Ann Lee");
/// assert_eq!(form.read::<u8>("age")?, 42);
/// assert_eq!(form.all("likes").collect::<Vec<_>>(), ["tea", "cake"]);
/// assert!(!form.has("terms"));
/// # Ok::<(), micro::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    ///
    /// 400 for what is no UTF-8, 413 for more than a mebibyte or a thousand fields.
    pub fn parse(text: &[u8]) -> Result<Self> {
        if text.len() > LONGEST {
            let detail = format!("the form is larger than the limit of {LONGEST} bytes");
            return Err(Error::payload_too_large(ID, detail));
        }
        let mut fields = Vec::new();
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if fields.len() == MOST {
                let detail = format!("the form has more than {MOST} fields");
                return Err(Error::payload_too_large(ID, detail));
            }
            let end = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = match end {
                Some(end) => (&pair[..end], &pair[end + 1..]),
                None => (pair, &[][..]),
            };
            fields.push((decoded(name)?, decoded(value)?));
        }
        Ok(Self(fields))
    }

    /// The first value of a field; `None` without one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value of a field; empty without one.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Every value of a field: of boxes to tick with one name, and of lists.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Whether the field was sent: a box was ticked.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first value of a field, read as something else than text, without the blanks around it.
    ///
    /// # Errors
    ///
    /// 400 for a field that is missing or says no such thing; it names the field.
    pub fn read<T: FromStr>(&self, name: &str) -> Result<T> {
        let text = self.text(name).trim();
        text.parse()
            .map_err(|_| Error::bad_request(ID, format!("{name} cannot be {text:?}")))
    }
}

fn decoded(text: &[u8]) -> Result<String> {
    text::percent_decoded(text, true).map_err(|_| Error::bad_request(ID, "the form is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let form = Fields::parse(b"a=1+2%2B3&&b&=c&%C3%A9=%26%3D&a=&d=5%&e=%zz=").unwrap();
        let expected = [
            ("a", "1 2+3"),
            ("b", ""),
            ("", "c"),
            ("é", "&="),
            ("a", ""),
            ("d", "5%"),
            ("e", "%zz="),
        ];
        assert_eq!(
            form.0,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(
            (form.text("a"), form.text("x"), form.get("x")),
            ("1 2+3", "", None)
        );
        assert!(form.has("b") && !form.has("c"));
        let error = form.read::<u8>("b").unwrap_err();
        assert_eq!((error.code, error.detail.as_str()), (400, "b cannot be \"\""));
    }

    #[test]
    fn what_is_too_much_or_no_text_is_refused() {
        for (text, code) in [
            (b"a=%ff".to_vec(), 400),
            (b"a&".repeat(MOST + 1), 413),
            (vec![b'a'; LONGEST + 1], 413),
        ] {
            assert_eq!(Fields::parse(&text).unwrap_err().code, code);
        }
        assert!(Fields::parse(&b"a&".repeat(MOST)).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_comes_through(name in "\\PC{0,9}", value in "\\PC{0,20}") {
            let encoded = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
            let form = Fields::parse(format!("{}={}", encoded(&name), encoded(&value)).as_bytes()).unwrap();
            prop_assert!(form.has(&name) && form.text(&name) == value);
        }

        #[test]
        fn nothing_stops_it(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Fields::parse(&text);
        }
    }
}
