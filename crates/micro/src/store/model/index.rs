//! What an entity is found by, and how that becomes a key whose bytes have the order of the values.

use super::super::{Error, Result};

/// Ends a text within a key; what may follow it is never part of the text, since texts are escaped.
const END: char = '\u{1}';
const ESCAPE: char = '\u{2}';

/// One value that an entity is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) is_unique: bool,
}

impl Index {
    /// No two entities have the same value.
    pub fn unique(name: &str, value: impl Into<Value>) -> Self {
        Self {
            name: name.to_owned(),
            value: value.into(),
            is_unique: true,
        }
    }

    /// Entities can be listed in the order of the values, and those of one value.
    pub fn ordered(name: &str, value: impl Into<Value>) -> Self {
        Self {
            is_unique: false,
            ..Self::unique(name, value)
        }
    }
}

/// What an index holds. Values of one index are of one kind; several in a row sort by the first, then by the second, and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// In the order of its characters.
    Text(String),
    /// In the order of numbers.
    Number(i64),
    /// `false` before `true`.
    Flag(bool),
    /// Sorted part by part.
    Parts(Vec<Value>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<A: Into<Value>, B: Into<Value>> From<(A, B)> for Value {
    fn from((first, second): (A, B)) -> Self {
        Self::Parts(vec![first.into(), second.into()])
    }
}

impl Value {
    /// Its form within a key: the order of forms is the order of values, and no form is the beginning of another's.
    pub(super) fn encode(&self) -> String {
        let mut key = String::new();
        self.append(&mut key);
        key
    }

    fn append(&self, key: &mut String) {
        match self {
            Self::Text(text) => {
                for letter in text.chars() {
                    match letter {
                        '\0' => key.extend([ESCAPE, '\u{1}']),
                        END => key.extend([ESCAPE, '\u{2}']),
                        ESCAPE => key.extend([ESCAPE, '\u{3}']),
                        letter => key.push(letter),
                    }
                }
                key.push(END);
            }
            // The sign bit turned over puts negative numbers before the others.
            Self::Number(number) => key.push_str(&format!("{:016x}", number.cast_unsigned() ^ (1 << 63))),
            Self::Flag(flag) => key.push(if *flag { '1' } else { '0' }),
            Self::Parts(parts) => parts.iter().for_each(|part| part.append(key)),
        }
    }
}

/// Refuses names that could reach into other keys of the table.
pub(super) fn check_name(name: &str) -> Result<()> {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.is_empty() || !name.chars().all(fits) {
        let detail =
            format!("{name:?} is no name of an entity or index: use lower-case letters, digits and _");
        return Err(Error::invalid(detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_keep_their_order_and_none_begins_another(a in "[\0-\u{4}a-cä]{0,5}", b in "[\0-\u{4}a-cä]{0,5}") {
            let (first, second) = (Value::from(&a).encode(), Value::from(&b).encode());
            prop_assert_eq!(a.cmp(&b), first.cmp(&second));
            prop_assert!(a == b || !first.starts_with(&second));
            prop_assert!(!first.contains('\0'));
        }

        #[test]
        fn numbers_keep_their_order(a: i64, b: i64) {
            prop_assert_eq!(a.cmp(&b), Value::from(a).encode().cmp(&Value::from(b).encode()));
        }

        #[test]
        fn parts_sort_by_the_first_then_by_the_second(a in ("[a-c]{0,2}", -3_i64..3), b in ("[a-c]{0,2}", -3_i64..3)) {
            let key = |(text, number): &(String, i64)| Value::from((text, *number)).encode();
            prop_assert_eq!(a.cmp(&b), key(&a).cmp(&key(&b)));
        }
    }
}
