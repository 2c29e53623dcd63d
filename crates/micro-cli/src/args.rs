//! The command line before the parser sees it.
//!
//! Users write long flags with one dash (`-env=platform`), and a dynamic command must keep its words as they
//! were written. So the words are cut at the command first, and only then made into what the parser knows.

use crate::dynamic::flags;
use micro_proto::registry::Value;

/// Global flags that take a value.
const VALUED: &[&str] = &[
    "c",
    "config",
    "e",
    "env",
    "o",
    "output",
    "profile",
    "namespace",
    "auth_address",
    "auth_id",
    "auth_secret",
    "auth_public_key",
    "auth_private_key",
    "registry_address",
    "registry_tls_ca",
    "registry_tls_cert",
    "registry_tls_key",
    "broker_address",
    "broker_tls_ca",
    "broker_tls_cert",
    "broker_tls_key",
    "events_tls_ca",
    "events_tls_cert",
    "events_tls_key",
    "store_address",
    "proxy_address",
    "service_name",
    "service_version",
    "service_address",
    "config_secret_key",
    "tracing_reporter_address",
];

/// Global flags whose value may be left out; only a written boolean is taken as one.
const SWITCHES: &[&str] = &["report_usage", "prompt_update"];

/// One-letter flags that take no value anywhere.
const SHORT_SWITCHES: &[&str] = &["f", "h", "s", "v"];

/// The command whose words end in those of another program, and its flags that take a value.
const SERVICE: &str = "service";
const SERVICE_VALUED: &[&str] = &[
    "name",
    "version",
    "address",
    "endpoint",
    "metadata",
    "c",
    "config",
    "e",
    "env",
    "o",
    "output",
    "proxy_address",
];

/// The command line, cut at the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// The flags before the command, normalised.
    pub globals: Vec<String>,
    /// The first word that is no flag.
    pub command: Option<String>,
    /// What follows the command: normalised for a static command, else as written.
    pub rest: Vec<String>,
}

/// Cuts the words after the program's name at the command.
pub fn split(args: Vec<String>, is_static: &dyn Fn(&str) -> bool) -> Split {
    let mut globals = Vec::new();
    let mut words = args.into_iter().peekable();
    let command = loop {
        let Some(word) = words.next() else { break None };
        if word == "--" {
            break words.next();
        }
        let Some(name) = flag_name(&word).map(str::to_owned) else {
            break Some(word);
        };
        let whole = word.contains('=');
        if !whole && SWITCHES.contains(&name.as_str()) {
            let given = words.next_if(|next| boolean(next).is_some());
            globals.push(given.map_or_else(|| format!("--{name}"), |value| format!("--{name}={value}")));
            continue;
        }
        let dashed = normalised(word);
        globals.extend(dashed);
        if !whole && VALUED.contains(&name.as_str()) {
            globals.extend(words.next());
        }
    };
    let rest: Vec<String> = words.collect();
    let (command, rest) = match rest.split_first() {
        // A part of the platform alone is the platform with that part alone.
        Some((part, others)) if command.as_deref() == Some(SERVICE) && crate::dynamic::is_core(part) => {
            let parts = std::iter::once(format!("--parts={part}"));
            (
                Some("server".to_owned()),
                parts.chain(others.iter().cloned()).collect(),
            )
        }
        _ => (command, rest),
    };
    let rest = match command.as_deref() {
        Some(SERVICE) if is_static(SERVICE) => normalise_to_command(rest),
        Some(command) if is_static(command) => normalise(own_shorts(command, rest)),
        _ => rest,
    };
    Split {
        globals,
        command,
        rest,
    }
}

/// `micro service` ends in a command of others, whose words are left as they are.
fn normalise_to_command(args: Vec<String>) -> Vec<String> {
    let mut words = args.into_iter();
    let mut out = Vec::new();
    while let Some(word) = words.next() {
        let Some(name) = flag_name(&word).map(str::to_owned) else {
            out.push(word);
            break;
        };
        let takes_next = !word.contains('=') && SERVICE_VALUED.contains(&name.as_str());
        out.extend(normalised(word));
        if takes_next {
            out.extend(words.next());
        }
    }
    out.extend(words);
    out
}

