//! From names of a contract to names of Rust.

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use prost_types::MethodDescriptorProto;
use prost_types::method_options::IdempotencyLevel;

/// Strict and reserved words of edition 2024.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Keywords that have no raw form.
const PATH_KEYWORDS: &[&str] = &["crate", "self", "super", "Self", "_"];

/// Names that the generated code gives a meaning to where a message's module would stand.
const TAKEN_MODULES: &[&str] = &[
    "core",
    "descriptor",
    "fakes",
    "json",
    "micro_rpc",
    "prost",
    "serde",
    "std",
];

/// Whether Rust keeps the word to itself.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word) || PATH_KEYWORDS.contains(&word)
}

/// The name of a message, an enum, a oneof or a service.
pub fn type_name(name: &str) -> String {
    escape(name.to_upper_camel_case())
}

/// The name of a field or a method.
pub fn value_name(name: &str) -> String {
    escape(name.to_snake_case())
}

/// The name of the module that holds what a message declares inside.
pub fn module_name(name: &str) -> String {
    let snake = name.to_snake_case();
    if TAKEN_MODULES.contains(&snake.as_str()) {
        snake + "_"
    } else {
        escape(snake)
    }
}

/// The name of a value of an enum, without the enum's own name in front.
pub fn variant_name(enum_name: &str, value: &str) -> String {
    let value = value.to_upper_camel_case();
    let short = value
        .strip_prefix(&enum_name.to_upper_camel_case())
        .unwrap_or(&value);
    let is_name = short.starts_with(|first: char| first.is_uppercase());
    escape(if is_name { short.to_owned() } else { value })
}

pub fn constant_name(name: &str) -> String {
    name.to_shouty_snake_case()
}

/// The name that JSON uses where a descriptor does not tell.
pub fn json_name(name: &str) -> String {
    name.to_lower_camel_case()
}

/// `v1`, `v1beta2`
pub fn is_version(word: &str) -> bool {
    let rest = word.strip_prefix('v').unwrap_or_default();
    rest.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether a contract says that calling a method twice is as calling it once.
pub fn is_idempotent(method: &MethodDescriptorProto) -> bool {
    let options = method.options.as_ref();
    options.is_some_and(|options| options.idempotency_level() != IdempotencyLevel::IdempotencyUnknown)
}

/// The word itself where Rust needs `r#` before it.
pub fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

fn escape(name: String) -> String {
    if PATH_KEYWORDS.contains(&name.as_str()) {
        return name + "_";
    }
    let is_number = name.starts_with(|first: char| first.is_ascii_digit());
    match KEYWORDS.contains(&name.as_str()) {
        true => format!("r#{name}"),
        false if is_number => format!("_{name}"),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust() {
        assert_eq!(type_name("HTTPRequest"), "HttpRequest");
        assert_eq!(value_name("userId"), "user_id");
        assert_eq!(value_name("type"), "r#type");
        assert_eq!(value_name("self"), "self_");
        assert_eq!(module_name("Json"), "json_");
        assert_eq!(module_name("Type"), "r#type");
        assert_eq!(variant_name("Status", "STATUS_OK"), "Ok");
        assert_eq!(variant_name("Status", "STATUS_404"), "Status404");
        assert_eq!(variant_name("Access", "NOT_GRANTED"), "NotGranted");
        assert_eq!(constant_name("UserSession"), "USER_SESSION");
    }
}
