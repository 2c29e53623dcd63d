//! Names and words that have no place in the tree.

/// Longer files are named: would a reader split them?
const LONG: usize = 600;

/// Rooms that mean nothing, so that everything lands in them.
const ROOMS: &[&str] = &["util", "utils", "common", "helper", "helpers"];
/// A file may hold the types of a language or the core of an idea; a whole folder of them holds anything.
const FOLDERS: &[&str] = &["types", "core"];

/// Words that no Rust file of ours contains. Written in two halves, or this file would be against its own rule.
const WORDS: &[(&str, &str)] = &[
    (concat!("to", "do!("), "finish it, or leave it out"),
    (concat!("unimpl", "emented!("), "finish it, or leave it out"),
    (concat!("#[ign", "ore"), "a test that does not run tests nothing"),
    (concat!("db", "g!("), "left over from looking for a fault"),
];

/// Folders of one person's machine.
const MACHINE: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

/// What is wrong with a file's place.
pub fn path(file: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if file.ends_with("/mod.rs") {
        findings.push(format!(
            "{file}: no mod.rs: a module is store.rs, with its parts in store/"
        ));
    }
    let mut rooms: Vec<&str> = file.split('/').collect();
    let name = rooms.pop().unwrap_or_default();
    let stem = name.strip_suffix(".rs").filter(|stem| ROOMS.contains(stem));
    rooms.retain(|room| ROOMS.contains(room) || FOLDERS.contains(room));
    for room in rooms.into_iter().chain(stem) {
        findings.push(format!(
            "{file}: no room is called {room}: name it after what it holds"
        ));
    }
    findings
}

/// What is wrong with a file's text.
pub fn text(file: &str, text: &str) -> Vec<String> {
    let words = WORDS.iter().filter(|_| file.ends_with(".rs"));
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{file}:{}", number + 1);
        for (word, why) in words.clone().filter(|(word, _)| contains_word(line, word)) {
            findings.push(format!("{place}: {word}: {why}"));
        }
        for folder in MACHINE.iter().filter(|folder| names_folder(line, folder)) {
            findings.push(format!("{place}: {folder}: a path of one machine"));
        }
    }
    findings
}

/// A remark on a file that is long and was not generated.
pub fn length(file: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let ours = file.ends_with(".rs") && !is_generated(text);
    (ours && lines > LONG).then(|| format!("{file}: {lines} lines: would a reader split it?"))
}

fn is_generated(text: &str) -> bool {
    text.lines()
        .take(5)
        .any(|line| line.starts_with("//") && line.to_ascii_lowercase().contains("generated"))
}

fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// `/x/` at the beginning of a path, not within one: a service may well have a folder of that name.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + folder.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~}{$)/*:".contains(c))
            && after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (file, fine) in [
            ("crates/micro/src/store.rs", true),
            ("crates/micro/src/store/mod.rs", false),
            ("crates/micro/src/util/time.rs", false),
            ("crates/micro/src/helpers.rs", false),
            ("crates/micro/src/types/a.rs", false),
            ("crates/micro-codegen/src/types.rs", true),
            ("docs/common.md", true),
        ] {
            assert_eq!(path(file).is_empty(), fine, "{file}");
        }
    }

    #[test]
    fn words() {
        let cases = [
            ("a.rs", concat!("    to", "do!()"), false),
            ("a.rs", concat!("#[ign", "ore = \"slow\"]"), false),
            ("a.rs", concat!("let x = db", "g!(y);"), false),
            ("a.md", concat!("never write db", "g!(y)"), true),
            ("a.rs", concat!("my_to", "do!()"), true),
            ("a.sh", concat!("cd /ro", "ot/src"), false),
            ("a.rs", concat!("\"/ho", "me/x/y\""), false),
            ("a.rs", concat!("format!(\"{dir}/ho", "me/x\")"), true),
            ("a.md", concat!("https://example.com/ho", "me/x"), true),
        ];
        for (file, line, fine) in cases {
            assert_eq!(text(file, line).is_empty(), fine, "{file}: {line}");
        }
    }

    #[test]
    fn long_files_are_named_unless_generated() {
        let long = "fn x() {}\n".repeat(LONG + 1);
        assert!(length("a.rs", &long).is_some());
        assert!(length("a.md", &long).is_none());
        assert!(length("a.rs", &format!("// Generated by micro. Do not edit.\n{long}")).is_none());
    }
}