/// One-letter flags of `micro store` that mean something else before the command: `-e` of write is the expiry, and `-o` with a
/// number is the offset.
fn own_shorts(command: &str, args: Vec<String>) -> Vec<String> {
    if command != "store" {
        return args;
    }
    let is_write = args.first().is_some_and(|word| word == "write");
    let is_number = |word: Option<&str>| word.is_some_and(|word| word.parse::<u64>().is_ok());
    let mut out = Vec::with_capacity(args.len());
    for (at, word) in args.iter().enumerate() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (word.as_str(), None),
        };
        let long = match flag.trim_start_matches('-') {
            "e" if is_write && flag != "e" => "--expiry",
            "o" if flag != "o" && is_number(value.or(args.get(at + 1).map(String::as_str))) => "--offset",
            _ => flag,
        };
        out.push(value.map_or_else(|| long.to_owned(), |value| format!("{long}={value}")));
    }
    out
}

/// Makes `-long` into `--long` and `-n=5` into `-n 5`. Words after a bare `--`, numbers and all else stay.
pub fn normalise(args: Vec<String>) -> Vec<String> {
    let mut words = args.into_iter();
    let mut out = Vec::new();
    while let Some(word) = words.next() {
        let ends = word == "--";
        out.extend(normalised(word));
        if ends {
            out.extend(words.by_ref());
        }
    }
    out
}

fn normalised(word: String) -> Vec<String> {
    let Some(name) = flag_name(&word) else {
        return vec![word];
    };
    if word.starts_with("--") {
        return vec![word];
    }
    if name.len() > 1 {
        // `-n5` is a short flag with its value.
        let attached = name.bytes().skip(1).all(|byte| byte.is_ascii_digit()) && !word.contains('=');
        return vec![if attached { word } else { format!("-{word}") }];
    }
    let Some((flag, value)) = word.split_once('=') else {
        return vec![word];
    };
    match boolean(value).filter(|_| SHORT_SWITCHES.contains(&name)) {
        Some(true) => vec![flag.to_owned()],
        Some(false) => Vec::new(),
        None => vec![flag.to_owned(), value.to_owned()],
    }
}

