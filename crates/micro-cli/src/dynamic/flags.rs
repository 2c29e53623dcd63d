//! Flags of a dynamic command, and the JSON message they make.

use micro_proto::registry::Value;
use serde_json::{Map, Value as Json};

use crate::errors::{Failure, Result};

/// One flag as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Without dashes.
    pub name: String,
    /// `None` when only the name was written.
    pub value: Option<String>,
}

impl Flag {
    /// Whether the flag asks for help.
    pub fn is_help(&self) -> bool {
        self.value.is_none() && matches!(self.name.as_str(), "help" | "h")
    }
}

/// Parts the words into plain ones and flags. A word after a flag without `=` is the flag's value.
pub fn read(words: &[String]) -> Result<(Vec<String>, Vec<Flag>)> {
    let (mut plain, mut flags) = (Vec::new(), Vec::new());
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        if word == "--" {
            plain.extend(words.by_ref().cloned());
        } else if !is_flag(word) {
            plain.push(word.clone());
        } else {
            let body = word
                .strip_prefix("--")
                .or_else(|| word.strip_prefix('-'))
                .unwrap_or(word);
            let (name, value) = match body.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None if matches!(body, "help" | "h") => (body, None),
                None => (
                    body,
                    words.next_if(|next| *next != "--" && !is_flag(next)).cloned(),
                ),
            };
            if name.is_empty() {
                return Err(Failure::new(
                    1,
                    format!("Invalid flag: {word}. Expected format: --foo=bar"),
                ));
            }
            flags.push(Flag {
                name: name.to_owned(),
                value,
            });
        }
    }
    Ok((plain, flags))
}

/// A dash, and not a negative number nor the sign for the standard input.
fn is_flag(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && word.parse::<f64>().is_err()
}

/// Takes the flags of that name out, and returns their values.
pub fn take(flags: &mut Vec<Flag>, name: &str) -> Vec<String> {
    let wanted = plain_name(name);
    flags
        .extract_if(.., |flag| plain_name(&flag.name) == wanted)
        .map(|flag| flag.value.unwrap_or_default())
        .collect()
}

/// Whether one of the fields has that name, however its separators are written.
pub fn has_field(fields: &[Value], name: &str) -> bool {
    fields
        .iter()
        .any(|field| plain_name(&field.name) == plain_name(name))
}

/// Whether a field is a message, and only one.
pub fn is_message(field: &Value) -> bool {
    !field.values.is_empty()
        && !field.r#type.starts_with("[]")
        && !field.r#type.starts_with("map[")
        && !known(field)
}

/// The message that the flags make for a request of this shape. Without a shape they are taken as they look.
pub fn message(request: Option<&Value>, flags: &[Flag]) -> Result<Json> {
    let mut message = Json::Object(Map::new());
    let mut done: Vec<Vec<&str>> = Vec::new();
    let loose: Vec<Value>;
    let fields = match request {
        Some(request) => &request.values,
        None => {
            loose = flags
                .iter()
                .map(|flag| Value {
                    name: flag.name.clone(),
                    ..Value::default()
                })
                .collect();
            &loose
        }
    };
    for flag in flags {
        let path = resolve(fields, &flag.name).ok_or_else(|| unknown(fields, &flag.name))?;
        let names: Vec<&str> = path.iter().map(|field| field.name.as_str()).collect();
        let Some(leaf) = path.last().filter(|_| !done.contains(&names)) else {
            continue;
        };
        // All flags of one field are read together: `a_b` and `a-b` may mean the same.
        let same = |other: &&Flag| {
            resolve(fields, &other.name)
                .is_some_and(|other| other.iter().map(|field| &field.name).eq(names.iter()))
        };
        let values: Vec<Option<&str>> = flags
            .iter()
            .filter(same)
            .map(|flag| flag.value.as_deref())
            .collect();
        let value = convert(&leaf.r#type, &leaf.values, &values)
            .map_err(|why| Failure::new(1, format!("Invalid value for --{}: {why}", flag.name)))?;
        let nested = names.iter().rev().fold(value, |inner, name| {
            Json::Object([((*name).to_owned(), inner)].into_iter().collect())
        });
        merge(&mut message, nested);
        done.push(names);
    }
    Ok(message)
}

fn unknown(fields: &[Value], name: &str) -> Failure {
    let mut names = Vec::new();
    paths("", fields, &mut names);
    let failure = Failure::new(1, format!("Unknown flag: {name}"));
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => failure.with_hint(format!("Did you mean --{near}?")),
        None => failure,
    }
}

