//! Examples out of comments: `eg. X` or `e.g. X`.

use serde_json::Value;

use super::components::Declared;
use super::schema::Schemas;
use crate::contract::{Field, Kind, Shape};

impl Schemas<'_> {
    /// The example of a field's comment, as the JSON of its type. One that cannot be of the type is not an example: validators would
    /// refuse what the document itself recommends.
    pub fn example(&self, field: &Field) -> Option<Value> {
        let forms = forms(&said(&field.docs)?);
        let typed = forms.iter().find_map(|form| self.typed(&field.shape, form));
        typed.or_else(|| self.text(&field.shape, forms.last()?))
    }

    /// Text that is JSON of the right type.
    fn typed(&self, shape: &Shape, text: &str) -> Option<Value> {
        match shape {
            Shape::Single(kind) | Shape::Optional(kind) => self.value(kind, serde_json::from_str(text).ok()?),
            Shape::Repeated(kind) => {
                // Elements are understood without their brackets too.
                let whole = serde_json::from_str::<Vec<Value>>(text);
                let items = whole.or_else(|_| serde_json::from_str(&format!("[{text}]")));
                let items = items.ok()?.into_iter().map(|item| self.value(kind, item));
                items.collect::<Option<Vec<_>>>().map(Value::from)
            }
            Shape::Map(_, kind) => {
                let entries: serde_json::Map<_, _> = serde_json::from_str(text).ok()?;
                let typed = (entries.into_iter()).map(|(key, value)| Some((key, self.value(kind, value)?)));
                typed.collect::<Option<_>>().map(Value::Object)
            }
        }
    }

    /// A value if it is of the type, in the form that answers have.
    fn value(&self, kind: &Kind, value: Value) -> Option<Value> {
        let is_right = match kind {
            Kind::Int64 => return big::<i64>(&value),
            Kind::Uint64 => return big::<u64>(&value),
            Kind::Int32 => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            Kind::Uint32 => value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
            Kind::Double | Kind::Float => value.is_number(),
            Kind::Bool => value.is_boolean(),
            Kind::Message(_) | Kind::Empty => value.is_object(),
            Kind::Enum(id) => self.has_value(id, value.as_str()?),
            Kind::String | Kind::Bytes | Kind::Timestamp | Kind::Duration | Kind::FieldMask => {
                value.is_string()
            }
        };
        is_right.then_some(value)
    }

    /// The text itself where the type is written as text.
    fn text(&self, shape: &Shape, text: &str) -> Option<Value> {
        match shape {
            Shape::Single(kind) | Shape::Optional(kind) => self.value(kind, text.into()),
            Shape::Repeated(kind) => {
                let items = text.split(',').map(|item| self.value(kind, item.trim().into()));
                items.collect::<Option<Vec<_>>>().map(Value::from)
            }
            Shape::Map(..) => None,
        }
    }

    fn has_value(&self, id: &str, name: &str) -> bool {
        let component = self.components.get(self.contract, id);
        match component.map(|component| component.declared) {
            Some(Declared::Enum(known)) => known.values.iter().any(|value| value.name == name),
            _ => false,
        }
    }
}

fn big<T: std::str::FromStr + ToString>(value: &Value) -> Option<Value> {
    let text = match value {
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    Some(text.parse::<T>().ok()?.to_string().into())
}

/// What follows the mark: the rest of its line, or the line after it.
fn said(docs: &[String]) -> Option<String> {
    let marked = |line: &String| {
        let lower = line.to_ascii_lowercase();
        let ends = ["e.g.", "eg."].into_iter().filter_map(|mark| {
            let at = lower.find(mark)?;
            let before = lower[..at].chars().next_back();
            (!before.is_some_and(char::is_alphanumeric)).then_some(at + mark.len())
        });
        ends.min()
    };
    let (index, end) = docs
        .iter()
        .enumerate()
        .find_map(|(index, line)| Some((index, marked(line)?)))?;
    let rest = docs[index][end..].trim_start_matches([',', ':']).trim();
    let said = if rest.is_empty() {
        docs.get(index + 1)?.trim()
    } else {
        rest
    };
    (!said.is_empty()).then(|| said.to_owned())
}

/// The ways to read an example, from all of it to the least: without what closes a parenthesis around it, without the full stop of
/// its sentence, without quotes.
fn forms(said: &str) -> Vec<String> {
    let inside = &said[..closing(said)];
    let bare = inside.trim_end().trim_end_matches('.');
    let quoted = ['\'', '`', '"']
        .into_iter()
        .find_map(|quote| bare.strip_prefix(quote)?.strip_suffix(quote));
    let forms = [said, inside.trim_end(), bare, quoted.unwrap_or(bare)];
    forms.map(str::to_owned).into()
}

/// Where a parenthesis closes that was not opened, or the end.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_comment_is_read(line in "\\PC{0,20}(E\\.g\\.|eg\\.)?[ ,:]?\\PC{0,20}[)'`\".]{0,3}") {
            let read = said(std::slice::from_ref(&line));
            prop_assert!(read.iter().all(|said| line.contains(said.as_str())));
            for form in read.iter().flat_map(|said| forms(said)) {
                prop_assert!(line.contains(&form), "{form}");
            }
        }
    }
}