/// The name in `-name`, `--name` and `--name=value`; `None` when the word is no flag.
fn flag_name(word: &str) -> Option<&str> {
    let rest = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    let name = rest.split_once('=').map_or(rest, |(name, _)| name);
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    (name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(fits)).then_some(name)
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Everything that reads a command line, on any words: `false` when they are refused. For fuzzing.
pub fn fuzz(args: Vec<String>) -> bool {
    let cut = split(args, &|name| name.len() % 2 == 0);
    let parsed = flags::read(&cut.rest).and_then(|(_, given)| flags::message(Some(&schema()), &given));
    cut.command.is_some() && parsed.is_ok()
}

/// A message with a field of each kind.
fn schema() -> Value {
    let value = |name: &str, kind: &str, values| Value {
        name: name.into(),
        r#type: kind.into(),
        values,
    };
    let kinds = [
        ("name", "string"),
        ("on", "bool"),
        ("small", "int32"),
        ("big", "int64"),
        ("count", "uint32"),
        ("size", "uint64"),
        ("share", "float32"),
        ("ratio", "float64"),
        ("data", "[]uint8"),
        ("tags", "[]string"),
        ("ids", "[]int64"),
        ("labels", "map[string]string"),
        ("counts", "map[string]int32"),
        ("colour", "Colour"),
    ];
    let scalars: Vec<Value> = kinds
        .iter()
        .map(|&(name, kind)| value(name, kind, Vec::new()))
        .collect();
    let mut values = scalars.clone();
    values.push(value(
        "user",
        "User",
        vec![value("friend", "Friend", scalars.clone())],
    ));
    values.push(value("users", "[]User", scalars));
    value("Request", "Request", values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn long_flags_get_two_dashes() {
        let table = [
            ("-env=platform", "--env=platform"),
            ("-auth_public_key x --y", "--auth_public_key x --y"),
            ("-n=1000 -n 5 -n5 -f", "-n 1000 -n 5 -n5 -f"),
            ("-f=true -s=false -o json", "-f -o json"),
            ("set -5 -0.5 -", "set -5 -0.5 -"),
            ("-name x -- -name -n=1", "--name x -- -name -n=1"),
            ("{\"a\":1} -{x", "{\"a\":1} -{x"),
        ];
        for (line, expected) in table {
            assert_eq!(normalise(words(line)), words(expected), "{line}");
        }
        assert_eq!(normalise(vec!["-key".into(), String::new()]), ["--key", ""]);
    }

    #[test]
    fn the_command_is_the_first_word_that_is_no_flag() {
        let table = [
            ("-env platform logs x -n=5", "--env platform", "logs", "x -n 5"),
            (
                "--env=a -c file user -name=x",
                "--env=a -c file",
                "user",
                "-name=x",
            ),
            ("-report_usage false server", "--report_usage=false", "server", ""),
            ("--report_usage server", "--report_usage", "server", ""),
            ("-h run", "-h", "run", ""),
            ("--env", "--env", "", ""),
            ("-- logs -n=1", "", "logs", "-n 1"),
            ("helloworld -- -x=1 --y", "", "helloworld", "-- -x=1 --y"),
        ];
        for (line, globals, command, rest) in table {
            let cut = split(words(line), &|name| ["logs", "server", "run"].contains(&name));
            assert_eq!(cut.globals, words(globals), "{line}");
            assert_eq!(cut.command.unwrap_or_default(), command, "{line}");
            assert_eq!(cut.rest, words(rest), "{line}");
        }
    }

    #[test]
    fn words_of_another_program_stay() {
        let table = [
            (
                "service -name=a -endpoint b:1 python -mfoo -long",
                "--name=a --endpoint b:1 python -mfoo -long",
            ),
            ("service ./run -name", "./run -name"),
            ("store write -e 1h k -env", "write --expiry 1h k --env"),
            ("store read -o 5 -p k", "read --offset 5 -p k"),
            ("store read -o=5 k", "read --offset=5 k"),
            ("store read -o json k", "read -o json k"),
            ("logs -o json -e local", "-o json -e local"),
        ];
        for (line, rest) in table {
            let cut = split(words(line), &|name| ["service", "store", "logs"].contains(&name));
            assert_eq!(cut.rest, words(rest), "{line}");
        }
    }

    #[test]
    fn a_part_alone_is_a_server_with_that_part() {
        let is_command = |name: &str| ["service", "server"].contains(&name);
        let cut = split(
            words("--profile=platform service store -listen_address :8002"),
            &is_command,
        );
        assert_eq!(cut.command.as_deref(), Some("server"));
        assert_eq!(cut.rest, words("--parts=store --listen_address :8002"));
        let cut = split(words("service ./store"), &is_command);
        assert_eq!(cut.command.as_deref(), Some("service"));
    }

    #[test]
    fn lines_are_taken_or_refused() {
        assert!(fuzz(words("svc call --name=x --user-friend-big 0xff --ids 1,2")));
        assert!(!fuzz(words("svc call --nothing=x")));
    }

    proptest! {
        #[test]
        fn any_words_are_survived(args in prop::collection::vec("-{0,2}[a-z_=\\-{}\\[\\],0-9.é]{0,12}|.*", 0..8)) {
            fuzz(args.clone());
            normalise(args);
        }

        #[test]
        fn normalising_twice_changes_nothing_more(args in prop::collection::vec("-{0,2}[a-z]{1,6}", 0..6)) {
            let once = normalise(args);
            prop_assert_eq!(normalise(once.clone()), once);
        }
    }
}