fn paths(prefix: &str, fields: &[Value], names: &mut Vec<String>) {
    for field in fields {
        let name = format!("{prefix}{}", field.name);
        if is_message(field) {
            paths(&format!("{name}-"), &field.values, names);
        }
        names.push(name);
    }
}

fn plain_name(name: &str) -> String {
    name.replace('-', "_").to_ascii_lowercase()
}

/// The fields from the outermost to the one the flag names. A field of that very name wins over a nested one.
fn resolve<'a>(fields: &'a [Value], name: &str) -> Option<Vec<&'a Value>> {
    if let Some(field) = fields.iter().find(|field| field.name == name) {
        return Some(vec![field]);
    }
    let wanted = plain_name(name);
    if let Some(field) = fields.iter().find(|field| plain_name(&field.name) == wanted) {
        return Some(vec![field]);
    }
    fields.iter().filter(|field| is_message(field)).find_map(|field| {
        let rest = wanted.strip_prefix(&plain_name(&field.name))?.strip_prefix('_')?;
        let mut path = resolve(&field.values, rest)?;
        path.insert(0, field);
        Some(path)
    })
}

fn merge(target: &mut Json, new: Json) {
    match (target, new) {
        (Json::Object(target), Json::Object(new)) => {
            for (key, value) in new {
                merge(target.entry(key).or_insert(Json::Null), value);
            }
        }
        (target, new) => *target = new,
    }
}

/// Why a value does not fit.
type Why = String;

/// The JSON of one field from all the values given for it.
fn convert(kind: &str, fields: &[Value], given: &[Option<&str>]) -> std::result::Result<Json, Why> {
    let last = given.last().copied().flatten();
    match kind.strip_prefix("[]") {
        Some("uint8") => Ok(Json::from(last.unwrap_or_default())),
        Some(item) => list(item, fields, given),
        None if kind.starts_with("map[") => map(kind, fields, given),
        None => single(kind, fields, last),
    }
}

/// A JSON array, or one value with commas, or a value for each flag.
fn list(item: &str, fields: &[Value], given: &[Option<&str>]) -> std::result::Result<Json, Why> {
    let mut items = Vec::new();
    let splits = given.len() == 1 && fields.is_empty();
    for text in given.iter().map(|text| text.unwrap_or_default()) {
        if let Some(Json::Array(array)) = json(text, '[') {
            items.extend(array);
        } else if !fields.is_empty() && text.trim_start().starts_with('[') {
            return Err("not a JSON array".to_owned());
        } else if splits && text.is_empty() {
            continue;
        } else if splits {
            for part in text.split(',') {
                items.push(convert(item, fields, &[Some(part)])?);
            }
        } else {
            items.push(convert(item, fields, &[Some(text)])?);
        }
    }
    Ok(Json::Array(items))
}

/// A JSON object, or `key=value` once or more.
fn map(kind: &str, fields: &[Value], given: &[Option<&str>]) -> std::result::Result<Json, Why> {
    let content = kind.split_once(']').map_or("string", |(_, content)| content);
    let mut entries = Map::new();
    for text in given
        .iter()
        .map(|text| text.unwrap_or_default())
        .filter(|text| !text.is_empty())
    {
        if let Some(Json::Object(object)) = json(text, '{') {
            entries.extend(object);
            continue;
        }
        let parts: Vec<&str> = text.split(',').collect();
        let several = given.len() == 1 && fields.is_empty() && parts.iter().all(|part| part.contains('='));
        for part in if several { parts } else { vec![text] } {
            let wrong = || format!("expected key=value or a JSON object, got {part:?}");
            let (key, value) = part.split_once('=').ok_or_else(wrong)?;
            entries.insert(key.to_owned(), convert(content, fields, &[Some(value)])?);
        }
    }
    Ok(Json::Object(entries))
}

