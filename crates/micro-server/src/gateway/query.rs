//! A query as a JSON object: `a=1&b.c=x&d[]=2`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

const MOST_PAIRS: usize = 1000;
const DEEPEST: usize = 16;

/// The object that a query stands for; the error says what is wrong with it.
pub(super) fn parse(query: &str) -> Result<Map<String, Value>, String> {
    let mut object = Value::Object(Map::new());
    for (number, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if number >= MOST_PAIRS {
            return Err(format!("more than {MOST_PAIRS} query parameters"));
        }
        let (key, text) = pair
            .rsplit_once('=')
            .ok_or_else(|| format!("invalid query parameter {pair:?}: it has no value, write {pair}=..."))?;
        let key = decode(key)?;
        put(&mut object, &steps(&key)?, value(decode(text)?));
    }
    match object {
        Value::Object(object) => Ok(object),
        _ => Err("the query is no object".to_owned()),
    }
}

/// Reads the escapes of a part of a query or form.
pub(super) fn decode(text: &str) -> Result<Cow<'_, str>, String> {
    let wrong = || format!("{text:?} is not UTF-8 when its escapes are read");
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return percent_decode_str(&spaced)
            .decode_utf8()
            .map(|text| Cow::Owned(text.into_owned()))
            .map_err(|_| wrong());
    }
    percent_decode_str(text).decode_utf8().map_err(|_| wrong())
}

/// What is JSON is taken as JSON, all else is a string. So is a number that JSON would change, such as 1.10 or one of 30
/// digits: services take the text of a number for the number, and a version or a card number stays what it was.
fn value(text: Cow<'_, str>) -> Value {
    let may_be_json = text.starts_with([
        '{', '[', '"', 't', 'f', 'n', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
    ]);
    match may_be_json.then(|| serde_json::from_str(&text)) {
        Some(Ok(Value::Number(number))) if number.to_string() != text => Value::String(text.into_owned()),
        Some(Ok(value)) => value,
        _ => Value::String(text.into_owned()),
    }
}

/// A way down into an object.
enum Step<'a> {
    Name(&'a str),
    /// `[]`: a new element of a list.
    Append,
}

/// The steps of `a[b][c]`, `a.b.c` and `a[]`.
fn steps(key: &str) -> Result<Vec<Step<'_>>, String> {
    let wrong = || format!("invalid query parameter {key:?}: use a, a.b, a[b] or a[]");
    let end = key.find(['.', '[']).unwrap_or(key.len());
    let (name, mut rest) = key.split_at(end);
    let mut steps = vec![named(name).ok_or_else(wrong)?];
    while !rest.is_empty() {
        if steps.len() >= DEEPEST {
            return Err(format!(
                "query parameter {key:?} is more than {DEEPEST} levels deep"
            ));
        }
        let (step, after) = next(rest).ok_or_else(wrong)?;
        steps.push(step);
        rest = after;
    }
    Ok(steps)
}

fn next(rest: &str) -> Option<(Step<'_>, &str)> {
    if let Some(rest) = rest.strip_prefix('.') {
        let (name, after) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
        return Some((named(name)?, after));
    }
    let (name, after) = rest.strip_prefix('[')?.split_once(']')?;
    let step = if name.is_empty() {
        Step::Append
    } else {
        named(name)?
    };
    (after.is_empty() || after.starts_with(['.', '['])).then_some((step, after))
}

fn named(name: &str) -> Option<Step<'_>> {
    (!name.is_empty() && !name.contains(['[', ']'])).then_some(Step::Name(name))
}

fn put(slot: &mut Value, steps: &[Step<'_>], value: Value) {
    match steps.split_first() {
        None => *slot = value,
        Some((Step::Name(name), rest)) => {
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            if let Value::Object(object) = slot {
                put(object.entry(*name).or_insert(Value::Null), rest, value);
            }
        }
        Some((Step::Append, rest)) => {
            let mut item = Value::Null;
            put(&mut item, rest, value);
            match slot {
                Value::Array(list) => list.push(item),
                other => *other = Value::Array(vec![item]),
            }
        }
    }
}

/// Merges as RFC 7396 says, with `patch` winning.
pub(super) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_of_the_contract() {
        for (query, expected) in [
            ("", json!({})),
            ("&a=1&", json!({"a": 1})),
            ("name=Alice", json!({"name": "Alice"})),
            ("name=", json!({"name": ""})),
            (
                "name=5&ok=true&none=null",
                json!({"name": 5, "ok": true, "none": null}),
            ),
            ("name=%22x%22", json!({"name": "x"})),
            ("name=%22x", json!({"name": "\"x"})),
            ("name=A+B%20C%2B", json!({"name": "A B C+"})),
            (
                "list=[1,2]&object=%7B%22a%22:1%7D",
                json!({"list": [1, 2], "object": {"a": 1}}),
            ),
            ("a[b]=1&a.c=2", json!({"a": {"b": 1, "c": 2}})),
            ("a.b[c].d=x", json!({"a": {"b": {"c": {"d": "x"}}}})),
            ("a%5Bb%5D=1", json!({"a": {"b": 1}})),
            ("a[]=1&a[]=2", json!({"a": [1, 2]})),
            ("a[][b]=1&a[][b]=2", json!({"a": [{"b": 1}, {"b": 2}]})),
            ("a.b[]=1", json!({"a": {"b": [1]}})),
            ("a=1&a=2", json!({"a": 2})),
            ("a=1&a.b=2", json!({"a": {"b": 2}})),
            ("a=b=c", json!({"a=b": "c"})),
            // What JSON would change stays as it was written.
            (
                "n=1.10&o=007&p=123456789012345678901234567890&q=1e3",
                json!({
                    "n": "1.10", "o": "007", "p": "123456789012345678901234567890", "q": "1e3"
                }),
            ),
            (
                "n=1.5&o=-7&p=18446744073709551615",
                json!({"n": 1.5, "o": -7, "p": 18_446_744_073_709_551_615_u64}),
            ),
        ] {
            assert_eq!(parse(query).map(Value::Object), Ok(expected), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let deep = format!("a{}=1", ".a".repeat(DEEPEST));
        let many = "a=1&".repeat(MOST_PAIRS + 1);
        for query in [
            "name", "a=1&b", "=1", "%ff=1", "a=%ff", "a.=1", ".a=1", "a..b=1", "a[=1", "a]=1", "a[b=1",
            "a[b]c=1", &deep, &many,
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
        assert!(parse("name").unwrap_err().contains("name=..."));
    }

    #[test]
    fn the_patch_wins() {
        let mut target = json!({"a": 1, "b": {"c": 1, "d": 2}, "e": 1});
        merge(&mut target, json!({"a": 2, "b": {"c": 3}, "e": null}));
        assert_eq!(target, json!({"a": 2, "b": {"c": 3, "d": 2}}));
    }

    proptest! {
        #[test]
        fn any_query_is_an_object_or_an_error(query in "\\PC{0,120}|([a-c.\\[\\]=&%+0-9]{0,60})") {
            super::super::fuzz::query(&query);
        }

        #[test]
        fn a_word_comes_back_whole(key in "[a-z]{1,8}", word in "[A-Zx-z!~ é]{0,20}") {
            let encoded = percent_encoding::utf8_percent_encode(&word, percent_encoding::NON_ALPHANUMERIC);
            prop_assert_eq!(parse(&format!("{key}={encoded}")).map(Value::Object), Ok(json!({key: word})));
        }
    }
}
