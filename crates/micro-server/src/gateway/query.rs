//! A query as a JSON object: `a=1&b.c=x&d[]=2`.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

const PAIRS: usize = 1000;
const DEPTH: usize = 16;

/// The object that a query stands for; the error says what is wrong with it.
pub(super) fn parse(query: &str) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    for (number, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if number >= PAIRS {
            return Err(format!("more than {PAIRS} query parameters"));
        }
        let (key, value) = pair
            .rsplit_once('=')
            .ok_or_else(|| format!("query parameter {pair:?} has no value; write {pair}=..."))?;
        let (keys, list) = keys(&decode(key)?)?;
        insert(&mut object, &keys, list, value_of(&decode(value)?));
    }
    Ok(object)
}

/// Decodes a part of a query or form.
pub(super) fn decode(text: &str) -> Result<String, String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| format!("{text:?} is not UTF-8"))?;
    Ok(decoded.into_owned())
}

/// What JSON says is JSON, all else is a string.
fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// `a[b][c]`, `a.b.c` and a trailing `[]`.
fn keys(key: &str) -> Result<(Vec<String>, bool), String> {
    let (key, list) = key.strip_suffix("[]").map_or((key, false), |key| (key, true));
    let parts: Vec<String> = key
        .split(['.', '['])
        .map(|part| part.trim_end_matches(']').to_owned())
        .collect();
    if parts.iter().any(String::is_empty) {
        return Err(format!("query parameter {key:?} has an empty name"));
    }
    if parts.len() > DEPTH {
        return Err(format!(
            "query parameter {key:?} is more than {DEPTH} levels deep"
        ));
    }
    Ok((parts, list))
}

fn insert(object: &mut Map<String, Value>, keys: &[String], list: bool, value: Value) {
    let Some((key, rest)) = keys.split_first() else {
        return;
    };
    if !rest.is_empty() {
        let inner = object
            .entry(key.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        if !inner.is_object() {
            *inner = Value::Object(Map::new());
        }
        if let Value::Object(inner) = inner {
            insert(inner, rest, list, value);
        }
        return;
    }
    if !list {
        object.insert(key.clone(), value);
        return;
    }
    let items = object
        .entry(key.clone())
        .or_insert_with(|| Value::Array(Vec::new()));
    match items {
        Value::Array(items) => items.push(value),
        other => *other = Value::Array(vec![value]),
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
        let cases = [
            ("", json!({})),
            ("name=Alice", json!({"name": "Alice"})),
            (
                "name=5&ok=true&none=null",
                json!({"name": 5, "ok": true, "none": null}),
            ),
            ("name=%22x%22", json!({"name": "x"})),
            ("a[b]=1&a.c=2", json!({"a": {"b": 1, "c": 2}})),
            ("a[]=1&a[]=2", json!({"a": [1, 2]})),
            ("a=1&a=2", json!({"a": 2})),
            ("a=b=c", json!({"a=b": "c"})),
            ("name=A+B%20C", json!({"name": "A B C"})),
            ("list=[1,2]", json!({"list": [1, 2]})),
        ];
        for (query, expected) in cases {
            assert_eq!(Value::Object(parse(query).unwrap()), expected, "{query}");
        }
        for query in ["name", "=1", "a[]b[]=", "%ff=1"] {
            let _ = parse(query);
        }
        assert!(parse("name").is_err() && parse("=1").is_err() && parse("%ff=1").is_err());
        assert!(parse(&format!("{}=1", vec!["a"; 17].join("."))).is_err());
    }

    #[test]
    fn the_patch_wins() {
        let mut target = json!({"a": 1, "b": {"c": 1, "d": 2}, "e": 1});
        merge(&mut target, json!({"a": 2, "b": {"c": 3}, "e": null}));
        assert_eq!(target, json!({"a": 2, "b": {"c": 3, "d": 2}}));
    }

    proptest! {
        #[test]
        fn any_query_is_an_object_or_an_error(query in "\\PC{0,120}") {
            let _ = parse(&query);
        }
    }
}
