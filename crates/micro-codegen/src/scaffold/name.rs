//! Which names a service can have.

use crate::error::{Error, Result};
use crate::names::is_keyword;

/// Longer ones help nobody, and the lines they are in become too long.
const LONGEST: usize = 24;

/// Crates that a service is built with or from, and folders that cargo keeps for itself.
const CARGO: &[&str] = &[
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "micro",
    "proto",
    "std",
    "test",
];

/// Types and modules of the generated code.
const GENERATED: &[&str] = &[
    "context",
    "descriptor",
    "fakes",
    "guest",
    "guests",
    "message",
    "name",
    "ping",
    "pong",
    "request",
    "response",
    "result",
    "streaming",
];

/// Services that the platform runs itself.
const PLATFORM: &[&str] = &[
    "auth",
    "broker",
    "config",
    "debug",
    "errors",
    "events",
    "health",
    "network",
    "proxy",
    "reflection",
    "registry",
    "router",
    "runtime",
    "server",
    "store",
];

/// Checks that a service can be called `name`.
///
/// # Errors
///
/// When it cannot, with the reason and, where there is one, a name that it could have.
pub fn check(name: &str) -> Result<()> {
    let problem = match name {
        _ if !is_word(name) => not_a_word(name),
        _ if name.len() > LONGEST => format!("is longer than {LONGEST} letters"),
        _ if is_keyword(name) => "is a keyword of Rust".into(),
        _ if CARGO.contains(&name) => "is taken by a crate or a folder that every build has".into(),
        _ if GENERATED.contains(&name) => "is taken by the code of every new service".into(),
        _ if PLATFORM.contains(&name) => "is a service of the platform itself".into(),
        _ => return Ok(()),
    };
    Err(Error::Name {
        name: name.to_owned(),
        problem,
    })
}

fn is_word(name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(is_part)
}

fn not_a_word(name: &str) -> String {
    let problem = "is not one lower-case word of letters and digits";
    let hint: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let hint = hint.to_ascii_lowercase();
    match !name.contains(['/', '\\', '.']) && is_word(&hint) && check(&hint).is_ok() {
        true => format!("{problem}; try {hint}"),
        false => problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refusals_say_why() {
        let check = |name: &str, expected: &str| {
            let found = check(name).map_or_else(|error| error.to_string(), |()| "fine".into());
            assert!(found.ends_with(expected), "{name}: {found}");
        };
        check("user", "fine");
        check("s3", "fine");
        check(&"x".repeat(LONGEST), "fine");
        check(&"x".repeat(LONGEST + 1), "is longer than 24 letters");
        check("guest", "the code of every new service");
        check("foo-bar", "; try foobar");
        check("Foo_Bar", "; try foobar");
        check("", "letters and digits");
        check("3d", "letters and digits");
        check("../user", "letters and digits");
        check("Type", "letters and digits");
        check("type", "is a keyword of Rust");
        check("test", "that every build has");
        check("request", "the code of every new service");
        check("auth", "the platform itself");
    }

    proptest! {
        #[test]
        fn what_passes_is_one_word(name in "\\PC{0,12}") {
            if check(&name).is_ok() {
                prop_assert!(is_word(&name) && !is_keyword(&name));
            }
        }
    }
}