fn single(kind: &str, fields: &[Value], text: Option<&str>) -> std::result::Result<Json, Why> {
    let wrong = || match text {
        Some(text) => format!("expected {kind}, got {text:?}"),
        None => format!("expected {kind}, got nothing"),
    };
    let given = text.unwrap_or_default().trim();
    match kind {
        "string" | "StringValue" => Some(Json::from(text.unwrap_or_default())),
        "bool" | "BoolValue" => boolean(given).map(Json::from),
        "int32" | "Int32Value" => given.parse::<i32>().ok().map(Json::from),
        "uint32" | "UInt32Value" => given.parse::<u32>().ok().map(Json::from),
        "int64" | "Int64Value" => whole(given).and_then(|n| i64::try_from(n).ok()).map(Json::from),
        "uint64" | "UInt64Value" => whole(given).and_then(|n| u64::try_from(n).ok()).map(Json::from),
        "float32" | "float64" | "FloatValue" | "DoubleValue" => float(given),
        "Timestamp" | "Duration" | "FieldMask" | "BytesValue" => Some(Json::from(given)),
        "Struct" => json(given, '{'),
        "ListValue" => json(given, '['),
        _ if fields.is_empty() || kind == "Value" => Some(loose(text)),
        _ => {
            return json(given, '{').ok_or_else(|| format!("expected a JSON object ({kind}), got {given:?}"));
        }
    }
    .ok_or_else(wrong)
}

/// Messages that JSON writes as something simpler.
fn known(field: &Value) -> bool {
    const KNOWN: &[&str] = &[
        "Timestamp",
        "Duration",
        "FieldMask",
        "Struct",
        "ListValue",
        "StringValue",
        "BytesValue",
        "BoolValue",
        "Int32Value",
        "Int64Value",
        "UInt32Value",
        "UInt64Value",
        "FloatValue",
        "DoubleValue",
    ];
    let shape: Vec<&str> = field.values.iter().map(|field| field.name.as_str()).collect();
    // A service may have its own message of such a name: only the well-known shape counts.
    let fits = matches!(
        shape[..],
        [] | ["seconds", "nanos"] | ["paths"] | ["fields"] | ["values"] | ["value"]
    );
    KNOWN.contains(&field.r#type.as_str()) && fits
}

/// A value of no known type: the name of an enum, a number, JSON, or text.
fn loose(text: Option<&str>) -> Json {
    let Some(text) = text else { return Json::Bool(true) };
    let number = || text.parse::<i64>().ok().map(Json::from);
    json(text, '{')
        .or_else(|| json(text, '['))
        .or_else(number)
        .unwrap_or_else(|| Json::from(text))
}

fn json(text: &str, first: char) -> Option<Json> {
    text.trim_start()
        .starts_with(first)
        .then(|| serde_json::from_str(text).ok())
        .flatten()
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "" | "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A whole number in any base: `255`, `0xff`, `0o377`, `0b11111111`.
fn whole(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).to_ascii_lowercase();
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let based = [("0x", 16), ("0o", 8), ("0b", 2)];
    let (digits, base) = based
        .into_iter()
        .find_map(|(prefix, base)| digits.strip_prefix(prefix).map(|digits| (digits, base)))
        .unwrap_or((&digits, 10));
    let starts = digits.starts_with(|first: char| first.is_ascii_hexdigit());
    i128::from_str_radix(digits, base)
        .ok()
        .filter(|_| starts)?
        .checked_mul(sign)
}

fn float(text: &str) -> Option<Json> {
    let number = text.parse::<f64>().ok()?;
    let name = if number.is_nan() {
        "NaN"
    } else if number == f64::INFINITY {
        "Infinity"
    } else {
        "-Infinity"
    };
    Some(serde_json::Number::from_f64(number).map_or_else(|| Json::from(name), Json::Number))
}

/// The name that is most like what was typed, if one is like it at all.
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = plain_name(typed);
    let limit = (typed.chars().count() / 3).max(2);
    names
        .map(|name| (distance(&typed, &plain_name(name)), name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= limit)
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let change = row[j] + usize::from(x != *y);
            next.push(change.min(row[j + 1] + 1).min(next[j] + 1));
        }
        row = next;
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
